"""The exact plan between two fixed ends: the two-point boundary-value problem of the linear
Hamiltonian system.
"""

from dataclasses import dataclass, field

import numpy as np

from ..arguments import AnyNumber, Entries, Vector, checked
from ..arrays import vector
from ..errors import ProblemError
from .augmented import Augmented
from .finite import path_times
from .propagator import ConjugatePointError, Propagator, terminal


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class FixedEndPlan:
    """The optimal path from start to end in time T; current values, λ = ∂V/∂θ.

    λ(T) is the multiplier of the end condition; a terminal cost only adds e^{-γT}Φ(end) to the
    cost.

    Attributes
    ----------
    horizon : float, T
    start, end : (n,)
    cost : float, J
    """

    horizon: AnyNumber
    start: Entries
    end: Entries
    cost: AnyNumber
    _augmented: Augmented = field(repr=False)
    _closing: Propagator = field(repr=False)
    _shadow: Entries = field(repr=False)

    @checked
    def path(self, times: Vector):
        """(θ, u, λ) of shapes (N, n), (N, m), (N, n) at ascending times in [0, T]."""
        times = path_times(times, self.horizon)
        return self._augmented.path(
            self._augmented.state(self.start), times, self.horizon, self._closing, self._shadow
        )


def fixed_end_plan(
    augmented: Augmented, horizon: float, start, end, terminal_value: float
) -> FixedEndPlan:
    """Solve x(0) = start, x(T) = end. Raises ProblemError if the end is out of reach or the cost
    unbounded below.
    """
    problem, n = augmented.problem, len(augmented.problem.centre)
    start, end = vector("start", start, n), vector("end", end, n)
    if problem.discount * horizon > 1000:
        raise ProblemError(
            "fixed end",
            expected="γT <= 1000",
            received=f"γT = {problem.discount * horizon:g}",
            advice=(
                "what happens at the end weighs e^{-γT}, nothing: use the infinite-horizon policy"
            ),
        )
    closing, whole = _close(augmented, horizon)
    grow = np.exp(problem.discount * horizon / 2)
    first, last = augmented.state(start), augmented.state(end) / grow
    gap = grow * (whole.transition @ first) - grow * last
    shadow = np.append(_multiplier(whole.reach[:n, :n], gap[:n], end), 0.0)
    pull = shadow / grow
    action = first @ whole.cost @ first + pull @ whole.reach @ pull - last @ closing.cost @ last
    rest = (
        problem.loss_rate * problem.discounted_time(horizon)
        + np.exp(-problem.discount * horizon) * terminal_value
    )
    return FixedEndPlan(
        horizon=horizon,
        start=start,
        end=end,
        cost=float(0.5 * action + rest),
        _augmented=augmented,
        _closing=closing,
        _shadow=shadow,
    )


def _close(augmented, horizon):
    """A penalty ½δᵀKδ at the end under which the cost is bounded (none, for a convex loss), and the
    flow onto it.

    With the end fixed the penalty is a constant, subtracted again; it only keeps concave problems
    representable.
    """
    flow, n = augmented.flow, len(augmented.problem.centre)
    for strength in (0.0, 1.0, 1e1, 1e2, 1e3, 1e4):
        closing = terminal(np.diag(np.append(np.full(n, strength * flow.costate_unit), 0.0)))
        try:
            return closing, flow.before(horizon, closing)
        except ConjugatePointError:
            continue
    raise ProblemError(
        "horizon T",
        expected="a horizon over which the cost between the two ends is bounded below",
        received=f"T = {horizon:g}, past the conjugate point of a concave direction",
        advice="shorten the horizon or raise the discount",
    )


def _multiplier(reach, gap, end):
    """The costate at the end that closes the gap between coasting optimally and arriving: βλ = gap."""
    values, vectors = np.linalg.eigh(reach)
    reached = values > 100 * len(values) * np.finfo(float).eps * values[-1]
    missed = vectors[:, ~reached] @ (vectors[:, ~reached].T @ gap)
    if np.abs(missed).max() > 1e-9 * (np.abs(gap).max() + np.abs(end).max()):
        raise ProblemError(
            "end",
            expected=(
                "an end that the actuation can reach (range of [B, AB, …] around the coasting"
                " point)"
            ),
            received=(
                f"an end off by {np.linalg.norm(missed):.3g} along {_unit(missed)}, where B does"
                " not reach"
            ),
            advice="free the end, move it into the reachable subspace, or add a column to B",
        )
    return vectors[:, reached] @ ((vectors[:, reached].T @ gap) / values[reached])


def _unit(direction):
    return (np.round(direction / np.linalg.norm(direction), 4) + 0.0).tolist()
