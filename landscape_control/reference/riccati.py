"""The Riccati equation in time-to-go, stepped by exponentials of Pontryagin's linear system.

λ = Sδ + g is carried along the exact linear flow and solved for again after every step, small
enough that nothing grows in it (Davison & Maki 1973; Kenney & Leipnik 1985). Steps contract errors,
so that long horizons lose no digits.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from ..support.errors import ProblemError
from .hamiltonian import LinearSystem, Step
from .seen import seen_directions

_LARGEST = 1e100  # stretch of a direction that nothing holds back


class EscapeError(ArithmeticError):
    """The cost to go is unbounded below: the Riccati solution escapes to -∞ within a step."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Quadratic:
    """V = ½δᵀSδ + gᵀδ + v."""

    hessian: np.ndarray
    gradient: np.ndarray
    constant: float

    def at(self, deviation: np.ndarray) -> np.ndarray:
        """V at δ (n,) or (N, n)."""
        curved = np.sum((deviation @ self.hessian) * deviation, axis=-1)
        return 0.5 * curved + deviation @ self.gradient + self.constant


@dataclass(frozen=True, kw_only=True, eq=False)
class Node:
    """V at one time-to-go, and the way on from there: δ(s - h) = ahead δ(s) + drift."""

    time_to_go: float
    value: Quadratic
    ahead: np.ndarray | None = None
    drift: np.ndarray | None = None


def backwards(system: LinearSystem, times_to_go: Iterable[float], end: Quadratic) -> list[Node]:
    """Nodes from the end to the last of the ascending ``times_to_go``, all of them among the nodes.

    Raises EscapeError past a conjugate point, ProblemError where an unseen direction grows out of
    the range of floating-point numbers.
    """
    nodes = [Node(time_to_go=0.0, value=end)]
    stretch = np.eye(system.size)
    seen = seen_directions(system, end.hessian)
    projector = seen @ seen.T if seen.shape[1] < system.size else None
    for time in times_to_go:
        begin = nodes[-1].time_to_go
        if time == begin:
            continue
        count = system.steps(time - begin)
        step = system.step((time - begin) / count)
        moments = np.linspace(begin, time, count + 1)[1:]
        for moment in moments:
            node = _before(step, nodes[-1].value, moment, projector)
            nodes.append(node)
            assert node.ahead is not None  # only the end itself has nothing ahead
            stretch = stretch @ node.ahead * np.sqrt(step.fade)
            if not np.abs(stretch).max() < _LARGEST:
                _refuse_growth()
    return nodes


def _before(step: Step, later: Quadratic, time_to_go: float, projector: np.ndarray | None) -> Node:
    """The node one step of time earlier."""
    n = len(later.gradient)
    across, down = step.states[:n], step.states[n:]
    # δ(s + h) = moved δ(s) + shift, once λ(s) = Sδ(s) + g is put in
    moved = across[:, :n] + across[:, n:] @ later.hessian
    shift = across[:, n:] @ later.gradient + step.forcing[:n]
    if np.linalg.eigvals(np.linalg.solve(across[:, :n], moved)).real.min() <= 1e-12:
        raise EscapeError
    ahead = np.linalg.inv(moved)
    hessian = (down[:, :n] + down[:, n:] @ later.hessian) @ ahead
    hessian = (hessian + hessian.T) / 2
    drift = -ahead @ shift
    gradient = down[:, n:] @ later.gradient + step.forcing[n:] - hessian @ shift
    if projector is not None:  # round-off along what no loss sees would grow with it
        hessian, gradient = projector @ hessian @ projector, projector @ gradient
    # p₀ at δ(s + h) = 0, that is at δ(s) = drift
    slope = step.owed[:n] + step.owed[n:] @ later.hessian + step.fade * later.gradient
    owed = slope @ drift + step.owed[n:] @ later.gradient + step.owed_alone
    constant = owed / 2 + step.fade * later.constant
    value = Quadratic(hessian=hessian, gradient=gradient, constant=float(constant))
    return Node(time_to_go=float(time_to_go), value=value, ahead=ahead, drift=drift)


def _refuse_growth() -> NoReturn:
    raise ProblemError(
        "horizon",
        expected="a horizon over which the drift stays within floating-point numbers",
        received="a direction without loss or control that the drift stretches by more than 1e100",
        advice="shorten the horizon, or drop the direction the loss does not see from the problem",
    )
