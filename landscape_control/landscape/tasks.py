"""Hidden tasks: finitely many values that a Markov chain jumps among."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm

from ..arguments import Count, Matrix, Points, Vector, checked
from ..arrays import freeze, matrix, vector
from ..errors import ProblemError
from .hidden import Hidden, assign


@checked
@dataclass(frozen=True, eq=False)
class TaskChain(Hidden):
    """φ jumps among finitely many tasks as a continuous-time Markov chain.

    ``rates`` is the generator (K, K), rows sum to zero, rates[i, j] the rate from task i to task j;
    ``tasks`` (K, p) or (K,) the values of φ; ``probabilities`` (K,) at t = 0, by default the
    stationary ones.
    """

    rates: Matrix
    tasks: Points
    probabilities: Vector | None = None

    def __post_init__(self):
        rates = matrix("task rates", self.rates, (None, None))
        count = len(rates)
        off_diagonal = rates - np.diag(np.diag(rates))
        if (
            rates.shape != (count, count)
            or (off_diagonal < 0).any()
            or np.abs(rates.sum(1)).max() > 1e-9 * max(np.abs(rates).max(), 1e-300)
        ):
            raise ProblemError(
                "task rates",
                expected="a square generator: off-diagonal rates >= 0, rows that sum to 0",
                received=np.array2string(rates, precision=4),
                advice="set each diagonal entry to minus the sum of its row",
            )
        tasks = np.asarray(self.tasks, dtype=float)
        tasks = matrix("tasks", tasks[:, None] if tasks.ndim == 1 else tasks, (count, None))
        assign(self, rates=rates, tasks=tasks)
        given = (
            self._stationary()
            if self.probabilities is None
            else vector("task probabilities", self.probabilities, count)
        )
        if (given < 0).any() or abs(given.sum() - 1) > 1e-9:
            raise ProblemError(
                "task probabilities",
                expected="numbers >= 0 that sum to 1",
                received=str(given.tolist()),
                advice="divide them by their sum",
            )
        assign(self, probabilities=freeze(given))

    def _stationary(self):
        count = len(self.rates)
        system = np.vstack([self.rates.T, np.ones(count)])
        return np.maximum(
            np.linalg.lstsq(system, np.append(np.zeros(count), 1.0), rcond=None)[0], 0.0
        )

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

    @checked
    def sample(self, rng: np.random.Generator, episodes: Count, times: Vector):
        return self.tasks[self.sample_tasks(rng, episodes, times)]

    @checked
    def sample_tasks(self, rng: np.random.Generator, episodes: Count, times: Vector) -> np.ndarray:
        """Task numbers at the times: shape (episodes, N+1), from the exact transition matrices
        e^{rates·step}.
        """
        path = np.empty((episodes, len(times)), dtype=int)
        path[:, 0] = np.searchsorted(
            np.cumsum(self.probabilities)[:-1], rng.random(episodes), side="right"
        )
        for k, step in enumerate(np.diff(times)):
            ladder = np.cumsum(expm(self.rates * step), axis=1)[path[:, k], :-1]
            path[:, k + 1] = (rng.random(episodes)[:, None] > ladder).sum(1)
        return path
