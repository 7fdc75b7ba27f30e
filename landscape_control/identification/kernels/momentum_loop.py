"""The closed loop of a learner with momentum on a linear-quadratic problem with hidden variables."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from ...model.problem import ControlProblem
from ...planning.beliefs.lqg import LQGSolution
from ...support.errors import ProblemError
from .raw_rules import MomentumForm


@dataclass(frozen=True, kw_only=True, eq=False)
class Slopes:
    """∂J/∂friction, ∂J/∂learning_rate and ∂J/∂decay, (n, n) each."""

    friction: np.ndarray
    learning_rate: np.ndarray
    decay: np.ndarray


class MomentumLoop:
    """Expected discounted cost of a momentum rule on x = (θ, v, z, 1), and its slopes.

    With ẋ = Ax + noise of covariance N and running cost xᵀWx, and Ã = A - γ/2,

        ÃM + MÃᵀ + E x₀x₀ᵀ + N/γ = 0 ,   J = tr WM ,        M = ∫ e^{-γt} E xxᵀ dt
        ÃᵀX + XÃ + W = 0 ,               ∂J/∂A = 2XM ,   ∂J/∂N = X/γ .

    One Schur form of Ã serves both equations.
    """

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
        schur = _Schur(self._damped(friction, rate, decay))
        if not schur.stable:
            return math.inf
        return float(np.sum(self.weight * schur.moments(self._source(rate))))

    def cost_and_slopes(
        self, friction: np.ndarray, rate: np.ndarray, decay: np.ndarray
    ) -> tuple[float, Slopes | None]:
        """(∞, None) for a rule that the discount does not hold."""
        schur = _Schur(self._damped(friction, rate, decay))
        if not schur.stable:
            return math.inf, None
        moments = schur.moments(self._source(rate))
        adjoint = schur.adjoint(self.weight)
        own, sight, level = self.linear.sight
        n = len(friction)
        position, velocity, hidden = slice(n), slice(n, 2 * n), slice(2 * n, -1)

        of_drift = 2 * (adjoint @ moments)[velocity]
        of_noise = adjoint[velocity, velocity] / self.problem.objective.discount
        slopes = Slopes(
            friction=-of_drift[:, velocity],
            learning_rate=(
                2 * of_noise @ rate @ self.linear.noise
                - of_drift[:, position] @ own.T
                - of_drift[:, hidden] @ sight.T
                - np.outer(of_drift[:, -1], level)
            ),
            decay=np.outer(of_drift[:, -1], self.rest) - of_drift[:, position],
        )
        return float(np.sum(self.weight * moments)), slopes

    def _damped(self, friction: np.ndarray, rate: np.ndarray, decay: np.ndarray) -> np.ndarray:
        """Ã of θ̇ = v, v̇ = -friction v - rate y - decay (θ - rest), ż = push - reversion z."""
        linear = self.linear
        n, d = linear.cross.shape
        own, sight, level = linear.sight  # y = own θ + sight z + level + noise
        size = 2 * n + d + 1
        velocity, hidden = slice(n, 2 * n), slice(2 * n, -1)
        drift = np.zeros((size, size))
        drift[:n, velocity] = np.eye(n)
        drift[velocity] = np.column_stack(
            [-decay - rate @ own, -friction, -rate @ sight, decay @ self.rest - rate @ level]
        )
        drift[hidden, 2 * n :] = np.column_stack([-linear.hidden.reversion, linear.hidden.push])
        return drift - self.problem.objective.discount / 2 * np.eye(size)

    def _source(self, rate: np.ndarray) -> np.ndarray:
        """E x₀x₀ᵀ + N/γ."""
        linear = self.linear
        n = len(rate)
        velocity, hidden = slice(n, 2 * n), slice(2 * n, -1)
        noise = np.zeros_like(self.start)
        noise[velocity, velocity] = rate @ linear.noise @ rate.T
        noise[hidden, hidden] = linear.hidden.diffusion
        return self.start + noise / self.problem.objective.discount

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


class _Schur:
    """Lyapunov equations with one matrix A, by its real Schur form A = UTUᵀ."""

    def __init__(self, matrix: np.ndarray) -> None:
        form, _, real, _, basis, _, info = lapack.dgees(lambda *_: None, matrix)
        self.form, self.basis = form, basis
        self.stable = info == 0 and bool(real.max() < 0)

    def moments(self, source: np.ndarray) -> np.ndarray:
        """M with AM + MAᵀ + source = 0."""
        return self._solved(source, trana="N", tranb="T")

    def adjoint(self, source: np.ndarray) -> np.ndarray:
        """X with AᵀX + XA + source = 0."""
        return self._solved(source, trana="T", tranb="N")

    def _solved(self, source: np.ndarray, **transposed: str) -> np.ndarray:
        turned = self.basis.T @ source @ self.basis
        found, scale, _ = lapack.dtrsyl(self.form, self.form, -turned, **transposed)
        return self.basis @ (found / scale) @ self.basis.T
