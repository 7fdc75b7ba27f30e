"""How long a solve may take, whether it was interrupted, and what it had found when it was stopped.

One :class:`SolveClock` serves the two ways of ending early. A plan of a control problem is given up
where it stands: Ctrl-C raises at once (:func:`running_clock`), and the complete plans so far are on
the clock. A search over coefficients ends with its best so far: Ctrl-C is noted
(:func:`interruptions_noted`), and the search stops where it asks :meth:`SolveClock.is_over` next.
"""

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from ..solution import Plan

SECONDS = 600.0  # of one solve, unless the user says otherwise
LEAST_SECONDS = 1e-3  # of a part of a solve: it always ends with something
TIME_LIMIT, INTERRUPTED = "TIME_LIMIT", "INTERRUPTED"  # reasons of runs stopped from outside


@dataclass(kw_only=True, eq=False)
class SolveClock:
    """The time of one solve, whether the user has asked to stop, and the complete plans so far.

    Attributes
    ----------
    limit : float, seconds
    outer : the clock of the solve that this one is part of, or None
    begin : float, when it was made
    plans : list of the complete plans so far
    ran_out : bool, whether something was left undone because the time was over
    interrupted : bool, whether Ctrl-C was pressed, even if the exception has been lost since
    """

    limit: float = math.inf
    outer: "SolveClock | None" = None
    begin: float = field(default_factory=time.monotonic)
    plans: "list[Plan]" = field(default_factory=list)
    ran_out: bool = False
    interrupted: bool = False

    @property
    def cut_short(self) -> bool:
        """Whether any part of the solve was left out."""
        return self.ran_out or self.interrupted

    @property
    def stop_reason(self) -> str:
        """The reason of a run that the clock has stopped."""
        return INTERRUPTED if self.interrupted else TIME_LIMIT

    def is_over(self) -> bool:
        """Whether to stop; whoever asks does, so that the clock knows that work was left out."""
        if self._remaining() <= 0:
            self.ran_out = True
        return self.cut_short

    def interrupt(self) -> None:
        """Stop at the next question."""
        self.interrupted = True

    def seconds_left(self) -> float:
        """Negative when the time is over.

        Raises KeyboardInterrupt where one was lost in compiled code.
        """
        self.check_interruption()
        return self._remaining()

    def seconds_for_part(self, share: float) -> float:
        """A share of the time that is left, for a solve that is part of this one; never nothing."""
        return share * max(self._remaining(), LEAST_SECONDS)

    def check_interruption(self) -> None:
        """Raise KeyboardInterrupt once more: compiled code may drop one raised inside it."""
        if self.interrupted:
            raise KeyboardInterrupt
        if self.outer is not None:
            self.outer.check_interruption()

    def _remaining(self) -> float:
        return self.limit - (time.monotonic() - self.begin)


_STATE = threading.local()


@contextmanager
def running_clock(limit: float) -> Iterator[SolveClock]:
    """The clock that :func:`clock` returns inside this block, the innermost of several.

    Ctrl-C is noted on it and raises at once.
    """
    outer = getattr(_STATE, "clock", None)
    _STATE.clock = SolveClock(limit=limit, outer=outer)
    try:
        with interruptions_noted(_STATE.clock, at_once=True):
            yield _STATE.clock
    finally:
        _STATE.clock = outer


def clock() -> SolveClock:
    """The clock of the solve that is running in this thread; one without limit outside of any."""
    return getattr(_STATE, "clock", None) or SolveClock()


@contextmanager
def interruptions_noted(noting: SolveClock, *, at_once: bool) -> Iterator[None]:
    """Ctrl-C is noted on a clock, and raises: ``at_once``, or only when it is pressed again.

    An interruption raised inside a callback of compiled code would be lost, so that what runs there
    asks the clock instead. Only where Python's own handler is in place, in the main thread;
    elsewhere nothing changes.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        again = noting.interrupted
        noting.interrupt()
        if at_once or again:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
