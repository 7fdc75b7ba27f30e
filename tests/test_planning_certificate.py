"""The certificate accepts true plans, and each of its numbers notices the corruption it is there
for.
"""

from dataclasses import replace

import numpy as np
import pytest
from standard import WELL

import landscape_control as lc
from landscape_control.planning.certificate.certificate import certify

ROUGH = {"dynamics": "parameters", "stationarity": "controls", "costate": "costates"}


def problems():
    import casadi as ca

    yield "free end", WELL
    yield "fixed end", WELL.changed(end=[1.0, 0.0])
    yield "terminal cost", WELL.changed(terminal="loss", terminal_weight=2.0)
    yield (
        "drift and metric",
        WELL.changed(
            learner=lc.Learner(
                drift=lc.linear_drift([[-0.2, 0.5], [-0.5, -0.2]]),
                metric=lambda t: ca.diag(ca.vertcat(1 + t[0] ** 2, 2)),
            )
        ),
    )
    yield "one push", WELL.changed(learner=lc.Learner(actuation=[[1.0], [0.3]]))
    yield "infinite", WELL.changed(horizon=np.inf)


@pytest.mark.parametrize("method", ["action", "collocation", "shooting"])
@pytest.mark.parametrize(
    ("name", "problem"), list(problems()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_true_plans_pass(name, problem, method):
    if method == "action" and problem.controls < problem.dimension:
        pytest.skip("the action needs full control")
    tolerance = 1e-4 if method == "shooting" else 1e-6
    certificate = lc.solve(problem, method=method, tolerance=tolerance).certificate
    assert certificate.passed, str(certificate)
    assert "certificate passed" in str(certificate)


def corrupted(plan, field):
    wave = 0.02 * np.sin(np.linspace(0, 9, len(plan.times)))[:, None]
    return replace(plan, **{field: getattr(plan, field) * (1 + wave) + wave})


@pytest.mark.parametrize("residual", ROUGH)
def test_each_residual_notices_its_corruption(residual):
    solution = lc.solve(WELL)
    clean = certify(WELL, solution.best, tolerance=1e-6)
    spoiled = certify(WELL, corrupted(solution.best, ROUGH[residual]), tolerance=1e-6)
    # a wrong control shows where the path it should drive is re-integrated
    if residual == "stationarity":
        assert spoiled.dynamics > 100 * max(clean.dynamics, 1e-6)
        spoiled = certify(WELL, corrupted(solution.best, "costates"), tolerance=1e-6)
        assert spoiled.stationarity > 100 * clean.stationarity
    else:
        assert getattr(spoiled, residual) > 100 * max(getattr(clean, residual), 1e-6)
    assert not spoiled.passed


def test_transversality_notices_a_plan_for_another_end():
    shorter = lc.solve(WELL.changed(end=[0.3, 0.4])).best
    assert certify(WELL, shorter, tolerance=1e-6).transversality > 1e-2
    assert certify(WELL.changed(end=[0.3, 0.5]), shorter, tolerance=1e-6).transversality > 1e-2


@pytest.mark.parametrize("discount", [0.0, 0.4])
def test_energy_law_of_the_paper_holds_along_plans_and_fails_under_another_discount(discount):
    problem = WELL.changed(discount=discount)
    plan = lc.solve(problem, tolerance=1e-9).best
    velocity, loss = plan.controls, problem.landscape.loss(plan.parameters)
    energy = (velocity**2).sum(1) / 2 - loss
    gained = discount * np.concatenate(
        [
            [0],
            np.cumsum(
                np.diff(plan.times) * ((velocity**2).sum(1)[1:] + (velocity**2).sum(1)[:-1]) / 2
            ),
        ]
    )
    # trapezoidal sum on the nodes
    assert energy - energy[0] == pytest.approx(gained, abs=2e-2 * max(discount, 1e-4))
    assert certify(problem, plan, tolerance=1e-6).energy_law < 1e-4
    assert certify(problem.changed(discount=discount + 0.5), plan, tolerance=1e-6).energy_law > 1e-2


def test_cost_of_a_plan_is_never_below_the_certified_optimum():
    exact = lc.solve(WELL, tolerance=1e-12).cost
    for elements in (3, 5, 8):
        solution = lc.solve(
            WELL, method=lc.DiscretisedAction(elements=elements, degree=4), tolerance=10.0
        )
        assert abs(solution.cost - exact) <= 3 * solution.best.cost_error
