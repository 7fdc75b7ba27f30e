"""Planned costs are held against simulations of their own policies."""

import math
import re

import casadi as ca
import numpy as np
import pytest
from planning_problems import moving, planned, two_tasks, unknown_curvature

import landscape_control as lc
from landscape_control.planning.beliefs import METHODS, CostKind, solve_lqg
from landscape_control.planning.beliefs.advice import explained
from landscape_control.planning.beliefs.dispatch import check_method
from landscape_control.verification import solve
from landscape_control.verification.simulated import simulated_cost


def valley(variance=0.25, noise=0.05):
    """(|θ|² - 1)² - hθ₁ with h unknown: a circle of minima, tilted one way or the other."""
    landscape = lc.Landscape.from_expression(
        lambda theta, h: (ca.sumsqr(theta) - 1) ** 2 - h[0] * theta[0],
        dimension=2,
        hidden=lc.GaussianPrior([0.2], [[variance]]),
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise)),
        start=[-0.5, 0.1],
        objective=lc.Objective(horizon=4.0, discount=0.05),
    )


def valley_costs(policy, *, variance, noise, episodes, steps, seed):
    """Costs (E,) of a policy in the valley, by a loop of its own: scalar Kalman filter for h, Euler
    steps, left sums.
    """
    rng, step = np.random.default_rng(seed), 4.0 / steps
    h = 0.2 + math.sqrt(variance) * rng.standard_normal(episodes)
    theta, costs = np.tile([-0.5, 0.1], (episodes, 1)), np.zeros(episodes)
    mean, spread = np.full(episodes, 0.2), variance
    for k in range(steps):
        radial = 4 * ((theta**2).sum(1) - 1)[:, None] * theta
        seen = radial[:, 0] - h + noise / math.sqrt(step) * rng.standard_normal(episodes)
        gain = spread / (spread + noise**2 / step)
        mean, spread = mean + gain * (radial[:, 0] - seen - mean), (1 - gain) * spread
        u = policy(theta, (mean[:, None], np.full((1, 1), spread)), k * step)
        loss = ((theta**2).sum(1) - 1) ** 2 - h * theta[:, 0]
        costs += step * math.exp(-0.05 * k * step) * (loss + (u**2).sum(1) / 2)
        theta = theta + step * u
    return costs


def curved(horizon=4.0):
    return planned(
        moving(), horizon, loss=lambda theta, h: 0.5 * (theta[0] - h[0]) ** 2 + 0.1 * theta[0] ** 4
    )


@pytest.mark.parametrize(("variance", "noise"), [(0.25, 0.05), (0.0625, 0.5)])
def test_a_plan_whose_policy_does_not_keep_its_promise_is_not_converged(variance, noise):
    with pytest.raises(lc.SolveError, match="planned cost is not confirmed") as failure:
        solve(valley(variance, noise), method="transcription")
    solution = failure.value.solution
    found = solution.confirmation
    assert solution.status is lc.Status.NOT_CONFIRMED
    costs = valley_costs(
        solution.policy, variance=variance, noise=noise, episodes=600, steps=600, seed=5
    )
    chance = costs.std(ddof=1) / math.sqrt(len(costs))
    assert abs(costs.mean() - found.simulated) < 4 * math.hypot(chance, found.error)
    assert costs.mean() - 4 * chance > found.planned
    assert solution.cost == found.simulated
    assert solution.method == METHODS["transcription"]
    assert f"{found.planned:.8g} planned" in solution.summary()


@pytest.mark.slow
def test_the_cheapest_of_several_policies_is_handed_back():
    solution = solve(valley(), throw=False)
    tried = {one.method: one.simulated for one in solution.tried}
    plain, milder = (
        METHODS["transcription"],
        [f"{METHODS['transcription']} with response {part}" for part in ("0.25", "0")],
    )
    assert set(tried) == {plain, *milder, METHODS["replanning"], "standing still"}
    assert tried[milder[1]] == pytest.approx(0.68, abs=0.05)  # the plan as it is, see the next test
    assert solution.method == METHODS["replanning"]
    assert solution.cost == tried[METHODS["replanning"]] == min(tried.values())
    assert solution.status is lc.Status.NOT_CONFIRMED
    still = valley_costs(
        lambda theta, belief, time: 0 * theta,
        variance=0.25,
        noise=0.05,
        episodes=4000,
        steps=50,
        seed=1,
    )
    assert tried["standing still"] == pytest.approx(still.mean(), abs=0.2)
    assert "nan" not in solution.summary()


def test_a_plan_can_answer_less_to_beliefs():
    """Without an answer it costs what it costs in the mean landscape, as the loss is linear in h; a
    quarter helps here.
    """
    problem = valley(0.0625, 0.5)
    whole, part, none = (
        solve(problem, method="transcription", response=r, throw=False) for r in (1.0, 0.25, 0.0)
    )
    assert none.status.ok
    assert abs(none.cost - whole.planned_cost) < 4 * none.confirmation.error
    costs = valley_costs(part.policy, variance=0.0625, noise=0.5, episodes=1000, steps=400, seed=2)
    chance = costs.std(ddof=1) / math.sqrt(len(costs))
    assert abs(part.cost - costs.mean()) < 4 * math.hypot(chance, part.confirmation.error)
    assert part.cost < whole.cost - 4 * whole.confirmation.error
    assert "with response 0.25" in part.summary()
    with pytest.raises(lc.ProblemError, match="response"):
        solve(problem, method="transcription", response=1.5)


@pytest.mark.parametrize(
    "build", [curved, lambda: curved(math.inf), lambda: unknown_curvature(2.0)]
)
def test_an_honest_plan_is_confirmed(build):
    solution = solve(build())
    assert solution.status.ok
    assert solution.confirmation.agrees
    assert solution.cost == solution.confirmation.planned
    assert re.fullmatch(
        r"E\[J\] = \S+ planned, \S+ ± \S+ simulated \(\d+ episodes, ± one standard error\), converged; .*",
        solution.summary(),
    )


@pytest.mark.parametrize("horizon", [4.0, math.inf])
def test_the_simulated_cost_of_an_exact_policy_is_its_cost(horizon):
    problem = planned(moving(), horizon)
    solution = solve_lqg(problem)
    found = simulated_cost(problem, solution, method="exact", planned=solution.cost, episodes=4000)
    assert abs(found.simulated - solution.cost) < 4 * found.error
    assert found.error < 0.03 * solution.cost


def test_exact_costs_need_no_simulation_and_others_can_do_without():
    exact = solve(planned(moving(), 2.0))
    assert exact.cost_kind == CostKind.EXACT
    assert exact.confirmation is None
    unchecked = solve(curved(), confirm=False)
    assert unchecked.confirmation is None
    assert "planned, not simulated" in unchecked.summary()
    assert solve(curved(), episodes=64).confirmation.episodes == 64


def test_known_landscapes_have_nothing_to_simulate():
    problem = planned(moving(), 2.0).known([0.0])
    for given in ({"confirm": False}, {"episodes": 10}):
        with pytest.raises(lc.ProblemError, match="confirm, episodes"):
            solve(problem, **given)


def test_replanning_has_no_planned_cost_and_says_so():
    silent = solve(curved(), method="replanning")
    assert silent.summary() == "no planned cost, not simulated, converged; replanning"
    found = solve(curved(), method="replanning", episodes=8)
    assert found.cost == found.confirmation.simulated
    assert "simulated (8 episodes, ± one standard error); no planned cost" in found.summary()
    assert abs(found.cost - solve(curved()).cost) < 4 * found.confirmation.error


@pytest.mark.parametrize("horizon", [4.0, math.inf])
@pytest.mark.parametrize("method", ["transcription", "replanning"])
def test_a_start_at_the_expected_minimum_is_no_trouble(method, horizon):
    """Three tasks in their stationary law: Σ h_i(θ - μ_i) = 0 at θ = 0, where the plan that does
    not look stays.
    """
    tasks = [[-1.0, 1.0], [0.0, 4.0], [2.0, 0.5]]
    chain = lc.TaskChain(0.1 * (np.ones((3, 3)) - 3 * np.eye(3)), tasks)
    problem = planned(
        chain,
        horizon,
        start=0.0,
        loss=lambda theta, task: 0.5 * task[1] * (theta[0] - task[0]) ** 2,
    )
    solution = solve(problem, method=method, confirm=False)
    assert solution.status.ok
    at_rest = np.mean([0.5 * curvature * place**2 for place, curvature in tasks])
    faded = -math.expm1(-problem.objective.discount * horizon) / problem.objective.discount
    assert solution.plan.cost == pytest.approx(at_rest * faded, rel=1e-7)
    near = solve(problem.changed(start=[1e-6]), method=method, confirm=False)
    assert solution.plan.cost == pytest.approx(near.plan.cost, rel=1e-6)


ADVISED = {
    "aims": 3,
    "max_doublings": 12,
    "max_elements": 1024,
    "options": {"max_iter": 1000},
    "solver": "ipopt",
    "time_limit": 1200.0,
    "tolerance": 1e-5,
}


@pytest.mark.parametrize("status", list(lc.Status))
def test_advice_names_options_that_are_accepted(status):
    """Every ``name=`` in the words for a status is an option of the solve that gave it; values
    given are accepted too.
    """
    text = explained(status)
    names = set(re.findall(r"\b(\w+)=", text))
    for method in ("auto", "transcription", "replanning"):
        check_method(method, {name: ADVISED[name] for name in names - {"method", "episodes"}})
    assert "guess" not in text
    assert "starts" not in text
    assert status.ok or text != status.value  # what is said of known landscapes is not said here


def test_what_was_advised_helps():
    """The message of a solve that ran out of iterations, and a second call that does as it says."""
    problem = unknown_curvature(2.0)
    with pytest.raises(lc.SolveError, match=r"options=\{'max_iter': 10000\}"):
        solve(problem, options={"max_iter": 1})
    assert solve(
        problem, options={"max_iter": 10000}, aims=2, solver="ipopt", confirm=False
    ).status.ok


@pytest.mark.parametrize("method", list(METHODS))
def test_no_policy_answers_beyond_its_horizon(method):
    options = {"points": 31, "steps": 20} if method == "dynamic programming" else {}
    solution = solve(
        planned(two_tasks(), 2.0), method=method, confirm=False, throw=False, **options
    )
    assert np.isfinite(solution.policy([1.0], [0.5, 0.5], 2.0)).all()
    for time in (2.1, -0.1, math.nan):
        with pytest.raises(lc.ProblemError, match=r"time: expected a time in \[0, 2\]"):
            solution.policy([1.0], [0.5, 0.5], time)


@pytest.mark.parametrize(
    "hidden", [lc.GaussianPrior([0.0], [1.0]), lc.TaskChain([[-1, 1], [1, -1]], [-1.0, 1.0])]
)
def test_a_loss_that_outruns_the_effort_is_unbounded(hidden):
    """½(θ - h)² - 0.1θ³: a move to R costs R²/2T, a stay there gains 0.1R³T."""
    problem = planned(
        hidden, 3.0, loss=lambda theta, h: 0.5 * (theta[0] - h[0]) ** 2 - 0.1 * theta[0] ** 3
    )
    solution = solve(problem, throw=False)
    assert solution.status is lc.Status.UNBOUNDED
    assert "falls faster than quadratically along [1.0]" in solution.message
