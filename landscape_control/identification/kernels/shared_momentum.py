"""What one momentum, one learning rate and one weight decay cost where the optimum has matrices."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_continuous_lyapunov
from scipy.optimize import OptimizeResult, minimize

from ...model.problem import ControlProblem
from ...planning.beliefs.lqg import LQGSolution
from ...support.arguments import AnyNumber, checked
from ...support.call_settings import settings_kept
from ...support.errors import ProblemError
from ...support.results import Result
from .raw_rules import MomentumForm, raw_rule


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
    """Fit the shared scalars by cost.

    Raises ProblemError where the optimal rule has no momentum form or B no inverse.
    """
    optimal = raw_rule(solution).momentum
    closed = _ClosedLoop(solution, optimal)
    n = len(optimal.friction)
    eye = np.eye(n)
    start = [scalar for scalar, _ in optimal.nearest.values()]
    if optimal.learning_rate.shape != (n, n) or min(start[:2]) <= 0:
        raise ProblemError(
            "shared momentum",
            expected="one observation per parameter that pulls like a gradient",
            received=f"nearest friction and learning rate {start[0]:.3g}, {start[1]:.3g}",
            advice="let the learner see gradients (NoisyGradient)",
        )

    def scalars(point: np.ndarray) -> tuple[float, float, float]:
        # friction (1/time) and learning rate stay positive; decay is in units of friction²
        return math.exp(point[0]), math.exp(point[1]), point[2] * start[0] ** 2

    def cost(point: np.ndarray) -> float:
        friction, rate, decay = scalars(point)
        return closed.cost(friction * eye, rate * eye, decay * eye)

    minimum = _minimum(cost, [math.log(start[0]), math.log(start[1]), start[2] / start[0] ** 2])
    friction, rate, decay = scalars(minimum.x)
    alone, alone_cost = _one_friction(closed, optimal, (friction * eye, rate * eye, decay * eye))
    return SharedMomentum(
        optimal=optimal,
        optimal_cost=closed.cost(optimal.friction, optimal.learning_rate, optimal.decay),
        cost=float(minimum.fun),
        friction=friction,
        learning_rate=rate,
        decay=float(decay),
        shared_friction=alone,
        shared_friction_cost=alone_cost,
    )


def _one_friction(
    closed: "_ClosedLoop",
    optimal: MomentumForm,
    scalars: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[float, float]:
    """(f, cost) of the best f·I with matrices α and D.

    By BFGS from the shared scalars and from the optimal matrices.
    """
    n = len(optimal.friction)
    scale = np.trace(optimal.friction) / n  # 1/time: makes the unknowns of order one

    def cost(point: np.ndarray) -> float:
        rate, decay = point[1:].reshape(2, n, n)
        value = closed.cost(math.exp(point[0]) * np.eye(n), rate * scale, decay * scale**2)
        if math.isfinite(value):
            return value
        return 1e6 * closed.cost(*scalars)  # a wall that BFGS can take differences of

    matrices = (optimal.friction, optimal.learning_rate, optimal.decay)
    runs = []
    for friction, rate, decay in (scalars, matrices):
        start = (
            math.log(np.trace(friction) / n),
            *np.ravel(rate / scale),
            *np.ravel(decay / scale**2),
        )
        runs.append(minimize(cost, start, method="BFGS", options={"gtol": 1e-8}))
    best = min(runs, key=lambda run: run.fun)
    return math.exp(best.x[0]), float(best.fun)


def _minimum(function: Callable[[np.ndarray], float], start: Sequence[float]) -> OptimizeResult:
    options = {"xatol": 1e-9, "fatol": 1e-13, "maxiter": 4000, "maxfev": 4000}
    first = minimize(function, start, method="Nelder-Mead", options=options)
    # a fresh simplex leaves a collapsed one
    return minimize(function, first.x, method="Nelder-Mead", options=options)


class _ClosedLoop:
    """Expected discounted cost of a momentum rule by one Lyapunov equation on (θ, v, z, 1)."""

    def __init__(self, solution: LQGSolution, optimal: MomentumForm) -> None:
        problem = solution.problem
        assert isinstance(problem, ControlProblem), "a solution that raw_rule took has its problem"
        self.solution, self.problem = solution, problem
        self.linear, self.rest = solution.linear, optimal.rest
        push = self.linear.actuation
        if push.shape[0] != push.shape[1] or np.linalg.cond(push) > 1e12:
            raise ProblemError(
                "shared momentum",
                expected="an actuation B that pushes every direction",
                received=f"B of shape {push.shape}, or singular",
                advice="read the matrices of raw_rule(solution).momentum instead",
            )
        self.back = np.linalg.inv(push)
        self.start = self._start()
        self.weight = self._weight()

    def cost(self, friction: np.ndarray, rate: np.ndarray, decay: np.ndarray) -> float:
        """∞ for a rule that the discount does not hold."""
        linear = self.linear
        n, d = linear.cross.shape
        own, sight, level = linear.sight  # y = own θ + sight z + level + noise
        gamma = self.problem.objective.discount
        size = 2 * n + d + 1
        velocity, hidden = slice(n, 2 * n), slice(2 * n, -1)

        # θ̇ = v, v̇ = -friction v - rate y - decay (θ - rest), ż = push - reversion z
        drift = np.zeros((size, size))
        drift[:n, velocity] = np.eye(n)
        drift[velocity] = np.column_stack(
            [-decay - rate @ own, -friction, -rate @ sight, decay @ self.rest - rate @ level]
        )
        drift[hidden, 2 * n :] = np.column_stack([-linear.hidden.reversion, linear.hidden.push])
        damped = drift - gamma / 2 * np.eye(size)
        if np.linalg.eigvals(damped).real.max() >= 0:
            return math.inf

        # M = ∫ e^{-γt} E xxᵀ dt solves ÃM + MÃᵀ + E x₀x₀ᵀ + N/γ = 0 with Ã = A - γ/2
        noise = np.zeros((size, size))
        noise[velocity, velocity] = rate @ linear.noise @ rate.T
        noise[hidden, hidden] = linear.hidden.diffusion
        moments = solve_continuous_lyapunov(damped, -(self.start + noise / gamma))
        return float(np.sum(self.weight * moments))

    def _start(self) -> np.ndarray:
        """E xxᵀ at t = 0.

        θ at the start, v as the optimal rule moves there, z with the steady covariance about its
        mean.
        """
        linear, problem = self.linear, self.problem
        gain, belief_gain, offset = self.solution.gains()
        control = offset - gain @ problem.start - belief_gain @ linear.hidden.mean
        velocity = linear.drift[0] @ problem.start + linear.drift[1] + linear.actuation @ control
        mean = np.concatenate([problem.start, velocity, linear.hidden.mean, [1.0]])
        second = np.outer(mean, mean)
        n = len(problem.start)
        second[2 * n : -1, 2 * n : -1] += self.solution.steady_covariance
        return second

    def _weight(self) -> np.ndarray:
        """W with running cost xᵀWx."""
        linear, objective = self.linear, self.problem.objective
        n, d = linear.cross.shape
        matrix, drift = linear.drift
        quadratic, slope, constant = linear.own
        # u = B⁻¹(v - f(θ)) as a matrix on x
        effort = self.back @ np.column_stack([-matrix, np.eye(n), np.zeros((n, d)), -drift])
        loss = np.zeros((2 * n + d + 1,) * 2)
        where = [*range(n), *range(2 * n, 2 * n + d)]
        loss[np.ix_(where, where)] = np.block(
            [[linear.hessian, linear.cross], [linear.cross.T, quadratic]]
        )
        loss[where, -1] = loss[-1, where] = np.append(linear.slope, slope)
        loss[-1, -1] = 2 * constant
        price = effort.T @ linear.metric @ effort / (2 * objective.learning_rate)
        return price + 0.5 * objective.loss_weight * loss
