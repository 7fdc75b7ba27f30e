"""Exact LQG: the optimal policy of linear, quadratic and Gaussian problems.

By two Riccati equations.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from ...model.problem import ControlProblem
from ...support.arguments import AnyNumber, Entries, Numbers, checked
from ...support.arrays import freeze
from ...support.errors import ProblemError
from ..linear_quadratic import FiniteHorizonPolicy, InfiniteHorizonPolicy, LinearQuadraticProblem
from ..solution import Status
from .expected_cost import Uncertainty
from .linear_model import LinearModel, NotLinearQuadratic, read_linear_model
from .lqg_cost import METHOD, lqg_cost
from .solution import BeliefSolution

_SAME_GAIN = 1e-6  # relative difference of a stored gain from one that was computed again
StatePolicy = InfiniteHorizonPolicy | FiniteHorizonPolicy
Gains = tuple[np.ndarray, np.ndarray, np.ndarray]


@checked
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LQGSolution(BeliefSolution):
    """u(θ, m) = offset - gain·θ - belief_gain·z(m), exact.

    z is m, or the first K - 1 probabilities of a task chain.

    Certainty equivalence: with loss quadratic in θ, the policy is that of the known hidden state
    with its estimate put in its place (Wonham 1968; Bensoussan 1992, ch. 2). With f = 0 it reads u
    = -R[θ - θ̄ - s·(τ - τ̄)] for G = B = I, where τ is the believed minimum, θ̄ = τ̄ the one at the
    hidden state's centre, and s = (R + γ + λ)⁻¹(R + γ) if it reverts at rate λ.

    Attributes
    ----------
    linear : LinearModel, the numbers read off the expressions
    state_policy : InfiniteHorizonPolicy or FiniteHorizonPolicy, the augmented linear-quadratic
        regulator on (θ, z)
    gain : (m, n), -∂u/∂θ; at t = 0 when the horizon is finite, see :meth:`gains`
    belief_gain : (m, d), -∂u/∂z; at t = 0 when the horizon is finite
    steady_covariance : (d, d) or None, P where the filter settles; None where an unseen combination
        gathers noise for ever
    filter_gain : (d, q) or None, K = PCᵀR⁻¹ at the steady P. For the gradient of ½h(θ-μ)², K = -κ
        with κ = Ph/σ². None for exact observations.
    unobserved : (d, j), orthonormal hidden combinations that no observation depends on
    """

    linear: LinearModel = field(repr=False)
    state_policy: InfiniteHorizonPolicy | FiniteHorizonPolicy = field(repr=False)
    gain: Entries
    belief_gain: Entries
    steady_covariance: Entries | None
    filter_gain: Entries | None
    unobserved: Entries

    @classmethod
    def from_record(cls, values: Mapping[str, object]) -> "LQGSolution":
        """A solution from its stored fields.

        Its equations follow from its problem when they are needed.
        """
        made = object.__new__(cls)
        made.__dict__.update(values)
        return made

    def __getattr__(self, name):
        """``linear`` and ``state_policy`` of a loaded solution, read off its problem.

        Raises ProblemError if they do not give the stored gains: the record was then changed.
        """
        if name not in ("linear", "state_policy") or self.__dict__.get("problem") is None:
            raise AttributeError(f"{type(self).__name__!r} has no attribute {name!r}")
        again = solve_lqg(self.problem)
        for gain in ("gain", "belief_gain"):
            _check_gain(gain, getattr(self, gain), getattr(again, gain))
        self.__dict__.update(linear=again.linear, state_policy=again.state_policy)
        return self.__dict__[name]

    @cached_property
    def _uncertainty(self) -> Uncertainty:
        return Uncertainty(self.linear)

    @cached_property
    def shrink(self) -> np.ndarray | None:
        """s (n, n), how far towards the believed minimum the learner aims, at t = 0.

        It is the factor between the response to the belief and the response were the hidden
        variables constant. None when no matrix relates the two: hidden variables that move at
        different rates stand behind one parameter.
        """
        return _shrink(self.linear, self.problem.objective)

    @checked
    def covariance(self, times: Numbers) -> np.ndarray:
        """Belief covariance P (N, d, d) at ascending times (N,), from the prior on.

        The same on every path.
        """
        return self._uncertainty.covariance(np.atleast_1d(np.asarray(times, dtype=float)))

    def minimum(self, belief: object) -> np.ndarray:
        """τ, where the expected loss under a belief is least: (n,) or (E, n)."""
        estimate, _ = self._read(belief)
        return self.linear.minimum(self.linear.hidden.to_state(estimate))

    @checked
    def gains(self, time: AnyNumber = 0.0) -> Gains:
        """(gain (m, n), belief_gain (m, d), offset (m,)) at a time.

        u = offset - gain·θ - belief_gain·z.
        """
        self._check_time(time)
        return self._gains(float(time))

    @cached_property
    def _gains(self) -> Callable[[float], Gains]:
        n, policy = len(self.linear.hessian), self.state_policy
        if isinstance(policy, InfiniteHorizonPolicy):
            parts = _split(policy, None, n)
            return lambda time: parts
        horizon = policy.horizon
        # a simulation asks for the same times in every batch of episodes
        return lru_cache(maxsize=4096)(lambda time: _split(policy, max(horizon - time, 0.0), n))

    def _control(
        self,
        theta: np.ndarray,
        estimate: np.ndarray,
        covariance: np.ndarray | None,
        time: float,
    ) -> np.ndarray:
        gain, belief_gain, offset = self.gains(time)
        state = self.linear.hidden.to_state(estimate)
        return offset - theta @ gain.T - state @ belief_gain.T

    def __getstate__(self):
        self.linear, self.shrink  # noqa: B018  (forces what is made at first use)
        state = super().__getstate__()
        return {
            name: value for name, value in state.items() if name not in ("_gains", "_uncertainty")
        }


def _check_gain(name: str, stored: np.ndarray, derived: np.ndarray) -> None:
    """Refuse a stored gain that is not the one of the equations.

    The machine may turn the last bits.
    """
    gap = np.inf
    if stored.shape == derived.shape:
        gap = np.abs(stored - derived).max(initial=0.0)
    if not gap <= _SAME_GAIN * max(np.abs(derived).max(initial=0.0), 1e-300):
        raise ProblemError(
            name,
            expected="the gains that follow from the problem of the record",
            received=f"others, off by up to {gap:.2g}",
            advice="solve the problem again: solve(solution.problem)",
        )


def _split(policy, time_to_go: float | None, n: int) -> Gains:
    """The affine law of a policy on (θ, z): (gain, belief gain, offset)."""
    zero = np.zeros(len(policy.minimum))
    if time_to_go is None:
        gain, offset = policy.gain, policy.control(zero)
    else:
        gain, offset = policy.gain(time_to_go), policy.control(time_to_go, zero)
    return gain[:, :n], gain[:, n:], offset


@checked
def solve_lqg(problem: ControlProblem) -> LQGSolution:
    """The exact policy and expected cost of a linear-quadratic problem with linear observations.

    Raises
    ------
    NotLinearQuadratic
        Names what is not linear, quadratic or constant in the problem.
    ProblemError, UnstabilisableError
        An expected cost that is infinite: no discount at T = ∞ while something is left to learn, a
        mode of (θ, φ) that the loss sees and nothing damps, a cost unbounded below; exact
        observations that do not show all of φ.
    """
    if problem.is_known:
        raise NotLinearQuadratic(
            METHOD,
            expected="a landscape with hidden variables",
            received="a known landscape",
            advice="use solve(problem), which plans with full information",
        )
    model = read_linear_model(problem)
    _check_flat_directions(model)
    uncertainty, objective = Uncertainty(model), problem.objective
    policy = _regulator(model, objective)
    cost, kind, method, assumes = lqg_cost(model, uncertainty, policy, problem)
    gain, belief_gain, _ = _split(policy, _now(objective), problem.dimension)
    steady = uncertainty.steady
    filter_gain = None if uncertainty.exact or steady is None else freeze(uncertainty.gain(steady))
    unobserved = uncertainty.unobserved()
    return LQGSolution(
        cost=cost,
        cost_kind=kind,
        status=Status.CONVERGED,
        method=method,
        assumes=assumes,
        message=_message(unobserved, steady),
        problem=problem,
        linear=model,
        state_policy=policy,
        gain=freeze(gain),
        belief_gain=freeze(belief_gain),
        steady_covariance=None if steady is None else freeze(steady),
        filter_gain=filter_gain,
        unobserved=freeze(unobserved),
    )


def _check_flat_directions(model: LinearModel) -> None:
    """Completing the square needs Xz + g in the range of H."""
    values, vectors = np.linalg.eigh(model.hessian)
    flat = vectors[:, np.abs(values) <= 1e-12 * max(np.abs(values).max(), 1e-300)]
    tilt = np.abs(flat.T @ np.column_stack([model.cross, model.slope])).max(initial=0.0)
    largest = max(np.abs(model.cross).max(initial=0.0), np.abs(model.slope).max())
    if tilt > 1e-12 * largest:
        raise NotLinearQuadratic(
            METHOD,
            expected="a loss whose slope vanishes where its curvature does",
            received=f"a loss linear along {np.round(flat[:, 0], 4).tolist()}·θ: no minimum there",
            advice="add curvature along it, or use method='transcription' with a finite horizon",
        )


def _regulator(model: LinearModel, objective, *, cross=None, reversion=None):
    """The augmented regulator on (θ, z).

    ``cross`` and ``reversion`` replace X and Λ (then z is centred at zero).
    """
    if cross is None:
        cross, centre = model.cross, model.hidden.centre
    else:
        centre = np.zeros(cross.shape[1])
    if reversion is None:
        reversion = model.hidden.reversion
    n, size = cross.shape
    inverse = np.linalg.pinv(model.hessian, rcond=1e-12, hermitian=True)
    pull = inverse @ np.column_stack([cross, model.slope])  # (H⁺X, H⁺g)
    # the part XᵀH⁺X of the loss in z completes the square, so that the joint loss is ≥ 0
    hessian = np.block([[model.hessian, cross], [cross.T, cross.T @ pull[:, :size]]])
    (matrix, offset), zero = model.drift, np.zeros((n, size))
    terminal = _terminal(model, objective, hessian, size)
    problem = LinearQuadraticProblem(
        hessian=(hessian + hessian.T) / 2,
        minimum=np.append(-pull @ np.append(centre, 1.0), centre),
        metric=model.metric,
        drift_matrix=np.block([[matrix, zero], [zero.T, -reversion]]),
        drift_offset=np.append(offset, reversion @ centre),
        actuation=np.vstack([model.actuation, np.zeros((size, model.actuation.shape[1]))]),
        learning_rate=objective.learning_rate,
        loss_weight=objective.loss_weight,
        discount=objective.discount,
        **terminal,
    )
    if math.isinf(objective.horizon):
        return problem.infinite()
    return problem.finite(objective.horizon)


def _terminal(model, objective, joint, size):
    """The terminal cost over (θ, z), as arguments of the regulator's problem."""
    weight = objective.terminal_weight
    if model.terminal is None:
        return {}
    if model.terminal == "loss":
        return {"terminal_hessian": weight * (joint + joint.T) / 2}
    hessian, slope, constant = model.terminal
    place = -np.linalg.lstsq(hessian, slope, rcond=1e-12)[0]
    left = np.abs(hessian @ place + slope).max()  # of the slope, where no place is a minimum
    if left > 1e-10 * max(np.abs(slope).max(), 1e-300):
        raise NotLinearQuadratic(
            METHOD,
            expected="a terminal cost with a minimum",
            received="one without",
            advice="add curvature along the flat direction, or use method='transcription'",
        )
    n = len(slope)
    padded = np.zeros((n + size, n + size))
    padded[:n, :n] = weight * hessian
    return {
        "terminal_hessian": padded,
        "terminal_minimum": np.append(place, np.zeros(size)),
        "terminal_constant": weight * (constant + 0.5 * slope @ place),
    }


def _shrink(model, objective):
    """s (n, n) with belief response = gain·s·(response to a constant minimum), or None.

    The response of the parameters is meant; None where there is no such s.
    """
    reversion, n = model.hidden.reversion, len(model.hessian)
    rate = reversion[0, 0]
    # any τ then reverts at that rate
    if np.allclose(reversion, rate * np.eye(len(reversion)), rtol=1e-12, atol=0):
        cross, reversion = -model.hessian, rate * np.eye(n)
    else:
        cross = model.cross
    try:
        policies = [
            _regulator(model, objective, cross=cross, reversion=r)
            for r in (reversion, np.zeros_like(reversion))
        ]
    except ProblemError:
        return None
    (gain, moving, _), (_, frozen, _) = (_split(policy, _now(objective), n) for policy in policies)
    invertible = gain.shape[0] == gain.shape[1] and np.linalg.cond(gain) < 1e12
    # matrix_rank takes a relative tolerance from NumPy 2.0 only
    singular_values = np.linalg.svd(frozen, compute_uv=False)
    rank = np.count_nonzero(singular_values > 1e-10 * singular_values[0])
    if not invertible or rank < n:
        return None
    # s with moving = gain·s·gain⁻¹·frozen, if there is one
    factor = moving @ np.linalg.pinv(frozen)
    if np.abs(factor @ frozen - moving).max() > 1e-8 * np.abs(moving).max():
        return None
    return freeze(np.linalg.solve(gain, factor @ gain))


def _now(objective):
    """The time to go at t = 0; None of an endless horizon."""
    return None if math.isinf(objective.horizon) else objective.horizon


def _message(unobserved: np.ndarray, steady: np.ndarray | None) -> str:
    if not unobserved.shape[1]:
        return ""
    names = "; ".join(str(np.round(direction, 4).tolist()) for direction in unobserved.T)
    growth = "" if steady is not None else ", and its variance grows for ever"
    return (
        f"no observation shows the hidden combination(s) {names}: the learner keeps what the prior"
        f" says of them{growth}"
    )
