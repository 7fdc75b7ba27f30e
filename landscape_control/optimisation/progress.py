"""Where a search for coefficients stands, told to a function of the user's while it goes on."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from ..support.arguments import AnyNumber, Words, checked
from ..support.returned import called
from .program import PolicyProgram


@checked
@dataclass(frozen=True, kw_only=True)
class PolicyProgress:
    """What ``progress`` of :func:`landscape_control.optimize_policy` is called with.

    Attributes
    ----------
    family, steps : of the program that is worked on, which may be a simpler one or one of fewer steps
        that leads to the one asked for
    scenarios : int, to which it is fitted now; 0 for exact moments
    reports : int, how many there were, this one included
    cost : J of the best coefficients of that program so far
    seconds : since the solve began
    """

    family: str
    steps: int
    scenarios: int
    reports: int
    cost: AnyNumber
    seconds: AnyNumber

    def __str__(self) -> str:
        over = f", {self.scenarios} scenarios" if self.scenarios else ""
        return (
            f"{self.family}, T = {self.steps}{over}: J = {self.cost:.6g} so far,"
            f" {self.seconds:.1f} s"
        )


PROGRESS = Annotated[
    Callable[[PolicyProgress], object] | None,
    Words(
        expected="a function of a PolicyProgress, or None",
        advice="print shows each as one line",
    ),
]


@dataclass(kw_only=True, eq=False)
class Reports:
    """Tells a function of costs, of one solve and of those that help with it.

    Parameters
    ----------
    progress : the function, None to tell nobody
    """

    progress: Callable[[PolicyProgress], object] | None = None
    _began: float = field(default_factory=time.perf_counter)
    _count: int = 0
    _best: dict[tuple[str, int, int], float] = field(default_factory=dict)

    def another_set(self) -> None:
        """Forget costs so far: those of other scenarios are not to be compared."""
        self._best.clear()

    def __call__(self, program: PolicyProgram, cost: float, *, scenarios: int = 0) -> None:
        """Tell of a cost of the program that is worked on, one that is finite."""
        if self.progress is None or not math.isfinite(cost):
            return
        key = program.family.name, program.steps, scenarios
        self._best[key] = min(cost, self._best.get(key, math.inf))
        self._count += 1
        now = PolicyProgress(
            family=program.family.name,
            steps=program.steps,
            scenarios=scenarios,
            reports=self._count,
            cost=self._best[key],
            seconds=time.perf_counter() - self._began,
        )
        called(
            "progress",
            self.progress,
            now,
            where=f"report {self._count}",
            expected="a function of one PolicyProgress that runs",
        )
