"""The price of innovations inside the plan: belief-space iLQG by repeated transcription.

To second order the value obeys the deterministic equation with ½ tr(S D Dᵀ) added to the running
cost, S the Hessian of the value and D(z) the diffusion of the belief (van den Berg, Patil &
Alterovitz 2012). Frozen at S(t) of the last plan that is an ordinary problem with one more state,
the clock; repeated until S no longer moves it is the fixed point. Information then has its price
through the mean: a belief that will sharpen is one whose mean will move.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import casadi as ca
import numpy as np
from numpy.polynomial.chebyshev import chebfit

from ...support.errors import ProblemError
from ..solution import Plan, Status
from ..solver import Solver
from .advice import CARRIED_OUT
from .belief_space import BeliefSpace
from .coordinates import Expression
from .second_variation import SecondVariation, second_variation
from .transcriber import belief_solver

if TYPE_CHECKING:
    from ...model.objective import Objective

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
    diffusion: Callable[[Expression, Expression], Expression]
    horizon: float

    def __call__(self, theta: Expression, belief: Expression, time: Expression) -> Expression:
        spread = ca.SX(self.diffusion(theta, belief))
        terms = _chebyshev(2 * time / self.horizon - 1, len(self.coefficients))
        hessian = sum(ca.DM(c) * t for c, t in zip(self.coefficients, terms, strict=True))
        return ca.trace(hessian @ spread @ spread.T) / 2


def check_priceable(objective: "Objective") -> None:
    """Refuse a problem in which innovations cannot be priced.

    It has no end in time, or no running loss beside the price.
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
    """The space whose running cost has ½ tr(S D Dᵀ) added.

    S(t) is given by its Chebyshev coefficients.
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
    """Chebyshev coefficients (DEGREE + 1, size, size) of S(t) on the belief coordinates.

    By least squares.
    """
    n, size, horizon = space.problem.dimension, space.size, space.problem.objective.horizon
    values = variation.value_hessian[:, n : n + size, n : n + size].reshape(-1, size * size)
    places = 2 * variation.times / horizon - 1  # [0, T] onto [-1, 1]
    return chebfit(places, values, DEGREE).reshape(-1, size, size)


def price_innovations(
    space: BeliefSpace, plan: Plan, tolerance: float, rounds: int, options: Mapping[str, object]
) -> tuple[Plan, SecondVariation, Status, str]:
    """(plan, variation, status, message) of the fixed point, from a plan that ignored innovations.

    Settled when, for one round, the cost moves by less than 1e-5 of itself and the first control by
    less than 1e-4 of the largest. A plan that is no local minimum under the present price is nudged
    off its symmetry before the next round.
    """
    variation, iteration = _variation(space, plan), _Relaxed()
    for _ in range(rounds):
        priced = charged(space, iteration.next(fitted(space, variation)))
        solver = belief_solver(priced.expanded, tolerance, options)
        revised = _replanned(priced, plan, variation, solver)
        if revised.status not in CARRIED_OUT:
            message = f"while innovations were priced: {revised.message}"
            return plan, variation, revised.status, message
        before, plan, variation = plan, revised, _variation(space, revised)
        if variation.conjugate is None and _has_settled(plan, before):
            return plan, variation, plan.status, plan.message
    message = f"the price of innovations still moved the plan after {rounds} rounds"
    return plan, variation, Status.NOT_STATIONARY, message


class _Relaxed:
    """Fixed-point iteration with Aitken's relaxation for vectors (Irons & Tuck 1969)."""

    def __init__(self) -> None:
        self.value: np.ndarray | None = None
        self.residual: np.ndarray | None = None
        self.weight = 1.0

    def next(self, image: np.ndarray) -> np.ndarray:
        """The next argument, given the map's image of the last one."""
        if self.value is None:
            self.value = image
            return image
        residual = image - self.value
        if self.residual is not None:
            change = residual - self.residual
            weight = -self.weight * np.sum(self.residual * change) / max(np.sum(change**2), 1e-300)
            # bounded: the secant that Aitken takes says little where the map is far from linear
            self.weight = float(np.clip(weight, 0.4, 1.2))
        self.residual, self.value = residual, self.value + self.weight * residual
        return self.value


def _replanned(space: BeliefSpace, plan: Plan, variation: SecondVariation, solver: Solver) -> Plan:
    """The plan under the present price, from the one before.

    It is bent off its symmetry where that is no minimum, or fails.
    """
    # a plan with a conjugate point is no minimum: started from it unbent, the solver would stay
    bends = _BENDS if variation.conjugate is None else _BENDS[1:]
    for bend in bends:
        revised = solver.solve(guess=_guess(space, plan, bend), throw=False).best
        if revised.status in CARRIED_OUT:
            break
    return revised


def _guess(space: BeliefSpace, plan: Plan, bend: float, nodes: int = 129) -> np.ndarray:
    """The plan before, its first weight bent, with the belief and the clock that go with it."""
    horizon, n = space.problem.objective.horizon, space.problem.dimension
    fractions = np.linspace(0, 1, nodes)
    times = fractions * horizon
    theta = plan.parameters_at(times)[:, :n].copy()
    reach = 1 + np.abs(space.problem.start).max()
    theta[:, 0] += bend * reach * np.sin(np.pi * fractions)
    return space.join(theta, space.followed(theta, space.coordinates.start, horizon), times)


def _variation(space: BeliefSpace, plan: Plan) -> SecondVariation:
    """The second variation with innovations.

    Where it breaks down, that of the belief's own part, flagged as broken.
    """
    full = second_variation(space.expanded, plan, space.surprise)
    if full.conjugate is None:
        return full
    n = space.problem.dimension

    def beliefs_only(states: np.ndarray) -> np.ndarray:
        surprise = space.surprise(states)
        surprise[..., :n, :] = surprise[..., :n] = 0.0
        return surprise

    own = second_variation(space.expanded, plan, beliefs_only)
    return replace(own, conjugate=full.conjugate)


def _has_settled(plan: Plan, before: Plan) -> bool:
    moved = np.abs(plan.controls[0] - before.controls[0]).max()
    same_cost = abs(plan.cost - before.cost) <= 1e-5 * abs(plan.cost)
    return bool(same_cost and moved <= 1e-4 * np.abs(plan.controls).max())


def _chebyshev(x, count):
    """T_0(x) … T_{count-1}(x), by T_{j+1} = 2xT_j - T_{j-1}."""
    terms = [1.0, x]
    while len(terms) < count:
        terms.append(2 * x * terms[-1] - terms[-2])
    return terms[:count]
