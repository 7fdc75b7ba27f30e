"""A rule and the best of a simpler family, on the same unseen scenarios."""

from collections.abc import Sequence

import numpy as np

from ..rules.families import Policy
from .held_out import HeldOut, mean_and_error
from .program import PolicyProgram

SURE, DECIDED = 2.0, 5.0  # standard errors of a difference that decide, and that decide for good
ALIKE = 1e-4  # of the allowed error: costs that differ by less are the same


class Compared:
    """Costs of one rule, or of two, over independent blocks of unseen scenarios that both meet.

    The second rule is the simpler one. ``allowed`` is the allowed error of a cost, ``count`` how
    many scenarios were met so far.
    """

    def __init__(
        self, program: PolicyProgram, policies: Sequence[Policy], held: HeldOut, allowed: float
    ):
        self.program, self.policies, self.count = program, policies, 0
        self._costs, self._allowed = [np.empty(0) for _ in policies], allowed
        self.meet(held)

    def meet(self, held: HeldOut) -> None:
        """Run the rules on more scenarios."""
        running = list(self.policies)
        if self._is_decided:  # the other one need not be run any more
            running = [self.better]
        for k, policy in enumerate(self.policies):
            if policy in running:
                more = held.block_costs(policy, self.program)
                self._costs[k] = np.append(self._costs[k], more)
        self.count += held.count

    def is_known(self) -> bool:
        """Whether the better rule's cost is known well enough, and the order does not matter any more.

        Two standard errors of the cost are within what is allowed.
        """
        allowed = self._allowed
        if not np.isfinite(allowed) or not np.isfinite(self.of_better).all():
            return True
        return 2 * mean_and_error(self.of_better)[1] <= allowed and not self.is_open

    @property
    def better(self) -> Policy:
        """The rule that costs less."""
        return self.policies[1] if self.first_is_worse else self.policies[0]

    @property
    def of_better(self) -> np.ndarray:
        """Its block costs."""
        return self._costs[1] if self.first_is_worse else self._costs[0]

    @property
    def difference(self) -> tuple[float, float]:
        """(cost of the first less that of the simpler one, its standard error), block by block.

        (0, 0) of one rule.
        """
        if len(self._costs) == 1 or not np.isfinite(self._costs[1]).all():
            return 0.0, 0.0
        if not np.isfinite(self._costs[0]).all():
            return np.inf, 0.0
        both = min(map(len, self._costs))
        return mean_and_error(self._costs[0][:both] - self._costs[1][:both])

    @property
    def _is_decided(self) -> bool:
        """Whether it is clear which of two rules costs less, or that they cost the same."""
        if len(self._costs) == 1 or not len(self._costs[0]):
            return False
        difference, error = self.difference
        differs = abs(difference) > DECIDED * error
        is_same = abs(difference) + SURE * error <= ALIKE * self._allowed
        return differs or is_same

    @property
    def first_is_worse(self) -> bool:
        """Whether the simpler rule costs less."""
        return self.difference[0] > ALIKE * self._allowed

    @property
    def first_is_clearly_worse(self) -> bool:
        """Whether it costs less beyond the error of the difference, or by more than is allowed.

        The latter decides about means with long tails, whose errors stay large.
        """
        difference, error = self.difference
        return self.first_is_worse and difference > min(SURE * error, self._allowed)

    @property
    def is_open(self) -> bool:
        """Whether neither rule costs less beyond an error that is more than is allowed."""
        difference, error = self.difference
        return abs(difference) <= SURE * error and SURE * error > self._allowed

    def fallen_back(self, name: str) -> str:
        """What to say where the simpler rule is returned."""
        difference, error = self.difference
        least = f"by {difference:.2g} ± {SURE * error:.1g}"
        return (
            f"no better than the {name} it contains, which is returned: what else was found costs"
            f" more {least}"
        )

    def doubt(self, name: str) -> str:
        """What to say where the richer rule is returned; "" unless the comparison is open."""
        if not self.is_open:
            return ""
        difference, error = self.difference
        return (
            f"whether it costs less than the {name} it contains is not decided: the difference is"
            f" {difference:.2g} ± {SURE * error:.1g}; raise held_out"
        )
