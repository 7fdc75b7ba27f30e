"""How far a sweep is: what a ``progress`` function is given, and two such functions for terminals
and logs.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..support.arguments import AnyNumber, NonNegative, checked


@checked
@dataclass(frozen=True, kw_only=True)
class Progress:
    """Cells that are done, of how many; how many of them failed; how many were in the store;
    seconds since the start.
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
        return (self.total - self.done) * self.seconds / made if made else float("nan")

    def __str__(self):
        failed = f", {self.failed} failed" if self.failed else ""
        left = (
            f", about {_duration(self.left)} left"
            if self.done < self.total and self.left == self.left
            else ""
        )
        return f"{self.done} of {self.total} cells{failed}, {_duration(self.seconds)}{left}"


@checked
def lines(write: Callable[[str], object], every: NonNegative = 10.0) -> Callable[[Progress], None]:
    """A progress function that writes a line now and then, and one at the end: for logs."""
    last = [float("-inf")]

    def report(progress):
        now = time.monotonic()
        if progress.done == progress.total or now - last[0] >= every:
            last[0] = now
            write(str(progress))

    return report


@checked
def bar(**options: object) -> Callable[[Progress], None]:
    """A progress function that draws a bar with the time left (tqdm): for terminals."""
    shown = []

    def report(progress):
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


def _duration(seconds):
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
