"""The seeded set of initial guesses that the multi-start tries."""

from dataclasses import dataclass, replace

import numpy as np

from ..arrays import whole
from ..errors import ProblemError
from ..problem import ControlProblem
from .aims import FRACTIONS, MOST_AIMS, apart, lines
from .guess import Guess, read_guess, straight
from .mesh import fastest_rate
from .rollouts import is_bound, rolled_out
from .scales import is_bowl
from .scouting import MANY, Places, plain_places
from .timing import best_timing

__all__ = ["Guess", "Search", "default_guesses", "read_guess", "search_words", "searched"]

MOST_CURVES = 3  # between fixed ends, tried by default
MOST_DRAWN = 3  # by default, where ends were searched for in three to ten dimensions
LEAST_SEARCHED = 4  # starts there
MOST_STARTS = 10_000  # that may be asked for


@dataclass(frozen=True, kw_only=True)
class Search:
    """What was searched for the best plan; see :func:`searched`.

    Attributes
    ----------
    found : int, places where a plan may want to end that the search found (0 with a fixed end)
    basins : int, basins among those that were kept
    tried : names of the starts
    left_out : int, basins that no start aims at
    reach : float, the distance from the start within which ends were looked for; infinite where
    they were declared
    """

    found: int
    basins: int
    tried: tuple[str, ...]
    left_out: int
    reach: float

    @property
    def words(self) -> str:
        """In half a line, beside the number of starts; empty where nothing was searched for."""
        if not self.basins:
            return ""
        within = f" within {self.reach:.3g} of the start" if np.isfinite(self.reach) else ""
        basins = "1 basin" if self.basins == 1 else f"{self.basins} basins"
        left = f"{self.left_out} of them left out" if self.left_out else "all tried"
        return f"{basins} to end in{within}, {left}"


def search_words(problem: ControlProblem, places: Places, guesses: list[Guess]) -> str:
    """:func:`searched` in words."""
    return searched(problem, places, guesses).words


def searched(problem: ControlProblem, places: Places, guesses: list[Guess]) -> Search:
    """What ``default_guesses`` looked for and tried."""
    basins = 0 if problem.end is not None else len(np.unique(places.labels))
    aimed = {guess.basin for guess in guesses} - {-1}
    return Search(
        found=places.found if basins else 0,
        basins=basins,
        tried=tuple(guess.name for guess in guesses),
        left_out=max(basins - len(aimed), 0),
        reach=places.reach,
    )


def default_guesses(
    problem: ControlProblem, places: Places | np.ndarray, starts: int | None, seed: int
) -> list[Guess]:
    """Paths with their best timing: to every basin worth ending in, cheapest first, then other
    ways, then drawn ones.

    ``places`` is what the search found (see ``aims.surveyed``), or an array (A, n) of ends. Without
    ``starts`` there is one path per basin, at most six, and to a fixed end at most three, on
    different sides of what is in the way. With ``starts`` there are so many: further curves to the
    same basins, straight lines at constant speed, and seeded lines and bends. Problems that are
    quadratic throughout get one straight path.
    """
    if not isinstance(places, Places):
        places = plain_places(problem, places, places)
    wanted = None if starts is None else whole("starts", starts, high=MOST_STARTS)
    guesses = [_simple(problem, places)] if is_bowl(problem) else _of_class(problem, places, wanted)
    guesses += _obeying(problem, places, seed) + _downhill(problem)
    if wanted is None:  # where the search itself was a sample, some starts that owe nothing to it
        return guesses + _drawn(
            problem, places, MOST_DRAWN if _is_sampled(problem, places) else 0, seed
        )
    return guesses[:wanted] + _drawn(problem, places, wanted - len(guesses), seed)


def _obeying(problem, places, seed):
    """Paths that obey the dynamics, where curves through the parameters say too little; found once
    per class of numbers.
    """
    if not is_bound(problem):
        return []
    typical = places.problem
    if typical is None or not np.array_equal(problem.start, typical.start):
        return rolled_out(problem, fastest_rate(problem, places.minima), places.aims, seed)
    if "obeying" not in places.timed:
        rate = fastest_rate(typical, places.minima)
        places.timed["obeying"] = rolled_out(typical, rate, places.aims, seed)
    return places.timed["obeying"]


def _downhill(problem):
    """The way of the natural gradient, where lengths depend on the place: what is far by one
    measure is near by another, and a loss may be lowest where the metric vanishes. Left out where
    it cannot be followed over the horizon.
    """
    free = (
        problem.end is None
        and problem.objective.loss_weight > 0
        and np.isfinite(problem.objective.horizon)
    )
    if problem.model.constant["metric"] or problem.dimension > MANY or not free:
        return []
    try:
        return [read_guess(problem, "natural gradient", problem.objective.horizon)]
    except (ProblemError, np.linalg.LinAlgError):
        return []


def _is_sampled(problem, places):
    """Whether ends were searched for in three to ten dimensions: no lattice is dense there, and
    starts are still cheap.
    """
    return 2 < problem.dimension <= MANY and problem.end is None and np.isfinite(places.reach)


def _of_class(problem, places, wanted):
    """The timed curves of the problem that stands for this one's class of numbers, moved to its own
    start and end.
    """
    typical = places.problem
    if typical is None or (typical.end is None) != (problem.end is None):
        return _considered(problem, places, wanted)
    if not (np.isfinite(problem.objective.horizon) or np.array_equal(problem.start, typical.start)):
        return _considered(
            problem, places, wanted
        )  # guesses with a clock of their own are not sheared
    if wanted not in places.timed:
        places.timed[wanted] = _considered(typical, places, wanted)
    shift = problem.start - typical.start
    end_shift = np.zeros_like(shift) if problem.end is None else problem.end - typical.end
    if not shift.any() and not end_shift.any():
        return places.timed[wanted]
    return [_sheared(guess, shift, end_shift) for guess in places.timed[wanted]]


def _sheared(guess, shift, end_shift):
    """A guess whose start and end are moved, the ways between in proportion."""
    return replace(
        guess, path=lambda s: guess.path(s) + (1 - s)[:, None] * shift + s[:, None] * end_shift
    )


def _considered(problem, places, wanted):
    """The known curves, timed: the best of every basin first."""
    curves, aims, names = _curves(problem, places)
    if not len(curves):
        return [_short_step(problem)]
    rate = fastest_rate(problem, places.minima)
    timing = best_timing(problem, curves, rate)
    if not np.isfinite(
        timing.costs
    ).any():  # every way leads through places where something is not defined
        return [
            (
                _short_step(problem)
                if problem.end is None
                else straight(problem, problem.end, "straight line")
            )
        ]
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
        _short_step(problem)
    ]


def _arriving(problem, curves, timing, rate, chosen, names):
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
        if at is not None and np.isfinite(forced.costs[at]):
            guesses.append(_timed(problem, curves[staying], forced, at, name))
        else:
            guesses.append(_timed(problem, curves, timing, i, name))
    return guesses


def _leaders(problem, places, curves, aims, costs):
    """The curves to try, cheapest first: the best into every basin, of mirror images two; with a
    fixed end the cheapest and those that differ from it. Where three or more dimensions had to be
    searched some more, which go other ways.
    """
    order = np.argsort(costs, kind="stable")
    order = order[np.isfinite(costs[order])].tolist()
    if problem.end is not None:
        return _apart(curves, order, [], MOST_CURVES)
    _, best = np.unique(places.labels[aims[order]], return_index=True)
    best = [order[i] for i in sorted(best)]
    scale = max(np.abs(costs[order]).max(), 1e-300)
    images = np.round(costs[best] / scale, 6)
    second = [int((images[:i] == image).sum() < 2) for i, image in enumerate(images)]
    leaders = [i for i, early in zip(best, second, strict=True) if early][:MOST_AIMS]
    leaders += [i for i, early in zip(best, second, strict=True) if not early][
        : MOST_AIMS - len(leaders)
    ]
    if _is_sampled(problem, places):
        leaders = _apart(curves, order, leaders, LEAST_SEARCHED)
    return leaders


def _apart(curves, order, chosen, most):
    """``chosen`` and those of ``order`` that differ from them, up to ``most``."""
    chosen = list(chosen)
    for i in order:
        if len(chosen) < most and all(apart(curves[i], curves[j]) for j in chosen):
            chosen.append(i)
    return chosen


def _curves(problem, places):
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


def _drawn(problem, places, count, seed):
    """Seeded paths, in turn: a line at constant speed, a bend with its best timing, a line to a
    drawn place with its best."""
    rng = np.random.default_rng(seed)
    ends = places.aims if problem.end is None else problem.end[None]
    distances = [np.linalg.norm(m - problem.start) for m in [*places.aims, *ends]]
    reach = max([*distances, 0.5 * (1 + np.abs(problem.start).max())])
    found: list[Guess] = []
    rate = fastest_rate(problem, places.minima) if not is_bowl(problem) else 1.0
    while len(found) < count:
        number = len(found)
        drawn = rng.standard_normal(problem.dimension)
        end = ends[number // 3 % len(ends)] if len(ends) else problem.start + reach * drawn
        if number % 3 == 0 and number // 3 < len(ends):
            found.append(straight(problem, end, f"constant speed to {np.round(end, 3).tolist()}"))
            continue
        if number % 3 == 1 and problem.end is None:
            end = problem.start + reach * drawn
        size = np.linalg.norm(end - problem.start) or reach
        bulge = (4 * FRACTIONS * (1 - FRACTIONS))[:, None]
        bend = bulge * rng.standard_normal(problem.dimension) * size * rng.choice([0.2, 0.6])
        curve = lines(problem, end[None]) + bend
        name = f"drawn {number}"
        timing = best_timing(problem, curve, rate) if number % 2 else None
        if timing is None or not np.isfinite(timing.costs[0]):
            found.append(_along(curve[0], name))
        else:
            found.append(_timed(problem, curve, timing, 0, name))
    return found


def _along(curve, name):
    """A curve at constant speed."""
    return Guess(
        name=name,
        path=lambda s: np.column_stack([np.interp(s, FRACTIONS, column) for column in curve.T]),
    )


def _timed(problem, curves, timing, index, name):
    """One of the curves with its best timing."""
    times, nodes, cost = timing.times, timing.positions[index], float(timing.costs[index])
    horizon = problem.objective.horizon

    def at(t):
        return np.column_stack([np.interp(t, times, column) for column in nodes.T])

    if np.isfinite(horizon):
        return Guess(name=name, path=lambda s: at(s * horizon), cost=cost)
    return Guess(
        name=name, path=_along(curves[index], name).path, timed=at, cost=cost
    )  # which rests at the curve's end


def _simple(problem, places):
    """The straight path of a problem with one minimum."""
    if problem.end is not None:
        return straight(problem, problem.end, "straight line")
    if not len(places.aims):
        return _short_step(problem)
    distance = np.linalg.norm(places.aims - problem.start, axis=1)
    nearest = int(np.argmin(distance))
    aim = places.aims[nearest]
    return replace(
        straight(problem, aim, f"to {np.round(aim, 3).tolist()}"), basin=int(places.labels[nearest])
    )


def _short_step(problem):
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
