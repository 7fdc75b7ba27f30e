"""Linear rules with numbers per step under noise: exact derivatives by stages, and their optima."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.optimize import minimize

from landscape_control import (
    LandscapeDistribution,
    NoisyGradient,
    Objective,
    OrnsteinUhlenbeck,
    PolicySolver,
    SolveInterrupted,
    Uniform,
    optimize_policy,
    plan_course,
)
from landscape_control.model.landscape import Discrete
from landscape_control.model.observation import CurvatureNoise
from landscape_control.optimisation.certificate import cost_gradient
from landscape_control.optimisation.cost_derivatives import cost_derivatives
from landscape_control.optimisation.programs import moment_program_of, pack
from landscape_control.optimisation.replays import mode_costs
from landscape_control.optimisation.stages.controls import Controls
from landscape_control.optimisation.stages.hessian import hessians
from landscape_control.optimisation.stages.newton import minimised
from landscape_control.optimisation.stages.numbers import Numbers
from landscape_control.optimisation.stages.recursion import Recursion
from landscape_control.optimisation.stages.stage import Stage
from landscape_control.optimisation.stagewise import is_stagewise, stretched
from landscape_control.optimisation.status import PolicyStatus
from landscape_control.planning.solver import SolveClock
from landscape_control.policies import (
    Averaged,
    FirstOrderSpan,
    GradientDescent,
    HeavyBall,
    LogLinear,
    Nesterov,
    PolicyProgram,
    Scheduled,
    ScheduledDescent,
    WeightDecay,
)

BALL, FREE_BALL = HeavyBall(constant=True), HeavyBall(constant=False)
FAMILIES = {
    "heavy ball": FREE_BALL,
    "Nesterov": Nesterov(constant=False),
    "span": FirstOrderSpan(memory=3, constant=False),
    "weight decay": WeightDecay(family=FREE_BALL),
    "log-linear": Scheduled(family=BALL, shape=LogLinear(pieces=3)),
    "averaged": Averaged(family=GradientDescent(constant=False)),
}
MOVING = OrnsteinUhlenbeck([0.5], 0.2, [[0.7]])


def program(family=FREE_BALL, horizon=7, *, sees=None, cost="terminal", curvatures=None, **task):
    prices = {"learning_rate": 2.0, "discount": 0.1, "loss_weight": 0.7}
    return PolicyProgram(
        task=LandscapeDistribution.quadratic(
            curvatures=curvatures or Uniform(0.05, 1.0), start_variance=1.0, **task
        ),
        family=family,
        cost=cost,
        sees=sees or NoisyGradient(0.3),
        objective=Objective(
            horizon=horizon, **(prices if cost == "both" else {"learning_rate": math.inf})
        ),
    )


def recursion_of(one, nodes):
    """The recursion of a program, and the controls of its layout."""
    moments = moment_program_of(one)
    numbers = Numbers.of(moments, pack(moments, one, nodes))
    stage = Stage(one.family, one.steps, moments.layout)
    return Recursion(stage, numbers), Controls(one.family.layout(one.steps))


def derivatives(one, entries, nodes):
    """(J, ∂J/∂c, ∂²J/∂c∂c') by stages."""
    recursion, controls = recursion_of(one, nodes)
    forward = recursion.forward(controls.of(entries[None]))
    costates = recursion.costates(forward)
    (slope,) = controls.gathered(recursion.slope(forward, costates))
    (bend,) = hessians(recursion, controls, forward, costates)
    return forward.costs[0], slope, bend


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
@pytest.mark.parametrize(
    ("sees", "task"),
    [
        (NoisyGradient(0.3), {}),
        (CurvatureNoise(0.3, multiplicative=0.2), {"minimum": MOVING, "start_mean": 0.4}),
    ],
    ids=["resting", "moving"],
)
def test_derivatives_are_those_of_other_propagations(family, sees, task):
    """Gradients by complex steps through mean and covariance, Hessians by CasADi's graph of all
    steps.
    """
    one = program(family, sees=sees, cost="both", **task)
    layout = family.layout(one.steps)
    entries = np.random.default_rng(0).uniform(0.05, 0.5, layout.size)
    cost, slope, bend = derivatives(one, entries, 9)
    expected, _, curved = cost_derivatives(one, entries, nodes=9)
    stepped = cost_gradient(one, layout.split(entries), nodes=9)
    assert cost == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(slope, stepped, rtol=0, atol=1e-11 * np.abs(stepped).max())
    np.testing.assert_allclose(bend, curved, rtol=0, atol=1e-12 * np.abs(curved).max())


def test_a_step_of_the_rule_is_met_by_the_hessian_at_a_long_horizon():
    """Differences of the gradient along a direction, at a horizon that no graph is built for."""
    one = program(horizon=150)
    rng = np.random.default_rng(1)
    entries, direction = rng.uniform(0.1, 0.3, 299), rng.standard_normal(299)
    _, _, bend = derivatives(one, entries, 24)
    above, below = (derivatives(one, entries + e * direction, 24)[1] for e in (1e-5, -1e-5))
    difference = (above - below) / 2e-5
    np.testing.assert_allclose(
        bend @ direction, difference, rtol=0, atol=1e-7 * np.abs(difference).max()
    )


def best(one, **options):
    """The result of a program."""
    return PolicySolver(one).solve(**options)


def brute_force(one, bounds, starts):
    """The least cost by L-BFGS-B from random starts, gradients by complex steps."""
    family, layout = one.family, one.family.layout(one.steps)
    nodes, weights = one.task.curvatures.nodes(one.steps + 1)
    rng = np.random.default_rng(5)

    def both(x):
        cost = mode_costs(family, layout, x, one, nodes) @ weights
        slope = cost_gradient(one, layout.split(x), nodes=one.steps + 1)
        return math.log(cost), slope / cost

    ends = []
    for _ in range(starts):
        begin = np.clip(rng.uniform(0.05, 1.0, layout.size), *bounds.T)
        end = minimize(both, begin, jac=True, method="L-BFGS-B", bounds=bounds, options=OPTIONS)
        ends.append(math.exp(end.fun))
    return min(ends)


OPTIONS = {"ftol": 1e-14, "gtol": 1e-10, "maxiter": 400}


@pytest.mark.parametrize(
    ("horizon", "starts"), [(4, 6), pytest.param(8, 24, marks=pytest.mark.slow)]
)
def test_the_best_of_few_steps_is_that_of_brute_force(horizon, starts):
    one = program(horizon=horizon)
    layout = one.family.layout(horizon)
    bounds = layout.bounds.copy()
    bounds[layout.slices["momentum"]] = 0.0, 1.0
    found = best(one)
    assert found.status.ok
    assert found.agreed == found.starts
    assert found.cost == pytest.approx(brute_force(one, bounds, starts), rel=1e-7)


def test_gradient_descent_on_one_curvature_is_the_kalman_filter():
    """E θ² falls from P to Pσ²/(σ² + h²P) in a step of α = hP/(σ² + h²P), exactly."""
    sigma, h, steps = 0.3, 0.8, 40
    one = program(
        GradientDescent(constant=False), steps, curvatures=Discrete([h]), sees=NoisyGradient(sigma)
    )
    found = best(one)
    spread, rates = 1.0, []
    for _ in range(steps):
        rates.append(h * spread / (sigma**2 + h**2 * spread))
        spread *= sigma**2 / (sigma**2 + h**2 * spread)
    assert found.cost == pytest.approx(h / 2 * spread, rel=1e-8)
    assert found.status.ok
    # steps of one curvature commute in their cost near the optimum: rates are flatter than J
    np.testing.assert_allclose(found.coefficients["learning_rate"], rates, rtol=1e-2)


def test_more_freedom_and_more_steps_cost_less():
    """Per step ≤ knots ≤ constant with momentum in one range, and J falls with T."""
    families = BALL, Scheduled(family=BALL, shape=LogLinear(pieces=2)), FREE_BALL
    momentum = {"momentum": (0.0, 1.0)}
    costs = [
        [best(program(family, horizon), within=momentum, starts=2).cost for family in families]
        for horizon in (5, 9, 20)
    ]
    assert (np.diff(costs, axis=0) < 0).all()
    assert (np.diff(costs, axis=1) < 0).all()


@pytest.mark.parametrize(
    "family", [GradientDescent(constant=False), Scheduled(family=BALL, shape=LogLinear(pieces=2))]
)
def test_a_course_of_few_numbers_costs_the_same(family):
    """By the search for courses, which has no derivatives but those of stencils."""
    one = program(family, 12 if family.coefficients[0].varies else 40)
    found = best(one, starts=4)
    course = plan_course(one.task, family, steps=one.steps, sees=one.sees)
    assert found.cost == pytest.approx(course.cost, rel=1e-5)


def test_a_long_rule_is_stationary_and_starts_from_fewer_steps():
    one = program(horizon=72)
    found = best(one)
    assert found.status.ok
    assert found.begun_from.startswith("the best of 18 steps, where 8 of 8 start(s) agree")
    assert found.begun_from in found.summary()
    assert found.begun_from in found.methods()
    entries = one.family.layout(72).join(dict(found.coefficients))
    fresh = PolicySolver(one).solve(guess={"learning_rate": 0.2, "momentum": 0.4}, starts=0)
    assert found.cost == pytest.approx(fresh.cost, rel=1e-8)
    momentum = one.family.layout(72).slices["momentum"]
    assert ((entries[momentum] >= 0) & (entries[momentum] <= 1)).all()
    _, _, bend = derivatives(one, entries, 64)
    free = [label not in found.at_bound for label in one.family.layout(72).labels]
    assert np.linalg.eigvalsh(bend[np.ix_(free, free)])[0] > 0


@pytest.mark.slow
def test_a_thousand_steps_of_their_own():
    """Less than the best course of sixteen pieces, which is a member."""
    objective = Objective(horizon=1000, learning_rate=math.inf)
    task = program().task
    found = optimize_policy(task, FREE_BALL, objective, sees=NoisyGradient(0.3))
    assert found.status.ok
    pieces = ScheduledDescent(shape=LogLinear(pieces=16))
    course = optimize_policy(task, pieces, objective, sees=NoisyGradient(0.3))
    assert 0.99 * course.cost < found.cost < course.cost


def test_a_default_range_holds_the_best_constant_rule():
    """Where the best constant momentum is negative, momenta per step may be as low."""
    task = {"minimum": OrnsteinUhlenbeck([0.0], 0.2, [[0.5]])}
    costs = []
    for family in (BALL, FREE_BALL):
        found = best(program(family, 6, **task), starts=3)
        costs.append(found.cost)
        if family is BALL:
            lowest = found.coefficients["momentum"]
    assert lowest < 0
    assert costs[1] < costs[0]
    assert f"momentum is kept in [{lowest:.4g}, 1]" in found.message


def test_ranges_of_ones_own_and_guesses_outside_are_taken():
    wide = PolicySolver(program()).solve(within={"momentum": (-1.0, 1.0)}, throw=False)
    default = PolicySolver(program()).solve()
    assert wide.cost < default.cost
    assert min(wide.coefficients["momentum"]) < 0
    assert "is kept in" not in wide.message
    begun = PolicySolver(program()).solve(guess=wide, starts=2)
    assert begun.cost <= wide.cost * (1 + 1e-8)


def test_what_there_is_when_the_time_is_over_is_handed_back():
    found = PolicySolver(program(horizon=60), time_limit=0.05).solve(throw=False)
    assert found.status is PolicyStatus.TIME_LIMIT
    assert found.cost < found.standing_still
    further = PolicySolver(program(horizon=60)).solve(guess=found, starts=0)
    assert further.cost < found.cost


@pytest.mark.parametrize("before", [2, 3, 6, 11, 40])
def test_a_stop_while_a_hessian_is_computed_leaves_the_best_so_far(before, monkeypatch):
    """Wherever Ctrl-C comes after the first run: in the steady member, fewer steps or this one."""
    calls = 0

    def stopped(*given):
        nonlocal calls
        calls += 1
        if calls == before:
            raise KeyboardInterrupt
        return hessians(*given)

    monkeypatch.setattr("landscape_control.optimisation.stages.costs.hessians", stopped)
    with pytest.raises(SolveInterrupted) as stop:
        best(program(horizon=60), throw=False)
    result = stop.value.solution
    assert result.status is PolicyStatus.INTERRUPTED
    assert result.cost < result.standing_still


def test_which_programs_are_solved_by_stages():
    assert is_stagewise(program())
    assert not is_stagewise(program(BALL))
    assert is_stagewise(program(BALL, 500))
    assert not is_stagewise(program(sees=CurvatureNoise(0.3, follows_loss=True)))
    assert not is_stagewise(dataclasses.replace(program(), sees=None))


def test_a_steady_rule_of_many_steps_costs_what_its_course_does():
    """By stages and, without them, by the compiled graph."""
    one = program(BALL, 200)
    by_stages = PolicySolver(one).solve(starts=2)
    compiled = PolicySolver(one, hessian="limited-memory").solve(guess=by_stages, starts=0)
    assert by_stages.cost == pytest.approx(compiled.cost, rel=1e-7)


def test_entries_are_stretched_in_time():
    shorter, longer = FREE_BALL.layout(3), FREE_BALL.layout(5)
    entries = shorter.join({"learning_rate": [1.0, 2.0, 4.0], "momentum": [0.0, 0.5, 0.7]})
    values = longer.split(stretched(longer, entries, shorter))
    np.testing.assert_allclose(values["learning_rate"], [1, 1.5, 2, 3, 4])
    np.testing.assert_allclose(values["momentum"], [0, 0.5, 0.5, 0.6, 0.7])


class Saddle:
    """x⁴/4 - x²/2 + y²/2 + y x², with a saddle at 0."""

    def slope(self, x):
        self.x = x
        a, b = x
        value = a**4 / 4 - a**2 / 2 + b**2 / 2
        return value, np.array([a**3 - a, b])

    def bend(self):
        return np.diag([3 * self.x[0] ** 2 - 1, 1.0])


@pytest.mark.parametrize("bounds", [(-9.0, 9.0), (-0.5, 0.7)])
def test_newton_steps_leave_a_saddle_and_stop_at_bounds(bounds):
    end = minimised(
        Saddle(),
        np.array([0.0, 0.3]),
        np.array([bounds, (-9.0, 9.0)]),
        enough=1e-12,
        most=100,
        clock=SolveClock(),
    )
    assert end.finished
    nearest = min(1.0, bounds[1]) if end.x[0] > 0 else max(-1.0, bounds[0])
    np.testing.assert_allclose(end.x, [nearest, 0.0], atol=1e-6)
