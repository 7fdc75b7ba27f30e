"""Distributions of curvature: what a learner knows of a quadratic landscape before it has seen a
gradient.
"""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Annotated, ClassVar, NoReturn

import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.special import roots_legendre

from ...support.arguments import Numbers, Positive, Vector, Whole, checked
from ...support.arrays import freeze, vector, whole
from ...support.errors import ProblemError

# of a quadrature: those of a Marchenko-Pastur law are eigenvalues of a matrix of this size
_MOST_NODES = 10_000
Nodes = Annotated[int, Whole(low=1, high=_MOST_NODES)]
Highest = Annotated[int, Whole(low=0, high=2 * _MOST_NODES - 1)]


@dataclass(frozen=True)
class Spectrum:
    """A distribution of curvatures h > 0, used through quadrature.

    Attributes every kind has: ``support`` (low, high), 0 < low; ``exact``: whether :meth:`nodes`
    has no quadrature error.
    """

    exact: ClassVar[bool] = False

    @property
    def support(self) -> tuple[float, float]:
        """The smallest and the largest curvature."""
        raise NotImplementedError

    @checked
    def nodes(self, count: Nodes) -> tuple[np.ndarray, np.ndarray]:
        """(h, w), each (count,), read-only: Gauss quadrature E f(h) ≈ Σ w f(h), exact for
        polynomials of degree 2·count - 1.

        Ascending, Σ w = 1. A discrete spectrum returns its own curvatures and weights as given,
        whatever the count.
        """
        return _kept_nodes(self, count)

    @checked
    def moments(self, highest: Highest) -> np.ndarray:
        """(highest + 1,): E hᵏ for k = 0 … highest, exact up to round-off."""
        points, weights = self.nodes(highest // 2 + 1)
        return freeze(points ** np.arange(highest + 1)[:, None] @ weights)

    @checked
    def density(self, curvatures: Numbers) -> np.ndarray:
        """Numbers per unit of curvature, zero outside the support; same shape as ``curvatures``."""
        h, (low, high) = np.asarray(curvatures, dtype=float), self.support
        inside = (h >= low) & (h <= high)
        return np.where(inside, self._density(np.where(inside, h, high)), 0.0)

    @checked
    def quantile(self, probability: Numbers) -> np.ndarray:
        """The curvature below which a given share of the distribution lies; same shape as
        ``probability``.
        """
        raise NotImplementedError

    def sample(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Independent draws (count,), from the exact law by inverting its distribution function."""
        return self.quantile(rng.random(count))

    def _gauss(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        raise NotImplementedError

    def _density(self, h: np.ndarray) -> np.ndarray:
        raise NotImplementedError


@lru_cache(maxsize=64)
def _kept_nodes(spectrum: Spectrum, count: int) -> tuple[np.ndarray, np.ndarray]:
    points, weights = spectrum._gauss(count)
    return freeze(points), freeze(weights / weights.sum())


@checked
@dataclass(frozen=True)
class Uniform(Spectrum):
    """Curvatures uniform on [low, high], 0 < low < high."""

    low: float
    high: float

    def __post_init__(self):
        check_range(self)

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high

    @checked
    def quantile(self, probability: Numbers) -> np.ndarray:
        return self.low + (self.high - self.low) * np.asarray(probability, dtype=float)

    def _gauss(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        points, weights = roots_legendre(count)
        return self.low + (self.high - self.low) * (points + 1) / 2, weights

    def _density(self, h: np.ndarray) -> np.ndarray:
        return np.full_like(h, 1 / (self.high - self.low))


@checked
@dataclass(frozen=True)
class LogUniform(Spectrum):
    """Curvatures whose logarithm is uniform: density 1/(h log(high/low)) on [low, high], 0 < low <
    high.
    """

    low: float
    high: float

    def __post_init__(self):
        check_range(self)

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high

    @checked
    def quantile(self, probability: Numbers) -> np.ndarray:
        return self.low * (self.high / self.low) ** np.asarray(probability, dtype=float)

    def _gauss(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Gauss quadrature of a fine measure that agrees with this one on polynomials of the degree
        asked, to round-off.

        On a panel whose ends differ by a factor of at most 2, Gauss-Legendre integrates polynomials
        of degree 2·count - 1 times 1/h, whose pole is a panel's width away, with an error of order
        (3 + √8)^{-24}.
        """
        panels = math.ceil(math.log2(self.high / self.low))
        edges = np.geomspace(self.low, self.high, panels + 1)
        points, weights = roots_legendre(count + 12)
        width = np.diff(edges)[:, None]
        fine = edges[:-1, None] + width * (points + 1) / 2
        return gauss_from_recurrence(
            *stieltjes(fine.ravel(), (width * weights / fine).ravel(), count)
        )

    def _density(self, h: np.ndarray) -> np.ndarray:
        return 1 / (h * math.log(self.high / self.low))


@checked
@dataclass(frozen=True)
class MarchenkoPastur(Spectrum):
    """Eigenvalues of a large sample covariance matrix: unknowns per example ``ratio`` < 1, mean
    curvature ``scale``.

    Density √((b-h)(h-a)) / (2π·ratio·scale·h) on [a, b] = scale·(1 ∓ √ratio)². Its orthogonal
    polynomials have the recurrence coefficients scale, scale·(1 + ratio), … and scale²·ratio, so
    that Gauss quadrature is an eigenproblem.

    Source: V. A. Marchenko, L. A. Pastur, *Distribution of eigenvalues for some sets of random
    matrices*, 1967.
    """

    ratio: Positive
    scale: Positive = 1.0

    def __post_init__(self):
        if self.ratio >= 1:
            raise ProblemError(
                "Marchenko-Pastur ratio",
                expected="unknowns per example below 1",
                received=f"{self.ratio:g}",
                advice=(
                    "from 1 on the spectrum touches zero, where no gradient shows; choose a"
                    " ratio < 1"
                ),
            )

    @property
    def support(self) -> tuple[float, float]:
        root = math.sqrt(self.ratio)
        return self.scale * (1 - root) ** 2, self.scale * (1 + root) ** 2

    @checked
    def quantile(self, probability: Numbers) -> np.ndarray:
        """By bisection in φ, h = scale·(1 + ratio - 2√ratio cos φ)."""
        share = np.asarray(probability, dtype=float)
        low, high = np.zeros_like(share), np.full_like(share, math.pi)
        for _ in range(54):
            middle = (low + high) / 2
            below = self._share(middle) < share
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return self.scale * (1 + self.ratio - 2 * math.sqrt(self.ratio) * np.cos((low + high) / 2))

    def _share(self, phi: np.ndarray) -> np.ndarray:
        """∫₀^φ (2/π) sin²x/(1 + c - 2√c cos x) dx."""
        c, root = self.ratio, math.sqrt(self.ratio)
        tangent = np.arctan2((1 + root) * np.sin(phi / 2), (1 - root) * np.cos(phi / 2))
        return (root * np.sin(phi) + (1 + c) * phi / 2 - (1 - c) * tangent) / (math.pi * c)

    def _gauss(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        diagonal = np.full(count, self.scale * (1 + self.ratio))
        diagonal[0] = self.scale
        return gauss_from_recurrence(diagonal, np.full(count - 1, self.scale**2 * self.ratio))

    def _density(self, h: np.ndarray) -> np.ndarray:
        low, high = self.support
        return np.sqrt((high - h) * (h - low)) / (2 * math.pi * self.ratio * self.scale * h)


@checked
@dataclass(frozen=True, eq=False)
class Discrete(Spectrum):
    """Finitely many curvatures ``values`` > 0 with ``weights`` (equal when None; normalised, equal
    values merged).
    """

    values: Vector
    weights: Vector | None = None
    exact: ClassVar[bool] = True

    def __post_init__(self):
        values = vector("curvatures", self.values)
        weights = np.ones(len(values))
        if self.weights is not None:
            weights = vector("weights", self.weights, len(values))
        if len(values) == 0 or not (values > 0).all() or not (weights > 0).all():
            received = f"smallest {values.min():g} and {weights.min():g}" if len(values) else "none"
            raise ProblemError(
                "curvatures",
                expected="positive curvatures with positive weights",
                received=received,
                advice="drop flat directions: no gradient ever tells the learner about them",
            )
        values, weights = _merged(values, weights / weights.sum())
        object.__setattr__(self, "values", freeze(values))
        object.__setattr__(self, "weights", freeze(weights))

    @cached_property
    def support(self) -> tuple[float, float]:
        return float(self.values.min()), float(self.values.max())

    @checked
    def places(self, curvatures: Numbers) -> np.ndarray:
        """Which of ``values`` each curvature is, whole numbers of the same shape.

        Raises ProblemError for a curvature that is not among them.
        """
        wanted = np.asarray(curvatures, dtype=float)
        order = np.argsort(self.values)
        nearest = np.minimum(np.searchsorted(self.values[order], wanted), len(order) - 1)
        found = order[nearest]
        if not np.array_equal(self.values[found], wanted):
            raise ProblemError(
                "curvatures",
                expected=f"some of the {len(order)} values of the spectrum",
                received=f"{wanted[self.values[found] != wanted][:1]}",
                advice="what is known of each mode is known at these curvatures only",
            )
        return found

    @checked
    def nodes(self, count: Nodes) -> tuple[np.ndarray, np.ndarray]:
        return self.values, self._shares

    @checked
    def moments(self, highest: Highest) -> np.ndarray:
        powers = np.arange(whole("highest moment", highest, low=0) + 1)
        return freeze(self.values ** powers[:, None] @ self._shares)

    @checked
    def density(self, curvatures: Numbers) -> NoReturn:
        raise ProblemError(
            "density",
            expected="a spectrum that has one",
            received="a Discrete spectrum",
            advice="use its values and weights",
        )

    @checked
    def quantile(self, probability: Numbers) -> np.ndarray:
        order = np.argsort(self.values)
        steps = np.cumsum(self._shares[order])[:-1]
        place = np.searchsorted(steps, np.asarray(probability, dtype=float), side="right")
        return self.values[order][place]

    @property
    def _shares(self) -> np.ndarray:
        assert self.weights is not None  # equal ones were filled in when it was made
        return self.weights


def _merged(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every value once, where it first appears, with the sum of its weights."""
    _, first, which = np.unique(values, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return values[first[order]], np.bincount(which, weights)[order]


def stieltjes(points: np.ndarray, weights: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Recurrence coefficients a (count,), b (count - 1,) of the monic orthogonal polynomials.

    p_{k+1} = (h - a_k) p_k - b_{k-1} p_{k-1}.
    """
    diagonal, off = np.empty(count), np.empty(count)
    # orthonormal ones, against overflow
    before = np.zeros_like(points)
    now = np.full_like(points, weights.sum() ** -0.5)
    for k in range(count):
        diagonal[k] = weights @ (points * now**2)
        last = math.sqrt(off[k - 1]) if k else 0.0
        rest = (points - diagonal[k]) * now - last * before
        off[k] = weights @ rest**2
        before, now = now, rest / math.sqrt(off[k])
    return diagonal, off[:-1]


def gauss_from_recurrence(diagonal: np.ndarray, off: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights (Σ = 1) from the recurrence coefficients: G. H. Golub, J. H. Welsch 1969."""
    points, vectors = eigh_tridiagonal(diagonal, np.sqrt(off))
    return points, vectors[0] ** 2


def check_range(spectrum: "Uniform | LogUniform") -> None:
    """0 < low < high < ∞, or a clear refusal."""
    low, high = spectrum.low, spectrum.high
    if not 0 < low < high:
        raise ProblemError(
            "curvatures",
            expected="0 < low < high",
            received=f"{low:g}, {high:g}",
            advice=(
                "keep the spectrum away from zero: a flat direction never shows in a gradient; "
                "for one curvature use Discrete([h])"
            ),
        )
