"""Ways around hills and along valleys: least-action curves on a lattice, and bends where there are
too many dimensions.

At energy E = r - v²/2η (r what resting costs, v the speed in the metric) the action along a curve
is by Maupertuis' principle ∫ √(2η(r - E)) dℓ/η, less the work ∫ fᵀG dθ/η that a drift does; its
least value over curves is a shortest path (for a drift and k = 0 the quasi-potential of Freidlin
and Wentzell). Dijkstra's algorithm finds it on a lattice in two or three dimensions. E is the least
r in the box, less what arriving within the horizon demands.
"""

from functools import lru_cache
from itertools import product

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from ...model.problem import ControlProblem
from ...support.interpolation import broken_line
from .resting import resting

_TICKS = {2: 33, 3: 13}
_MARGIN = 0.4  # of the extent, on every side
_SMOOTHINGS = 8
_MOST_KEPT = 16  # sets of curves of one model
_BENDS = (0.3, 0.7, 1.5)  # of the distance between the ends


@np.errstate(all="ignore")  # candidates may leave the domain; what is not finite is left out
def least_action_curves(problem: ControlProblem, ends: np.ndarray, nodes: int) -> list[np.ndarray]:
    """A curve (nodes, n) from the start to each of ``ends`` (A, n), straight where the lattice
    knows none better; no curves in one or more than three dimensions."""
    if problem.dimension not in _TICKS or not len(ends):
        return []
    objective = problem.objective
    numbers = objective.learning_rate, objective.loss_weight, objective.horizon
    key = numbers, problem.start.tobytes(), ends.tobytes(), nodes
    known = problem.model.cache.setdefault("least action", {})
    if key not in known:
        if len(known) >= _MOST_KEPT:
            known.pop(next(iter(known)))
        known[key] = _found(problem, ends, nodes)
    return known[key]


def _found(problem: ControlProblem, ends: np.ndarray, nodes: int) -> list[np.ndarray]:
    """The curves, which no other numbers of the objective have a part in."""
    n = problem.dimension
    lattice = _lattice(problem, ends)
    graph = _graph(problem, lattice, ends)
    if graph is None:
        return []
    points = lattice.reshape(-1, n)
    first = _nearest(points, problem.start)
    _, before = dijkstra(graph, indices=first, return_predecessors=True)
    curves = []
    for end in ends:
        at, trail = _nearest(points, end), []
        while at != first and at >= 0:
            trail.append(at)
            at = before[at]
        inner = points[trail[:0:-1]] if at >= 0 and trail else np.zeros((0, n))
        curves.append(_smooth(np.vstack([problem.start, inner, end]), nodes))
    return curves


def mirrored(curve: np.ndarray) -> np.ndarray:
    """The curve on the other side of the straight line between its ends: turned by half a turn
    around it.
    """
    chord = curve[-1] - curve[0]
    offset = curve - curve[0]
    along = np.outer(offset @ chord / max(chord @ chord, 1e-300), chord)
    return curve[0] + 2 * along - offset


def bends(
    problem: ControlProblem, end: np.ndarray, fractions: np.ndarray, seed: int
) -> list[np.ndarray]:
    """Arcs from the start to ``end`` on both sides of the line, along the curvature of r half-way
    and in drawn directions."""
    chord = end - problem.start
    distance = np.linalg.norm(chord)
    if problem.dimension == 1 or not distance > 0:
        return []
    hessian = problem.landscape.hessian(problem.start + chord / 2)[0]
    across = (
        np.linalg.eigh(hessian)[1].T[:2]
        if np.isfinite(hessian).all()
        else np.zeros((0, len(chord)))
    )
    drawn = np.random.default_rng(seed).standard_normal((0 if len(chord) == 2 else 4, len(chord)))
    arcs = []
    for direction in np.vstack([across, drawn]):
        direction = direction - (direction @ chord) * chord / distance**2
        size = np.linalg.norm(direction)
        if size > 1e-6:
            arch = (4 * fractions * (1 - fractions))[:, None] * direction / size * distance
            line = problem.start + fractions[:, None] * chord
            arcs += [line + sign * height * arch for height in _BENDS for sign in (1, -1)]
    return arcs


def _lattice(problem: ControlProblem, ends: np.ndarray) -> np.ndarray:
    """Nodes (…, n) of a box around start and ends, with a margin on every side."""
    points = np.vstack([problem.start[None], ends])
    low, high = points.min(axis=0), points.max(axis=0)
    extent = max((high - low).max(), 1e-12)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2 + _MARGIN * extent, 0.5 * extent)
    ticks = [
        np.linspace(m - h, m + h, _TICKS[len(middle)]) for m, h in zip(middle, half, strict=True)
    ]
    return np.stack(np.meshgrid(*ticks, indexing="ij"), axis=-1)


def _nearest(points: np.ndarray, point: np.ndarray) -> int:
    return int(np.argmin(((points - point) ** 2).sum(axis=1)))


@lru_cache(maxsize=4)
def _pairs(n: int, ticks: int) -> tuple[np.ndarray, np.ndarray]:
    """Index pairs (E,), (E,) of neighbouring nodes: the cube around each and, in two dimensions,
    knights' moves.
    """
    far = 2 if n == 2 else 1
    # steps without a common divisor: others are made of these
    moves = [
        move
        for move in product(range(-far, far + 1), repeat=n)
        if any(move) and np.gcd.reduce(np.abs(move)) == 1
    ]
    index = np.arange(ticks**n).reshape((ticks,) * n)
    rows, columns = [], []
    for move in moves:
        here = tuple(slice(max(0, -m), ticks - max(0, m)) for m in move)
        there = tuple(slice(max(0, m), ticks - max(0, -m)) for m in move)
        rows.append(index[here].ravel())
        columns.append(index[there].ravel())
    return np.concatenate(rows), np.concatenate(columns)


def _graph(problem: ControlProblem, lattice: np.ndarray, ends: np.ndarray) -> csr_matrix | None:
    """Action of every step on the lattice; None where the cost is finite nowhere."""
    n, objective = problem.dimension, problem.objective
    points = lattice.reshape(-1, n)
    rest, metric, drift = resting(problem.model, points, objective)
    rest = np.where(np.isfinite(rest), rest, np.inf)
    if not np.isfinite(rest).any():
        return None
    rows, columns = _pairs(n, lattice.shape[0])
    steps = points[columns] - points[rows]
    covectors = steps
    if metric is not None:
        middle = metric if len(metric) == 1 else (metric[rows] + metric[columns]) / 2
        covectors = np.einsum("emn,en->em", np.broadcast_to(middle, (len(steps), n, n)), steps)
    length = np.sqrt(np.maximum(np.einsum("en,en->e", steps, covectors), 0.0))
    farthest = np.linalg.norm(ends - problem.start, axis=1).max()
    lowest = rest.min()
    spare = 1e-3 * np.ptp(rest[np.isfinite(rest)]) + 1e-12 * abs(lowest) + 1e-300
    if np.isfinite(objective.horizon):
        spare += (farthest / objective.horizon) ** 2 / (2 * objective.learning_rate)
    with np.errstate(all="ignore"):
        momentum = np.sqrt(2 * (rest - lowest + spare) / objective.learning_rate)
        action = length * (momentum[rows] + momentum[columns]) / 2
        if drift is not None:
            middle_drift = (drift[rows] + drift[columns]) / 2
            action -= np.einsum("en,en->e", covectors, middle_drift) / objective.learning_rate
    good = np.isfinite(action)
    floor = 1e-9 * np.abs(action[good]).max() + 1e-300 if good.any() else 1.0
    weights = np.maximum(action[good], floor)
    return csr_matrix((weights, (rows[good], columns[good])), shape=(len(points), len(points)))


def _smooth(trail: np.ndarray, nodes: int) -> np.ndarray:
    """The polygon resampled at equal lengths and rounded off, its ends kept."""
    for _ in range(_SMOOTHINGS):
        trail = _resampled(trail, 2 * nodes)
        trail[1:-1] = (trail[:-2] + 2 * trail[1:-1] + trail[2:]) / 4
    return _resampled(trail, nodes)


def _resampled(trail: np.ndarray, nodes: int) -> np.ndarray:
    length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(trail, axis=0), axis=1))])
    wanted = np.linspace(0.0, length[-1], nodes)
    return broken_line(length, trail)(wanted)
