"""How long a solve may take, whether it was interrupted, and what it had found when it was stopped."""

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(kw_only=True, eq=False)
class Clock:
    """The time of one solve, and the complete plans it has computed so far."""

    limit: float  # seconds
    outer: "Clock | None" = None  # of the solve that this one is part of
    begin: float = field(default_factory=time.monotonic)
    plans: list = field(default_factory=list)
    ran_out: bool = False  # whether something was left undone because the time was over
    interrupted: bool = (
        False  # whether Ctrl-C was pressed, even if the exception has been lost since
    )

    def seconds_left(self) -> float:
        """Negative when the time is over. Raises KeyboardInterrupt where one was lost in compiled
        code.
        """
        self.check_interruption()
        return self.limit - (time.monotonic() - self.begin)

    def check_interruption(self) -> None:
        """Raise KeyboardInterrupt once more: one that is raised inside a function of compiled code
        may be dropped there.
        """
        if self.interrupted:
            raise KeyboardInterrupt
        if self.outer is not None:
            self.outer.check_interruption()


_STATE = threading.local()


@contextmanager
def running_clock(limit: float) -> Iterator[Clock]:
    """The clock that :func:`clock` returns inside this block; blocks may be nested, the inner one
    counts.
    """
    outer = getattr(_STATE, "clock", None)
    _STATE.clock = Clock(limit=limit, outer=outer)
    try:
        with _interruptions_noted(_STATE.clock):
            yield _STATE.clock
    finally:
        _STATE.clock = outer


@contextmanager
def _interruptions_noted(noting: Clock):
    """Ctrl-C is also noted on the clock; only where Python's own handler is in place, in the main
    thread.
    """
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def handle(number, frame):
        noting.interrupted = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def clock() -> Clock:
    """The clock of the solve that is running in this thread; one without limit outside of any."""
    return getattr(_STATE, "clock", None) or Clock(limit=math.inf)
