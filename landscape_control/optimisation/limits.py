"""What a course is not to do: steps near the edge of stability, and a predicted loss that rises."""

import math
from dataclasses import dataclass
from typing import Annotated

from ..support.arguments import NonNegative, Range, checked
from ..support.errors import ProblemError
from .program import PolicyProgram

Cap = Annotated[float, Range(low=0, low_open=True, allow_inf=True)]


@checked
@dataclass(frozen=True, kw_only=True)
class CourseLimits:
    """Limits of a course, in which predictions of a measured model can be trusted.

    Attributes
    ----------
    cap : the largest share of the edge of stability, α_t ≤ cap·2(1+β)/h_max at every step of heavy
        ball. For any linear rule, h_max ≤ cap·h*_t, where h*_t is the curvature at which the rule
        held at the numbers of step t leaves stability through the eigenvalue -1; ∞ for no limit
    rise : predicted L_t ≤ rise·L_0 at every step t, with L = floor + Σ ½h Eθ² where gradients are
        taken; ∞ for no limit
    floor : the loss at the model's minimum, part of L in ``rise``; and of the noise, where that
        follows the loss: its variance is multiplied by (floor + excess)/(floor + excess at the start)

    Raises ProblemError for a rise below 1, which no course satisfies at t = 0.
    """

    cap: Cap = math.inf
    rise: Cap = math.inf
    floor: NonNegative = 0.0

    def __post_init__(self) -> None:
        if self.rise < 1:
            raise ProblemError(
                "rise",
                expected="at least 1: the loss at the start is L_0 itself",
                received=f"{self.rise:g}",
                advice="1 asks for a loss that never rises above the start, 1.1 allows 10 %",
            )

    @property
    def limited(self) -> bool:
        """Whether there is a limit at all."""
        return math.isfinite(self.cap) or math.isfinite(self.rise)


UNLIMITED = CourseLimits()


def check_limits(program: PolicyProgram, limits: CourseLimits) -> None:
    """Refuse limits where a program does not carry them: only moments of resting minima do."""
    exact = program.family.linear and program.task.is_quadratic
    if not limits.limited or (exact and program.task.minimum is None):
        return
    raise ProblemError(
        "limits",
        expected="a linear family on random quadratics whose minimum rests",
        received=f"{program.family.name} on {'a hidden minimum' if exact else 'scenarios'}",
        advice="leave limits out, or narrow the ranges of coefficients instead",
    )
