"""What a solve on one grid gives: values, the policies behind them, and how the iteration ended."""

from dataclasses import dataclass

import numpy as np

from .scheme import Motion, Scheme


@dataclass(frozen=True, kw_only=True, eq=False)
class Solved:
    """Slices on one grid.

    Attributes
    ----------
    scheme : Scheme
    to_go : (K+1,), increasing times-to-go; (inf,) for an infinite horizon
    values : (K+1, N), V at those times
    motions : K+1 policies
    change : size of the last change of V in the policy iteration, in units of its range; 0 for
        marches
    iterations : policy iterations, or time steps
    """

    scheme: Scheme
    to_go: np.ndarray
    values: np.ndarray
    motions: list[Motion]
    change: float
    iterations: int

    @classmethod
    def steady(
        cls, *, scheme: Scheme, value: np.ndarray, motion: Motion, change: float, iterations: int
    ) -> "Solved":
        """A steady state: the one slice of an infinite horizon."""
        return cls(
            scheme=scheme,
            to_go=np.array([np.inf]),
            values=value[None],
            motions=[motion],
            change=change,
            iterations=iterations,
        )

    @property
    def value(self) -> np.ndarray:
        """V at t = 0, (N,)."""
        return self.values[-1]

    @property
    def motion(self) -> Motion:
        """The policy at t = 0."""
        return self.motions[-1]
