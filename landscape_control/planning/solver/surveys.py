"""What a Solver remembers of its landscape: surveys made for numbers like those at hand, so that
re-solves need none.

A survey depends on the numbers only through scales (how far is worth the way, which end is
cheapest), so one serves for all numbers within a factor of three of those it was made for, and for
starts within half a natural length; the timing of its curves, in fractions of the horizon, is close
enough for a guess too. It is made for the representative of its class, a function of the Solver's
own problem and of the numbers asked for, never of what was solved
before: the same solve gives the same bits whatever came first.
"""

import math
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


class Surveys:
    """Surveys around one problem, by class of numbers."""

    def __init__(self, home: ControlProblem):
        self._home = home
        self._length = None
        self._known: dict[tuple, Places] = {}

    def of(self, problem: ControlProblem, seed: int, *, trusting: bool = True) -> Places:
        """The survey of the class that this problem belongs to; ``trusting`` that declared minima
        are all there are.
        """
        trusting = trusting or problem.landscape.minima is None
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

    def _octaves(self, problem):
        """Per number its class, relative to home: a whole number; numbers that are 0 or ∞ are
        classes of their own.
        """
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

    def _cell(self, problem):
        """Places of start and end on a lattice of one natural length around those of home."""
        if self._length is None:
            self._length = natural_length(self._home)
        pairs = [(problem.start, self._home.start)]
        if problem.end is not None:
            pairs.append((problem.end, self._home.end))
        return [tuple(((one - home) / self._length).round().tolist()) for one, home in pairs]

    def _made(self, problem, key):
        if key == ("bowl",):
            return surveyed(problem, 0)
        seed, trusting = key[0]
        representative = self._representative(key) or problem
        return replace(
            surveyed(representative, seed, trusting=trusting), problem=representative, timed={}
        )

    def _representative(self, key):
        """The problem a class is surveyed for; None where there is none, as with a start outside
        the domain.
        """
        _, octaves, *cells = key
        home = self._home
        changes = {}
        for name, octave in zip(OBJECTIVE_NUMBERS, octaves, strict=True):
            value = getattr(home.objective, name)
            has_size = 0 < value < math.inf
            if isinstance(octave, tuple):
                changes[name] = octave[1]
            elif octave:
                changes[name] = (value if has_size else 1.0) * _CLASS**octave
            elif not has_size:
                changes[name] = value
        places = {"start": home.start, "end": home.end}
        for name, cell in zip(places, cells, strict=False):
            if any(cell):
                changes[name] = places[name] + self._length * np.array(cell)
        if not any(changes.get(name) is not None for name in changes):
            return home
        try:
            return home.changed(**changes)
        except ProblemError:
            return None
