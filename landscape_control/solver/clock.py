"""How long a solve may take, and what it had found when it was stopped."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(kw_only=True, eq=False)
class Clock:
    """The time of one solve, and the complete plans it has computed so far."""

    limit: float  # seconds
    begin: float = field(default_factory=time.monotonic)
    plans: list = field(default_factory=list)
    ran_out: bool = False  # whether something was left undone because the time was over

    def seconds_left(self) -> float:
        """Negative when the time is over."""
        return self.limit - (time.monotonic() - self.begin)


_STATE = threading.local()


@contextmanager
def running_clock(limit: float) -> Iterator[Clock]:
    """The clock that :func:`clock` returns inside this block; blocks may be nested, the inner one counts."""
    outer = getattr(_STATE, "clock", None)
    _STATE.clock = Clock(limit=limit)
    try:
        yield _STATE.clock
    finally:
        _STATE.clock = outer


def clock() -> Clock:
    """The clock of the solve that is running in this thread; one without limit outside of any."""
    return getattr(_STATE, "clock", None) or Clock(limit=math.inf)
