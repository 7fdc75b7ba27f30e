"""Linear-quadratic problems that used to be refused, against matrix exponentials and Riccati
equations of our own.
"""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import expm, solve_continuous_are

import landscape_control as lc
from landscape_control.planning.solver import receding_windows

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import trust_linear  # noqa: E402
from trust_judging import RIGHT  # noqa: E402


def fixed_end_cost(facts):
    """J of the plan from start to end by shooting with the exponential of Pontryagin's linear
    system.
    """
    A, c, B, G, H, mu, eta, k, discount, horizon, start, end = facts
    n, pieces = len(start), 64
    system = np.zeros((2 * n + 1, 2 * n + 1))
    system[:n, :n], system[:n, n : 2 * n], system[:n, -1] = A, -eta * B @ np.linalg.solve(G, B.T), c
    system[n : 2 * n, :n], system[n : 2 * n, n : 2 * n] = -k * H, discount * np.eye(n) - A.T
    system[n : 2 * n, -1] = k * H @ mu
    whole = expm(system * horizon)
    wanted = end - whole[:n, :n] @ start - whole[:n, -1]
    costate = np.linalg.lstsq(whole[:n, n : 2 * n], wanted, rcond=1e-15)[0]
    begin = np.concatenate([start, costate, [1.0]])
    gap = np.abs(whole[:n] @ begin - end).max()
    length, cost = horizon / pieces, 0.0
    step = expm(system * length)
    for point, weight in zip(*np.polynomial.legendre.leggauss(8), strict=True):
        inside, state = expm(system * length * (point + 1) / 2), begin
        for piece in range(pieces):
            x, costate, _ = np.split(inside @ state, [n, 2 * n])
            u = -eta * np.linalg.solve(G, B.T @ costate)
            rate = u @ G @ u / (2 * eta) + k * (x - mu) @ H @ (x - mu) / 2
            cost += (
                weight * length / 2 * np.exp(-discount * length * (piece + (point + 1) / 2)) * rate
            )
            state = step @ state
    return cost, gap


def with_reachable_end(seed):
    """A random problem with rank B < n and an end that some control reaches, as plain arrays."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 5))
    m = int(rng.integers(1, n)) if rng.uniform() < 0.7 else n
    rank = min(int(rng.integers(1, m + 1)), n - 1)
    B = rng.standard_normal((n, rank)) @ rng.standard_normal((rank, m))
    drifts = seed % 3 > 0
    A = 0.5 * rng.standard_normal((n, n)) * drifts
    c = 0.3 * rng.standard_normal(n) * drifts
    root, mixing = rng.standard_normal((n, n)), rng.standard_normal((m, m))
    H, mu = root @ root.T / n + 0.1 * np.eye(n), rng.standard_normal(n)
    G = mixing @ mixing.T + 0.3 * np.eye(m) if rng.uniform() < 0.5 else np.eye(m)
    eta, k, horizon = np.exp(rng.uniform(-0.7, 0.7, 3))
    discount, start = float(rng.choice([0.0, 0.2, 1.0])), rng.standard_normal(n)
    state, generator = np.append(start, 1.0), np.zeros((n + 1, n + 1))
    for _ in range(12):
        generator[:n, :n], generator[:n, -1] = A, c + B @ rng.standard_normal(m)
        state = expm(generator * horizon / 12) @ state
    return A, c, B, G, H, mu, eta, k, discount, horizon, start, state[:n]


@pytest.mark.parametrize("seed", range(18))
def test_ends_that_few_controls_can_reach_are_reached_at_the_least_cost(seed):
    facts = A, c, B, G, H, mu, eta, k, discount, horizon, start, end = with_reachable_end(seed)
    cost, gap = fixed_end_cost(facts)
    assert gap <= 1e-5
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=H, minimum=mu),
        learner=lc.Learner(metric=G, actuation=B, drift=lc.linear_drift(A, c)),
        objective=lc.Objective(
            horizon=horizon, learning_rate=eta, loss_weight=k, discount=discount
        ),
        start=start,
        end=end,
    )
    solution = lc.solve(problem, throw=False)
    assert solution.cost == pytest.approx(cost, rel=1e-4 if gap > 1e-9 else 1e-6)
    assert np.abs(solution.parameters[-1] - end).max() <= 1e-6 * (1 + np.abs(end).max())


def riccati_cost(A, c, B, H, mu, eta, k, discount, start):
    """V(start) = ½xᵀPx + qᵀx + v of the discounted problem with affine drift."""
    n, spread = len(start), eta * B @ B.T
    P = solve_continuous_are(A - discount / 2 * np.eye(n), B, k * H, np.eye(B.shape[1]) / eta)
    q = np.linalg.solve(discount * np.eye(n) - A.T + P @ spread, -k * H @ mu + P @ c)
    v = (k * mu @ H @ mu / 2 + q @ c - q @ spread @ q / 2) / discount
    return start @ P @ start / 2 + q @ start + v


@pytest.mark.parametrize("case", ["far rest", "no rest", "any"])
@pytest.mark.parametrize("seed", range(5))
def test_discounted_infinite_horizons_need_no_steady_state_nearby(case, seed):
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(2, 4)), 1
    A, B = rng.standard_normal((n, n)), rng.standard_normal((n, m))
    c = rng.standard_normal(n) * {"far rest": 1e4, "no rest": 1.0, "any": 1.0}[case]
    if case == "no rest":
        A = np.zeros((n, n))  # directions that nobody pushes drift away for ever
    root = rng.standard_normal((n, n))
    H, mu, start = (
        root @ root.T / n + 0.1 * np.eye(n),
        rng.standard_normal(n),
        rng.standard_normal(n),
    )
    discount = 1.0 if case == "no rest" else 4.0
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=H, minimum=mu),
        learner=lc.Learner(actuation=B, drift=lc.linear_drift(A, c)),
        objective=lc.Objective(horizon=np.inf, discount=discount),
        start=start,
    )
    solution = lc.solve(problem)
    assert solution.cost == pytest.approx(
        riccati_cost(A, c, B, H, mu, 1.0, 1.0, discount, start), rel=1e-6
    )


def test_a_plan_without_a_rest_continues_past_its_nodes():
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.eye(2)),
        learner=lc.Learner(
            actuation=[[1.0], [0.0]], drift=lc.linear_drift(np.zeros((2, 2)), [0.0, 0.5])
        ),
        objective=lc.Objective(horizon=np.inf, discount=1.0),
        start=[1.0, 0.0],
    )
    solution = lc.solve(problem)
    later = solution.times[-1] + 3.0
    rate = np.sqrt(0.25 + 1) - 0.5  # of θ₁; θ₂ is carried along
    assert solution.at(later)[0] == pytest.approx(
        [np.exp(-rate * later), 0.5 * later], rel=1e-6, abs=1e-6
    )


# a tiny horizon, in which the guess rests and the drift does not
@pytest.mark.parametrize(
    ("name", "seed", "index"),
    [
        ("scaled-linear-quadratic", 2026, 362),  # Riccati equation with R of 1e20
        ("scaled-linear-quadratic", 2026, 630),
        ("scaled-linear-quadratic", 2026, 1023),  # growing drift, singular loss: rest at zero
        ("scaled-linear-quadratic", 2026, 1816),  # singular up to rounding
        ("scaled-linear-quadratic", 2026, 766),  # windows before an end that few controls reach
        ("scaled-linear-quadratic", 2026, 1594),
        ("linear-quadratic", 2026, 4603),  # an unfelt direction that grows for ever
        pytest.param(
            "linear-quadratic", 7, 343, marks=pytest.mark.slow
        ),  # an end that is felt for longer than a window
        ("extreme-linear-quadratic", 9, 65),
        ("linear-quadratic", 7, 1181),  # growth at nearly half the discount
    ],
)
def test_drawn_problems_that_went_wrong_agree_with_two_exact_references(name, seed, index):
    verdict = trust_linear.draw(name, seed, index).judge({})
    assert verdict.kind == RIGHT, verdict.note


@pytest.mark.slow
def test_a_late_end_that_windows_do_not_see_is_never_passed_over(monkeypatch):
    monkeypatch.setattr(receding_windows, "ends_late", lambda problem: False)
    case = trust_linear.draw("linear-quadratic", 7, 343)
    solution = lc.solve(case.problem, throw=False)
    assert abs(solution.cost - case.reference.cost) > 1e-5 * case.reference.scale
    assert not solution.status.ok
    assert "window by window" in solution.message


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("power", [4, 6])
def test_infinite_horizons_to_a_rest_without_curvature(power, unit):
    weight, start = unit**-power, 1.5 * unit  # L = x^p in another unit of length
    problem = lc.ControlProblem(
        landscape=lc.Landscape(dimension=1, expression=lambda x: weight * x[0] ** power),
        objective=lc.Objective(horizon=np.inf, learning_rate=unit**2),
        start=[start],
    )
    half = power / 2 + 1
    assert lc.solve(problem).cost == pytest.approx(np.sqrt(2) * 1.5**half / half, rel=2e-6)


@pytest.mark.parametrize(
    ("method", "horizon"), [("auto", 1.5), ("auto", np.inf), ("shooting", 1.5)]
)
def test_more_controls_than_parameters_share_the_effort(method, horizon):
    rng = np.random.default_rng(3)
    n, m = 2, 4
    B, mixing, A = (
        rng.standard_normal((n, m)),
        rng.standard_normal((m, m)),
        rng.standard_normal((n, n)),
    )
    G = mixing @ mixing.T + 0.3 * np.eye(m)

    def solved(actuation, metric):
        learner = lc.Learner(actuation=actuation, metric=metric, drift=lc.linear_drift(A))
        problem = lc.ControlProblem(
            landscape=lc.quadratic(hessian=np.eye(n) + 0.5),
            learner=learner,
            objective=lc.Objective(horizon=horizon),
            start=[1.0, -0.5],
        )
        return lc.solve(problem, method=method)

    shared = solved(B, G)
    square = np.linalg.cholesky(B @ np.linalg.solve(G, B.T))
    one_each = solved(square, np.eye(n))
    assert shared.cost == pytest.approx(one_each.cost, rel=1e-6)
    assert B @ shared.controls[0] == pytest.approx(square @ one_each.controls[0], rel=1e-4)
    unused = shared.controls[0] - np.linalg.solve(G, B.T) @ np.linalg.solve(
        square @ square.T, B @ shared.controls[0]
    )
    assert np.abs(unused).max() <= 1e-6 * np.abs(shared.controls[0]).max()
