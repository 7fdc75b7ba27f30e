"""A planned policy as a learner of the simulation."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import ProblemError
from ..policies import Policy
from .raw_learner import Bound, RawLearner


@dataclass(frozen=True, kw_only=True, eq=False)
class PolicyLearner(RawLearner):
    """A :class:`Policy` that acts in :func:`simulate`: one of its steps per step of the simulation, Δθ = u·step.

    Policies are planned for unit steps and gradient noise σ per step, which is the simulation at step = 1: there
    y = ∇L + σξ/√step. Its coefficients that are one number can be tuned (best_coefficients), in their starting ranges.
    """

    policy: Policy

    formula = "Δθ = policy(y_0 … y_t)"
    source = "planned over a distribution of landscapes"

    def __post_init__(self):
        if not isinstance(self.policy, Policy):
            raise ProblemError("policy", expected="a Policy", received=type(self.policy).__name__,
                               advice="pass result.policy, or Policy(family=..., coefficients=..., horizon=...)")

    def init(self, episodes, dimension):
        return self.policy.init(episodes, dimension)

    def update(self, state, observation, theta, step):
        return self.policy.update(state, observation, theta, step)

    @property
    def coefficients(self) -> dict[str, float]:
        return {name: self.policy.coefficients[name] for name in self.all_bounds}

    @property
    def all_bounds(self) -> dict[str, Bound]:
        return {one.name: Bound(least=one.least, most=one.most, scale=one.scale, low=one.low, high=one.high)
                for one in self.policy.family.coefficients if one.size == 1 and not one.varies}

    def with_coefficients(self, values: Mapping[str, float]) -> "PolicyLearner":
        changed = {**self.policy.coefficients, **values}
        return PolicyLearner(policy=Policy(family=self.policy.family, coefficients=changed, horizon=self.policy.horizon))
