"""What a Solver remembers of its landscape: surveys, so that solves with like numbers need none.

A survey depends on the numbers only through scales (how far is worth the way, which end is
cheapest), so one serves for all numbers within a factor of three of those it was made for, and for
starts within half a natural length; the timing of its curves, in fractions of the horizon, is close
enough for a guess too. It is made for the representative of its class, a function of the Solver's
own problem and of the numbers asked for, never of what was solved before: the same solve gives the
same bits whatever came first.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ...model.objective import OBJECTIVE_NUMBERS
from ...model.problem import ControlProblem
from ...support.errors import ProblemError
from .candidate_ends import Places
from .scales import is_bowl, natural_length
from .targets import surveyed

_CLASS = 8.0  # ratio of the numbers of neighbouring classes
_MOST = 64


Octave = int | tuple[str, float]  # a class of a number, or ("exactly", the number)
Key = tuple  # ("bowl",) or ((seed, trusting), octaves, cell of the start, cell of the end)


class Surveys:
    """Surveys around one problem, by class of numbers."""

    def __init__(self, home: ControlProblem) -> None:
        self._home = home
        self._length: float | None = None
        self._known: dict[Key, Places] = {}

    def of(self, problem: ControlProblem, seed: int, *, trusting: bool = True) -> Places:
        """The survey of this problem's class; ``trusting`` that declared minima are all there are."""
        trusting = trusting or problem.landscape.minima is None
        key: Key
        if is_bowl(problem):
            key = ("bowl",)
        elif problem is self._home:
            key = ((seed, trusting), (0, 0, 0, 0, 0), *self._cell(problem))
        else:
            key = ((seed, trusting), tuple(self._octaves(problem)), *self._cell(problem))
        if key not in self._known:
            if len(self._known) >= _MOST:
                self._known.pop(next(iter(self._known)))
            self._known[key] = self._made(problem, key)
        return self._known[key]

    def _octaves(self, problem: ControlProblem) -> Iterator[Octave]:
        """Per number its class, relative to home; 0 and ∞ are classes of their own."""
        for name in OBJECTIVE_NUMBERS:
            home, value = getattr(self._home.objective, name), getattr(problem.objective, name)
            if value == home:
                yield 0
            elif value == 0 or math.isinf(value):
                # not the number itself: 0.0 and the class 0 would be one key
                yield ("exactly", value)
            else:
                reference = home if 0 < home < math.inf else 1.0
                yield round(math.log(value / reference, _CLASS))

    def _cell(self, problem: ControlProblem) -> list[tuple[float, ...]]:
        """Places of start and end on a lattice of one natural length around those of home."""
        if self._length is None:
            self._length = natural_length(self._home)
        pairs = [(problem.start, self._home.start)]
        if problem.end is not None:
            pairs.append((problem.end, self._home.end))
        return [_cell_of(place, home, self._length) for place, home in pairs]

    def _made(self, problem: ControlProblem, key: Key) -> Places:
        if key == ("bowl",):
            return surveyed(problem, 0)
        seed, trusting = key[0]
        representative = self._representative(key) or problem
        places = surveyed(representative, seed, trusting=trusting)
        return replace(places, problem=representative, timed={})

    def _representative(self, key: Key) -> ControlProblem | None:
        """The problem a class is surveyed for; None where its start is outside the domain."""
        _, octaves, *cells = key
        home = self._home
        changes: dict[str, object] = {}
        for name, octave in zip(OBJECTIVE_NUMBERS, octaves, strict=True):
            value = getattr(home.objective, name)
            has_size = 0 < value < math.inf
            reference = value if has_size else 1.0
            if isinstance(octave, tuple):
                changes[name] = octave[1]
            elif octave:
                changes[name] = reference * _CLASS**octave
            elif not has_size:
                changes[name] = value
        for name, cell in zip(("start", "end"), cells, strict=False):
            if any(cell):
                changes[name] = getattr(home, name) + self._length * np.array(cell)
        if not any(changes.get(name) is not None for name in changes):
            return home
        try:
            return home.changed(**changes)
        except ProblemError:
            return None


def _cell_of(place: np.ndarray, home: np.ndarray, length: float) -> tuple[float, ...]:
    """The cell of a lattice around home that holds a place."""
    if place is home:
        return (0.0,) * len(home)
    return tuple(((place - home) / length).round().tolist())
