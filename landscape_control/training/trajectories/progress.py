"""Where a search for a plan stands."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PlanProgress:
    """What ``progress`` of :func:`landscape_control.plan_training` is called with.

    Attributes
    ----------
    elements : of the present mesh
    iteration : of the optimiser on it
    cost : J of the present path
    gap : ½|∂J/∂y|² relative to the cost's size, to be brought below a tenth of the tolerance
    """

    elements: int
    iteration: int
    cost: float
    gap: float
