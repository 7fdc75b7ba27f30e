"""The coefficients that are tuned, and the scales on which they are searched."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..rules.families.coefficient import SCALES, Coefficient
from ..support.errors import ProblemError, check_choice
from .raw_learner import RawLearner


class Scale:
    """The range of a coefficient mapped to [0, 1].

    Linear, logarithmic, or logarithmic in 1 - value.
    """

    def __init__(self, bound: Coefficient, given: np.ndarray | Sequence[float] | None):
        ends: Any = (bound.least, bound.most) if given is None else given
        least, most = map(float, ends)
        is_range = bound.low <= least < most <= bound.high
        infinite_log = bound.scale == "log" and least <= 0
        infinite_log_of_rest = bound.scale == "one minus" and most >= 1
        if not is_range or infinite_log or infinite_log_of_rest:
            raise ProblemError(
                "bounds of a coefficient",
                expected=(
                    f"least < most inside [{bound.low:g}, {bound.high:g}] where the scale"
                    f" {bound.scale!r} is finite"
                ),
                received=f"({least:g}, {most:g})",
                advice="give a range of coefficients that can be searched",
            )
        scale: Any = SCALES[bound.scale]
        self._forward, self._back = scale
        self._least, self._most = least, most
        self._ends = self._forward(least), self._forward(most)

    def value(self, position: float) -> float:
        """The coefficient at a position in [0, 1]."""
        low, high = self._ends
        value = self._back(low + position * (high - low))
        return float(np.clip(value, self._least, self._most))  # rounding may leave the range

    def continued(self, positions: np.ndarray) -> np.ndarray:
        """The coefficients at positions (B,), analytic in them: complex ones carry derivatives."""
        low, high = self._ends
        return np.asarray(self._back(low + positions * (high - low)))

    def position(self, value: float) -> float:
        """Where in [0, 1] a coefficient stands; one outside the range, at its end."""
        low, high = self._ends
        inside = np.clip(value, self._least, self._most)
        return float((self._forward(inside) - low) / (high - low))


def free_names(learner: RawLearner, free: Sequence[str] | None) -> list[str]:
    """The coefficients to tune, all of them unless some are named.

    Raises ProblemError for none, and for unknown ones.
    """
    names = list(learner.coefficients if free is None else free)
    for name in names:
        check_choice("coefficient to tune", name, learner.coefficients)
    if not names:
        raise ProblemError(
            "free",
            expected="at least one coefficient to tune",
            received="none",
            advice=f"choose among {', '.join(learner.coefficients) or 'those of another learner'}",
        )
    return names
