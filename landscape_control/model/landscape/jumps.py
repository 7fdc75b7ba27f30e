"""Hidden variables that rest, and are drawn afresh at random times."""

from dataclasses import dataclass

import numpy as np

from ...support.arguments import Count, Duration, Numbers, Vector, checked
from .hidden import Covariance, GaussianPrior, OrnsteinUhlenbeck, Rate
from .steppers import Stepper, jumping


@checked
@dataclass(frozen=True, eq=False)
class JumpProcess(OrnsteinUhlenbeck):
    """At Poisson times of ``rate``, φ is drawn afresh from N(mean, covariance); in between it rests.

    Started at rest (the default), its first two moments are those of the Ornstein-Uhlenbeck process
    with the same numbers; its law is not Gaussian, so linear filters are the best *linear* ones
    only. Away from rest the covariance also gains λ(m-μ₀)(m-μ₀)ᵀ, which the filters of
    :mod:`landscape_control.model.belief` leave out.
    """

    switches = True

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
            covariance=covariance,
            start_mean=start_mean,
            start_covariance=start_covariance,
        )

    @property
    def is_gaussian(self) -> bool:
        return False

    @checked
    def sample(self, rng: np.random.Generator, episodes: Count, times: Vector) -> np.ndarray:
        path = np.empty((episodes, len(times), self.dimension))
        path[:, 0] = self.prior_mean + self._gaussian(rng, episodes, self.prior_covariance)
        for k, step in enumerate(np.diff(times)):
            jumps = rng.random(episodes) < -np.expm1(-self.rate * step)
            fresh = self.mean + self._gaussian(rng, episodes, self.covariance)
            path[:, k + 1] = np.where(jumps[:, None], fresh, path[:, k])
        return path

    @checked
    def stepper(
        self, rng: np.random.Generator, episodes: Count, step: Duration
    ) -> tuple[np.ndarray, np.ndarray, Stepper]:
        values = self.sample(rng, episodes, np.zeros(1))[:, 0]
        chance = -np.expm1(-self.rate * step)
        return values, values, jumping(self.mean, self.covariance, chance, rng, episodes)

    @checked
    def spread(self, mean: Numbers, covariance: Numbers) -> np.ndarray:
        """λ E(fresh - φ)(fresh - φ)ᵀ."""
        away = self.mean - mean
        return self.rate * (self.covariance + covariance + np.outer(away, away))

    def between_switches(self) -> GaussianPrior:
        return GaussianPrior(self.mean, self.covariance)
