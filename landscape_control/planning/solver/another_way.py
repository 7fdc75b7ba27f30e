"""A start that goes another way than all the others, where the lattice knows one."""

import numpy as np

from ...model.problem import ControlProblem
from .candidate_ends import Places
from .guess import Guess, sheared
from .guesses import default_guesses
from .lattice_path import TICKS, lattice_path
from .number_classes import NumberClasses
from .rollouts import is_bound
from .scales import is_bowl

_APART = 0.2  # of its extent: a lattice path that differs by less from a guess is the same way
_DEARER = 1.3  # above the floor, times the cheapest guess: the lattice is coarse
_COMPARED = 33  # times at which ways are compared
# what is worth going to depends on every number: finer classes than those of surveys, where a
# lattice takes a millisecond
_RATIO, _CELL = 1.5, 0.1


def another_way(problem: ControlProblem, places: Places) -> list[Guess]:
    """The cheapest path on the lattice where it goes another way than every default guess and is
    not much dearer than the cheapest of them, else nothing.

    Looked for once per class of numbers, for the problem that stands for the class, and sheared.
    """
    typical = places.problem
    if typical is None or (typical.end is None) != (problem.end is None):
        return _found(problem, places)
    key: tuple = ("lattice",)
    if problem.dimension == 1:
        if "classes" not in places.timed:
            places.timed["classes"] = NumberClasses(typical, ratio=_RATIO, cell=_CELL)
        classes = places.timed["classes"]
        number = classes.key(problem)
        key = ("lattice", number)
        if key not in places.timed:
            typical = classes.representative(number) or typical
    if key not in places.timed:
        places.timed[key] = typical, _found(typical, places)
    return _moved(problem, *places.timed[key])


def _moved(problem: ControlProblem, typical: ControlProblem, guesses: list[Guess]) -> list[Guess]:
    """Guesses for the problem that stands for a class, moved to this one's start and end."""
    shift = problem.start - typical.start
    end_shift = np.zeros_like(shift)
    if problem.end is not None and typical.end is not None:
        end_shift = problem.end - typical.end
    if not (shift.any() or end_shift.any()):
        return guesses
    return [sheared(guess, shift, end_shift) for guess in guesses]


def _found(problem: ControlProblem, places: Places) -> list[Guess]:
    if not _applies(problem):
        return []
    found = lattice_path(problem, places)
    if found is None:
        return []
    guesses = default_guesses(problem, places, None, 0)
    prices = [guess.cost - found.floor for guess in guesses if np.isfinite(guess.cost)]
    if prices and found.guess.cost - found.floor > _DEARER * min(prices):
        return []
    compared, horizon = np.linspace(0, 1, _COMPARED), problem.objective.horizon
    own = found.guess.states(compared, horizon)
    allowed = _APART * np.ptp(own, axis=0).max()
    apart = [np.abs(guess.states(compared, horizon) - own).max() > allowed for guess in guesses]
    return [found.guess] if all(apart) else []


def _applies(problem: ControlProblem) -> bool:
    """Whether a lattice can be laid, and every step on it can be gone."""
    is_small = problem.dimension in TICKS and not is_bowl(problem)
    is_finite = bool(np.isfinite(problem.objective.horizon))
    return is_small and is_finite and problem.model.is_invertible and not is_bound(problem)
