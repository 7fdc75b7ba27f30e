"""A planned cost beside a short simulation of the very policy it belongs to."""

import enum
import math
from dataclasses import dataclass

from ...support.arguments import AnyNumber, checked

STANDARD_ERRORS = 3.0  # up to which a simulated and a planned cost may differ by chance
# part of the cost's size: where STANDARD_ERRORS times the error is larger, nothing is confirmed
DECIDED = 0.25


class CostKind(enum.StrEnum):
    """What the number ``BeliefSolution.cost`` is."""

    EXACT = "exact"
    APPROXIMATE = "approximate"
    UPPER_BOUND = "upper bound"
    SIMULATED = "simulated"
    NONE = "none"


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Confirmation:
    """The cost of a policy in a short simulation, and the cost that was planned.

    Attributes
    ----------
    method : str, whose policy was simulated
    planned : float, NaN where the method plans none
    is_bound : bool, whether ``planned`` is an upper bound
    simulated : float
        Mean over the episodes, extrapolated to step 0; infinite where episodes diverged, NaN where
        nothing was simulated
    error : float, one standard error, plus what the step and the time after ``horizon`` may still
        change
    scale : float, mean size of loss, effort and terminal cost, to which ``tolerance`` is relative
    tolerance : float, the relative difference that an approximate plan is allowed
    episodes, step, horizon, seed : of the simulation
    note : str, why it could not be carried out, or where the policy went; "" where there is nothing
        to say
    """

    method: str
    planned: AnyNumber
    simulated: AnyNumber
    error: AnyNumber
    scale: AnyNumber
    tolerance: AnyNumber
    episodes: int
    step: AnyNumber
    horizon: AnyNumber
    seed: int
    is_bound: bool = False
    note: str = ""

    @property
    def allowed(self) -> float:
        """How far the two costs may lie apart."""
        return STANDARD_ERRORS * self.error + self.tolerance * self.scale

    @property
    def is_decided(self) -> bool:
        """Whether the simulation is sharp enough to confirm anything."""
        is_sharp = STANDARD_ERRORS * self.error <= DECIDED * self.scale
        return math.isfinite(self.simulated) and is_sharp

    @property
    def could_agree(self) -> bool:
        """Whether the two costs are as near as the error allows, however large that is."""
        gap = self.simulated - self.planned
        # a policy that costs less than its upper bound contradicts nothing
        return gap <= self.allowed and (self.is_bound or gap >= -self.allowed)

    @property
    def agrees(self) -> bool:
        """Whether the simulation confirms the planned cost.

        False where it is too blunt, or nothing was planned.
        """
        return self.is_decided and self.could_agree

    def __str__(self) -> str:
        if not self.episodes:
            return f"not simulated: {self.note}"
        return (
            f"{self.simulated:.4g} ± {self.error:.2g} simulated ({self.episodes} episodes,"
            " ± one standard error)"
        )


def cost_in_words(cost: float, kind: str, confirmation: Confirmation | None) -> str:
    """The expected cost with what it rests on; no number where there is none."""
    simulated = "not simulated" if confirmation is None else str(confirmation)
    if math.isnan(cost) and kind != CostKind.NONE:
        return f"E[J] not known, {simulated}"
    if kind == CostKind.EXACT:
        exact = f"E[J] = {cost:.8g}"
        return exact if confirmation is None else f"{exact}, {simulated}"
    if kind == CostKind.SIMULATED:
        assert confirmation is not None  # where the cost comes from
        planned = f"{confirmation.planned:.8g} planned"
        if math.isnan(confirmation.planned):
            planned = "no planned cost"
        return (
            f"E[J] = {cost:.4g} ± {confirmation.error:.2g}, simulated ({confirmation.episodes}"
            f" episodes, ± one standard error); {planned}"
        )
    if kind == CostKind.NONE:
        return f"no planned cost, {simulated}"
    sign = "≤" if kind == CostKind.UPPER_BOUND else "="
    return f"E[J] {sign} {cost:.8g} planned, {simulated}"
