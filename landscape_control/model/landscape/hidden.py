"""Hidden variables φ that shape the loss: what is known of them before learning, and how they move
by themselves.

Continuous kinds share linear moments: the mean obeys dm/dt = -Λ(m - μ₀) and the unconditional
covariance dΣ/dt = -ΛΣ - ΣΛᵀ + Q. Those that jump have files of their own.
"""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from ...support.arguments import (
    ArrayLike,
    Count,
    Duration,
    NonNegative,
    Numbers,
    Positive,
    Shape,
    Vector,
    Words,
    checked,
)
from ...support.arrays import matrix, vector
from ...support.errors import ProblemError
from .linear_state import LinearState, unchanged
from .steppers import Stepper, diffusing, transition

Rate = Annotated[Positive, Words(symbol="λ")]
# a multiple of the identity, a diagonal, or all of it
Covariance = Annotated[ArrayLike, Shape((0, 1, 2))]


@dataclass(frozen=True)
class Hidden:
    """What every kind of hidden variable offers; use one of its kinds.

    A new kind answers here for itself, and nothing else of the package asks which kind it is. A
    linear diffusion gives the five moments below; a process with another law also its own
    :meth:`sample`, :meth:`stepper` and :meth:`spread`; one that jumps at random times says so by
    :attr:`switches` and :meth:`between_switches`; one of finitely many values is a TaskChain, or
    gives ``tasks`` (K, p), ``rates`` (K, K) and ``probabilities`` (K,) as that does. Besides its
    own file a new kind is named in ``landscape/__init__.py`` and in the package's ``__init__.py``.

    Attributes
    ----------
    prior_mean : (p,), E φ(0)
    prior_covariance : (p, p), Cov φ(0)
    centre : (p,), μ₀
    reversion : (p, p), Λ, per unit time
    diffusion : (p, p), Q, covariance gained per unit time
    is_finite : whether φ takes finitely many values, so that beliefs are their probabilities
    switches : whether φ moves by jumps alone, which could be announced to a learner
    """

    is_finite: ClassVar[bool] = False
    switches: ClassVar[bool] = False

    if TYPE_CHECKING:
        # what each kind gives, as a field or a property; at run time a property here would be the
        # default of a field of that name

        @property
        def prior_mean(self) -> ArrayLike: ...
        @property
        def prior_covariance(self) -> ArrayLike: ...
        @property
        def centre(self) -> ArrayLike: ...
        @property
        def reversion(self) -> ArrayLike: ...
        @property
        def diffusion(self) -> ArrayLike: ...

        # of kinds with finitely many values, see is_finite
        @property
        def tasks(self) -> ArrayLike: ...
        @property
        def rates(self) -> ArrayLike: ...
        @property
        def probabilities(self) -> ArrayLike: ...

    @property
    def dimension(self) -> int:
        """p, the number of hidden variables."""
        return len(self.prior_mean)

    @property
    def estimate_size(self) -> int:
        """How many numbers an estimate of φ has: p of a mean, K of task probabilities."""
        return self.dimension

    @property
    def is_gaussian(self) -> bool:
        """Whether φ(t) is jointly Gaussian, so that Kalman filters are exact for linear
        observations.
        """
        return True

    @property
    def moves_linearly(self) -> bool:
        """Whether mean and covariance of φ obey the linear law above, once the process is at rest."""
        return True

    @property
    def is_at_rest(self) -> bool:
        """Whether mean and covariance at t = 0 are those of the stationary law."""
        stationary = getattr(self, "covariance", self.prior_covariance)
        same_mean = np.array_equal(self.prior_mean, self.centre)
        return same_mean and np.array_equal(self.prior_covariance, stationary)

    @checked
    def sample(self, rng: np.random.Generator, episodes: Count, times: Vector) -> np.ndarray:
        """φ at ascending times (N+1,), from its exact law: shape (episodes, N+1, p)."""
        path = np.empty((episodes, len(times), self.dimension))
        path[:, 0] = self._gaussian(rng, episodes, self.prior_covariance) + self.prior_mean
        for k, step in enumerate(np.diff(times)):
            decay, spread = transition(self, step)
            noise = self._gaussian(rng, episodes, spread)
            path[:, k + 1] = self.centre + (path[:, k] - self.centre) @ decay.T + noise
        return path

    @checked
    def stepper(
        self, rng: np.random.Generator, episodes: Count, step: Duration
    ) -> tuple[np.ndarray, np.ndarray, Stepper]:
        """(state, φ (E, p), state -> (state, φ)): law and draws of :meth:`sample` on equal steps."""
        values = self.sample(rng, episodes, np.zeros(1))[:, 0]
        return values, values, diffusing(self, rng, episodes, step)

    @checked
    def spread(self, mean: Numbers, covariance: Numbers) -> np.ndarray:
        """Q (p, p), covariance gained per unit time where φ has this mean and covariance."""
        return self.diffusion

    def linear_state(self) -> LinearState:
        """The linear law of the first two moments, as filters and costs need it."""
        return LinearState(
            reversion=self.reversion,
            push=self.reversion @ self.centre,
            centre=self.centre,
            mean=self.prior_mean,
            covariance=self.prior_covariance,
            diffusion=self.diffusion,
            is_gaussian=self.is_gaussian,
            is_stationary=self.is_gaussian or self.is_at_rest,
            to_state=unchanged,
            spread=self.spread,
        )

    @checked
    def fastest_rates(self, information: NonNegative) -> list[float]:
        """Rates at which φ, or a belief about it under so much ``information`` per unit time, moves."""
        gathered = float(np.linalg.norm(self.diffusion, 2)) * information
        return [float(np.linalg.norm(self.reversion, 2)), math.sqrt(gathered)]

    def between_switches(self) -> "Hidden":
        """The law as long as no switch is announced, for processes with :attr:`switches`."""
        return self

    @staticmethod
    def _gaussian(rng: np.random.Generator, episodes: int, covariance: np.ndarray) -> np.ndarray:
        """Draws (episodes, p) from N(0, covariance), which may be singular."""
        values, vectors = np.linalg.eigh(covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        return rng.standard_normal((episodes, len(covariance))) @ root.T


@checked
@dataclass(frozen=True, eq=False)
class GaussianPrior(Hidden):
    """φ ~ N(mean, covariance), drawn once and constant."""

    mean: Vector
    covariance: Covariance

    def __post_init__(self):
        assign(self, mean=vector("hidden mean", self.mean))
        assign(
            self,
            covariance=checked_covariance("hidden covariance", self.covariance, len(self.mean)),
        )

    @property
    def prior_mean(self) -> np.ndarray:
        return self.mean

    @property
    def prior_covariance(self) -> np.ndarray:
        return self.covariance

    @property
    def centre(self) -> np.ndarray:
        return self.mean

    @property
    def reversion(self) -> np.ndarray:
        return np.zeros_like(self.covariance)

    @property
    def diffusion(self) -> np.ndarray:
        return np.zeros_like(self.covariance)


@checked
@dataclass(frozen=True, eq=False)
class RandomWalk(Hidden):
    """dφ = D^{1/2} dW from φ(0) ~ N(mean, covariance); ``diffusion`` D is covariance per unit time."""

    mean: Vector
    covariance: Covariance
    diffusion: Covariance

    def __post_init__(self):
        assign(self, mean=vector("hidden mean", self.mean))
        p = len(self.mean)
        assign(
            self,
            covariance=checked_covariance("hidden covariance", self.covariance, p),
            diffusion=checked_covariance("hidden diffusion", self.diffusion, p),
        )

    @property
    def prior_mean(self) -> np.ndarray:
        return self.mean

    @property
    def prior_covariance(self) -> np.ndarray:
        return self.covariance

    @property
    def centre(self) -> np.ndarray:
        return self.mean

    @property
    def reversion(self) -> np.ndarray:
        return np.zeros_like(self.covariance)


@checked
@dataclass(frozen=True, eq=False)
class OrnsteinUhlenbeck(Hidden):
    """dφ = -rate (φ - mean) dt + √(2·rate·covariance) dW: mean-reverting, with stationary covariance
    ``covariance``.

    The prior at t = 0 is the stationary law, unless ``start_mean`` and ``start_covariance`` say
    otherwise.
    """

    mean: Vector
    rate: Rate
    covariance: Covariance = field(metadata={"recorded": "variance"})  # its name in files
    start_mean: Vector | None = None
    start_covariance: Covariance | None = None

    def __post_init__(self):
        assign(self, mean=vector("hidden mean", self.mean), rate=self.rate)
        p = len(self.mean)
        assign(self, covariance=checked_covariance("hidden covariance", self.covariance, p))
        mean, covariance = self.mean, self.covariance  # the stationary law, if nothing else is said
        if self.start_mean is not None:
            mean = vector("hidden start_mean", self.start_mean, p)
        if self.start_covariance is not None:
            covariance = checked_covariance("hidden start_covariance", self.start_covariance, p)
        assign(self, start_mean=mean, start_covariance=covariance)

    @property
    def prior_mean(self) -> ArrayLike:
        return self.start_mean

    @property
    def prior_covariance(self) -> ArrayLike:
        return self.start_covariance

    @property
    def centre(self) -> np.ndarray:
        return self.mean

    @property
    def reversion(self) -> np.ndarray:
        return self.rate * np.eye(len(self.mean))

    @property
    def diffusion(self) -> np.ndarray:
        return 2 * self.rate * self.covariance


def checked_covariance(what: str, value: ArrayLike, size: int) -> np.ndarray:
    """A positive semidefinite matrix.

    A vector is read as its diagonal, a number as a multiple of the identity.
    """
    array = np.asarray(value, dtype=float)
    if array.ndim == 0:
        array = float(array) * np.eye(size)
    elif array.ndim == 1:
        array = np.diag(vector(what, array, size))
    array = matrix(what, array, (size, size))
    largest = np.abs(array).max()
    asymmetry = np.abs(array - array.T).max()
    is_symmetric = asymmetry <= 1e-10 * max(largest, 1e-300)
    if not is_symmetric or np.linalg.eigvalsh(array)[0] < -1e-10 * largest:
        raise ProblemError(
            what,
            expected="a symmetric positive semidefinite matrix",
            received=np.array2string(array, precision=4),
            advice="check signs and symmetry",
        )
    return array


def assign(instance: object, **values: object) -> None:
    """Set checked fields of a frozen dataclass while it is being made."""
    for name, value in values.items():
        object.__setattr__(instance, name, value)
