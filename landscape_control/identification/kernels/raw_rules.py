"""The effective rule on raw observations: belief and policy merged into one linear system."""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np
from scipy.linalg import expm

from ...model.problem import ControlProblem
from ...planning.beliefs.expected_cost import Uncertainty
from ...planning.beliefs.linear_model import LinearModel, read_linear_model
from ...planning.beliefs.lqg import LQGSolution
from ...support.arguments import (
    AnyNumber,
    Count,
    Entries,
    Matrix,
    NonNegative,
    Positive,
    Vector,
    Words,
    checked,
)
from ...support.arrays import freeze, matrix, number, vector, whole
from ...support.call_settings import settings_kept
from ...support.errors import ProblemError
from ...support.results import Result


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class RawRule(Result):
    """ẋ = dynamics·x + shift + entry·y with x = (θ, m): a linear learner as a filter from
    observations y to updates θ̇.

    Attributes
    ----------
    parameters : int, n, how many entries of x are parameters
    dynamics : (n+d, n+d), A_c
    entry : (n+d, q), B_c; its first n rows vanish: observations reach the parameters through the
        belief
    shift : (n+d,)
    """

    parameters: int
    dynamics: Entries
    entry: Entries
    shift: Entries

    @property
    def output(self) -> np.ndarray:
        """C_c (n, n+d): θ̇ = C_c x + shift[:n]."""
        return self.dynamics[: self.parameters]

    @checked
    def kernel(self, times: Vector) -> np.ndarray:
        """θ̇ at times t >= 0 after a unit impulse of y at t = 0, C_c e^{A_c t}B_c: shape (N, n, q)."""
        flow = expm(np.asarray(times, dtype=float)[:, None, None] * self.dynamics)
        return self.output @ flow @ self.entry

    @checked
    def sampled(self, step: Positive) -> "StepRule":
        """The rule that sees one y per ``step``, as an impulse y·step at its beginning, and moves
        on exactly.
        """
        step = number("step", step, low=0, low_open=True)
        size = len(self.dynamics)
        generator = np.zeros((size + 1, size + 1))
        generator[:size] = np.column_stack([self.dynamics, self.shift])
        flow = expm(generator * step)
        return StepRule(
            parameters=self.parameters,
            step=step,
            dynamics=freeze(flow[:size, :size]),
            entry=freeze(flow[:size, :size] @ self.entry * step),
            shift=freeze(flow[:size, -1]),
        )

    @cached_property
    def momentum(self) -> "MomentumForm":
        """θ̈ = -friction θ̇ - learning_rate·y - decay (θ - rest): the belief eliminated, where d =
        n.
        """
        n, size = self.parameters, len(self.dynamics)
        response = self.dynamics[:n, n:]
        if size != 2 * n or np.linalg.cond(response) > 1e12:
            raise ProblemError(
                "momentum form",
                expected="one hidden variable per parameter, moving it in its own way",
                received=(
                    f"{size - n} hidden and {n} parameters, or a belief that moves fewer directions"
                ),
                advice="use the kernel, or its equivalents, which need no such match",
            )
        pull, sight, belief = self.dynamics[:n, :n], self.dynamics[n:, :n], self.dynamics[n:, n:]
        # θ̇ = pull θ + response m solved for m, and put into its derivative
        turned = response @ belief @ np.linalg.inv(response)
        decay = _difference(turned @ pull, response @ sight)
        constant = response @ self.shift[n:] - turned @ self.shift[:n]
        rest = np.linalg.lstsq(decay, constant, rcond=1e-12)[0]
        return MomentumForm(
            friction=freeze(-pull - turned),
            learning_rate=freeze(-response @ self.entry[n:]),
            decay=freeze(decay),
            rest=freeze(rest),
        )


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class MomentumForm(Result):
    """dv = -friction·v dt - learning_rate·dY - decay (θ - rest)dt, dθ = v dt: heavy-ball momentum
    with weight decay.

    For one mode of curvature h with gradient noise σ and task rate λ (theory: Kalman-Bucy filter
    and certainty equivalence): friction r + λ + κh, learning rate r s κ, decay r[λ + κh(1 - s)],
    with κ = Ph/σ² and s = (r + γ)/(r + γ + λ).

    Attributes
    ----------
    friction : (n, n)
    learning_rate : (n, q)
    decay : (n, n)
    rest : (n,), where the decay pulls to
    """

    friction: Entries
    learning_rate: Entries
    decay: Entries
    rest: Entries

    @property
    def nearest(self) -> dict[str, tuple[float, float]]:
        """For each coefficient the nearest multiple of the identity and its relative distance in
        the Frobenius norm.
        """
        parts = {
            "friction": self.friction,
            "learning_rate": self.learning_rate,
            "decay": self.decay,
        }
        return {name: _nearest_scalar(name, matrix) for name, matrix in parts.items()}


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class StepRule(Result):
    """x_{k+1} = dynamics·x_k + shift + entry·y_k with x = (θ, m), once per ``step``."""

    parameters: int
    step: AnyNumber
    dynamics: Entries
    entry: Entries
    shift: Entries

    @checked
    def kernel(self, length: Count) -> np.ndarray:
        """Updates θ_{j+1} - θ_j, j = 0 … length-1, after y_0 = 1 and nothing else: shape (length,
        n, q).
        """
        state, response = self.entry, [self.entry[: self.parameters]]
        for _ in range(whole("length", length) - 1):
            moved = self.dynamics @ state
            response.append((moved - state)[: self.parameters])
            state = moved
        return np.array(response)

    @property
    def heavy_ball(self) -> dict[str, float]:
        """For one parameter and one hidden variable the same rule without a belief, exactly
        (Cayley-Hamilton):

            θ_{k+1} - θ_k = beta (θ_k - θ_{k-1}) - alpha y_k - decay (θ_k - rest),   beta =
                e^{-friction·step}

        heavy-ball momentum with weight decay. Raises ProblemError for other dimensions.
        """
        if self.dynamics.shape != (2, 2) or self.entry.shape[1] != 1:
            raise ProblemError(
                "heavy_ball",
                expected="one parameter, one hidden variable and one observation",
                received=f"x of {len(self.dynamics)} and y of {self.entry.shape[1]} entries",
                advice="fit the kernel with nearest_rules(kernel)",
            )
        (own, cross), (sight, belief) = self.dynamics
        beta = own * belief - cross * sight
        decay = _difference((1 - own) * (1 - belief), cross * sight)
        constant = (1 - belief) * self.shift[0] + cross * self.shift[1]
        return {
            "beta": float(beta),
            "alpha": -float(self.entry[0, 0]),
            "decay": float(decay),
            "rest": float(constant / decay) if decay else 0.0,
        }


ExactSolution = Annotated[
    LQGSolution,
    Words(
        expected="an exact LQG solution",
        advice="use linearised_rules(problem, policy, ...) around a trajectory",
    ),
]


@settings_kept
@checked
def raw_rule(solution: ExactSolution, time: NonNegative | None = None) -> RawRule:
    """The rule on raw observations of an exact LQG solution: the steady one at T = ∞, or that of
    one ``time``, frozen.

    Theory: equation :eq:`lqg`.

    ẋ = (A - BK_θ)θ - BK_m m + …, ṁ = ν - Λm + K(y - Fθ - Cm - e) with the filter gain K = PCᵀR⁻¹.

    Raises
    ------
    ProblemError
        A finite horizon without a time (the rule changes with it), exact observations (no filter),
        or a hidden combination that no observation shows and whose variance grows for ever: named.
    """
    if time is not None:
        covariance = None if solution.linear.noise is None else solution.covariance(time)[0]
        return _on_filter(solution.linear, covariance, solution.gains(time), solution.message)
    if hasattr(solution.state_policy, "horizon"):
        raise ProblemError(
            "horizon",
            expected="T = ∞, where the rule is the same at every time, or a time",
            received=f"T = {solution.state_policy.horizon:g}",
            advice="use problem.changed(horizon=math.inf), or raw_rule(solution, time=...)",
        )
    steady = None if solution.filter_gain is None else solution.steady_covariance
    return _on_filter(solution.linear, steady, solution.gains(), solution.message)


@checked
def linear_raw_rule(
    problem: ControlProblem,
    *,
    gain: Matrix,
    belief_gain: Matrix,
    offset: Vector | None = None,
) -> RawRule:
    """The raw rule of any linear policy u = offset - gain·θ - belief_gain·z on the steady filter of
    a linear model.

    ``gain`` (m, n), ``belief_gain`` (m, d), ``offset`` (m,), zero by default; z is the belief mean,
    or the first K - 1 probabilities of a task chain. The loss may be anything quadratic; the policy
    need not be good. Raises as :func:`raw_rule`, and NotLinearQuadratic.
    """
    linear = read_linear_model(problem)
    m, (n, size) = problem.controls, linear.cross.shape
    gain, belief_gain = matrix("gain", gain, (m, n)), matrix("belief_gain", belief_gain, (m, size))
    offset = np.zeros(m) if offset is None else vector("offset", offset, m)
    steady = None if linear.noise is None else Uncertainty(linear).steady
    return _on_filter(linear, steady, (gain, belief_gain, offset), "")


def _on_filter(
    linear: LinearModel,
    covariance: np.ndarray | None,
    law: tuple[np.ndarray, np.ndarray, np.ndarray],
    message: str,
) -> RawRule:
    if covariance is None:
        raise ProblemError(
            "filter",
            expected="noisy observations of every hidden variable that keeps moving",
            received=message or "exact observations: a belief without memory",
            advice="give the observations noise, or observe the combination that is named",
        )
    gain, belief_gain, offset = law
    filter_gain = Uncertainty(linear).gain(covariance)
    (drift, constant), (own, sight, level) = linear.drift, linear.sight
    push = linear.actuation
    dynamics = np.block(
        [
            [drift - push @ gain, -push @ belief_gain],
            [-filter_gain @ own, -linear.hidden.reversion - filter_gain @ sight],
        ]
    )
    shift = np.concatenate([constant + push @ offset, linear.hidden.push - filter_gain @ level])
    n = len(drift)
    return RawRule(
        parameters=n,
        dynamics=freeze(dynamics),
        shift=freeze(shift),
        entry=freeze(np.vstack([np.zeros((n, filter_gain.shape[1])), filter_gain])),
    )


def _difference(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """left - right, zero where only round-off is left of it: a decay of 1e-17 would have a
    meaningless place to pull to.
    """
    gap = left - right
    return np.where(np.abs(gap) > 1e-13 * (np.abs(left) + np.abs(right)), gap, 0.0)


def _nearest_scalar(name: str, matrix: np.ndarray) -> tuple[float, float]:
    if matrix.shape[0] != matrix.shape[1]:
        raise ProblemError(
            name,
            expected="one observation per parameter",
            received=f"a matrix of shape {matrix.shape}",
            advice=(
                "a shared scalar acts on observations that stand for the parameters, such as"
                " gradients"
            ),
        )
    scalar = float(np.trace(matrix)) / len(matrix)
    size = float(np.linalg.norm(matrix))
    if not size:
        return scalar, 0.0
    rest = matrix - scalar * np.eye(len(matrix))
    return scalar, float(np.linalg.norm(rest) / size)
