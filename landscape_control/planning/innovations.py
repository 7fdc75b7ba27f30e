"""The price of innovations inside the plan: belief-space iLQG by repeated transcription.

To second order the value obeys the deterministic equation with ½ tr(S D Dᵀ) added to the running cost, S the Hessian of
the value and D(z) the diffusion of the belief (van den Berg, Patil & Alterovitz 2012). Frozen at S(t) of the last plan
that is an ordinary problem with one more state, the clock; repeated until S no longer moves it is the fixed point.
Information then has its price through the mean: a belief that will sharpen is one whose mean will move.
"""

import math
from dataclasses import replace

import casadi as ca
import numpy as np

from ..errors import ProblemError
from ..solution import Plan, Status
from .belief_space import BeliefSpace
from .second_variation import SecondVariation, second_variation
from .transcriber import belief_solver

DEGREE = 12  # of S(t) as a Chebyshev polynomial over the horizon


def check_horizon(horizon: float) -> None:
    """Refuse an infinite horizon: the price of innovations is a function of time."""
    if math.isinf(horizon):
        raise ProblemError("innovations", expected="a finite horizon when innovations are priced in the plan",
                           received="horizon = inf", advice="choose a horizon of several 1/γ, or innovations='mean'")


def charged(space: BeliefSpace, coefficients: np.ndarray) -> BeliefSpace:
    """The space whose running cost has ½ tr(S(t) D Dᵀ) added; ``coefficients`` (DEGREE + 1, size, size) of S(t)."""
    horizon = space.problem.objective.horizon

    def charge(theta, belief, time):
        diffusion = ca.SX(space.coordinates.diffusion(theta, belief))
        terms = _chebyshev(2 * time / horizon - 1, len(coefficients))
        weight = sum(ca.DM(c) * t for c, t in zip(coefficients, terms, strict=True))
        return ca.trace(weight @ diffusion @ diffusion.T) / 2

    return replace(space, charge=charge)


def fitted(space: BeliefSpace, variation: SecondVariation) -> np.ndarray:
    """Chebyshev coefficients (DEGREE + 1, size, size) of S(t) on the belief coordinates, by least squares."""
    n, size = space.problem.dimension, space.size
    values = variation.value_hessian[:, n:n + size, n:n + size].reshape(-1, size * size)
    local = 2 * variation.times / space.problem.objective.horizon - 1
    return np.polynomial.chebyshev.chebfit(local, values, DEGREE).reshape(-1, size, size)


def with_clock(space: BeliefSpace, plan: Plan, nodes: int = 129) -> np.ndarray:
    """A plan's path with the clock as its last state, equally spaced: a guess for a charged space."""
    times = np.linspace(0, space.problem.objective.horizon, nodes)
    states = plan.parameters_at(times)[:, :space.problem.dimension + space.size]
    return np.column_stack([states, times])


def price_innovations(space: BeliefSpace, plan: Plan, tolerance: float, rounds: int, options: dict):
    """(plan, variation, status, message) of the fixed point, from a plan that ignored innovations.

    Settled when, for one round, the cost moves by less than 1e-5 of itself and the first control by less than 1e-4 of the
    largest. A plan that is no local minimum under the present price is nudged off its symmetry before the next round.
    """
    variation = _variation(space, plan)
    for _ in range(rounds):
        dearer = charged(space, fitted(space, variation))
        solver = belief_solver(dearer.expanded, tolerance, options)
        found = solver.solve(guess=_guess(space, plan, variation), throw=False).best
        if found.status not in (Status.CONVERGED, Status.REFINEMENT_CAP):
            return plan, variation, found.status, f"while innovations were priced: {found.message}"
        before, plan, variation = plan, found, _variation(space, found)
        if variation.conjugate is None and _has_settled(plan, before):
            return plan, variation, plan.status, plan.message
    return plan, variation, Status.NOT_STATIONARY, f"the price of innovations still moved the plan after {rounds} rounds"


def _guess(space, plan, variation):
    """The plan before, with the clock, bent off its symmetry where it is no minimum."""
    guess = with_clock(space, plan)
    if variation.conjugate is not None:
        bend = np.sin(np.pi * np.linspace(0, 1, len(guess)))
        guess[:, 0] += 0.1 * (1 + np.abs(space.problem.start).max()) * bend
    return guess


def _variation(space, plan):
    """The second variation with innovations; where it breaks down, that of the belief's own part, flagged as broken."""
    full = second_variation(space.expanded, plan, space.surprise)
    if full.conjugate is None:
        return full
    n = space.problem.dimension

    def beliefs_only(states):
        surprise = space.surprise(states)
        surprise[..., :n, :] = surprise[..., :n] = 0.0
        return surprise

    return replace(second_variation(space.expanded, plan, beliefs_only), conjugate=full.conjugate)


def _has_settled(plan, before):
    moved = np.abs(plan.controls[0] - before.controls[0]).max()
    return abs(plan.cost - before.cost) <= 1e-5 * abs(plan.cost) and moved <= 1e-4 * np.abs(plan.controls).max()


def _chebyshev(x, count):
    terms = [1.0, x]
    while len(terms) < count:
        terms.append(2 * x * terms[-1] - terms[-2])
    return terms[:count]
