"""What optimising a policy over scenarios returns beyond a PolicyResult."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..support.arguments import AnyNumber, checked
from .result import PolicyResult


@checked
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ScenarioResult(PolicyResult):
    """A PolicyResult from scenarios.

    ``cost`` is the unbiased mean over held-out scenarios, ± ``standard_error``. So are
    ``standing_still`` and the costs of ``optima``, whose order is that of their costs in sample.
    What it has beyond PolicyResult:

    Attributes
    ----------
    in_sample_cost : float, J on the scenarios it was fitted to
    gap_error : float, standard error of ``optimism_gap``
    scenarios, held_out : int, how many the rule was fitted to, and judged on
    scale : float, what tolerance, optimism and slopes are relative to: J less the least that it
        could be, with every weight always at the lowest point of its landscape; at most the spread
        of episodes about their mean or the gain over standing still, whichever is more
    rough : bool, whether the average cost has kinks closer together than its optimum can be located
        (rules that follow signs with little smoothing): then it is searched without slopes, and
        intervals come from wide differences
    intervals : {name: (low, high)}, 95 % confidence intervals of the coefficients over the draw of
        scenarios: how much they would differ had others been drawn, not what is optimal for one
        landscape; empty where there is no exact Hessian
    """

    in_sample_cost: AnyNumber
    gap_error: AnyNumber
    scenarios: int
    held_out: int
    scale: AnyNumber = math.nan
    rough: bool = False
    intervals: Mapping[str, tuple]

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "intervals", MappingProxyType(dict(self.intervals)))

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"intervals": dict(self.intervals)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        object.__setattr__(self, "intervals", MappingProxyType(state["intervals"]))
