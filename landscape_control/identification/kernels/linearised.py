"""Non-linear policies as rules on raw observations: linearised along a path of (θ, belief)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import casadi as ca
import numpy as np
from scipy.linalg import expm

from ...model.observation import ExactGradient
from ...model.problem import ControlProblem
from ...support.arguments import Entries, Index, Points, Shape, Vector, checked
from ...support.arrays import freeze
from ...support.call_settings import settings_kept
from ...support.errors import ProblemError
from ...support.pointwise import Pointwise
from ...support.results import Result
from .raw_rules import RawRule

# of central differences: balances their two errors, 1e-10 each, for quantities of order one
_STEP = 1e-5


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class LinearisedRules(Result):
    """One :class:`RawRule` per point of a trajectory.

    Its x is the deviation from the trajectory of (θ, mean), or of (θ, probabilities).

    Attributes
    ----------
    times : (N,)
    rules : tuple of RawRule, frozen at the point; the belief covariance is held at its value there
    gains : (N, m, n), -∂u/∂θ
    belief_gains : (N, m, d), -∂u/∂mean or -∂u/∂probabilities
    """

    times: Entries
    rules: tuple[RawRule, ...]
    gains: Entries
    belief_gains: Entries

    @checked
    def kernel(self, point: Index = 0) -> np.ndarray:
        """θ̇ at times[point:] after a unit impulse of y at times[point], (N - point, n, q)."""
        state = self.rules[point].entry
        responses = []
        for k in range(point, len(self.rules)):
            responses.append(self.rules[k].output @ state)
            if k + 1 < len(self.rules):  # the midpoint rule for the flow between two points
                middle = (self.rules[k].dynamics + self.rules[k + 1].dynamics) / 2
                state = expm(middle * (self.times[k + 1] - self.times[k])) @ state
        return np.array(responses)


Covariances = Annotated[np.ndarray, Shape((2, 3))]


@settings_kept
@checked
def linearised_rules(
    problem: ControlProblem,
    policy: Callable,
    *,
    theta: Points,
    estimate: Points,
    covariance: Covariances | None = None,
    times: Vector | None = None,
) -> LinearisedRules:
    """Linearise any policy(theta, belief, time) around a trajectory, by central differences.

    Parameters
    ----------
    policy : callable (theta (E, n), belief, time) -> (E, m), such as ``solution.policy``; it is
        handed (mean, covariance), or probabilities for a task chain
    theta : (N, n)
    estimate : (N, p) means or (N, K) probabilities
    covariance : (N, p, p), Gaussian beliefs only
    times : (N,), default zeros

    The belief follows dm = … + K(θ, m)(dY - h dt) with K = PCᵀR⁻¹, or p_i(h_i - h̄)ᵀR⁻¹ for tasks,
    taken at zero innovation.
    """
    theta, estimate = np.atleast_2d(theta), np.atleast_2d(estimate)
    count = len(theta)
    if times is None:
        times = np.zeros(count)
    hidden = problem.landscape.hidden
    if hidden is not None and hidden.is_finite:
        covariances = None
        belief_slopes_at = _task_slopes(problem)
    else:
        covariances = _along_trajectory(covariance, count)
        belief_slopes_at = _gaussian_slopes(problem)
    controls, speeds = _policy_slopes(problem, policy, theta, estimate, covariances, times)
    entries, belief_slopes = belief_slopes_at(theta, estimate, covariances)
    n = problem.dimension
    rules = []
    for speed, entry, slope in zip(speeds, entries, belief_slopes, strict=True):
        padded = np.vstack([np.zeros((n, entry.shape[1])), entry])
        rules.append(
            RawRule(
                parameters=n,
                dynamics=freeze(np.vstack([speed, slope])),
                entry=freeze(padded),
                shift=freeze(np.zeros(len(padded))),
            )
        )
    return LinearisedRules(
        times=freeze(times),
        rules=tuple(rules),
        gains=freeze(-controls[:, :, :n]),
        belief_gains=freeze(-controls[:, :, n:]),
    )


def _along_trajectory(covariance: np.ndarray | None, count: int) -> np.ndarray:
    """One belief covariance per point, (N, p, p), from one for all or one each."""
    if covariance is None:
        raise ProblemError(
            "covariance",
            expected="the belief covariance (N, p, p) along the trajectory",
            received="None",
            advice="pass solution.covariance(times), or the filter's own",
        )
    return np.broadcast_to(covariance, (count, *np.shape(covariance)[-2:]))


def _policy_slopes(
    problem: ControlProblem,
    policy: Callable,
    theta: np.ndarray,
    estimate: np.ndarray,
    covariance: np.ndarray | None,
    times: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """∂u/∂x (N, m, n+d) and ∂θ̇/∂x (N, n, n+d), by central differences."""
    n, model = theta.shape[1], problem.model
    point = np.hstack([theta, estimate])

    def moved(index: int, sign: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(u, θ̇, width) with one entry of x moved."""
        shifted = point.copy()
        width = _STEP * np.maximum(1.0, np.abs(point[:, index]))
        shifted[:, index] += sign * width
        controls = _controls(policy, shifted[:, :n], shifted[:, n:], covariance, times)
        push = np.einsum("enm,em->en", model.actuation(shifted[:, :n]), controls)
        return controls, model.drift(shifted[:, :n]) + push, width

    control_slopes, speed_slopes = [], []
    for index in range(point.shape[1]):
        u_up, v_up, width = moved(index, 1)
        u_down, v_down, _ = moved(index, -1)
        gap = 2 * width[:, None]
        control_slopes.append((u_up - u_down) / gap)
        speed_slopes.append((v_up - v_down) / gap)
    return np.stack(control_slopes, axis=-1), np.stack(speed_slopes, axis=-1)


def _controls(
    policy: Callable,
    theta: np.ndarray,
    estimate: np.ndarray,
    covariance: np.ndarray | None,
    times: np.ndarray,
) -> np.ndarray:
    """u (N, m) of the policy at every point, each at its own time."""

    def at(rows: slice, time: float) -> np.ndarray:
        belief = estimate[rows] if covariance is None else (estimate[rows], covariance[rows])
        return policy(theta[rows], belief, time)

    if np.all(times == times[0]):
        return at(slice(None), times[0])
    return np.concatenate([at(slice(k, k + 1), time) for k, time in enumerate(times)])


def _sight(problem, theta, hidden):
    """h(θ, φ), what is seen without noise, as a column."""
    return ca.vec(ca.SX(problem.learner.sees.expression(problem.landscape, theta, hidden)))


def _information(problem, theta, size):
    """R⁻¹ of the noise on observations, from a square root of R."""
    if isinstance(problem.learner.sees, ExactGradient):
        raise ProblemError(
            "observation noise",
            expected="noise > 0",
            received="ExactGradient(): nothing is filtered",
            advice="give the learner NoisyGradient(noise=...)",
        )
    root = ca.SX(problem.learner.sees.root(theta, size))
    return ca.inv(root @ root.T)


def _gaussian_slopes(problem):
    """(θ, m, P) -> K = PCᵀR⁻¹ (N, p, q) and the slopes of dm/dt about zero innovation (N, p, n+p)."""
    n, hidden = problem.dimension, problem.landscape.hidden
    theta, mean = ca.SX.sym("theta", n), ca.SX.sym("mean", hidden.dimension)
    covariance = ca.SX.sym("covariance", hidden.dimension, hidden.dimension)
    sight = _sight(problem, theta, mean)
    gain = covariance @ ca.jacobian(sight, mean).T @ _information(problem, theta, sight.numel())
    own = ca.horzcat(ca.DM.zeros(hidden.dimension, n), -ca.DM(hidden.reversion))
    slope = own - gain @ ca.jacobian(sight, ca.vertcat(theta, mean))
    function = Pointwise(
        ca.Function(
            "filter_slopes",
            [theta, mean, ca.vec(covariance)],
            [ca.densify(gain), ca.densify(slope)],
        )
    )

    def evaluate(points, means, covariances):
        gains, slopes = function(points, means, covariances.reshape(len(points), -1))
        shape = (len(points), hidden.dimension, -1)
        return gains.reshape(shape), slopes.reshape(shape)

    return evaluate


def _task_slopes(problem):
    """(θ, p) -> K_i = p_i(h_i - h̄)ᵀR⁻¹ (N, K, q) and the slopes of dp/dt (N, K, n+K).

    The Wonham filter at zero innovation, where dp/dt = Λᵀp and its slope comes from h̄ alone.
    """
    n, chain = problem.dimension, problem.landscape.hidden
    count = len(chain.tasks)
    theta, probabilities = ca.SX.sym("theta", n), ca.SX.sym("probabilities", count)
    sights = ca.horzcat(*[_sight(problem, theta, ca.DM(task)) for task in chain.tasks])
    expected = sights @ probabilities
    offsets = (sights - ca.repmat(expected, 1, count)).T
    gain = ca.diag(probabilities) @ offsets @ _information(problem, theta, sights.size1())
    own = ca.horzcat(ca.DM.zeros(count, n), ca.DM(chain.rates.T))
    slope = own - gain @ ca.jacobian(expected, ca.vertcat(theta, probabilities))
    function = Pointwise(
        ca.Function("wonham_slopes", [theta, probabilities], [ca.densify(gain), ca.densify(slope)])
    )

    def evaluate(points, estimates, _):
        gains, slopes = function(points, estimates)
        shape = (len(points), count, -1)
        return gains.reshape(shape), slopes.reshape(shape)

    return evaluate
