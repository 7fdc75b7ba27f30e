"""Draws from a distribution: per episode a landscape, a start and a course of hidden variables."""

from dataclasses import dataclass

import numpy as np

from ...support.arrays import freeze


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """S episodes of T steps, read-only; ``None`` where a kind of distribution has nothing to say.

    Attributes
    ----------
    starts : (S, n), θ_0
    curvatures : (S,) or None, h of random quadratics
    minima : (S, T+1, 1) or None, μ at whole times 0 … T, for random quadratics
    which : (S,) integers or None, which landscape of the population
    hidden : (S, T+1, p) or None, hidden variables at whole times; p = 0 where nothing is hidden
    """

    starts: np.ndarray
    curvatures: np.ndarray | None = None
    minima: np.ndarray | None = None
    which: np.ndarray | None = None
    hidden: np.ndarray | None = None

    def __post_init__(self):
        for name in ("starts", "curvatures", "minima", "hidden"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, freeze(getattr(self, name)))
        if self.which is not None:
            which = np.array(self.which, dtype=int)
            which.setflags(write=False)
            object.__setattr__(self, "which", which)

    @property
    def count(self) -> int:
        """S, the number of episodes."""
        return len(self.starts)

    @property
    def horizon(self) -> int:
        """T, the number of steps."""
        course = self.hidden if self.minima is None else self.minima
        assert course is not None  # every kind of distribution has one of the two
        return course.shape[1] - 1
