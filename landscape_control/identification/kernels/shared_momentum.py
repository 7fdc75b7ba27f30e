"""What one momentum, one learning rate and one weight decay cost where the optimum has matrices."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from ...planning.beliefs.lqg import LQGSolution
from ...support.arguments import AnyNumber, checked
from ...support.call_settings import settings_kept
from ...support.errors import ProblemError
from ...support.results import Result
from .momentum_loop import MomentumLoop, Slopes
from .raw_rules import MomentumForm, raw_rule

_WALL = 1e6  # times the optimal cost: what a rule that diverges counts as
_SEARCH = {"maxcor": 30, "maxiter": 20_000, "maxfun": 20_000, "ftol": 1e-15, "gtol": 1e-9}

Matrices = tuple[np.ndarray, np.ndarray, np.ndarray]  # friction, learning rate, decay


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class SharedMomentum(Result):
    """The best dv = -friction·v dt - learning_rate·dY - decay (θ - rest)dt with scalars.

    Costs are expected discounted costs from the problem's start with the filter already settled
    (belief covariance at its steady value), so that the optimal rule is the same at every time.

    Attributes
    ----------
    optimal : MomentumForm
    optimal_cost : float
    friction, learning_rate, decay : float, the best shared scalars
    cost : float, with all three shared
    excess : float, cost / optimal_cost - 1
    shared_friction : float, the best scalar friction beside free matrices for learning rate and
        decay: one β for all
    shared_friction_cost, shared_friction_excess : float
    """

    optimal: MomentumForm
    optimal_cost: AnyNumber
    friction: AnyNumber
    learning_rate: AnyNumber
    decay: AnyNumber
    cost: AnyNumber
    shared_friction: AnyNumber
    shared_friction_cost: AnyNumber

    @property
    def excess(self) -> float:
        """How much more the three shared scalars cost, relative."""
        return self.cost / self.optimal_cost - 1

    @property
    def shared_friction_excess(self) -> float:
        """How much more one shared friction costs, relative."""
        return self.shared_friction_cost / self.optimal_cost - 1


@settings_kept
@checked
def share_momentum(solution: LQGSolution) -> SharedMomentum:
    """Fit the shared scalars by cost, with its exact slopes.

    Raises ProblemError where the optimal rule has no momentum form or B no inverse.
    """
    optimal = raw_rule(solution).momentum
    loop = MomentumLoop(solution, optimal)
    n = len(optimal.friction)
    start = [scalar for scalar, _ in optimal.nearest.values()]
    if optimal.learning_rate.shape != (n, n) or min(start[:2]) <= 0:
        raise ProblemError(
            "shared momentum",
            expected="one observation per parameter that pulls like a gradient",
            received=f"nearest friction and learning rate {start[0]:.3g}, {start[1]:.3g}",
            advice="let the learner see gradients (NoisyGradient)",
        )
    matrices = (optimal.friction, optimal.learning_rate, optimal.decay)
    optimal_cost = loop.cost(*matrices)
    scalars, cost = _three_scalars(loop, optimal_cost, start)
    friction, rate, decay = scalars
    eye = np.eye(n)
    shared = (friction * eye, rate * eye, decay * eye)
    alone, alone_cost = _one_friction(loop, optimal_cost, (shared, matrices))
    return SharedMomentum(
        optimal=optimal,
        optimal_cost=optimal_cost,
        cost=cost,
        friction=friction,
        learning_rate=rate,
        decay=decay,
        shared_friction=alone,
        shared_friction_cost=alone_cost,
    )


def _three_scalars(
    loop: MomentumLoop, optimal_cost: float, nearest: list[float]
) -> tuple[tuple[float, float, float], float]:
    """The best scalars and their cost.

    Friction (1/time) and learning rate are sought by their logarithms and stay positive; decay in
    units of friction².
    """
    scale = nearest[0]
    eye = np.eye(len(loop.rest))

    def read(point: np.ndarray) -> tuple[float, float, float]:
        return math.exp(point[0]), math.exp(point[1]), float(point[2]) * scale**2

    def matrices(point: np.ndarray) -> Matrices:
        friction, rate, decay = read(point)
        return friction * eye, rate * eye, decay * eye

    def gradient(point: np.ndarray, slopes: Slopes) -> np.ndarray:
        friction, rate, _ = read(point)
        return np.array(
            [
                friction * np.trace(slopes.friction),
                rate * np.trace(slopes.learning_rate),
                scale**2 * np.trace(slopes.decay),
            ]
        )

    start = np.array([math.log(scale), math.log(nearest[1]), nearest[2] / scale**2])
    point, cost = _minimum(loop, optimal_cost, matrices, gradient, start)
    return read(point), cost


def _one_friction(
    loop: MomentumLoop, optimal_cost: float, starts: tuple[Matrices, Matrices]
) -> tuple[float, float]:
    """(f, cost) of the best f·I with matrices α and D, from the shared scalars and the optimal rule."""
    n = len(loop.rest)
    scale = float(np.trace(starts[1][0])) / n  # 1/time: makes the unknowns of order one

    def matrices(point: np.ndarray) -> Matrices:
        rate, decay = point[1:].reshape(2, n, n)
        return math.exp(point[0]) * np.eye(n), rate * scale, decay * scale**2

    def gradient(point: np.ndarray, slopes: Slopes) -> np.ndarray:
        friction = math.exp(point[0]) * np.trace(slopes.friction)
        of_rate, of_decay = scale * slopes.learning_rate, scale**2 * slopes.decay
        return np.concatenate([[friction], of_rate.ravel(), of_decay.ravel()])

    found = []
    for friction, rate, decay in starts:
        log_friction = math.log(float(np.trace(friction)) / n)
        start = np.concatenate([[log_friction], np.ravel(rate) / scale, np.ravel(decay) / scale**2])
        found.append(_minimum(loop, optimal_cost, matrices, gradient, start))
    point, cost = min(found, key=lambda pair: pair[1])
    return math.exp(point[0]), cost


def _minimum(
    loop: MomentumLoop,
    unit: float,
    matrices: Callable[[np.ndarray], Matrices],
    gradient: Callable[[np.ndarray, Slopes], np.ndarray],
    start: np.ndarray,
) -> tuple[np.ndarray, float]:
    """Where the cost is least, and how much it is there; by L-BFGS in units of the optimal cost."""

    def cost(point: np.ndarray) -> tuple[float, np.ndarray]:
        value, slopes = loop.cost_and_slopes(*matrices(point))
        if slopes is None:
            return _WALL, np.zeros_like(point)
        return value / unit, gradient(point, slopes) / unit

    start = _calm(loop, matrices, start)
    found = minimize(cost, start, jac=True, method="L-BFGS-B", options=_SEARCH)
    return found.x, float(found.fun) * unit


def _calm(
    loop: MomentumLoop, matrices: Callable[[np.ndarray], Matrices], start: np.ndarray
) -> np.ndarray:
    """The start, with as much more friction as it needs to have a cost at all."""
    for _ in range(60):
        if math.isfinite(loop.cost(*matrices(start))):
            break
        start = start + np.array([math.log(2), *np.zeros(len(start) - 1)])
    return start
