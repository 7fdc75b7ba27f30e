"""What it costs to use one momentum, one learning rate and one weight decay where the optimal rule
has matrices.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_continuous_lyapunov
from scipy.optimize import minimize

from ...planning.beliefs.lqg import LQGSolution
from ...support.arguments import AnyNumber, checked
from ...support.errors import ProblemError
from .raw_rules import MomentumForm, raw_rule


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class SharedMomentum:
    """The best dv = -friction·v dt - learning_rate·dY - decay (θ - rest)dt with scalars, set
    against the optimal matrices.

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

    excess = property(lambda self: self.cost / self.optimal_cost - 1)
    shared_friction_excess = property(
        lambda self: self.shared_friction_cost / self.optimal_cost - 1
    )


@checked
def share_momentum(solution: LQGSolution) -> SharedMomentum:
    """Fit the shared scalars by cost. Raises ProblemError where the optimal rule has no momentum
    form or B no inverse.
    """
    optimal = raw_rule(solution).momentum
    closed = _ClosedLoop(solution, optimal)
    n = len(optimal.friction)
    eye, start = np.eye(n), [scalar for scalar, _ in optimal.nearest.values()]
    if optimal.learning_rate.shape != (n, n) or min(start[:2]) <= 0:
        raise ProblemError(
            "shared momentum",
            expected="one observation per parameter that pulls like a gradient",
            received=f"nearest friction and learning rate {start[0]:.3g}, {start[1]:.3g}",
            advice="let the learner see gradients (NoisyGradient)",
        )

    def shared(point):
        friction, rate, decay = math.exp(point[0]), math.exp(point[1]), point[2] * start[0] ** 2
        return friction, rate, decay

    found = _minimum(
        lambda point: closed.cost(*(x * eye for x in shared(point))),
        [math.log(start[0]), math.log(start[1]), start[2] / start[0] ** 2],
    )
    friction, rate, decay = shared(found.x)
    alone, alone_cost = _one_friction(closed, optimal, (friction * eye, rate * eye, decay * eye))
    return SharedMomentum(
        optimal=optimal,
        optimal_cost=closed.cost(optimal.friction, optimal.learning_rate, optimal.decay),
        cost=float(found.fun),
        friction=friction,
        learning_rate=rate,
        decay=float(decay),
        shared_friction=alone,
        shared_friction_cost=alone_cost,
    )


def _one_friction(closed, optimal, scalars):
    """(f, cost) of the best f·I with matrices α and D, by BFGS from the shared scalars and from the
    optimal matrices.
    """
    n, scale = len(optimal.friction), np.trace(optimal.friction) / len(optimal.friction)

    def cost(point):
        rate, decay = point[1:].reshape(2, n, n)
        value = closed.cost(math.exp(point[0]) * np.eye(n), rate * scale, decay * scale**2)
        return value if math.isfinite(value) else 1e6 * closed.cost(*scalars)

    starts = [
        (math.log(np.trace(f) / n), *np.ravel(a / scale), *np.ravel(d / scale**2))
        for f, a, d in (scalars, (optimal.friction, optimal.learning_rate, optimal.decay))
    ]
    best = min(
        (minimize(cost, start, method="BFGS", options={"gtol": 1e-8}) for start in starts),
        key=lambda run: run.fun,
    )
    return math.exp(best.x[0]), float(best.fun)


def _minimum(function, start):
    options = {"xatol": 1e-9, "fatol": 1e-13, "maxiter": 4000, "maxfev": 4000}
    first = minimize(function, start, method="Nelder-Mead", options=options)
    # a fresh simplex leaves a collapsed one
    return minimize(function, first.x, method="Nelder-Mead", options=options)


class _ClosedLoop:
    """Expected discounted cost of a momentum rule by one Lyapunov equation on (θ, v, z, 1)."""

    def __init__(self, solution, optimal):
        self.solution, self.linear, self.rest = solution, solution.linear, optimal.rest
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

    def cost(self, friction, rate, decay) -> float:
        """∞ for a rule that the discount does not hold."""
        linear, n, d = self.linear, *self.linear.cross.shape
        own, sight, level = linear.sight
        size, gamma = 2 * n + d + 1, self.solution.problem.objective.discount
        drift = np.zeros((size, size))
        drift[:n, n : 2 * n] = np.eye(n)
        drift[n : 2 * n] = np.column_stack(
            [-decay - rate @ own, -friction, -rate @ sight, decay @ self.rest - rate @ level]
        )
        drift[2 * n : -1, 2 * n :] = np.column_stack([-linear.hidden.reversion, linear.hidden.push])
        damped = drift - gamma / 2 * np.eye(size)
        if np.linalg.eigvals(damped).real.max() >= 0:
            return math.inf
        noise = np.zeros((size, size))
        noise[n : 2 * n, n : 2 * n] = rate @ linear.noise @ rate.T
        noise[2 * n : -1, 2 * n : -1] = linear.hidden.diffusion
        return float(
            np.sum(self.weight * solve_continuous_lyapunov(damped, -(self.start + noise / gamma)))
        )

    def _start(self):
        """E xxᵀ at t = 0: θ at the start, v as the optimal rule moves there, z with the steady
        covariance about its mean.
        """
        linear, problem = self.linear, self.solution.problem
        gain, belief_gain, offset = self.solution.gains()
        control = offset - gain @ problem.start - belief_gain @ linear.hidden.mean
        velocity = linear.drift[0] @ problem.start + linear.drift[1] + linear.actuation @ control
        mean = np.concatenate([problem.start, velocity, linear.hidden.mean, [1.0]])
        second, n = np.outer(mean, mean), len(problem.start)
        second[2 * n : -1, 2 * n : -1] += self.solution.steady_covariance
        return second

    def _weight(self):
        """W with running cost xᵀWx."""
        linear, objective = self.linear, self.solution.problem.objective
        n, d = linear.cross.shape
        (matrix, drift), (quadratic, slope, constant) = linear.drift, linear.own
        effort = self.back @ np.column_stack([-matrix, np.eye(n), np.zeros((n, d)), -drift])
        loss = np.zeros((2 * n + d + 1,) * 2)
        where = [*range(n), *range(2 * n, 2 * n + d)]
        loss[np.ix_(where, where)] = np.block(
            [[linear.hessian, linear.cross], [linear.cross.T, quadratic]]
        )
        loss[where, -1] = loss[-1, where] = np.append(linear.slope, slope)
        loss[-1, -1] = 2 * constant
        return (
            effort.T @ linear.metric @ effort / (2 * objective.learning_rate)
            + 0.5 * objective.loss_weight * loss
        )
