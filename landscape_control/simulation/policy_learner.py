"""A planned policy as a learner of the simulation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..rules.families import Coefficient, Policy
from ..support.arguments import Positive, checked
from .raw_learner import RawLearner


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class PolicyLearner(RawLearner):
    """A :class:`Policy` that acts in :func:`simulate`.

    One of its updates Δθ every ``step`` units of time.

    Policies are planned for unit steps and gradient noise σ per step, which is the simulation at
    ``step`` = 1: there y = ∇L + σξ/√step. Another step is another rule, with gradients noisier by
    1/√step: give it knowingly. Coefficients that are one number can be tuned (best_coefficients),
    in their starting ranges.
    """

    policy: Policy
    step: Positive = 1.0

    formula: ClassVar[str] = "Δθ = policy(y_0 … y_t)"
    source: ClassVar[str] = "planned over a distribution of landscapes"

    @property
    def own_step(self) -> float:
        """The time between two updates."""
        return self.step

    def init(self, episodes: int, dimension: int) -> tuple:
        return self.policy.init(episodes, dimension)

    def update(
        self, state: tuple, observation: np.ndarray, theta: np.ndarray, step: float
    ) -> tuple[np.ndarray, tuple]:
        return self.policy.advance(state, observation, theta, step)

    @property
    def has_answer(self) -> bool:
        return self.policy.has_readout

    def answer(self, state: tuple, theta: np.ndarray) -> np.ndarray:
        return self.policy.readout(state, theta)

    @property
    def coefficients(self) -> dict[str, float]:
        return {name: float(self.policy.coefficients[name]) for name in self.all_bounds}

    @property
    def all_bounds(self) -> dict[str, Coefficient]:
        return {
            coefficient.name: coefficient
            for coefficient in self.policy.family.coefficients
            if coefficient.size == 1 and not coefficient.varies
        }

    @checked
    def with_coefficients(self, values: Mapping[str, float]) -> "PolicyLearner":
        own = self.policy
        changed = {**own.coefficients, **values}
        policy = Policy(family=own.family, coefficients=changed, horizon=own.horizon)
        return PolicyLearner(policy=policy, step=self.step)
