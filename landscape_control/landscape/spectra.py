"""Distributions of curvature: what a learner knows of a quadratic landscape before it has seen a gradient."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..arrays import number, vector
from ..errors import ProblemError


@dataclass(frozen=True)
class Spectrum:
    """A distribution of curvatures h > 0, used through quadrature.

    Attributes every kind has: ``support`` (low, high), 0 < low; ``exact``: whether :meth:`nodes` has no quadrature error.
    """

    exact = False

    @property
    def support(self) -> tuple[float, float]:
        """The smallest and the largest curvature."""
        raise NotImplementedError

    def nodes(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """(h, w), each (count,): Gauss quadrature E f(h) ≈ Σ w f(h), exact for polynomials of degree 2·count - 1, Σ w = 1.

        A discrete spectrum returns its own curvatures and weights, whatever the count.
        """
        raise NotImplementedError

    def sample(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Independent draws (count,)."""
        raise NotImplementedError


@dataclass(frozen=True)
class Uniform(Spectrum):
    """Curvatures uniform on [low, high], 0 < low < high."""

    low: float
    high: float

    def __post_init__(self):
        check_range(self)

    @property
    def support(self):
        return self.low, self.high

    def nodes(self, count):
        points, weights = np.polynomial.legendre.leggauss(count)
        return self.low + (self.high - self.low) * (points + 1) / 2, weights / 2

    def sample(self, rng, count):
        return rng.uniform(self.low, self.high, count)


@dataclass(frozen=True, eq=False)
class Discrete(Spectrum):
    """Finitely many curvatures ``values`` > 0 with ``weights`` (normalised to one; equal when None)."""

    values: np.ndarray
    weights: np.ndarray | None = None
    exact = True

    def __post_init__(self):
        values = vector("curvatures", self.values)
        weights = np.ones(len(values)) if self.weights is None else vector("weights", self.weights, len(values))
        if not (values > 0).all() or not (weights > 0).all():
            raise ProblemError("curvatures", expected="positive curvatures with positive weights",
                               received=f"smallest {values.min(initial=np.inf):g} and {weights.min(initial=np.inf):g}",
                               advice="drop flat directions: no gradient ever tells the learner about them")
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "weights", vector("weights", weights / weights.sum()))

    @cached_property
    def support(self):
        return float(self.values.min()), float(self.values.max())

    def nodes(self, count):
        return self.values, self.weights

    def sample(self, rng, count):
        return rng.choice(self.values, size=count, p=self.weights)


def check_range(spectrum) -> None:
    """0 < low < high < ∞, or a clear refusal."""
    low = number("lowest curvature", spectrum.low)
    high = number("highest curvature", spectrum.high)
    if not 0 < low < high:
        raise ProblemError("curvatures", expected="0 < low < high", received=f"{low:g}, {high:g}",
                           advice="keep the spectrum away from zero: a flat direction never shows in a gradient; "
                           "for one curvature use Discrete([h])")
    object.__setattr__(spectrum, "low", low)
    object.__setattr__(spectrum, "high", high)
