"""The cheapest path on a lattice of places and times, in one or two parameters.

Curves to the places worth ending in, each with its best timing (see ``timing``), are all the ways
that one thinks of: straight to a minimum, around what is in the way, by way of another minimum. A
plan may also stop half-way down a flight of stairs, overshoot a fixed end and wait there, or come
back on the other side of an obstacle. On a lattice all of these compete (Bellman's principle), at
steps of

    ∫ e^{-γt} dt · [ dᵀGd/2ηh² - fᵀGd/ηh + r ],       d the displacement, h the time,

with r = kL + fᵀGf/2η (what resting costs), G and f averaged along the straight step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_matrix

from ...model.objective import Objective
from ...model.problem import ControlProblem
from ...support.interpolation import broken_line
from .candidate_ends import Places
from .guess import Guess, at_its_pace, in_time
from .mesh import fastest_rate
from .resting import resting
from .timing import counted_span, time_mesh

TICKS = {1: 97, 2: 17}  # of the lattice in every direction
_MARGIN = 0.4  # of the extent, on every side
_MOST_AIMS = 6  # inside the lattice
_BESIDE = np.array([-0.5, -0.25, 0.0, 0.25, 0.5])  # further nodes at an aim on a line, in steps
_STEPS = 32  # of time
_OUTSIDE = 1e200  # what a place costs where it is not defined
# points of a step at which the fields are averaged, and their weights (Gauss)
_POINTS, _WEIGHTS = (
    (np.polynomial.legendre.leggauss(3)[0] + 1) / 2,
    np.polynomial.legendre.leggauss(3)[1] / 2,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class LatticePath:
    """The cheapest path, and ``floor``: what no path between the nodes can cost less than."""

    guess: Guess
    floor: float


@np.errstate(all="ignore")  # the lattice may leave the domain; what is not finite is left out
def lattice_path(problem: ControlProblem, places: Places) -> LatticePath | None:
    """The cheapest path on a lattice around start, end and the likeliest aims, moved by a shear to
    meet a fixed end; None where every path leads through places that are not defined.
    """
    points = _lattice(problem, places)
    steps = _steps(problem, points)
    objective = problem.objective
    rate = fastest_rate(problem, places.minima)
    span = counted_span(problem, rate)
    octaves = round(float(np.log2(max(rate * span, 1.0))))
    two_layers = problem.end is not None or objective.terminal is not None
    times = span * time_mesh(_STEPS, octaves, two_layers)
    first = _nearest(points, problem.start)
    final = _final_value(problem, points)
    cost, nodes = _cheapest(objective, steps, times, final, first)
    if not cost < 1e-100 * _OUTSIDE:
        return None
    path = points[nodes] + (problem.start - points[first])
    if problem.end is not None:
        path = path + (times / span)[:, None] * (problem.end - path[-1])
    guess = in_time(problem, "lattice", broken_line(times, path), objective.horizon, cost=cost)
    guess = at_its_pace(problem, guess, times, path)
    floor = _counted(objective, 0.0, span) * steps.rest.min() + final.min()
    return LatticePath(guess=guess, floor=float(floor))


def _lattice(problem: ControlProblem, places: Places) -> np.ndarray:
    """Nodes (S, n) of a box around start, end, aims and the curves to them, the start among them;
    on a line closer together at the aims, whose wells may be narrow.
    """
    n = problem.dimension
    aims = places.aims if problem.end is None else places.minima
    aims = aims[:_MOST_AIMS]
    inside = [problem.start[None], aims, places.curves.reshape(-1, n)]
    if problem.end is not None:
        inside.append(problem.end[None])
    within = np.vstack(inside)
    low, high = within.min(axis=0), within.max(axis=0)
    extent = max((high - low).max(), 1e-12)
    half = np.maximum((high - low) / 2 + _MARGIN * extent, 0.5 * extent)
    ticks = TICKS[n]
    spacing = 2 * half / (ticks - 1)
    corner = (low + high) / 2 - half
    # moved by less than one step, so that the start is a node
    corner = corner + (problem.start - corner) % spacing - spacing
    axes = [c + s * np.arange(ticks + 1) for c, s in zip(corner, spacing, strict=True)]
    if n == 1:
        beside = (aims + spacing * _BESIDE).ravel()
        nodes = np.sort(np.concatenate([axes[0], beside]))
        # nodes at no distance have no mean between them
        return nodes[np.append(True, np.diff(nodes) > 1e-3 * spacing)][:, None]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, n)


def _nearest(points: np.ndarray, point: np.ndarray) -> int:
    return int(np.argmin(((points - point) ** 2).sum(axis=1)))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Steps:
    """What steps from node i to node j cost (S, S), apart from the clock."""

    effort: np.ndarray  # dᵀGd/2η, over h²
    rest: np.ndarray  # mean of r
    help: np.ndarray | None  # fᵀGd/η, over h; None without drift


def _steps(problem: ControlProblem, points: np.ndarray) -> _Steps:
    eta = problem.objective.learning_rate
    rest, metric, drift = resting(problem.model, points, problem.objective)
    rest = np.where(np.isfinite(rest), rest, _OUTSIDE)
    mean = _along_line(points) if problem.dimension == 1 else _along_plane(TICKS[2] + 1)
    offsets = points[None] - points[:, None]
    if metric is None or len(metric) == 1:
        constant = np.eye(problem.dimension) if metric is None else metric[0]
        effort = np.einsum("ijn,nm,ijm->ij", offsets, constant, offsets, optimize=True)
    else:
        effort = _quadratic(offsets, metric, mean)
    aid = None
    if drift is not None:
        everywhere = np.eye(problem.dimension)[None] if metric is None else metric
        everywhere = np.broadcast_to(everywhere, (len(points), *everywhere.shape[1:]))
        covector = np.einsum("smn,sn->sm", everywhere, drift)
        aid = sum(mean(field) * offsets[..., i] for i, field in enumerate(covector.T)) / eta
        aid = np.where(np.isfinite(aid), aid, 0.0)
    # where the metric is not definite, or not defined, nobody can go
    effort = np.where(effort >= 0, effort / (2 * eta), _OUTSIDE)
    return _Steps(effort=effort, rest=mean(rest), help=aid)


def _quadratic(
    offsets: np.ndarray, metric: np.ndarray, mean: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """dᵀGd of every step, G averaged along it."""
    n = offsets.shape[-1]
    effort = np.zeros(offsets.shape[:2])
    for i in range(n):
        for j in range(i + 1):
            twice = 1.0 if i == j else 2.0
            effort += twice * mean(metric[:, i, j]) * offsets[..., i] * offsets[..., j]
    return effort


def _along_line(points: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Field at the nodes (S,) -> its mean along every step (S, S), by the trapezoidal rule."""
    gap = points.T - points
    same = gap == 0

    def mean(field: np.ndarray) -> np.ndarray:
        pieces = np.diff(points[:, 0]) * (field[1:] + field[:-1]) / 2
        total = np.append(0.0, np.cumsum(pieces))
        return np.where(same, field, (total[None] - total[:, None]) / np.where(same, 1, gap))

    return mean


def _along_plane(ticks: int) -> Callable[[np.ndarray], np.ndarray]:
    """The same in two dimensions: Gauss points of every step, between nodes bilinear."""
    average, first, second = _averages(ticks)

    def mean(field: np.ndarray) -> np.ndarray:
        steps = np.empty((ticks**2, ticks**2))
        steps[first, second] = steps[second, first] = average @ field
        np.fill_diagonal(steps, field)
        return steps

    return mean


@lru_cache(maxsize=1)
def _averages(ticks: int) -> tuple[csr_matrix, np.ndarray, np.ndarray]:
    """(M, i, j): M maps a field at the nodes to its means along the steps from i to j > i."""
    first, second = np.triu_indices(ticks**2, 1)
    places = np.stack(np.divmod(np.arange(ticks**2), ticks), axis=-1)
    columns, values = [], []
    for fraction, weight in zip(_POINTS, _WEIGHTS, strict=True):
        at = places[first] + fraction * (places[second] - places[first])
        corner = np.minimum(at.astype(int), ticks - 2)
        (x, y), cell = (at - corner).T, corner[:, 0] * ticks + corner[:, 1]
        columns += [cell, cell + 1, cell + ticks, cell + ticks + 1]
        values += [weight * (1 - x) * (1 - y), weight * (1 - x) * y]
        values += [weight * x * (1 - y), weight * x * y]
    rows = np.arange(0, len(first) * len(columns) + 1, len(columns))
    entries = np.stack(values, axis=1).ravel(), np.stack(columns, axis=1).ravel(), rows
    return csr_matrix(entries, shape=(len(first), ticks**2)), first, second


def _final_value(problem: ControlProblem, points: np.ndarray) -> np.ndarray:
    """What is still to be paid at the last time (S,): an end to be met, or Φ."""
    objective = problem.objective
    if problem.end is not None:
        value = np.full(len(points), np.inf)
        value[_nearest(points, problem.end)] = 0.0
        return value
    if objective.terminal is None or objective.terminal_weight == 0:
        return np.zeros(len(points))
    final = problem.model.terminal_cost(points)
    fade = np.exp(-objective.discount * objective.horizon) * objective.terminal_weight
    return fade * np.where(np.isfinite(final), final, np.inf)


def _counted(objective: Objective, begin: float, end: float) -> float:
    """∫ e^{-γt} dt from ``begin`` to ``end``."""
    if objective.discount == 0:
        return end - begin
    fading = -np.expm1(-objective.discount * (end - begin)) / objective.discount
    return float(np.exp(-objective.discount * begin) * fading)


def _cheapest(
    objective: Objective, steps: _Steps, times: np.ndarray, value: np.ndarray, first: int
) -> tuple[float, list[int]]:
    """(cost, nodes) of the cheapest path from node ``first``, backwards through the times."""
    choices = []
    rows = np.arange(len(value))
    ahead, part = np.empty_like(steps.effort), np.empty_like(steps.effort)
    for begin, end in zip(times[-2::-1], times[:0:-1], strict=True):
        span, weight = end - begin, _counted(objective, begin, end)
        np.multiply(steps.effort, weight / span**2, out=ahead)
        ahead += np.multiply(steps.rest, weight, out=part)
        if steps.help is not None:
            ahead -= np.multiply(steps.help, weight / span, out=part)
        ahead += value
        choice = ahead.argmin(axis=1)
        value = ahead[rows, choice]
        choices.append(choice)
    nodes = [first]
    for choice in reversed(choices):
        nodes.append(int(choice[nodes[-1]]))
    return float(value[first]), nodes
