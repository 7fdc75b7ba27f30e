"""What a Solver remembers of its landscape: surveys, so that solves with like numbers need none.

A survey depends on the numbers only through scales (how far is worth the way, which end is
cheapest), so one serves for all numbers within a factor of three of those it was made for, and for
starts within half a natural length; the timing of its curves, in fractions of the horizon, is close
enough for a guess too. It is made for the representative of its class, a function of the Solver's
own problem and of the numbers asked for, never of what was solved before: the same solve gives the
same bits whatever came first.
"""

from dataclasses import replace

from ...model.problem import ControlProblem
from .candidate_ends import Places
from .number_classes import NumberClasses
from .scales import is_bowl
from .targets import surveyed

_CLASS = 8.0  # ratio of the numbers of neighbouring classes
_MOST = 64


Key = tuple  # ("bowl",) or ((seed, trusting), the key of the class)


class Surveys:
    """Surveys around one problem, by class of numbers."""

    def __init__(self, home: ControlProblem) -> None:
        self._classes = NumberClasses(home, ratio=_CLASS, cell=1.0)
        self._known: dict[Key, Places] = {}

    def of(self, problem: ControlProblem, seed: int, *, trusting: bool = True) -> Places:
        """The survey of this problem's class; ``trusting`` that declared minima are all there are."""
        trusting = trusting or problem.landscape.minima is None
        key: Key = ("bowl",)
        if not is_bowl(problem):
            key = ((seed, trusting), self._classes.key(problem))
        if key not in self._known:
            if len(self._known) >= _MOST:
                self._known.pop(next(iter(self._known)))
            self._known[key] = self._made(problem, key)
        return self._known[key]

    def _made(self, problem: ControlProblem, key: Key) -> Places:
        if key == ("bowl",):
            return surveyed(problem, 0)
        (seed, trusting), own = key
        representative = self._classes.representative(own) or problem
        places = surveyed(representative, seed, trusting=trusting)
        return replace(places, problem=representative, timed={})
