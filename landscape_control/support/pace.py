"""How long steps in time will take, from those that are done; given up where that is too long."""

import math
import time

from .errors import ProblemError


class Pace:
    """Steps, timed.

    Attributes
    ----------
    steps : how many there will be
    what, size : what they are of, in words
    fewer : what would make it shorter, in words
    time_limit : seconds that it may take
    began : when all of it began, of ``time.perf_counter``; None is now
    learning : steps that are made before the rest is estimated
    """

    def __init__(
        self,
        steps: int,
        *,
        what: str,
        size: str,
        fewer: str,
        time_limit: float,
        began: float | None = None,
        learning: int = 6,
    ) -> None:
        self.steps, self.what, self.size, self.fewer = steps, what, size, fewer
        self.time_limit, self.learning = time_limit, learning
        self.began = time.perf_counter() if began is None else began
        self._times = [time.perf_counter()]

    def step(self) -> None:
        """Note that a step is done; raise ProblemError where the rest would take too long."""
        self._times.append(time.perf_counter())
        if math.isinf(self.time_limit) or len(self._times) <= self.learning:
            return
        expected = self.expected()
        if expected > self.time_limit:
            done = len(self._times) - 1
            raise ProblemError(
                self.what,
                expected=f"an answer within {self.time_limit:.3g} s",
                received=f"{self.size}: about {expected:.2g} s, by {done} of {self.steps} time steps",
                advice=f"{self.fewer}, or raise time_limit= above the estimate to go on",
            )

    def expected(self) -> float:
        """Seconds of the whole: those so far, and what is left at the pace of the later steps."""
        done = len(self._times) - 1
        later = done // 2
        per_step = (self._times[-1] - self._times[later]) / (done - later)
        return self._times[-1] - self.began + (self.steps - done) * per_step
