"""Grid: derivatives, numerical Hamiltonian, marching and steady states against closed forms, with
measured orders.
"""

import math
from itertools import product

import casadi as ca
import numpy as np
import pytest
from scipy.linalg import solve_continuous_are
from scipy.optimize import minimize

import landscape_control as lc
from landscape_control.grid import Grid, value_function
from landscape_control.planning.dynamic_programming.deterministic.fields import hamiltonian_on
from landscape_control.planning.dynamic_programming.deterministic.initial import initial_value
from landscape_control.planning.dynamic_programming.deterministic.march import march
from landscape_control.planning.dynamic_programming.differences import one_sided
from landscape_control.planning.dynamic_programming.godunov import best_candidate, select_plane
from landscape_control.planning.dynamic_programming.hamiltonian import Hamiltonian


def line(count, low=-1.0, high=1.0):
    return Grid.over(np.array([[low, high]]), (count,))


def orders(errors):
    """Measured orders of errors on grids of halved spacing."""
    return np.log2(np.array(errors)[:-1] / np.array(errors)[1:])


def quadratic_1d(
    *, discount, horizon, end=None, start=0.8, hessian=3.0, learning_rate=0.7, loss_weight=1.3
):
    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[hessian]]),
        start=[start],
        end=end,
        objective=lc.Objective(
            horizon=horizon, discount=discount, learning_rate=learning_rate, loss_weight=loss_weight
        ),
    )


def riccati_gain(problem, s):
    """S_s of V = ½S_s θ² with time-to-go s (theory of one mode): r_s/η."""
    objective, h = problem.objective, problem.landscape.hessian(problem.start)[0, 0, 0]
    w = math.sqrt(objective.discount**2 / 4 + objective.learning_rate * objective.loss_weight * h)
    r = w - objective.discount / 2
    decay = math.exp(-2 * w * s)
    return r * (1 - decay) / (1 + r / (r + objective.discount) * decay) / objective.learning_rate


# --- one-sided derivatives
# -------------------------------------------------------------------------------------------


def test_weno_is_exact_on_parabolas_and_third_order_on_smooth_functions():
    grid = line(21)
    minus, plus = one_sided(2 * grid.axes[0] ** 2 - grid.axes[0], grid, order=3)
    exact = 4 * grid.axes[0] - 1
    np.testing.assert_allclose(minus[0, 1:], exact[1:], atol=1e-12)
    np.testing.assert_allclose(plus[0, :-1], exact[:-1], atol=1e-12)
    errors = []
    for count in (101, 201, 401):
        x = line(count).axes[0]
        left, right = one_sided(np.exp(1.5 * x), line(count), order=3)
        truth = 1.5 * np.exp(1.5 * x)
        errors.append(
            max(np.abs(left[0] - truth)[2:-2].max(), np.abs(right[0] - truth)[2:-2].max())
        )
    assert (np.abs(orders(errors) - 3) < 0.15).all()


def test_weno_does_not_overshoot_at_a_kink():
    grid = line(41)
    minus, plus = one_sided(np.abs(grid.axes[0] - 0.013), grid, order=3)
    assert np.abs(minus).max() < 1 + 1e-3
    assert np.abs(plus).max() < 1 + 1e-3
    # the node left of the kink, seen from the left
    assert minus[0, 20] == pytest.approx(-1, abs=1e-3)


def test_derivatives_do_not_depend_on_units():
    grid, scaled = line(31), line(31, -1e-6, 1e-6)
    value = np.abs(np.sin(4 * grid.axes[0]))
    for ours, theirs in zip(
        one_sided(value, grid, order=3), one_sided(1e8 * value, scaled, order=3), strict=True
    ):
        np.testing.assert_allclose(theirs, 1e14 * ours, rtol=1e-9, atol=1e14 * 1e-12)


def test_walls_stop_outward_motion_for_free():
    grid = line(11)
    for order in (1, 3):
        minus, plus = one_sided(grid.axes[0] ** 2, grid, order=order)
        assert minus[0, 0] == 0
        assert plus[0, -1] == 0


# --- numerical Hamiltonian
# -------------------------------------------------------------------------------------------


def random_fields(kind, count=400):
    rng = np.random.default_rng(3)
    root = rng.standard_normal((count, 2, 2))
    if kind == "rank one":
        root[:, :, 1] = 0
    if kind == "diagonal":
        root *= np.eye(2)
    matrix = np.einsum("sij,skj->iks", root, root)
    force = rng.standard_normal((2, count)) * (kind != "no drift")
    minus = 2 * rng.standard_normal((2, count))
    return matrix, force, minus, minus + rng.standard_normal((2, count))


def hamiltonian(matrix, force, p):
    return np.einsum("is,ijs,js->s", p, matrix, p) / 2 - (force * p).sum(0)


@pytest.mark.parametrize("kind", ["full", "rank one", "no drift", "diagonal"])
def test_godunov_choice_is_the_minimax_over_quadrants(kind):
    """max over quadrants of min of H over {q_i on the outer side of D±_i}: an independent optimiser
    says the same.
    """
    matrix, force, minus, plus = random_fields(kind)
    fast = select_plane(matrix[..., None], force[..., None], minus[..., None], plus[..., None])[
        ..., 0
    ]
    ours = hamiltonian(matrix, force, fast)
    np.testing.assert_allclose(
        ours, hamiltonian(matrix, force, best_candidate(matrix, force, minus, plus)), atol=1e-12
    )
    for s in range(0, 400, 16):
        m, f, values = matrix[:, :, s], force[:, s], []
        for signs in product((-1, 1), repeat=2):
            corner = np.array([plus[i, s] if signs[i] > 0 else minus[i, s] for i in range(2)])
            bounds = [
                (None, c) if sign > 0 else (c, None) for c, sign in zip(corner, signs, strict=True)
            ]
            values.append(
                minimize(
                    lambda p, m=m, f=f: p @ m @ p / 2 - f @ p,
                    corner,
                    jac=lambda p, m=m, f=f: m @ p - f,
                    bounds=bounds,
                    method="L-BFGS-B",
                    options={"ftol": 1e-15, "gtol": 1e-10},
                ).fun
            )
        assert ours[s] == pytest.approx(max(values), abs=1e-8 * (1 + abs(max(values))))


def test_decoupled_choice_agrees_with_the_coupled_one():
    matrix, force, minus, plus = random_fields("diagonal")
    separate = Hamiltonian(
        mobility=matrix, drift=force, running=np.zeros(400), diagonal=True
    ).select(minus, plus)
    coupled = best_candidate(matrix, force, minus, plus)
    np.testing.assert_allclose(
        hamiltonian(matrix, force, separate), hamiltonian(matrix, force, coupled), atol=1e-12
    )


# --- marching and steady states against closed forms
# -----------------------------------------------------------------


@pytest.mark.parametrize("discount", [0.0, 0.9])
def test_march_solves_the_riccati_equation_at_order_three_in_time(discount):
    """V = ½S_s θ² is exact in space, so halving the steps measures the time integration alone."""
    problem, grid = quadratic_1d(discount=discount, horizon=1.1), line(41)
    energy, (first, _) = hamiltonian_on(problem, grid), initial_value(problem, grid)
    errors = []
    for steps in (50, 100, 200):  # all below the Courant limit, so that every stop is one step
        *_, last = march(
            first,
            energy,
            grid,
            discount=discount,
            begin=0.0,
            stops=np.linspace(0, 1.1, steps + 1)[1:],
        )
        errors.append(np.abs(last - riccati_gain(problem, 1.1) * grid.axes[0] ** 2 / 2).max())
    assert (np.abs(orders(errors) - 3) < 0.1).all()
    assert errors[-1] < 1e-6


def test_undiscounted_mode_is_the_hyperbolic_tangent():
    problem, grid = quadratic_1d(discount=0.0, horizon=1.1), line(41)
    w = math.sqrt(0.7 * 1.3 * 3.0)
    assert value_function(problem, grid).at([0.8]) == pytest.approx(
        w / 0.7 * math.tanh(1.1 * w) * 0.8**2 / 2, rel=1e-5
    )


def test_steady_state_is_the_discounted_riccati_solution():
    drift, push = np.array([[-0.2, 0.3], [-0.3, -0.1]]), np.array([[1.0], [0.5]])
    metric, hessian = np.array([[1.5]]), np.array([[2.0, 0.3], [0.3, 1.0]])
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=hessian),
        start=[0.5, -0.4],
        learner=lc.Learner(metric=metric, drift=lc.linear_drift(drift), actuation=push),
        objective=lc.Objective(horizon=math.inf, discount=0.4, learning_rate=0.8, loss_weight=1.2),
    )
    riccati = solve_continuous_are(drift - 0.2 * np.eye(2), push, 1.2 * hessian, metric / 0.8)
    value = value_function(problem, Grid.over(np.array([[-1.5, 1.4], [-1.4, 1.5]]), (41, 41)))
    assert value.unsettled < 1e-5 * np.ptp(value.now)
    assert value.at(problem.start) == pytest.approx(
        problem.start @ riccati @ problem.start / 2, rel=1e-7
    )


def test_fixed_end_converges_to_the_quadratic_action_at_third_order():
    problem = quadratic_1d(discount=0.0, horizon=1.1, end=[0.3], start=-0.5)
    w = math.sqrt(0.7 * 1.3 * 3.0)
    exact = w / 1.4 * ((0.5**2 + 0.3**2) / math.tanh(w * 1.1) + 2 * 0.5 * 0.3 / math.sinh(w * 1.1))
    errors = [
        abs(value_function(problem, line(count)).at([-0.5]) - exact) for count in (41, 81, 161)
    ]
    assert errors[-1] < 1e-6 * exact
    assert (orders(errors) > 2.7).all()


def test_straight_path_action_is_an_upper_bound_with_the_stated_error():
    """At the end itself the straight path stays put; the best detour saves ηk²|∇L|²s³/24."""
    problem = quadratic_1d(discount=0.0, horizon=1.1, end=[0.5], start=-0.5)
    grid = line(401)
    value, s = initial_value(problem, grid)
    w = math.sqrt(0.7 * 1.3 * 3.0)
    exact = w / 1.4 * 2 * 0.5**2 * (1 / math.tanh(w * s) - 1 / math.sinh(w * s))
    excess = value[np.argmin(np.abs(grid.axes[0] - 0.5))] - exact
    assert excess == pytest.approx(0.7 * 1.3**2 * (3.0 * 0.5) ** 2 * s**3 / 24, rel=1e-3)


def test_value_between_nodes_is_the_lower_branch_wherever_the_kink_lies():
    """Exact for two parabolas, except where the kink is so near a node that it bends V no more than
    a parabola does.
    """
    grid, errors = line(21), []
    for kink in np.linspace(-0.31, 0.29, 13):
        # they cross at the kink
        first, second = ((lambda x, k=kink: (x + 1 - k) ** 2), (lambda x, k=kink: (x - 1 - k) ** 2))
        field = np.minimum(first(grid.axes[0]), second(grid.axes[0]))
        errors += [
            grid.value_at(field, np.array([x])) - min(first(x), second(x))
            for x in np.linspace(-0.05, 0.05, 7)
        ]
    assert np.mean(np.abs(errors) < 1e-12) > 0.9
    assert np.abs(errors).max() < 4 * grid.spacing[0] ** 2


def test_value_between_nodes_is_third_order_where_it_is_smooth():
    point, errors = np.array([0.213, -0.377]), []
    for count in (41, 81, 161):
        grid = Grid.over(np.array([[-1.0, 1.0], [-1.0, 1.2]]), (count, count))
        x, y = grid.points.T
        field = np.sin(2 * x + y).reshape(grid.shape)
        errors.append(abs(grid.value_at(field, point) - math.sin(2 * point[0] + point[1])))
    assert errors[0] < 1e-4
    assert np.log2(errors[0] / errors[2]) / 2 > 2.5


# --- manufactured solutions: choose V, derive the loss that has it
# -----------------------------------------------------


def chosen_value(x):
    return 1.3 * ca.log(ca.cosh(x[0])) + 0.6 * x[1] ** 2 + 0.2 * ca.sin(x[0] + 0.5 * x[1])


def manufactured(
    learner, horizon, metric, actuation, drift, discount=0.5, learning_rate=0.8, loss_weight=1.3
):
    """kL = γV - fᵀ∇V + ½ η ∇VᵀBG⁻¹Bᵀ∇V makes V stationary; with Φ = V it is the value at every
    horizon.
    """

    def loss(x):
        p = ca.gradient(chosen_value(x), x)
        pull = actuation.T @ p
        effort = learning_rate / 2 * ca.dot(pull, ca.solve(ca.SX(metric(x)), pull))
        return (discount * chosen_value(x) - ca.dot(ca.DM(drift) @ x, p) + effort) / loss_weight

    terminal = None if math.isinf(horizon) else chosen_value
    return lc.ControlProblem(
        landscape=lc.Landscape.from_expression(loss, dimension=2),
        learner=learner,
        start=[0.7, 0.6],
        objective=lc.Objective(
            horizon=horizon,
            discount=discount,
            learning_rate=learning_rate,
            loss_weight=loss_weight,
            terminal=terminal,
        ),
    )


def bent_metric(x):
    across = 0.3 * ca.sin(x[0])
    return ca.vertcat(ca.horzcat(1 + 0.3 * x[1] ** 2, across), ca.horzcat(across, 1.0))


SPIRAL = np.array([[-0.4, 0.4], [-0.4, -0.4]])
CASES = {
    "plain": (lambda x: np.eye(2), np.eye(2), np.zeros((2, 2))),
    "drift": (lambda x: np.eye(2), np.eye(2), SPIRAL),
    "state-dependent metric and drift": (bent_metric, np.eye(2), SPIRAL),
    "one control for two parameters": (lambda x: np.eye(1), np.array([[1.0], [0.5]]), SPIRAL),
    "one axis not pushed": (lambda x: np.eye(1), np.array([[1.0], [0.0]]), SPIRAL),
}


@pytest.mark.parametrize("horizon", [math.inf, 1.0])
@pytest.mark.parametrize("case", CASES)
def test_manufactured_value_is_found_at_third_order(case, horizon):
    metric, actuation, drift = CASES[case]
    given = metric if case.startswith("state") else None
    learner = lc.Learner(metric=given, drift=lc.linear_drift(drift), actuation=actuation)
    problem = manufactured(learner, horizon, metric, actuation, drift)
    x = ca.SX.sym("x", 2)
    exact = ca.Function("exact", [x], [chosen_value(x)])
    errors = []
    for count in (31, 61):
        grid = Grid.over(np.array([[-2.0, 2.1], [-2.2, 1.9]]), (count, count))
        gap = value_function(problem, grid, slices=2).now - np.array(exact(grid.points.T)).reshape(
            grid.shape
        )
        # away from walls that the optimal motion leaves through
        inner = slice(count // 4, -(count // 4))
        errors.append(np.abs(gap[inner, inner]).max())
    assert abs(orders(errors)[0] - 3) < 0.4
    assert errors[-1] < 3e-4
