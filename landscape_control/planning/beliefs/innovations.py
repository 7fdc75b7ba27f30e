"""The price of innovations inside the plan: belief-space iLQG by repeated transcription.

To second order the value obeys the deterministic equation with ½ tr(S D Dᵀ) added to the running
cost, S the Hessian of the value and D(z) the diffusion of the belief (van den Berg, Patil &
Alterovitz 2012). Frozen at S(t) of the last plan that is an ordinary problem with one more state,
the clock; repeated until S no longer moves it is the fixed point. Information then has its price
through the mean: a belief that will sharpen is one whose mean will move.
"""

import math
from dataclasses import dataclass, replace

import casadi as ca
import numpy as np
from numpy.polynomial.chebyshev import chebfit

from ...support.errors import ProblemError
from ..solution import Plan, Status
from .advice import CARRIED_OUT
from .belief_space import BeliefSpace
from .second_variation import SecondVariation, second_variation
from .transcriber import belief_solver

DEGREE = 12  # of S(t) as a Chebyshev polynomial over the horizon

# of a guess, tried in turn; a plan that is no minimum has to leave
_BENDS = (0.0, 0.1, 0.05, 0.2, -0.1, 0.5)


@dataclass(frozen=True, kw_only=True, eq=False)
class Charge:
    """½ tr(S(t) D Dᵀ) as an expression of (θ, b, t).

    Attributes
    ----------
    coefficients : (DEGREE + 1, size, size), of S(t) in Chebyshev polynomials on [0, T]
    diffusion : callable (θ, b) -> D as a CasADi expression
    horizon : float, T
    """

    coefficients: np.ndarray
    diffusion: object
    horizon: float

    def __call__(self, theta, belief, time):
        spread = ca.SX(self.diffusion(theta, belief))
        terms = _chebyshev(2 * time / self.horizon - 1, len(self.coefficients))
        weight = sum(ca.DM(c) * t for c, t in zip(self.coefficients, terms, strict=True))
        return ca.trace(weight @ spread @ spread.T) / 2


def check_priceable(objective) -> None:
    """Refuse a problem in which innovations cannot be priced: no end in time, or no running loss
    beside the price.
    """
    if math.isinf(objective.horizon):
        raise ProblemError(
            "innovations",
            expected="a finite horizon when innovations are priced in the plan",
            received="horizon = inf",
            advice="choose a horizon of several 1/γ, or innovations='mean'",
        )
    if objective.loss_weight == 0:
        raise ProblemError(
            "innovations",
            expected="loss_weight k > 0 when innovations are priced in the plan",
            received="k = 0",
            advice="give the running loss a small weight, or use innovations='mean'",
        )


def charged(space: BeliefSpace, coefficients: np.ndarray) -> BeliefSpace:
    """The space whose running cost has ½ tr(S D Dᵀ) added, with S(t) from its Chebyshev
    coefficients.
    """
    return replace(
        space,
        charge=Charge(
            coefficients=coefficients,
            horizon=space.problem.objective.horizon,
            diffusion=space.coordinates.diffusion,
        ),
    )


def fitted(space: BeliefSpace, variation: SecondVariation) -> np.ndarray:
    """Chebyshev coefficients (DEGREE + 1, size, size) of S(t) on the belief coordinates, by least
    squares.
    """
    n, size, horizon = space.problem.dimension, space.size, space.problem.objective.horizon
    values = variation.value_hessian[:, n : n + size, n : n + size].reshape(-1, size * size)
    return chebfit(2 * variation.times / horizon - 1, values, DEGREE).reshape(-1, size, size)


def price_innovations(space: BeliefSpace, plan: Plan, tolerance: float, rounds: int, options: dict):
    """(plan, variation, status, message) of the fixed point, from a plan that ignored innovations.

    Settled when, for one round, the cost moves by less than 1e-5 of itself and the first control by
    less than 1e-4 of the largest. A plan that is no local minimum under the present price is nudged
    off its symmetry before the next round.
    """
    variation, mixed = _variation(space, plan), _Mixed()
    for _ in range(rounds):
        dearer = charged(space, mixed.next(fitted(space, variation)))
        found = _replanned(
            dearer, plan, variation, belief_solver(dearer.expanded, tolerance, options)
        )
        if found.status not in CARRIED_OUT:
            return plan, variation, found.status, f"while innovations were priced: {found.message}"
        before, plan, variation = plan, found, _variation(space, found)
        if variation.conjugate is None and _has_settled(plan, before):
            return plan, variation, plan.status, plan.message
    return (
        plan,
        variation,
        Status.NOT_STATIONARY,
        f"the price of innovations still moved the plan after {rounds} rounds",
    )


class _Mixed:
    """Fixed-point iteration with Aitken's relaxation for vectors (Irons & Tuck 1969)."""

    def __init__(self):
        self.value = self.residual = None
        self.weight = 1.0

    def next(self, image):
        """The next argument, given the map's image of the last one."""
        if self.value is None:
            self.value = image
            return image
        residual = image - self.value
        if self.residual is not None:
            change = residual - self.residual
            weight = -self.weight * np.sum(self.residual * change) / max(np.sum(change**2), 1e-300)
            self.weight = float(np.clip(weight, 0.4, 1.2))
        self.residual, self.value = residual, self.value + self.weight * residual
        return self.value


def _replanned(space, plan, variation, solver):
    """The plan under the present price, from the one before; bent off its symmetry where that is no
    minimum, or fails.
    """
    for bend in _BENDS[variation.conjugate is not None :]:
        found = solver.solve(guess=_guess(space, plan, bend), throw=False).best
        if found.status in CARRIED_OUT:
            break
    return found


def _guess(space, plan, bend, nodes=129):
    """The plan before, its first weight bent, with the belief and the clock that go with it."""
    horizon, n = space.problem.objective.horizon, space.problem.dimension
    fractions = np.linspace(0, 1, nodes)
    theta = plan.parameters_at(fractions * horizon)[:, :n].copy()
    theta[:, 0] += bend * (1 + np.abs(space.problem.start).max()) * np.sin(np.pi * fractions)
    return space.join(
        theta, space.followed(theta, space.coordinates.start, horizon), fractions * horizon
    )


def _variation(space, plan):
    """The second variation with innovations; where it breaks down, that of the belief's own part,
    flagged as broken.
    """
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
    return (
        abs(plan.cost - before.cost) <= 1e-5 * abs(plan.cost)
        and moved <= 1e-4 * np.abs(plan.controls).max()
    )


def _chebyshev(x, count):
    terms = [1.0, x]
    while len(terms) < count:
        terms.append(2 * x * terms[-1] - terms[-2])
    return terms[:count]
