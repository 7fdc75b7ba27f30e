"""Hidden tasks: finitely many values that a Markov chain jumps among."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.linalg import expm

from ...support.arguments import Count, Duration, Matrix, NonNegative, Points, Vector, checked
from ...support.arrays import freeze, matrix, vector
from ...support.errors import ProblemError
from .hidden import Hidden, assign
from .linear_state import LinearState
from .steppers import Stepper, switching


@checked
@dataclass(frozen=True, eq=False)
class TaskChain(Hidden):
    """φ jumps among finitely many tasks as a continuous-time Markov chain.

    ``rates`` is the generator (K, K), rows sum to zero, rates[i, j] the rate from task i to task j;
    ``tasks`` (K, p) or (K,) the values of φ; ``probabilities`` (K,) at t = 0, by default the
    stationary ones.
    """

    is_finite = True
    switches = True

    rates: Matrix
    tasks: Points
    probabilities: Vector | None = None

    def __post_init__(self):
        rates = matrix("task rates", self.rates, (None, None))
        count = len(rates)
        if not _is_generator(rates):
            raise ProblemError(
                "task rates",
                expected="a square generator: off-diagonal rates >= 0, rows that sum to 0",
                received=np.array2string(rates, precision=4),
                advice="set each diagonal entry to minus the sum of its row",
            )
        tasks = np.asarray(self.tasks, dtype=float)
        tasks = matrix("tasks", tasks[:, None] if tasks.ndim == 1 else tasks, (count, None))
        assign(self, rates=rates, tasks=tasks)
        given = self.probabilities
        given = self._stationary() if given is None else vector("task probabilities", given, count)
        if (given < 0).any() or abs(given.sum() - 1) > 1e-9:
            raise ProblemError(
                "task probabilities",
                expected="numbers >= 0 that sum to 1",
                received=str(given.tolist()),
                advice="divide them by their sum",
            )
        assign(self, probabilities=freeze(given))

    def _stationary(self) -> np.ndarray:
        """p with Qᵀp = 0 and Σ p = 1, by least squares; round-off below 0 is cut off."""
        count = len(self.rates)
        system = np.vstack([self.rates.T, np.ones(count)])
        law = np.linalg.lstsq(system, np.append(np.zeros(count), 1.0), rcond=None)[0]
        return np.maximum(law, 0.0)

    @property
    def _law(self) -> np.ndarray:
        """The probabilities at t = 0."""
        assert self.probabilities is not None  # they were filled in when it was made
        return self.probabilities

    @property
    def prior_mean(self) -> np.ndarray:
        return self._law @ self.tasks

    @property
    def prior_covariance(self) -> np.ndarray:
        offset = self.tasks - self.prior_mean
        return offset.T @ (self._law[:, None] * offset)

    @property
    def is_gaussian(self) -> bool:
        return False

    @property
    def moves_linearly(self) -> bool:
        return False

    @property
    def estimate_size(self) -> int:
        return len(self.tasks)

    @checked
    def sample(self, rng: np.random.Generator, episodes: Count, times: Vector) -> np.ndarray:
        return self.tasks[self.sample_tasks(rng, episodes, times)]

    @checked
    def sample_tasks(self, rng: np.random.Generator, episodes: Count, times: Vector) -> np.ndarray:
        """Task numbers at the times (episodes, N+1), by the exact transitions e^{rates·step}."""
        path = np.empty((episodes, len(times)), dtype=int)
        steps = np.cumsum(self._law)[:-1]
        path[:, 0] = np.searchsorted(steps, rng.random(episodes), side="right")
        for k, step in enumerate(np.diff(times)):
            ladder = np.cumsum(expm(self.rates * step), axis=1)[path[:, k], :-1]
            path[:, k + 1] = (rng.random(episodes)[:, None] > ladder).sum(1)
        return path

    @checked
    def stepper(
        self, rng: np.random.Generator, episodes: Count, step: Duration
    ) -> tuple[np.ndarray, np.ndarray, Stepper]:
        tasks = self.sample_tasks(rng, episodes, np.zeros(1))[:, 0]
        return tasks, self.tasks[tasks], switching(self.tasks, expm(self.rates * step), rng)

    @checked
    def fastest_rates(self, information: NonNegative) -> list[float]:
        return [float(np.abs(self.rates).max())]

    def linear_state(self) -> LinearState:
        """Of the first K - 1 indicators: their means are probabilities."""
        size = len(self.tasks) - 1
        transposed = self.rates.T
        centre = self._nearest_stationary()[:size]
        prior = self._law[:size]
        change = np.abs(transposed @ self._law).max()
        return LinearState(
            reversion=transposed[:size, size:] - transposed[:size, :size],
            push=transposed[:size, size],
            centre=centre,
            mean=prior,
            covariance=np.diag(prior) - np.outer(prior, prior),
            diffusion=self._indicator_spread(centre, None),
            is_gaussian=False,
            is_stationary=bool(change <= 1e-13 * np.abs(self.rates).max()),
            spread=self._indicator_spread,
            to_state=partial(_first, size),
        )

    def _indicator_spread(self, mean: np.ndarray, covariance: np.ndarray | None) -> np.ndarray:
        """Σ over i, j of p_i rate_ij (e_j - e_i)(e_j - e_i)ᵀ, in the first K - 1 coordinates."""
        size = len(mean)
        unit = np.eye(size + 1, size)
        probabilities = np.append(mean, 1 - mean.sum())
        rates = probabilities[:, None] * (self.rates - np.diag(np.diag(self.rates)))
        steps = unit[None, :, :] - unit[:, None, :]
        return np.einsum("ij,ija,ijb->ab", rates, steps, steps)

    def _nearest_stationary(self) -> np.ndarray:
        """A stationary law of the chain, the one nearest to its probabilities at t = 0."""
        system = np.vstack([self.rates.T, np.ones(len(self.rates))])
        gap = np.append(-self.rates.T @ self._law, 0.0)
        return self._law + np.linalg.lstsq(system, gap, rcond=1e-12)[0]


def _is_generator(rates: np.ndarray) -> bool:
    """Whether rates (K, K) off the diagonal are >= 0 and rows sum to zero."""
    count = len(rates)
    if rates.shape != (count, count):
        return False
    off_diagonal = rates - np.diag(np.diag(rates))
    rounding = 1e-9 * max(np.abs(rates).max(), 1e-300)
    return bool((off_diagonal >= 0).all() and np.abs(rates.sum(1)).max() <= rounding)


def _first(size: int, probabilities: np.ndarray) -> np.ndarray:
    return probabilities[..., :size]
