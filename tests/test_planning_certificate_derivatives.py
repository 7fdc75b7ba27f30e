"""Hand-assembled derivatives and passes against CasADi's own differentiation of the whole."""

import math

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control.model.problem import model_of
from landscape_control.planning.certificate.action_variation import NEUTRAL
from landscape_control.planning.certificate.controlled_variation import (
    controlled_variation_is_positive,
)
from landscape_control.planning.certificate.inspection import inspect_path
from landscape_control.planning.certificate.penalised_variation import penalised_is_positive
from landscape_control.planning.solver.fatrop_guards import guarded_functions
from landscape_control.planning.transcription import DiscretisedAction, NumberLayout, build_program

WELL = lc.double_well()
LEARNERS = {
    "plain": lc.Learner(),
    "full metric": lc.Learner(metric=[[2.0, 0.3], [0.3, 1.0]], actuation=[[1.0, 0.2], [0.0, 1.5]]),
    "linear drift": lc.Learner(drift=lc.linear_drift([[0.3, 1.0], [-1.0, 0.2]])),
    "curved drift": lc.Learner(drift=lambda w: ca.vertcat(0.3 * ca.sin(w[1]), -0.2 * w[0] ** 2)),
    "curved metric": lc.Learner(metric=lambda w: ca.diag(ca.vertcat(1 + w[0] ** 2, 1 + w[1] ** 2))),
    "curved actuation": lc.Learner(
        actuation=lambda w: ca.diag(ca.vertcat(1 + 0.1 * w[0] ** 2, 1.0))
    ),
}


def problem(learner, *, end=None, discount=0.1, landscape=WELL, terminal=None):
    objective = lc.Objective(horizon=4.0, discount=discount, learning_rate=0.7, terminal=terminal)
    return lc.ControlProblem(
        landscape=landscape, learner=learner, objective=objective, start=[-0.6, 0.55], end=end
    )


@pytest.mark.parametrize("learner", LEARNERS.values(), ids=LEARNERS)
@pytest.mark.parametrize(("tail", "end"), [(False, False), (True, False), (False, True)])
def test_element_derivatives_are_those_of_the_whole_graph(learner, tail, end):
    model, layout = (
        model_of(WELL, learner, "loss"),
        NumberLayout(dimension=2, fixed_end=end, tail=tail),
    )
    program = build_program(model, DiscretisedAction(elements=3, degree=4), layout, staged=True)
    x, p, rows = (program.nlp[name] for name in ("x", "p", "g"))
    weight, multipliers = ca.SX.sym("weight"), ca.SX.sym("multipliers", rows.numel())
    lagrangian = weight * program.nlp["f"] + ca.dot(multipliers, rows)
    hessian, slope = ca.hessian(lagrangian, x)
    whole = ca.Function(
        "whole", [x, p, weight, multipliers], [slope, hessian, ca.gradient(program.nlp["f"], x)]
    )
    rng = np.random.default_rng(0)
    numbers = rng.uniform(0.5, 1.5, p.numel())
    numbers[-4:] = [0.0, 0.2, 0.5, 1.0]
    at = rng.normal(size=x.numel()), numbers, 1.3, rng.normal(size=rows.numel())
    functions = guarded_functions(program)
    found = [*functions["nlp_hess_l"](*at), functions["nlp_grad_f"](*at[:2])]
    for one, other in zip(found, whole(*at), strict=True):
        wanted = np.array(other.full())
        np.testing.assert_allclose(one.full(), wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())


def action(problem, plan):
    """J as an expression in θ at the nodes, by Gauss quadrature at two points more than the degree:
    Vandermonde matrices.
    """
    objective, model, degree = problem.objective, problem.model, plan.degree
    points, weights = np.polynomial.legendre.leggauss(degree + 2)
    points, weights = (points + 1) / 2, weights / 2
    powers = np.arange(degree + 1)
    inverse = np.linalg.inv(plan.positions[:, None] ** powers)
    values = points[:, None] ** powers @ inverse
    slopes = (powers * points[:, None] ** np.maximum(powers - 1, 0)) @ inverse
    nodes, total = ca.SX.sym("nodes", 2, len(plan.times)), 0
    for k, (left, right) in enumerate(zip(plan.vertices[:-1], plan.vertices[1:], strict=True)):
        own, length = nodes[:, k * degree : (k + 1) * degree + 1], right - left
        for q, (point, share) in enumerate(zip(points, weights, strict=True)):
            theta, velocity = own @ values[q], own @ slopes[q] / length
            u = ca.solve(model.actuation_at(theta), velocity - model.drift_at(theta))
            effort = u.T @ model.metric_at(theta) @ u / (2 * objective.learning_rate)
            fade = math.exp(-objective.discount * (left + point * length))
            total += share * length * fade * (effort + objective.loss_weight * model.loss_at(theta))
    return nodes, total


@pytest.mark.parametrize("learner", LEARNERS.values(), ids=LEARNERS)
def test_band_is_the_second_derivative_of_the_action(learner):
    one = problem(learner)
    plan, objective = lc.solve(one).best, one.objective
    seen = inspect_path(
        one.model, plan, objective.learning_rate, objective.loss_weight, objective.discount
    )
    nodes, total = action(one, plan)
    size = nodes.numel() - 2
    hessian = ca.Function("hessian", [nodes], [ca.hessian(total, ca.vec(nodes))[0]])(
        plan.parameters.T
    )
    hessian = hessian.full()[2:, 2:]
    unscaled = np.repeat(np.exp(objective.discount / 2 * plan.times[1:]), 2)
    wanted = unscaled[:, None] * hessian * unscaled
    found = np.zeros((size, size))
    for below, diagonal in enumerate(seen.band):
        if below < size:
            found[np.arange(below, size), np.arange(size - below)] = diagonal[: size - below]
    lower = np.tril_indices(size)
    scale = np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))
    np.testing.assert_allclose(
        (found / scale)[lower], (wanted / scale)[lower], rtol=0, atol=3 * NEUTRAL
    )
    assert seen.sums[1] + seen.sums[2] == pytest.approx(
        float(ca.Function("J", [nodes], [total])(plan.parameters.T))
    )


def half_pushed(rng, kind):
    """A stretch of a path in the double well, some of it near the ridge, pushed along one direction
    only.
    """
    drift = lc.linear_drift(rng.normal(size=(2, 2)) * (0.5 if kind == "drift" else 0.0))
    learner = lc.Learner(actuation=rng.normal(size=(2, 1)), drift=drift)
    objective = lc.Objective(
        horizon=rng.uniform(0.5, 6.0), discount=rng.uniform(0, 1), loss_weight=rng.uniform(0.3, 3)
    )
    return lc.ControlProblem(
        landscape=WELL, learner=learner, objective=objective, start=rng.normal(size=2) * 0.8
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["no drift", "drift"])
def test_what_is_positive_with_departures_penalised_is_positive_without(kind):
    """The penalised test may only err on one side; it must also be worth its while."""
    rng, counted = np.random.default_rng(3), {}
    for _ in range(12):
        one = half_pushed(rng, kind)
        plan = lc.Solver(one).solve(throw=False).best
        # the same path with the loss turned over: what was a minimum seldom is one then
        for sign in (1.0, -1.0):
            flipped = lc.Landscape.from_expression(
                lambda w, sign=sign: sign * ((w[0] ** 2 - 1) ** 2 + w[1] ** 2 - w[0] / 2),
                dimension=2,
            )
            other = one.changed(landscape=flipped)
            sure = penalised_is_positive(other, plan, None)
            true = controlled_variation_is_positive(other, plan, None, NEUTRAL)
            assert true or not sure
            counted[sign, true, sure] = counted.get((sign, true, sure), 0) + 1
    shown = sum(count for (_, true, sure), count in counted.items() if sure)
    minima = sum(count for (_, true, _), count in counted.items() if true)
    assert shown >= 0.9 * minima > 10
    assert sum(counted.values()) - minima > 3
