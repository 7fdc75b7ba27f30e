"""Hidden variables φ that shape the loss: what is known of them before learning, and how they move
by themselves.

Continuous kinds share linear moments: the mean obeys dm/dt = -Λ(m - μ₀) and the unconditional
covariance dΣ/dt = -ΛΣ - ΣΛᵀ + Q. They differ in their laws: Gaussian, or jumping.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from scipy.linalg import expm

from ..arguments import Count, Positive, Shape, Vector, Words, checked
from ..arrays import matrix, vector
from ..errors import ProblemError

Rate = Annotated[Positive, Words(symbol="λ")]
Covariance = Annotated[
    np.ndarray, Shape((0, 1, 2))
]  # a multiple of the identity, a diagonal, or all of it


@dataclass(frozen=True)
class Hidden:
    """What every kind of hidden variable offers; use one of its kinds.

    Attributes
    ----------
    prior_mean : (p,), E φ(0)
    prior_covariance : (p, p), Cov φ(0)
    centre : (p,), μ₀
    reversion : (p, p), Λ, per unit time
    diffusion : (p, p), Q, covariance gained per unit time
    """

    @property
    def dimension(self) -> int:
        """p, the number of hidden variables."""
        return len(self.prior_mean)

    @property
    def is_gaussian(self) -> bool:
        """Whether φ(t) is jointly Gaussian, so that Kalman filters are exact for linear
        observations.
        """
        return True

    @checked
    def sample(self, rng: np.random.Generator, episodes: Count, times: Vector) -> np.ndarray:
        """φ at ascending times (N+1,) for many episodes, from its exact law: shape (episodes, N+1,
        p).
        """
        path = np.empty((episodes, len(times), self.dimension))
        path[:, 0] = self._gaussian(rng, episodes, self.prior_covariance) + self.prior_mean
        for k, step in enumerate(np.diff(times)):
            transition, spread = self._transition(step)
            noise = self._gaussian(rng, episodes, spread)
            path[:, k + 1] = self.centre + (path[:, k] - self.centre) @ transition.T + noise
        return path

    def _transition(self, step):
        """e^{-Λ step} and the covariance gained over the step (Van Loan 1978); kept for equal
        steps.
        """
        p = self.dimension
        generator = np.block(
            [[-self.reversion, self.diffusion], [np.zeros((p, p)), self.reversion.T]]
        )
        blocks = expm(generator * step)
        return blocks[:p, :p], blocks[:p, p:] @ blocks[:p, :p].T

    @staticmethod
    def _gaussian(rng, episodes, covariance):
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
        assign(self, covariance=_covariance("hidden covariance", self.covariance, len(self.mean)))

    prior_mean = property(lambda self: self.mean)
    prior_covariance = property(lambda self: self.covariance)
    centre = property(lambda self: self.mean)
    reversion = property(lambda self: np.zeros_like(self.covariance))
    diffusion = property(lambda self: np.zeros_like(self.covariance))


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
            covariance=_covariance("hidden covariance", self.covariance, p),
            diffusion=_covariance("hidden diffusion", self.diffusion, p),
        )

    prior_mean = property(lambda self: self.mean)
    prior_covariance = property(lambda self: self.covariance)
    centre = property(lambda self: self.mean)
    reversion = property(lambda self: np.zeros_like(self.covariance))


@checked
@dataclass(frozen=True, eq=False)
class OrnsteinUhlenbeck(Hidden):
    """dφ = -rate (φ - mean) dt + √(2·rate·variance) dW: mean-reverting, with stationary covariance
    ``variance``.

    The prior at t = 0 is the stationary law, unless ``start_mean`` and ``start_covariance`` say
    otherwise.
    """

    mean: Vector
    rate: Rate
    variance: Covariance
    start_mean: Vector | None = None
    start_covariance: Covariance | None = None

    def __post_init__(self):
        assign(self, mean=vector("hidden mean", self.mean), rate=self.rate)
        p = len(self.mean)
        assign(self, variance=_covariance("hidden variance", self.variance, p))
        assign(
            self,
            start_mean=(
                self.mean
                if self.start_mean is None
                else vector("hidden start_mean", self.start_mean, p)
            ),
            start_covariance=(
                self.variance
                if self.start_covariance is None
                else _covariance("hidden start_covariance", self.start_covariance, p)
            ),
        )

    prior_mean = property(lambda self: self.start_mean)
    prior_covariance = property(lambda self: self.start_covariance)
    centre = property(lambda self: self.mean)
    reversion = property(lambda self: self.rate * np.eye(len(self.mean)))
    diffusion = property(lambda self: 2 * self.rate * self.variance)


@checked
@dataclass(frozen=True, eq=False)
class JumpProcess(OrnsteinUhlenbeck):
    """At Poisson times of ``rate``, φ is drawn afresh from N(mean, variance); in between it rests.

    Started at rest (the default), its first two moments are those of the Ornstein-Uhlenbeck process
    with the same numbers; its law is not Gaussian, so linear filters are the best *linear* ones
    only. Away from rest the covariance also gains λ(m-μ₀)(m-μ₀)ᵀ, which the filters of the belief
    room leave out.
    """

    def __init__(
        self,
        rate: Rate,
        mean: Vector,
        covariance: Covariance,
        start_mean: Vector | None = None,
        start_covariance: Covariance | None = None,
    ):
        super().__init__(
            mean=mean,
            rate=rate,
            variance=covariance,
            start_mean=start_mean,
            start_covariance=start_covariance,
        )

    covariance = property(lambda self: self.variance)

    @property
    def is_gaussian(self) -> bool:
        return False

    @checked
    def sample(self, rng: np.random.Generator, episodes: Count, times: Vector):
        path = np.empty((episodes, len(times), self.dimension))
        path[:, 0] = self.prior_mean + self._gaussian(rng, episodes, self.prior_covariance)
        for k, step in enumerate(np.diff(times)):
            jumps = rng.random(episodes) < -np.expm1(-self.rate * step)
            fresh = self.mean + self._gaussian(rng, episodes, self.variance)
            path[:, k + 1] = np.where(jumps[:, None], fresh, path[:, k])
        return path


def _covariance(what, value, size):
    """A positive semidefinite matrix; a vector is its diagonal, a number a multiple of the
    identity.
    """
    array = np.asarray(value, dtype=float)
    if array.ndim == 0:
        array = float(array) * np.eye(size)
    elif array.ndim == 1:
        array = np.diag(vector(what, array, size))
    array = matrix(what, array, (size, size))
    if (
        np.abs(array - array.T).max() > 1e-10 * max(np.abs(array).max(), 1e-300)
        or np.linalg.eigvalsh(array)[0] < -1e-10 * np.abs(array).max()
    ):
        raise ProblemError(
            what,
            expected="a symmetric positive semidefinite matrix",
            received=np.array2string(array, precision=4),
            advice="check signs and symmetry",
        )
    return array


def assign(instance, **values) -> None:
    """Set checked fields of a frozen dataclass while it is being made."""
    for name, value in values.items():
        object.__setattr__(instance, name, value)
