"""What was searched for the best plan, as a record and in words."""

from dataclasses import dataclass

import numpy as np

from ...model.problem import ControlProblem
from .candidate_ends import Places
from .guess import Guess


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


def search_in_words(problem: ControlProblem, places: Places, guesses: list[Guess]) -> str:
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
