"""The best plan is found whatever numbers a Solver was built with, and for long horizons."""

import casadi as ca
import pytest
from standard import WELL

import landscape_control as lc

WAVES = lc.Landscape.from_expression(lambda t: 0.15 * t[0] ** 2 + 1 - ca.cos(3 * t[0]), dimension=1)
CAMEL = lc.Landscape.from_expression(
    lambda t: (
        (4 - 2.1 * t[0] ** 2 + t[0] ** 4 / 3) * t[0] ** 2
        + t[0] * t[1]
        + (-4 + 4 * t[1] ** 2) * t[1] ** 2
    ),
    dimension=2,
)


@pytest.mark.parametrize(
    ("landscape", "start", "horizon", "discount"),
    [
        pytest.param(lc.double_well(), [-0.6, 0.55], 11.0, 0.1, id="over a ridge, long"),
        pytest.param(lc.double_well(), [-0.655, -0.033], 12.056, 0.4764, id="over a ridge, faded"),
        pytest.param(CAMEL, [1.536, 0.245], 1.085, 0.0, id="two shallow minima in one basin"),
        pytest.param(WAVES, [4.271], 1.606, 0.0, id="the nearest minimum"),
        pytest.param(WAVES, [5.144], 2.206, 0.0, id="mirror images are no one basin"),
        pytest.param(WAVES, [-1.091], 1.102, 1.4223, id="beside a ridge, at rest"),
    ],
)
def test_the_best_plan_is_found_whatever_numbers_the_solver_was_built_with(
    landscape, start, horizon, discount
):
    """What was surveyed for like numbers serves for these: against twenty-four starts of a Solver
    built for them.
    """

    def posed(**numbers):
        return lc.ControlProblem(
            landscape=landscape, start=start, objective=lc.Objective(**numbers)
        )

    best = lc.Solver(posed(horizon=horizon, discount=discount)).solve(starts=24).cost
    for built_for in ({"horizon": 4.0, "discount": 0.1}, {"horizon": 32.0, "discount": 0.8}):
        found = lc.Solver(posed(**built_for)).solve(horizon=horizon, discount=discount)
        assert found.cost == pytest.approx(best, rel=1e-5)


@pytest.mark.parametrize("horizon", [5.0, 8.0, 11.0])
def test_two_starts_know_both_sides_of_a_ridge_over_long_horizons(horizon):
    """Beyond the fold at γ = 0.855 no plan crosses the ridge, before it one does, whatever T."""
    solver = lc.Solver(WELL)
    for discount, count in ((0.78, 2), (0.84, 2), (0.88, 1)):
        plans = solver.solve(horizon=horizon, discount=discount, starts=2).plans
        ends = sorted(plan.parameters[-1, 0] for plan in plans)
        assert len(ends) == count
        assert ends[0] < 0
        assert count == 1 or ends[1] > 0


def test_a_plan_that_leaps_over_what_its_mesh_misses_is_not_the_best():
    """The loss is lowest far away, where the metric vanishes (see ``test_planning_solver_variations``)."""
    problem = lc.ControlProblem(
        landscape=lc.Landscape.from_expression(lambda t: ca.log1p(ca.exp(-t[0])), dimension=1),
        learner=lc.Learner(metric=lambda t: 1 / (2 + ca.exp(t[0]) + ca.exp(-t[0]))),
        objective=lc.Objective(horizon=5.0, discount=0.1),
        start=[-6.0],
    )
    solution = lc.solve(problem, throw=False)
    assert solution.status is lc.Status.CONVERGED
    for plan in solution.plans:
        assert plan.status is lc.Status.CONVERGED or plan.cost_error > solution.cost
