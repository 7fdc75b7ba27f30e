"""How far a sweep is, and functions that report it to terminals and logs."""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..support.arguments import AnyNumber, NonNegative, checked
from ..support.drawable import Shown


@checked
@dataclass(frozen=True, kw_only=True)
class Progress(Shown):
    """How far a sweep is.

    Attributes
    ----------
    done, total : cells that are done, and all of them
    failed : how many of the done ones failed
    restored : how many of them were taken from the store
    seconds : since the start
    """

    done: int
    total: int
    failed: int
    restored: int
    seconds: AnyNumber

    @property
    def left(self) -> float:
        """Seconds still needed at the pace so far; NaN before there is one."""
        made = self.done - self.restored
        if not made:
            return float("nan")
        return (self.total - self.done) * self.seconds / made

    def __str__(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        left = ""
        if self.done < self.total and not math.isnan(self.left):
            left = f", about {_duration(self.left)} left"
        return f"{self.done} of {self.total} cells{failed}, {_duration(self.seconds)}{left}"


@checked
def lines(write: Callable[[str], object], every: NonNegative = 10.0) -> Callable[[Progress], None]:
    """A progress function that writes a line now and then, and one at the end: for logs."""
    last = [float("-inf")]

    def report(progress: Progress) -> None:
        now = time.monotonic()
        if progress.done == progress.total or now - last[0] >= every:
            last[0] = now
            write(str(progress))

    return report


@checked
def bar(**options: object) -> Callable[[Progress], None]:
    """A progress function that draws a bar with the time left: for terminals (tqdm) and notebooks.

    ``options`` are those of tqdm, which a notebook has no use for.
    """
    if _in_notebook():
        return _displayed()
    shown: list[Any] = []  # the bar, once there is one

    def report(progress: Progress) -> None:
        if not shown:
            from tqdm import tqdm

            tqdm.monitor_interval = 0  # a thread of its own would forbid forking
            shown.append(
                tqdm(total=progress.total, initial=progress.restored, unit="cell", **options)
            )
        shown[0].set_postfix({"failed": progress.failed} if progress.failed else {}, refresh=False)
        shown[0].update(progress.done - shown[0].n)
        if progress.done == progress.total:
            shown[0].close()

    return report


def _in_notebook() -> bool:
    """Whether output goes to cells of a notebook; IPython in a terminal has no kernel."""
    python = sys.modules.get("IPython")
    return python is not None and hasattr(python.get_ipython(), "kernel")


def _displayed() -> Callable[[Progress], None]:
    """One line with a bar below the cell, rewritten at every cell that is done."""
    display = import_module("IPython.display").display
    shown: list[Any] = []  # the handle of what is displayed, once there is one

    def report(progress: Progress) -> None:
        if shown:
            shown[0].update(progress)
        else:
            shown.append(display(progress, display_id=True))

    return report


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
