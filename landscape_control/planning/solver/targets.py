"""Where plans may want to end, which of those places are worth the way, and which way."""

from dataclasses import replace

import numpy as np

from ...model.problem import ControlProblem
from ...support.arrays import freeze
from .candidate_ends import NODES, Places, places_of
from .least_action import bends, least_action_curves, mirrored
from .mesh import fastest_rate
from .resting import resting
from .scales import counted_time, is_bowl
from .timing import Timing, best_timing

MOST_AIMS = 6  # tried by default
KEPT_AIMS = 16  # remembered by a Solver
_FLAT = 0.02  # of the range of r: a rise smaller than this between two ends does not part them
_BETWEEN = 24  # points of a segment: narrow rims must not be missed
_WORTH = 0.02  # of a plan's price: a curve is kept if it saves more than this
FRACTIONS = freeze(np.linspace(0.0, 1.0, NODES))


def known_minima(problem: ControlProblem, seed: int) -> np.ndarray:
    """Local minima of L, (M, n): the landscape's own, or searched for within reach of the start."""
    return places_of(problem, seed).minima


@np.errstate(all="ignore")  # candidates may leave the domain; what is not finite is left out
def surveyed(problem: ControlProblem, seed: int, *, trusting: bool = True) -> Places:
    """The places a plan may end at, at most sixteen, those that cost least by the best timing of
    the straight way; basins and the curves around obstacles that save something. ``trusting`` as
    for ``places_of``."""
    places = places_of(problem, seed, trusting=trusting)
    if is_bowl(problem):
        return places
    if problem.end is None:
        places = _ranked(problem, places)
    return _with_curves(problem, places, seed)


def lines(problem: ControlProblem, ends: np.ndarray) -> np.ndarray:
    """Straight curves (A, S, n) from the start to ``ends`` (A, n)."""
    return problem.start + FRACTIONS[:, None] * (ends - problem.start)[:, None, :]


def _ranked(problem: ControlProblem, places: Places) -> Places:
    """The aims in the order of what a straight way costs, the best of every basin first; the
    nearest is always kept.
    """
    if len(places.aims) <= 1:
        return places
    rate = fastest_rate(problem, places.minima)
    costs = best_timing(problem, lines(problem, places.aims), rate).costs
    order = np.argsort(costs, kind="stable")
    order = order[np.isfinite(costs[order])]
    if not len(order):
        return places
    labels = _basins(problem, places.aims[order[:64]])
    order = order[:64]
    best = np.array([label not in labels[:i] for i, label in enumerate(labels)])
    nearest = int(np.argmin(np.linalg.norm(places.aims[order] - problem.start, axis=1)))
    kept = np.concatenate([np.flatnonzero(best), np.flatnonzero(~best)])[:KEPT_AIMS]
    if nearest not in kept:
        kept = np.append(kept[:-1], nearest)
    return replace(places, aims=freeze(places.aims[order[kept]]), labels=labels[kept])


def _basins(problem: ControlProblem, aims: np.ndarray) -> np.ndarray:
    """Labels (A,): aims joined by a segment on which what staying costs rises by less than 2
    % of its range.
    """
    count, n = aims.shape
    inner = np.linspace(0, 1, _BETWEEN + 2)[1:-1]
    pairs = [(i, j) for j in range(count) for i in range(j)]
    labels = np.arange(count)
    if not pairs:
        return labels
    first, second = np.array(pairs).T
    between = aims[first][:, None] + inner[:, None] * (aims[second] - aims[first])[:, None]
    costs = cost_of_staying(problem, np.vstack([problem.start[None], aims, between.reshape(-1, n)]))
    start, at, between = costs[0], costs[1 : count + 1], costs[count + 1 :].reshape(len(pairs), -1)
    finite = at[np.isfinite(at)]
    scale = max(abs(start - finite.min()), np.ptp(finite)) if len(finite) else 0.0
    rise = between.max(axis=1) - np.maximum(at[first], at[second])
    for i, j, joined in zip(first, second, rise <= _FLAT * scale, strict=True):
        if joined and labels[j] == j and labels[i] == i:
            labels[j] = i
    return labels


def cost_of_staying(problem: ControlProblem, points: np.ndarray) -> np.ndarray:
    """τr + e^{-γT}κΦ at points (S, n): what is paid by someone who stays there all the time."""
    objective = problem.objective
    counted = counted_time(problem)
    value = resting(problem.model, points, objective)[0] * (
        counted if np.isfinite(counted) else 1.0
    )
    if objective.terminal is None or problem.end is not None:
        return value
    fade = np.exp(-objective.discount * objective.horizon) * objective.terminal_weight
    return value + fade * problem.model.terminal_cost(points)


def _with_curves(problem: ControlProblem, places: Places, seed: int) -> Places:
    """The places with those curves to the end, or to the best aims, that save something."""
    ends, numbers = places.aims[:MOST_AIMS], np.arange(min(len(places.aims), MOST_AIMS))
    if problem.end is not None:
        ends, numbers = problem.end[None], np.array([-1])
    if not len(ends):
        return places
    curves, leads, by_way = _candidates(problem, places, ends, numbers, seed)
    if not len(curves):
        return places
    rate = fastest_rate(problem, places.minima)
    straight_costs = best_timing(problem, lines(problem, ends), rate).costs
    straight = straight_costs[np.searchsorted(numbers, leads)]
    timing = best_timing(problem, curves, rate)
    costs = np.where(by_way & ~_comes(problem, places, timing, leads), np.inf, timing.costs)
    ideal = np.nanmin(cost_of_staying(problem, np.vstack([problem.start[None], ends, places.aims])))
    saved = np.where(np.isfinite(straight), straight, np.inf) - costs
    worth = np.isfinite(costs) & ((saved == np.inf) | (saved > _WORTH * np.abs(straight - ideal)))
    chosen: list[int] = []
    for i in np.argsort(costs, kind="stable"):
        same = [j for j in chosen if leads[j] == leads[i]]
        if worth[i] and len(same) < 3 and all(apart(curves[i], curves[j]) for j in same):
            chosen.append(i)
    return replace(places, curves=freeze(curves[chosen]), curve_aims=leads[chosen])


def _candidates(
    problem: ControlProblem, places: Places, ends: np.ndarray, numbers: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Curves (W, S, n), the aims they lead to (W,), and whether by way of other places (W,); the
    others are least action, its mirror image, and bends."""
    curves: list[np.ndarray] = []
    leads: list[int] = []

    def add(number: int, several: list[np.ndarray]) -> None:
        curves.extend(several)
        leads.extend([number] * len(several))

    if problem.dimension > 1:
        for curve, number in zip(least_action_curves(problem, ends, NODES), numbers, strict=False):
            add(number, [curve, mirrored(curve)])
        most = 2 if problem.dimension > 3 else 1  # lattices know the ways in fewer dimensions
        for end, number in list(zip(ends, numbers, strict=True))[:most]:
            add(number, bends(problem, end, FRACTIONS, seed))
    direct = len(curves)
    # where it may pay to wait elsewhere
    if problem.end is not None or problem.objective.terminal is not None:
        for end, number in zip(ends, numbers, strict=True):
            stops = [stop for stop in places.minima[:4] if not np.allclose(stop, end)]
            add(number, [_by_way_of(problem.start, stop, end) for stop in stops])
    return np.array(curves), np.array(leads), np.arange(len(curves)) >= direct


def _comes(
    problem: ControlProblem, places: Places, timing: Timing, leads: np.ndarray
) -> np.ndarray:
    """Whether the best motion along each curve ends in the basin it leads to (W,): who stays at a
    place on the way goes to that place, which has curves of its own.
    """
    if problem.end is not None:
        return np.ones(len(leads), dtype=bool)
    apart = np.linalg.norm(timing.positions[:, -1, None] - places.aims, axis=2)
    return places.labels[apart.argmin(axis=1)] == places.labels[leads]


def _by_way_of(start: np.ndarray, stop: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Two straight legs, with nodes by their lengths."""
    lengths = np.linalg.norm(stop - start), np.linalg.norm(end - stop)
    corner = int(np.clip(round(NODES * lengths[0] / sum(lengths)), 1, NODES - 2))
    first = start + np.linspace(0, 1, corner + 1)[:, None] * (stop - start)
    return np.vstack([first, stop + np.linspace(0, 1, NODES - corner)[1:, None] * (end - stop)])


def apart(curve: np.ndarray, other: np.ndarray) -> bool:
    """Whether two curves between the same ends differ somewhere by a tenth of their extent."""
    return bool(np.abs(curve - other).max() > 0.1 * np.ptp(curve, axis=0).max())
