"""Where plans may want to end, and which of those places are worth the way."""

import numpy as np

from ..problem import ControlProblem
from .scouting import Places, is_bowl, places_of

__all__ = ["MOST_AIMS", "is_bowl", "known_minima", "worthwhile"]

MOST_AIMS = 6


def known_minima(problem: ControlProblem, seed: int) -> np.ndarray:
    """Local minima of L, (M, n): the landscape's own, or searched for within reach of the start."""
    return places_of(problem, seed).minima


def worthwhile(problem: ControlProblem, curves: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Indices of the curves in the order in which they are tried: the cheapest, then those that end elsewhere.

    Of curves that end in one basin only the cheapest comes early: the segment between the ends does not rise. The nearest end
    is always among the first.
    """
    order = np.argsort(np.where(np.isfinite(costs), costs, np.inf), kind="stable")
    order = order[np.isfinite(costs[order])]
    return order
