"""LandscapeDistribution: the landscapes that a learner may meet, and where it starts on them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...support.arguments import Count, NonNegative, Points, Vector, Words, checked
from ...support.errors import ProblemError
from .distribution_checks import as_landscapes, check_population, check_quadratic
from .draws import Draws
from .hidden import GaussianPrior, Hidden
from .landscape import Landscape
from .spectra import Discrete, Spectrum

_SAY = "with infinite moments every rule costs infinitely much; say how far starts may lie"
Moment = Annotated[float, Words(advice=_SAY)]
Variance = Annotated[NonNegative, Words(advice=_SAY)]
Variances = Annotated[Vector, Words(advice=_SAY)]
Starts = Annotated[
    Points | GaussianPrior,
    Words(advice="say where the learner starts: points (M, n) or a GaussianPrior"),
]
Population = Annotated[
    Landscape | Iterable[Landscape],
    Words(advice="e.g. landscape_control.double_well(); for random quadratics use .quadratic(...)"),
]


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class LandscapeDistribution:
    """A population of landscapes; build with :meth:`quadratic` or :meth:`landscapes`.

    For random quadratics one mode is L = ½h(θ-μ)², h ~ ``curvatures``, θ_0 ~ N(start_mean,
    start_variance) independent of h, and μ = 0 unless ``minimum`` says how it moves. Modes of a
    quadratic in many dimensions are such modes when the rule works along its axes.

    Attributes
    ----------
    curvatures : Spectrum or None
    start_mean, start_variance : of θ_0, for random quadratics; with a Discrete spectrum of N
        curvatures the variance may be (N,), one for each of its ``values``
    minimum : None or a Hidden process of one variable, μ, sampled at whole times
    population : tuple of Landscape, of one dimension n; empty for random quadratics
    weights : (K,), probabilities of the landscapes
    starts : (M, n) points that θ_0 takes equally often, or a GaussianPrior of n variables; None for
        random quadratics
    hidden : None, or the process of the hidden variables of every landscape, in place of their own
    """

    curvatures: Spectrum | None = None
    start_mean: Moment = 0.0
    start_variance: Variance | Variances = 1.0
    minimum: Hidden | None = None
    population: tuple[Landscape, ...] = ()
    weights: Vector | None = None
    starts: Starts | None = None
    hidden: Hidden | None = None

    def __post_init__(self) -> None:
        if (self.curvatures is None) == (not self.population):
            raise ProblemError(
                "landscape distribution",
                expected="either curvatures or landscapes",
                received="both" if self.population else "neither",
                advice="build it with LandscapeDistribution.quadratic(...) or .landscapes(...)",
            )
        if self.is_quadratic:
            check_quadratic(self)
        else:
            check_population(self)

    @classmethod
    @checked
    def quadratic(
        cls,
        *,
        curvatures: Spectrum,
        start_variance: Variance | Variances,
        start_mean: Moment = 0.0,
        minimum: Hidden | None = None,
    ) -> "LandscapeDistribution":
        """Random quadratics with curvatures from a spectrum.

        Raises ProblemError for curvatures that are no Spectrum, a start without variance at a
        resting minimum, infinite variance, variances that do not match the curvatures, and a
        minimum whose second moments do not move linearly.
        """
        return cls(
            curvatures=curvatures,
            start_variance=start_variance,
            start_mean=start_mean,
            minimum=minimum,
        )

    @classmethod
    @checked
    def landscapes(
        cls,
        landscapes: Population,
        *,
        starts: Starts,
        weights: Vector | None = None,
        hidden: Hidden | None = None,
    ) -> "LandscapeDistribution":
        """Any landscapes: one, drawn through its hidden variables and starts, or a finite
        population.

        Parameters
        ----------
        landscapes : Landscape or several of them, of one dimension n and one number p of hidden
            variables
        starts : (n,) one point, (M, n) points drawn evenly, or GaussianPrior(mean, covariance) of n
            variables
        weights : (K,) > 0, normalised to one; equal when None
        hidden : process of the p hidden variables, in place of the landscapes' own

        Raises ProblemError for an empty list, other objects than landscapes, dimensions that
        differ, starts of the wrong shape, and a process for landscapes that hide nothing.
        """
        population = (
            (landscapes,) if isinstance(landscapes, Landscape) else as_landscapes(landscapes)
        )
        return cls(population=population, starts=starts, weights=weights, hidden=hidden)

    @property
    def is_quadratic(self) -> bool:
        """Whether it is a spectrum of quadratics, so that second moments propagate in closed form."""
        return self.curvatures is not None

    @checked
    def start_variances(self, curvatures: Vector) -> np.ndarray:
        """(N,): variance of θ_0 for modes of these curvatures (N,), for random quadratics."""
        if not isinstance(self.start_variance, np.ndarray):
            return np.full(len(curvatures), self.start_variance)
        assert isinstance(self.curvatures, Discrete)  # see distribution_checks
        return self.start_variance[self.curvatures.places(curvatures)]

    @property
    def largest_start_variance(self) -> float:
        """The largest variance of θ_0 over the modes, for random quadratics."""
        return float(np.max(self.start_variance))

    @property
    def dimension(self) -> int:
        """n, the number of parameters: 1 for random quadratics, which are seen mode by mode."""
        return 1 if self.is_quadratic else self.population[0].dimension

    @checked
    def draw(
        self, rng: np.random.Generator, count: Count, horizon: Count, *, blocks: Count = 1
    ) -> Draws:
        """Episodes from the exact laws, with hidden variables at times 0 … horizon.

        Landscapes and starts of a finite list are dealt, not drawn: each comes up in each of
        ``blocks`` runs of episodes as often as its probability says, to within one, in random
        order; which of them come up once more is drawn. Blocks are independent of each other. The
        same generator state with a longer horizon gives the same landscapes and starts, and longer
        courses.
        """
        times = np.arange(horizon + 1.0)
        if self.curvatures is not None:
            curvatures = self.curvatures.sample(rng, count)
            scales = np.sqrt(self.start_variances(curvatures))[:, None]
            deviations = scales * rng.standard_normal((count, 1))
            minima = np.zeros((count, horizon + 1, 1))
            if self.minimum is not None:
                minima = self.minimum.sample(rng, count, times)
            return Draws(curvatures=curvatures, starts=self.start_mean + deviations, minima=minima)
        assert self.weights is not None  # equal ones were filled in when it was made
        which = dealt(rng, self.weights, count, blocks)
        starts = self._draw_starts(rng, count, blocks)
        return Draws(which=which, starts=starts, hidden=self._draw_hidden(rng, which, times))

    def _draw_starts(self, rng: np.random.Generator, count: int, blocks: int) -> np.ndarray:
        if isinstance(self.starts, GaussianPrior):
            return self.starts.sample(rng, count, np.zeros(1))[:, 0]
        points = self.starts
        assert points is not None  # a population has starts, see distribution_checks
        equal = np.full(len(points), 1 / len(points))
        return points[dealt(rng, equal, count, blocks)]

    def _draw_hidden(
        self, rng: np.random.Generator, which: np.ndarray, times: np.ndarray
    ) -> np.ndarray:
        """Courses (S, T+1, p): of the distribution's own process, or of each episode's landscape."""
        if self.hidden is not None:
            return self.hidden.sample(rng, len(which), times)
        size = self.population[0].hidden_dimension
        course = np.empty((len(which), len(times), size))
        for k in np.unique(which):
            own = self.population[k].hidden
            if own is not None:
                here = which == k
                course[here] = own.sample(rng, here.sum(), times)
        return course


def dealt(
    rng: np.random.Generator, probabilities: np.ndarray, count: int, blocks: int
) -> np.ndarray:
    """(count,) integers, each k about probabilities[k]·size times among the size of every block, in
    random order.

    Systematic sampling (W. G. Madow, 1949): one uniform number per block, then equal strides
    through the probabilities; the order of the list is drawn as well, so that every k has its
    probability at every place.
    """
    dealt_blocks = []
    for size in np.diff(np.linspace(0, count, blocks + 1).astype(int)):
        order = rng.permutation(len(probabilities))
        places = (np.arange(size) + rng.random()) / max(size, 1)
        picked = order[np.searchsorted(np.cumsum(probabilities[order])[:-1], places, side="right")]
        dealt_blocks.append(rng.permutation(picked))
    return np.concatenate(dealt_blocks)
