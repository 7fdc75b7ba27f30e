"""Hidden variables φ that shape the loss: what is known of them before learning, and how they move by themselves.

Continuous kinds share linear moments: the mean obeys dm/dt = -Λ(m - μ₀) and the unconditional covariance
dΣ/dt = -ΛΣ - ΣΛᵀ + Q. They differ in their laws: Gaussian, or jumping.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm

from ..arrays import freeze, matrix, number, vector
from ..errors import ProblemError


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
        """Whether φ(t) is jointly Gaussian, so that Kalman filters are exact for linear observations."""
        return True

    def sample(self, rng: np.random.Generator, episodes: int, times: np.ndarray) -> np.ndarray:
        """φ at ascending times (N+1,) for many episodes, from its exact law: shape (episodes, N+1, p)."""
        path = np.empty((episodes, len(times), self.dimension))
        path[:, 0] = self._gaussian(rng, episodes, self.prior_covariance) + self.prior_mean
        for k, step in enumerate(np.diff(times)):
            transition, spread = self._transition(step)
            noise = self._gaussian(rng, episodes, spread)
            path[:, k + 1] = self.centre + (path[:, k] - self.centre) @ transition.T + noise
        return path

    def _transition(self, step):
        """e^{-Λ step} and the covariance gained over the step (Van Loan 1978); kept for equal steps."""
        p = self.dimension
        generator = np.block([[-self.reversion, self.diffusion], [np.zeros((p, p)), self.reversion.T]])
        blocks = expm(generator * step)
        return blocks[:p, :p], blocks[:p, p:] @ blocks[:p, :p].T

    @staticmethod
    def _gaussian(rng, episodes, covariance):
        values, vectors = np.linalg.eigh(covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        return rng.standard_normal((episodes, len(covariance))) @ root.T


@dataclass(frozen=True, eq=False)
class GaussianPrior(Hidden):
    """φ ~ N(mean, covariance), drawn once and constant."""

    mean: np.ndarray
    covariance: np.ndarray

    def __post_init__(self):
        _set(self, mean=vector("hidden mean", self.mean))
        _set(self, covariance=_covariance("hidden covariance", self.covariance, len(self.mean)))

    prior_mean = property(lambda self: self.mean)
    prior_covariance = property(lambda self: self.covariance)
    centre = property(lambda self: self.mean)
    reversion = property(lambda self: np.zeros_like(self.covariance))
    diffusion = property(lambda self: np.zeros_like(self.covariance))


@dataclass(frozen=True, eq=False)
class RandomWalk(Hidden):
    """dφ = D^{1/2} dW from φ(0) ~ N(mean, covariance); ``diffusion`` D is covariance per unit time."""

    mean: np.ndarray
    covariance: np.ndarray
    diffusion: np.ndarray

    def __post_init__(self):
        _set(self, mean=vector("hidden mean", self.mean))
        p = len(self.mean)
        _set(self, covariance=_covariance("hidden covariance", self.covariance, p),
             diffusion=_covariance("hidden diffusion", self.diffusion, p))

    prior_mean = property(lambda self: self.mean)
    prior_covariance = property(lambda self: self.covariance)
    centre = property(lambda self: self.mean)
    reversion = property(lambda self: np.zeros_like(self.covariance))


@dataclass(frozen=True, eq=False)
class OrnsteinUhlenbeck(Hidden):
    """dφ = -rate (φ - mean) dt + √(2·rate·variance) dW: mean-reverting, with stationary covariance ``variance``.

    The prior at t = 0 is the stationary law, unless ``start_mean`` and ``start_covariance`` say otherwise.
    """

    mean: np.ndarray
    rate: float
    variance: np.ndarray
    start_mean: np.ndarray | None = None
    start_covariance: np.ndarray | None = None

    def __post_init__(self):
        _set(self, mean=vector("hidden mean", self.mean), rate=number("hidden rate λ", self.rate, low=0, low_open=True))
        p = len(self.mean)
        _set(self, variance=_covariance("hidden variance", self.variance, p))
        _set(self, start_mean=self.mean if self.start_mean is None else vector("hidden start_mean", self.start_mean, p),
             start_covariance=self.variance if self.start_covariance is None
             else _covariance("hidden start_covariance", self.start_covariance, p))

    prior_mean = property(lambda self: self.start_mean)
    prior_covariance = property(lambda self: self.start_covariance)
    centre = property(lambda self: self.mean)
    reversion = property(lambda self: self.rate * np.eye(len(self.mean)))
    diffusion = property(lambda self: 2 * self.rate * self.variance)


@dataclass(frozen=True, eq=False)
class JumpProcess(OrnsteinUhlenbeck):
    """At Poisson times of ``rate``, φ is drawn afresh from N(mean, variance); in between it rests.

    Its first two moments are those of the Ornstein-Uhlenbeck process with the same numbers; its law is not Gaussian, so
    linear filters are the best *linear* ones only.
    """

    def __init__(self, rate, mean, covariance, start_mean=None, start_covariance=None):
        super().__init__(mean=mean, rate=rate, variance=covariance, start_mean=start_mean, start_covariance=start_covariance)

    covariance = property(lambda self: self.variance)

    @property
    def is_gaussian(self) -> bool:
        return False

    def sample(self, rng, episodes, times):
        path = np.empty((episodes, len(times), self.dimension))
        path[:, 0] = self.prior_mean + self._gaussian(rng, episodes, self.prior_covariance)
        for k, step in enumerate(np.diff(times)):
            jumps = rng.random(episodes) < -np.expm1(-self.rate * step)
            fresh = self.mean + self._gaussian(rng, episodes, self.variance)
            path[:, k + 1] = np.where(jumps[:, None], fresh, path[:, k])
        return path


@dataclass(frozen=True, eq=False)
class TaskChain(Hidden):
    """φ jumps among finitely many tasks as a continuous-time Markov chain.

    ``rates`` is the generator (K, K), rows sum to zero, rates[i, j] the rate from task i to task j; ``tasks`` (K, p) or
    (K,) the values of φ; ``probabilities`` (K,) at t = 0, by default the stationary ones.
    """

    rates: np.ndarray
    tasks: np.ndarray
    probabilities: np.ndarray | None = None

    def __post_init__(self):
        rates = matrix("task rates", self.rates, (None, None))
        count = len(rates)
        off_diagonal = rates - np.diag(np.diag(rates))
        if rates.shape != (count, count) or (off_diagonal < 0).any() or np.abs(rates.sum(1)).max() > 1e-9 * max(np.abs(rates).max(), 1e-300):
            raise ProblemError("task rates", expected="a square generator: off-diagonal rates >= 0, rows that sum to 0",
                               received=np.array2string(rates, precision=4), advice="set each diagonal entry to minus the sum of its row")
        tasks = np.asarray(self.tasks, dtype=float)
        tasks = matrix("tasks", tasks[:, None] if tasks.ndim == 1 else tasks, (count, None))
        _set(self, rates=rates, tasks=tasks)
        given = self._stationary() if self.probabilities is None else vector("task probabilities", self.probabilities, count)
        if (given < 0).any() or abs(given.sum() - 1) > 1e-9:
            raise ProblemError("task probabilities", expected="numbers >= 0 that sum to 1", received=str(given.tolist()),
                               advice="divide them by their sum")
        _set(self, probabilities=freeze(given))

    def _stationary(self):
        count = len(self.rates)
        system = np.vstack([self.rates.T, np.ones(count)])
        return np.maximum(np.linalg.lstsq(system, np.append(np.zeros(count), 1.0), rcond=None)[0], 0.0)

    @property
    def prior_mean(self):
        return self.probabilities @ self.tasks

    @property
    def prior_covariance(self):
        offset = self.tasks - self.prior_mean
        return offset.T @ (self.probabilities[:, None] * offset)

    @property
    def is_gaussian(self) -> bool:
        return False

    def sample(self, rng, episodes, times):
        return self.tasks[self.sample_tasks(rng, episodes, times)]

    def sample_tasks(self, rng, episodes, times) -> np.ndarray:
        """Task numbers at the times: shape (episodes, N+1), from the exact transition matrices e^{rates·step}."""
        path = np.empty((episodes, len(times)), dtype=int)
        path[:, 0] = np.searchsorted(np.cumsum(self.probabilities)[:-1], rng.random(episodes), side="right")
        for k, step in enumerate(np.diff(times)):
            ladder = np.cumsum(expm(self.rates * step), axis=1)[path[:, k], :-1]
            path[:, k + 1] = (rng.random(episodes)[:, None] > ladder).sum(1)
        return path


def _covariance(what, value, size):
    """A positive semidefinite matrix; a vector is its diagonal, a number a multiple of the identity."""
    array = np.asarray(value, dtype=float)
    if array.ndim == 0:
        array = float(array) * np.eye(size)
    elif array.ndim == 1:
        array = np.diag(vector(what, array, size))
    array = matrix(what, array, (size, size))
    if np.abs(array - array.T).max() > 1e-10 * max(np.abs(array).max(), 1e-300) or np.linalg.eigvalsh(array)[0] < -1e-10 * np.abs(array).max():
        raise ProblemError(what, expected="a symmetric positive semidefinite matrix", received=np.array2string(array, precision=4),
                           advice="check signs and symmetry")
    return array


def _set(instance, **values):
    for name, value in values.items():
        object.__setattr__(instance, name, value)
