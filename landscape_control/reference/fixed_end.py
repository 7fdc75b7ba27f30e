"""The exact plan between two fixed ends: Pontryagin's boundary-value problem by multiple shooting.

Exact exponentials join the nodes; all nodes and both ends are solved for at once, as one sparse
linear system (Ascher, Mattheij & Russell 1995, ch. 4).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import splu

from ..support.arguments import AnyNumber, Entries, Vector, checked
from ..support.arrays import vector
from ..support.errors import ProblemError
from .finite import is_bounded, path_times
from .hamiltonian import LinearSystem, Step
from .riccati import Quadratic

_STRENGTHS = (0.0, 1.0, 1e1, 1e2, 1e3, 1e4)


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
    _shooting: "Shooting" = field(repr=False)
    _multiplier: Entries = field(repr=False)

    @checked
    def path(self, times: Vector) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(θ, u, λ) of shapes (N, n), (N, m), (N, n) at ascending times in [0, T]."""
        times = path_times(times, self.horizon)
        system, n = self._shooting.system, len(self.start)
        mesh, _, (along,) = self._shooting.solve(times, self._multiplier[:, None])
        states = along[np.searchsorted(mesh, times)].reshape(-1, 2 * n)
        costates = states[:, n:]
        return system.centre + states[:, :n], -costates @ system.push.T, costates


@dataclass(frozen=True, kw_only=True, eq=False)
class Shooting:
    """δ(0) given, λ(T) = closing·δ(T) + ν for multipliers ν of the end.

    Attributes
    ----------
    start : (n,), δ(0)
    closing : a penalty ½·closing·|δ(T)|² under which the cost with a free end is bounded; it is a
        constant where the end is fixed, and zero for a convex loss
    """

    system: LinearSystem
    horizon: float
    start: np.ndarray
    closing: float

    def solve(
        self, times: Sequence[float] | np.ndarray, multipliers: np.ndarray
    ) -> tuple[np.ndarray, list[Step], np.ndarray]:
        """(mesh, steps, states) for multipliers (n, K): states (K, mesh, 2n).

        ``times`` are among those of the mesh.
        """
        mesh, steps = self._mesh(times)
        n, count = self.system.size, len(mesh)
        size = 2 * n * count
        scale = self.system.units  # δ and λ weigh the same to the pivoting
        flows = np.array([step.states for step in steps])
        blocks = flows / scale[:, None] * scale

        # rows: n of the start; 2n of every step, z_k - states z_{k+1} = forcing; n of the end
        first = n + 2 * n * np.arange(count - 1)
        inner = np.arange(2 * n)
        step_rows = first[:, None, None] + inner[:, None] + 0 * inner
        step_columns = 2 * n * np.arange(1, count)[:, None, None] + 0 * inner[:, None] + inner
        own = n + np.arange(2 * n * (count - 1))  # the rows of steps, with 1 at z_k
        last, corner = size - n + np.arange(n), size - 2 * n + np.arange(n)  # λ(T) and δ(T)
        rows = np.concatenate([np.arange(n), own, step_rows.ravel(), last, last])
        columns = np.concatenate([np.arange(n), own - n, step_columns.ravel(), corner + n, corner])
        closing = -self.closing * scale[:n] / scale[n:]
        entries = np.concatenate([np.ones(n + len(own)), -blocks.ravel(), np.ones(n), closing])

        right = np.zeros((size, multipliers.shape[1]))
        right[:n] = (self.start / scale[:n])[:, None]
        right[n:-n] = np.concatenate([step.forcing / scale for step in steps])[:, None]
        right[-n:] = multipliers / scale[n:, None]
        matrix = coo_matrix((entries, (rows, columns)), shape=(size, size)).tocsc()
        states = splu(matrix).solve(right).T.reshape(-1, count, 2 * n) * scale
        return mesh, steps, states

    def _mesh(self, times: Sequence[float] | np.ndarray) -> tuple[np.ndarray, list[Step]]:
        """Times from 0 to T, short enough steps between them, and the exact flow of each step."""
        corners = np.unique(np.concatenate([[0.0], times, [self.horizon]]))
        mesh = [np.zeros(1)]
        steps: list[Step] = []
        for begin, end in zip(corners[:-1], corners[1:], strict=True):
            count = self.system.steps(end - begin)
            mesh.append(np.linspace(begin, end, count + 1)[1:])
            steps += [self.system.step((end - begin) / count)] * count
        return np.concatenate(mesh), steps


def fixed_end_plan(
    system: LinearSystem, horizon: float, start: Vector, end: Vector, terminal_value: float
) -> FixedEndPlan:
    """Solve θ(0) = start, θ(T) = end.

    Raises ProblemError if the end is out of reach or the cost unbounded below.
    """
    n = system.size
    start, end = vector("start", start, n), vector("end", end, n)
    if system.discount * horizon > 1000:
        raise ProblemError(
            "fixed end",
            expected="γT <= 1000",
            received=f"γT = {system.discount * horizon:g}",
            advice=(
                "what happens at the end weighs e^{-γT}, nothing: use the infinite-horizon policy"
            ),
        )
    shooting = Shooting(
        system=system,
        horizon=horizon,
        start=start - system.centre,
        closing=_closing(system, horizon),
    )
    multiplier = _multiplier(shooting, end)
    _, steps, (along,) = shooting.solve([], multiplier[:, None])
    cost = _running_cost(along, steps) + np.exp(-system.discount * horizon) * terminal_value
    return FixedEndPlan(
        horizon=horizon,
        start=start,
        end=end,
        cost=float(cost),
        _shooting=shooting,
        _multiplier=multiplier,
    )


def _closing(system: LinearSystem, horizon: float) -> float:
    """The least of a few end penalties under which the cost is bounded with a free end."""
    n = system.size
    for strength in _STRENGTHS:
        closing = strength * system.costate_unit
        penalty = Quadratic(hessian=closing * np.eye(n), gradient=np.zeros(n), constant=0.0)
        if is_bounded(system, horizon, penalty):
            return closing
    raise ProblemError(
        "horizon T",
        expected="a horizon over which the cost between the two ends is bounded below",
        received=f"T = {horizon:g}, past the conjugate point of a concave direction",
        advice="shorten the horizon or raise the discount",
    )


def _multiplier(shooting: Shooting, end: np.ndarray) -> np.ndarray:
    """ν that brings δ(T), which is affine in it with a slope -W, W symmetric, to the end."""
    n, wanted = shooting.system.size, end - shooting.system.centre
    _, _, states = shooting.solve([], np.column_stack([np.zeros(n), np.eye(n)]))
    arrivals = states[:, -1, :n]
    slope = arrivals[0] - arrivals[1:]
    values, vectors = np.linalg.eigh((slope + slope.T) / 2)
    gap = arrivals[0] - wanted
    reached = values > 100 * n * np.finfo(float).eps * values[-1]
    parts = vectors.T @ gap
    missed = vectors[:, ~reached] @ parts[~reached]
    if np.abs(missed).max() > 1e-9 * (np.abs(gap).max() + np.abs(end).max()):
        length = np.linalg.norm(missed)
        along = (np.round(missed / length, 4) + 0.0).tolist()
        raise ProblemError(
            "end",
            expected=(
                "an end that the actuation can reach (range of [B, AB, …] around the coasting"
                " point)"
            ),
            received=f"an end off by {length:.3g} along {along}, where B does not reach",
            advice="free the end, move it into the reachable subspace, or add a column to B",
        )
    return vectors[:, reached] @ (parts[reached] / values[reached])


def _running_cost(along: np.ndarray, steps: list[Step]) -> float:
    """½[λᵀδ + p₀] at the start, with p₀(T) such that nothing is owed at the end."""
    n = along.shape[1] // 2
    owed = -along[-1, :n] @ along[-1, n:]
    for step, later in zip(reversed(steps), along[:0:-1], strict=True):
        owed = step.owed @ later + step.owed_alone + step.fade * owed
    return 0.5 * (along[0, :n] @ along[0, n:] + owed)
