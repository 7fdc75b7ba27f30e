"""How long a march in time will take, from the steps that it has made; given up where that is too
long.
"""

import math
import time

from ....support.errors import ProblemError

_LEARNING = 6  # steps of a march before its length is estimated: the first ones factorise


class Pace:
    """The steps of a march, timed.

    Attributes
    ----------
    steps : how many there will be
    size : what is marched, in words
    began : when the whole solve began, of ``time.perf_counter``
    time_limit : seconds that it may take
    """

    def __init__(self, steps: int, size: str, *, began: float, time_limit: float) -> None:
        self.steps, self.size = steps, size
        self.began, self.time_limit = began, time_limit
        self._times = [time.perf_counter()]

    def step(self) -> None:
        """Note that a step is done; raise ProblemError where the rest would take too long."""
        self._times.append(time.perf_counter())
        if math.isinf(self.time_limit) or len(self._times) <= _LEARNING:
            return
        expected = self.expected()
        if expected > self.time_limit:
            done = len(self._times) - 1
            raise ProblemError(
                "dynamic programming on a grid",
                expected=f"an answer within {self.time_limit:.3g} s",
                received=f"{self.size}: about {expected:.2g} s, by {done} of {self.steps} time steps",
                advice="pass fewer points= or steps=, or raise time_limit= above the estimate",
            )

    def expected(self) -> float:
        """Seconds of the whole solve: those so far, and what is left at the pace of the later steps."""
        done = len(self._times) - 1
        later = done // 2
        per_step = (self._times[-1] - self._times[later]) / (done - later)
        return self._times[-1] - self.began + (self.steps - done) * per_step
