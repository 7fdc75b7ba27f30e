"""Where a search over coefficients begins, and which of them it may vary."""

from dataclasses import dataclass, field

import numpy as np

from ..rules.families import Layout
from .progress import Reports
from .starting import bounds_with, guess_entries


@dataclass(frozen=True, kw_only=True, eq=False)
class SearchOptions:
    """What one call of ``solve`` says of its search; the defaults of every signature are these.

    Attributes
    ----------
    guess : None, {name: value} or PolicyResult, optimised from as well
    starts : int, fresh starting points, drawn from the coefficients' ranges
    seed : int, of the starts and of the scenarios
    fixed : {name: value} of coefficients held where they are
    within : {name: (low, high)}, narrower ranges of coefficients
    quick : bool, whether the first runs are enough, as for a program that helps with another
    tell : Reports, of costs so far
    """

    guess: object = None
    starts: int = 8
    seed: int = 0
    fixed: object = None
    within: object = None
    quick: bool = False
    tell: Reports = field(default_factory=Reports)

    def bounds(self, layout: Layout) -> np.ndarray:
        """(n, 2), the ranges of the coefficients; of no width where one is held."""
        return bounds_with(layout, self.fixed, self.within)

    def entries(self, layout: Layout) -> np.ndarray | None:
        """(n,), the guess; None without one.

        Raises ProblemError where there is nothing to begin from.
        """
        return guess_entries(layout, self.guess, self.starts)
