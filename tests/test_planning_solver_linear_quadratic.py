"""Plans of linear-quadratic problems equal the Riccati solutions, for every transcription and kind
of end.
"""

import math

import numpy as np
import pytest

import landscape_control as lc
from landscape_control.reference import LinearQuadratic, relaxation_rate

METHODS = {
    "action": lc.DiscretisedAction(elements=12, degree=6),
    "radau": lc.Collocation(elements=16, degree=5),
    "gauss": lc.Collocation(elements=16, degree=5, points="gauss"),
    "shooting": lc.MultipleShooting(elements=96, degree=1),
}
ACCURACY = {"action": 1e-7, "radau": 1e-7, "gauss": 1e-7, "shooting": 2e-4}


def random_problem(seed, *, controls, discount, terminal=False):
    """A stable-enough random problem with every matrix different from the identity."""
    rng = np.random.default_rng(seed)
    n = 3
    root = rng.standard_normal((n, n))
    hessian = root @ root.T / n + 0.2 * np.eye(n)
    effort = rng.standard_normal((controls, controls))
    data = {
        "hessian": hessian,
        "minimum": rng.standard_normal(n),
        "metric": effort @ effort.T / controls + 0.5 * np.eye(controls),
        "drift_matrix": 0.5 * rng.standard_normal((n, n)),
        "drift_offset": 0.3 * rng.standard_normal(n),
        "actuation": (
            np.eye(n) + 0.3 * rng.standard_normal((n, n))
            if controls == n
            else rng.standard_normal((n, controls))
        ),
        "learning_rate": 0.7,
        "loss_weight": 1.3,
        "discount": discount,
    }
    if terminal:
        data |= {
            "terminal_hessian": np.diag([1.0, 0.5, 2.0]),
            "terminal_minimum": np.array([0.2, -0.4, 0.1]),
        }
    return data, rng.standard_normal(n)


def as_problem(data, start, horizon, end=None):
    terminal = None
    if "terminal_hessian" in data:
        import casadi as ca

        def terminal(theta):
            offset = theta - ca.DM(data["terminal_minimum"])
            return ca.dot(offset, ca.DM(data["terminal_hessian"]) @ offset) / 2

    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=data["hessian"], minimum=data["minimum"]),
        learner=lc.Learner(
            metric=data["metric"],
            drift=lc.linear_drift(data["drift_matrix"], data["drift_offset"]),
            actuation=data["actuation"],
        ),
        objective=lc.Objective(
            horizon=horizon,
            discount=data["discount"],
            learning_rate=data["learning_rate"],
            loss_weight=data["loss_weight"],
            terminal=terminal,
        ),
        start=start,
        end=end,
    )


def relative(found, wanted):
    return np.abs(found - wanted).max() / np.abs(wanted).max()


@pytest.mark.parametrize("discount", [0.0, 0.8])
@pytest.mark.parametrize("name", METHODS)
def test_free_end_path_control_and_costate_match_the_riccati_solution(name, discount):
    controls = 3 if name == "action" else 2
    data, start = random_problem(1, controls=controls, discount=discount, terminal=True)
    solution = lc.solve(as_problem(data, start, 2.0), method=METHODS[name], tolerance=1e-3)
    exact = LinearQuadratic(**data).finite(2.0)
    theta, u, costate = exact.path(start, solution.times)
    tolerance = ACCURACY[name]
    assert solution.cost == pytest.approx(exact.value(2.0, start), rel=tolerance)
    assert relative(solution.parameters, theta) < tolerance
    assert relative(solution.costates, costate) < tolerance
    # shooting: linear per element
    control_tolerance = {"action": 1e-7, "radau": 1e-6, "gauss": 1e-6, "shooting": 5e-3}
    assert relative(solution.controls, u) < control_tolerance[name]


@pytest.mark.parametrize("discount", [0.0, 0.8])
@pytest.mark.parametrize("name", METHODS)
def test_fixed_end_path_and_costate_match_the_two_point_solution(name, discount):
    controls = 3 if name == "action" else 2
    data, start = random_problem(2, controls=controls, discount=discount)
    end = np.array([0.5, -0.3, 0.8])
    solution = lc.solve(as_problem(data, start, 2.0, end), method=METHODS[name], tolerance=1e-3)
    exact = LinearQuadratic(**data).fixed_end(2.0, start, end)
    theta, u, costate = exact.path(solution.times)
    tolerance = ACCURACY[name] * 10
    assert solution.cost == pytest.approx(exact.cost, rel=tolerance)
    assert relative(solution.parameters, theta) < tolerance
    assert relative(solution.costates, costate) < tolerance


@pytest.mark.parametrize("plugin", ["fatrop", "ipopt"])
def test_both_optimisers_find_the_same_plan(plugin):
    data, start = random_problem(3, controls=3, discount=0.2)
    solution = lc.solve(as_problem(data, start, 2.0), solver=plugin)
    assert solution.solver == plugin
    assert solution.cost == pytest.approx(
        LinearQuadratic(**data).finite(2.0).value(2.0, start), rel=1e-8
    )


@pytest.mark.parametrize("discount", [0.2, 2.0, 50.0])
@pytest.mark.parametrize("controls", [3, 2])
def test_infinite_horizon_policy_matches_the_algebraic_riccati_equation(discount, controls):
    data, start = random_problem(4, controls=controls, discount=discount)
    data["drift_matrix"] = data["drift_matrix"] - 0.8 * np.eye(3)
    solution = lc.solve(as_problem(data, start, math.inf), tolerance=1e-9)
    exact = LinearQuadratic(**data).infinite()
    assert solution.cost == pytest.approx(exact.value(start), rel=1e-7)
    assert relative(solution.controls[0], exact.control(start)) < 1e-6
    late = 3 * solution.times[-1]
    assert relative(solution.at(late)[0], exact.path(start, [late])[0][0]) < 1e-5
    assert relative(solution.at(late)[1], exact.path(start, [late])[1][0]) < 1e-4


@pytest.mark.parametrize("discount", [0.0, 0.5, 5.0])
def test_modes_relax_at_the_rate_of_the_paper(discount):
    curvatures = np.array([0.3, 1.0, 4.0])
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag(curvatures)),
        start=np.ones(3),
        objective=lc.Objective(horizon=math.inf, discount=discount),
    )
    solution = lc.solve(problem, tolerance=1e-9)
    assert -solution.controls[0] == pytest.approx(relaxation_rate(curvatures, discount), rel=1e-7)


def test_rotated_coordinates_give_the_rotated_plan():
    data, start = random_problem(5, controls=3, discount=0.3)
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    turned = dict(
        data,
        hessian=rotation @ data["hessian"] @ rotation.T,
        minimum=rotation @ data["minimum"],
        drift_matrix=rotation @ data["drift_matrix"] @ rotation.T,
        drift_offset=rotation @ data["drift_offset"],
        actuation=rotation @ data["actuation"],
    )
    turned["hessian"] = (turned["hessian"] + turned["hessian"].T) / 2
    plain, other = (
        lc.solve(as_problem(d, s, 2.0)) for d, s in ((data, start), (turned, rotation @ start))
    )
    assert other.cost == pytest.approx(plain.cost, rel=1e-10)
    assert other.parameters == pytest.approx(plain.parameters @ rotation.T, abs=1e-7)


@pytest.mark.parametrize("unit", [1e-5, 1e5])
def test_units_of_parameters_and_time_do_not_matter(unit):
    hessian = np.array([[2.0, 0.3], [0.3, 0.7]])

    def problem(scale):  # θ -> scale θ at the same cost: H/scale², G/scale²
        return lc.ControlProblem(
            landscape=lc.quadratic(
                hessian=hessian / scale**2, minimum=np.array([1.0, -0.5]) * scale
            ),
            learner=lc.Learner(metric=np.eye(2) / scale**2),
            objective=lc.Objective(horizon=3.0, discount=0.2),
            start=np.array([0.2, 0.1]) * scale,
        )

    plain, scaled = lc.solve(problem(1.0)), lc.solve(problem(unit))
    assert scaled.cost == pytest.approx(plain.cost, rel=1e-9)
    assert scaled.parameters / unit == pytest.approx(plain.parameters, abs=1e-7)
    slow = lc.solve(
        problem(1.0).changed(
            horizon=3.0 * unit, discount=0.2 / unit, learning_rate=1 / unit, loss_weight=1 / unit
        )
    )
    assert slow.cost == pytest.approx(plain.cost, rel=1e-9)


def test_many_parameters_use_ipopt_on_mapped_derivatives_and_agree_with_fatrop():
    rng = np.random.default_rng(6)
    problem = lc.ControlProblem(
        landscape=lc.rosenbrock(14),
        objective=lc.Objective(horizon=3.0, discount=0.1, terminal="loss"),
        start=-0.5 + 0.2 * rng.standard_normal(14),
    )
    default, other = lc.solve(problem), lc.solve(problem, solver="fatrop")
    assert (default.solver, other.solver) == ("ipopt", "fatrop")
    assert default.cost == pytest.approx(other.cost, rel=1e-9)
    assert default.costates == pytest.approx(other.costates, abs=1e-5)


def test_drifting_metric_problem_agrees_between_mapped_ipopt_and_fatrop():
    import casadi as ca

    problem = lc.ControlProblem(
        landscape=lc.double_well(),
        objective=lc.Objective(horizon=3.0, discount=0.2, terminal="loss"),
        start=[-0.6, 0.55],
        end=[1.0, 0.0],
        learner=lc.Learner(
            metric=lambda t: ca.diag(ca.vertcat(1 + t[0] ** 2, 1)),
            drift=lambda t: 0.2 * ca.vertcat(ca.sin(t[1]), -t[0]),
            actuation=lambda t: ca.diag(ca.vertcat(1.0, 1 + 0.1 * t[0] ** 2)),
        ),
    )
    costs = {
        (m, s): lc.solve(problem, method=m, solver=s).cost
        for m in ("action", "collocation")
        for s in ("fatrop", "ipopt")
    }
    costs["shooting"] = lc.solve(problem, method="shooting", tolerance=1e-5).cost
    reference = costs["action", "fatrop"]
    assert all(cost == pytest.approx(reference, rel=2e-6) for cost in costs.values()), costs
