"""Known curves with their best timing: which of them to try, and as guesses.

The price of a timed curve is known to a few per cent: enough to order the curves and to leave out
those that go the same way.
"""

from dataclasses import replace

import numpy as np

from ...model.problem import ControlProblem
from ...support.interpolation import broken_line
from .candidate_ends import MANY, Places
from .guess import Guess, at_its_pace, in_time, straight
from .mesh import fastest_rate
from .targets import FRACTIONS, MOST_AIMS, apart, cost_of_staying, lines
from .timing import Timing, best_timing, deadline_index

MOST_CURVES = 3  # between fixed ends, tried by default
_OTHER = 0.2  # of the distance from the start: places farther apart than this are two
LEAST_SEARCHED = 4  # starts, where ends were searched for in three to ten dimensions


def timed_curves(problem: ControlProblem, places: Places, wanted: int | None) -> list[Guess]:
    """The known curves, timed: the best of every basin first."""
    curves, aims, names = _curves(problem, places)
    if not len(curves):
        return [short_step(problem)]
    rate = fastest_rate(problem, places.minima)
    timing = best_timing(problem, curves, rate)
    if not np.isfinite(timing.costs).any():
        # every curve leads through places where something is not defined
        if problem.end is None:
            return [short_step(problem)]
        return [straight(problem, problem.end, "straight line")]
    chosen = _leaders(problem, places, curves, aims, timing.costs)
    if wanted is not None:
        chosen += [
            i
            for i in np.argsort(timing.costs, kind="stable")
            if np.isfinite(timing.costs[i]) and i not in chosen
        ]
    timed = _arriving(problem, curves, timing, rate, chosen, names)
    if problem.end is not None:
        return [guess for _, guess in timed]
    return [replace(guess, basin=int(places.labels[aims[i]])) for i, guess in timed]


def _arriving(
    problem: ControlProblem,
    curves: np.ndarray,
    timing: Timing,
    rate: float,
    chosen: list[int],
    names: list[str],
) -> list[tuple[int, Guess]]:
    """The chosen curves with their best timing, each with its number; where that ends in the first
    half of the way, the best that arrives.

    The price of a timed curve is known to a few per cent only: a basin that seems not worth the way
    is tried all the same. The cheapest of all keeps its own timing, and is tried with the other one
    last.
    """
    staying = [i for i in chosen if _stays(problem, curves[i], timing, i, curves[chosen, -1])]
    forced = best_timing(problem, curves[staying], rate, arriving=True) if staying else None
    arriving: dict[int, Guess] = {}
    for at, i in enumerate(staying):
        if forced is not None and np.isfinite(forced.costs[at]):
            arriving[i] = with_timing(problem, curves[staying], forced, at, names[i])
    first = chosen[0]
    guesses = [(first, with_timing(problem, curves, timing, first, names[first]))]
    for i in chosen[1:]:
        own = arriving.get(i)
        guesses.append((i, own or with_timing(problem, curves, timing, i, names[i])))
    if first in arriving:  # beside a ridge a plan at rest may fall to either side
        guesses.append((first, replace(arriving[first], name=f"all the way {names[first]}")))
    return guesses


def _stays(
    problem: ControlProblem, curve: np.ndarray, timing: Timing, index: int, ends: np.ndarray
) -> bool:
    """Whether a curve (S, n) with its best timing does not lead where it leads to.

    It is still in the first half of the way when it should have arrived, or ends nearer to another
    of the ``ends`` (A, n).
    """
    end, positions = curve[-1], timing.positions[index]
    way = np.linalg.norm(end - curve[0])
    by = deadline_index(problem.objective, timing.times)
    if problem.objective.terminal is not None or problem.end is not None:
        by = -1  # it may be best to go at last
    if np.linalg.norm(positions[by] - end) > 0.5 * way:
        return True
    missing = np.linalg.norm(positions[-1] - end)
    nearest = np.linalg.norm(ends - positions[-1], axis=1).min()
    return bool(missing > max(nearest, _OTHER * way))


def _leaders(
    problem: ControlProblem, places: Places, curves: np.ndarray, aims: np.ndarray, costs: np.ndarray
) -> list[int]:
    """The curves to try, cheapest first: the best into every basin, of mirror images two; with a
    fixed end the cheapest and those that differ from it. Where three or more dimensions had to be
    searched some more, which go other ways.
    """
    order = np.argsort(costs, kind="stable")
    order = order[np.isfinite(costs[order])].tolist()
    if problem.end is not None:
        return _apart(curves, order, [], MOST_CURVES)
    _, firsts = np.unique(places.labels[aims[order]], return_index=True)
    best = [order[i] for i in sorted(firsts)]
    scale = max(np.abs(costs[order]).max(), 1e-300)
    images = np.round(costs[best] / scale, 6)
    second = [int((images[:i] == image).sum() < 2) for i, image in enumerate(images)]
    leaders = [i for i, early in zip(best, second, strict=True) if early][:MOST_AIMS]
    leaders += [i for i, early in zip(best, second, strict=True) if not early][
        : MOST_AIMS - len(leaders)
    ]
    leaders = _with_others(problem, places, curves, aims, costs, leaders)
    if is_sampled(problem, places):
        leaders = _apart(curves, order, leaders, LEAST_SEARCHED)
    return leaders


def _with_others(
    problem: ControlProblem,
    places: Places,
    curves: np.ndarray,
    aims: np.ndarray,
    costs: np.ndarray,
    leaders: list[int],
) -> list[int]:
    """The leaders, with curves to the nearest aim and to the lowest minimum of every basin, where those are
    other places.

    The cheapest way into a basin may end on its slope or beyond a low rim: a plan that goes on to
    its bottom, or that stays nearby, is another one, and under other numbers the better.
    """
    order = np.argsort(costs, kind="stable")
    distance = np.linalg.norm(places.aims - problem.start, axis=1)
    cost = cost_of_staying(problem, places.aims)
    is_minimum = (places.aims[:, None] == places.minima).all(axis=2).any(axis=1)
    lowest = []
    for label in dict.fromkeys(places.labels[aims[leaders]].tolist()):
        own = np.flatnonzero(is_minimum & (places.labels == label))
        if len(own):  # what lies at the edge of what can be reached is no bottom
            lowest.append(int(own[np.argmin(cost[own])]))
    nearest = int(np.argmin(distance))
    chosen = list(leaders)
    for aim in [nearest, *lowest]:
        gaps = np.linalg.norm(places.aims[aims[chosen]] - places.aims[aim], axis=1)
        is_new = (gaps > _OTHER * np.maximum(distance[aims[chosen]], distance[aim])).all()
        curve = next((int(i) for i in order if aims[i] == aim and np.isfinite(costs[i])), None)
        if is_new and curve is not None and len(chosen) < MOST_AIMS:
            chosen.append(curve)
    if problem.objective.terminal is not None:  # who goes by way of another place may stay there
        direct = [int(aims[i]) for i in chosen if apart(curves[i], curves[aims[i]])]
        chosen += [i for i in direct if i not in chosen and np.isfinite(costs[i])]
    return chosen[:MOST_AIMS]


def _apart(curves: np.ndarray, order: list[int], chosen: list[int], most: int) -> list[int]:
    """``chosen`` and those of ``order`` that differ from them, up to ``most``."""
    chosen = list(chosen)
    for i in order:
        if len(chosen) < most and all(apart(curves[i], curves[j]) for j in chosen):
            chosen.append(i)
    return chosen


def _curves(problem: ControlProblem, places: Places) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Known curves (P, S, n) moved to this start and end, the aims they lead to (P,), and their
    names.
    """
    if problem.end is not None:
        ends, names = problem.end[None], ["straight line"]
    else:
        ends = places.aims
        names = [f"to {np.round(aim, 3).tolist()}" for aim in ends]
    curves, aims = lines(problem, ends), np.arange(len(ends))
    if len(places.curves):
        fade = (1 - FRACTIONS)[:, None]
        moved = places.curves + fade * (problem.start - places.home)
        if problem.end is not None:
            moved = moved + FRACTIONS[:, None] * (problem.end - places.curves[0, -1])
        around = places.curve_aims if problem.end is None else np.zeros(len(moved), dtype=int)
        curves, aims = np.concatenate([curves, moved]), np.concatenate([aims, around])
        names += [
            f"curve {names[aim]}" if problem.end is None else "curve to the end" for aim in around
        ]
    return curves, aims, names


def at_constant_speed(curve: np.ndarray, name: str) -> Guess:
    """A curve (S, n) at constant speed."""
    return Guess(name=name, path=broken_line(FRACTIONS, curve))


def with_timing(
    problem: ControlProblem, curves: np.ndarray, timing: Timing, index: int, name: str
) -> Guess:
    """One of the curves with its best timing; with a clock of its own it rests at the curve's end."""
    positions = timing.positions[index]
    guess = in_time(
        problem,
        name,
        broken_line(timing.times, positions),
        problem.objective.horizon,
        path=broken_line(FRACTIONS, curves[index]),
        cost=float(timing.costs[index]),
    )
    return at_its_pace(problem, guess, timing.times, positions)


def short_step(problem: ControlProblem) -> Guess:
    """Where gradient descent would get to in one planning time, when no minimum is known."""
    objective = problem.objective
    span = min(objective.horizon, 1 / objective.discount if objective.discount else np.inf, 1e6)
    curvature = np.abs(problem.landscape.hessian(problem.start)[0]).max()
    slope = (
        objective.learning_rate
        * max(objective.loss_weight, objective.terminal_weight)
        * problem.landscape.gradient(problem.start)[0]
    )
    span = min(
        span, 1 / np.sqrt(max(objective.learning_rate * objective.loss_weight * curvature, 1e-12))
    )
    return straight(problem, problem.start - slope * span**2, "short step")


def is_sampled(problem: ControlProblem, places: Places) -> bool:
    """Whether ends were searched for in three to ten dimensions: no lattice is dense there, and
    starts are still cheap.
    """
    return 2 < problem.dimension <= MANY and problem.end is None and np.isfinite(places.reach)
