"""A rule with the learning rates that were read off a recording, step by step, as a policy."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..identification.scheduled_rule import ScheduledRule
from ..rules.families import Coefficient, Policy
from ..rules.families.decay import Wrapped
from ..rules.families.family import Clock, State, Value, Values
from ..support.arguments import checked


@checked
@dataclass(frozen=True, kw_only=True)
class RatePerStep(Wrapped):
    """Δθ_t = α_t û_t, û the update of the inner rule at learning rate 1, and α_t one number a step.

    As a scheduler of PyTorch multiplies: the rate is in no state, so that a momentum remembers
    gradients and not the steps that were made of them.
    """

    @property
    def name(self) -> str:
        return f"{self.family.name} with a learning rate of each step"

    @property
    def formula(self) -> str:
        return f"{self.family.formula}, α of each step"

    @property
    def contains(self) -> Mapping[str, str]:
        return {self.family.name: "α the same at every step"}

    @property
    def coefficients(self) -> tuple[Coefficient, ...]:
        return tuple(
            replace(each, varies=True) if each.name == "learning_rate" else each
            for each in self.family.coefficients
        )

    def step(
        self, coefficients: Values, state: State, gradient: Value, parameters: Value, clock: Clock
    ) -> tuple[Value, State]:
        unit = {**coefficients, "learning_rate": 1.0}
        move, following = super().step(unit, state, gradient, parameters, clock)
        return coefficients["learning_rate"] * move, following


def policy_of_schedule(found: ScheduledRule) -> Policy:
    """The rule with the rates of the schedule that they follow, or where it has no name as found."""
    best = found.schedule.best
    rates = np.asarray(found.rates if best is None else best.fitted)
    return Policy(
        family=RatePerStep(family=found.rule.family),
        coefficients={**found.coefficients, "learning_rate": np.maximum(rates, 0.0)},
        horizon=len(rates),
    )
