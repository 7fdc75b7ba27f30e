"""Known curves with their best timing: which of them to try, and as guesses.

The price of a timed curve is known to a few per cent: enough to order the curves and to leave out
those that go the same way.
"""

from dataclasses import replace

import numpy as np

from ...model.problem import ControlProblem
from ...support.interpolation import broken_line
from .candidate_ends import MANY, Places
from .guess import Guess, in_time, straight
from .mesh import fastest_rate
from .targets import FRACTIONS, MOST_AIMS, apart, lines
from .timing import Timing, best_timing

MOST_CURVES = 3  # between fixed ends, tried by default
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
    basins = [-1 if problem.end is not None else int(places.labels[aims[i]]) for i in chosen]
    timed = _arriving(problem, curves, timing, rate, chosen, [names[i] for i in chosen])
    return [replace(g, basin=b) for g, b in zip(timed, basins, strict=True)] or [
        short_step(problem)
    ]


def _arriving(
    problem: ControlProblem,
    curves: np.ndarray,
    timing: Timing,
    rate: float,
    chosen: list[int],
    names: list[str],
) -> list[Guess]:
    """The chosen curves with their best timing; where that stays in the first half of the way, the
    best that arrives.

    The price of a timed curve is known to a few per cent only: a basin that seems not worth the way
    is tried all the same. The cheapest of all keeps its own timing.
    """
    ends, starts = curves[chosen, -1], curves[chosen, 0]
    way = np.linalg.norm(ends - starts, axis=1)
    come = np.linalg.norm(timing.positions[chosen, -1] - starts, axis=1)
    staying = [
        i for i, short in zip(chosen, come < 0.5 * way, strict=True) if short and i != chosen[0]
    ]
    forced = best_timing(problem, curves[staying], rate, arriving=True) if staying else None
    guesses = []
    for i, name in zip(chosen, names, strict=True):
        at = staying.index(i) if i in staying else None
        if at is not None and forced is not None and np.isfinite(forced.costs[at]):
            guesses.append(with_timing(problem, curves[staying], forced, at, name))
        else:
            guesses.append(with_timing(problem, curves, timing, i, name))
    return guesses


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
    if is_sampled(problem, places):
        leaders = _apart(curves, order, leaders, LEAST_SEARCHED)
    return leaders


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
    return in_time(
        problem,
        name,
        broken_line(timing.times, timing.positions[index]),
        problem.objective.horizon,
        path=broken_line(FRACTIONS, curves[index]),
        cost=float(timing.costs[index]),
    )


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
