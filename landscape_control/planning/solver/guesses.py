"""The seeded set of initial guesses that the multi-start tries."""

from dataclasses import replace

import numpy as np

from ...model.problem import ControlProblem
from ...support.arrays import whole
from ...support.errors import ProblemError
from .candidate_ends import MANY, Places, plain_places
from .guess import Guess, read_guess, sheared, straight
from .mesh import fastest_rate
from .rollouts import is_bound, rolled_out
from .scales import is_bowl
from .targets import FRACTIONS, lines
from .timed_curves import at_constant_speed, is_sampled, short_step, timed_curves, with_timing
from .timing import best_timing

MOST_DRAWN = 3  # by default, where ends were searched for in three to ten dimensions
MOST_STARTS = 10_000  # that may be asked for


def default_guesses(
    problem: ControlProblem, places: Places | np.ndarray, starts: int | None, seed: int
) -> list[Guess]:
    """Paths with their best timing: to every basin worth ending in, cheapest first, then other
    ways, then drawn ones.

    ``places`` is what the search found (see ``targets.surveyed``), or an array (A, n) of ends.
    Without ``starts`` there is one path per basin, at most six, and to a fixed end at most three,
    on different sides of what is in the way. With ``starts`` there are so many: further curves to
    the same basins, straight lines at constant speed, and seeded lines and bends. Problems that are
    quadratic throughout get one straight path.
    """
    if not isinstance(places, Places):
        places = plain_places(problem, places, places)
    wanted = None if starts is None else whole("starts", starts, high=MOST_STARTS)
    guesses = [_simple(problem, places)] if is_bowl(problem) else _of_class(problem, places, wanted)
    guesses += _obeying(problem, places, seed) + _downhill(problem)
    if wanted is None:  # where the search itself was a sample, some starts that owe nothing to it
        return guesses + _drawn(
            problem, places, MOST_DRAWN if is_sampled(problem, places) else 0, seed
        )
    return guesses[:wanted] + _drawn(problem, places, wanted - len(guesses), seed)


def _obeying(problem: ControlProblem, places: Places, seed: int) -> list[Guess]:
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


def _downhill(problem: ControlProblem) -> list[Guess]:
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


def _of_class(problem: ControlProblem, places: Places, wanted: int | None) -> list[Guess]:
    """The timed curves of the problem that stands for this one's class of numbers, moved to its own
    start and end.
    """
    typical = places.problem
    if typical is None or (typical.end is None) != (problem.end is None):
        return timed_curves(problem, places, wanted)
    if not (np.isfinite(problem.objective.horizon) or np.array_equal(problem.start, typical.start)):
        # guesses with a clock of their own are not sheared
        return timed_curves(problem, places, wanted)
    if wanted not in places.timed:
        places.timed[wanted] = timed_curves(typical, places, wanted)
    shift = problem.start - typical.start
    end_shift = np.zeros_like(shift) if problem.end is None else problem.end - typical.end
    if not shift.any() and not end_shift.any():
        return places.timed[wanted]
    return [sheared(guess, shift, end_shift) for guess in places.timed[wanted]]


def _drawn(problem: ControlProblem, places: Places, count: int, seed: int) -> list[Guess]:
    """Seeded paths, in turn: a line at constant speed, a bend with its best timing, a line to a
    drawn place with its best."""
    if count <= 0:
        return []
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
            found.append(at_constant_speed(curve[0], name))
        else:
            found.append(with_timing(problem, curve, timing, 0, name))
    return found


def _simple(problem: ControlProblem, places: Places) -> Guess:
    """The straight path of a problem with one minimum."""
    if problem.end is not None:
        return straight(problem, problem.end, "straight line")
    if not len(places.aims):
        return short_step(problem)
    distance = np.linalg.norm(places.aims - problem.start, axis=1)
    nearest = int(np.argmin(distance))
    aim = places.aims[nearest]
    return replace(
        straight(problem, aim, f"to {np.round(aim, 3).tolist()}"), basin=int(places.labels[nearest])
    )
