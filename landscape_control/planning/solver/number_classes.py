"""Classes of problems with like numbers, and the problem that stands for each.

The representative is a function of the home problem and of the class, never of what was asked for
before.
"""

import math
from collections.abc import Iterator

import numpy as np

from ...model.objective import OBJECTIVE_NUMBERS
from ...model.problem import ControlProblem
from ...support.errors import ProblemError
from .scales import natural_length

Octave = int | tuple[str, float]  # a class of a number, or ("exactly", the number)
Place = tuple[float, ...]  # of a start or an end, in units of a cell
Key = tuple[tuple[Octave, ...], tuple[Place, ...]]
_AT_HOME = 0


class NumberClasses:
    """Numbers of the objective within a factor √``ratio`` of powers of it, relative to ``home``,
    and starts and ends in cells of ``cell`` natural lengths around those of home.
    """

    def __init__(self, home: ControlProblem, *, ratio: float, cell: float) -> None:
        self._home, self._ratio, self._cell = home, ratio, cell
        self._length: float | None = None

    def key(self, problem: ControlProblem) -> Key:
        """The class of this problem, which differs from home in numbers, start and end only."""
        octaves: tuple[Octave, ...] = (_AT_HOME,) * len(OBJECTIVE_NUMBERS)
        if problem is not self._home:
            octaves = tuple(self._octaves(problem))
        return octaves, tuple(self._places(problem))

    def representative(self, key: Key) -> ControlProblem | None:
        """The problem that stands for a class; None where its start is outside the domain."""
        octaves, places = key
        home, length = self._home, self._natural_length()
        changes: dict[str, object] = {}
        for name, octave in zip(OBJECTIVE_NUMBERS, octaves, strict=True):
            value = getattr(home.objective, name)
            reference = value if 0 < value < math.inf else 1.0
            if isinstance(octave, tuple):
                changes[name] = octave[1]
            elif octave:
                changes[name] = reference * self._ratio**octave
            elif not 0 < value < math.inf:
                changes[name] = value
        for name, place in zip(("start", "end"), places, strict=False):
            if any(place):
                changes[name] = getattr(home, name) + length * np.array(place)
        if not any(changes.get(name) is not None for name in changes):
            return home
        try:
            return home.changed(**changes)
        except ProblemError:
            return None

    def _octaves(self, problem: ControlProblem) -> Iterator[Octave]:
        """Per number its class, relative to home; 0 and ∞ are classes of their own."""
        for name in OBJECTIVE_NUMBERS:
            home, value = getattr(self._home.objective, name), getattr(problem.objective, name)
            if value == home:
                yield _AT_HOME
            elif value == 0 or math.isinf(value):
                # not the number itself: 0.0 and the class 0 would be one key
                yield ("exactly", value)
            else:
                reference = home if 0 < home < math.inf else 1.0
                yield round(math.log(value / reference, self._ratio))

    def _places(self, problem: ControlProblem) -> Iterator[Place]:
        """Places of start and end on a lattice around those of home."""
        yield self._place(problem.start, self._home.start)
        if problem.end is not None and self._home.end is not None:
            yield self._place(problem.end, self._home.end)

    def _place(self, place: np.ndarray, home: np.ndarray) -> Place:
        if place is home:
            return (0.0,) * len(home)
        return tuple(((place - home) / self._natural_length()).round().tolist())

    def _natural_length(self) -> float:
        """The side of a cell."""
        if self._length is None:
            self._length = self._cell * natural_length(self._home)
        return self._length
