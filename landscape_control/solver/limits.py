"""Until when a policy may be optimised: a time limit, and the user's interruption. Either keeps the
best so far.
"""

import math
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

import casadi as ca
import numpy as np

from ..arrays import number

SECONDS = 600.0  # of one solve, unless the user says otherwise
STANDS_STILL, NOWHERE = (
    1e-12,
    1e-11,
)  # relative gain of the objective, and relative moves of the variables, that are none
PATIENCE = 60  # iterations without either, after which nothing will come


def time_limit_of(value) -> float:
    """A time limit in seconds, > 0; math.inf is none."""
    return number("time_limit", value, low=0, low_open=True, allow_inf=True)


@dataclass(kw_only=True, eq=False)
class Limit:
    """When a solve must end. Its parts ask :meth:`is_over` between two pieces of work.

    Attributes
    ----------
    seconds : float, from when it is made
    interrupted : bool, whether the user has asked to stop
    met : bool, whether any part was left out for it
    """

    seconds: float = math.inf
    interrupted: bool = False
    met: bool = field(init=False, default=False)
    _end: float = field(init=False, repr=False)

    def __post_init__(self):
        self._end = time.perf_counter() + self.seconds

    def is_over(self) -> bool:
        """Whether to stop; whoever asks does."""
        self.met = self.met or self.interrupted or time.perf_counter() >= self._end
        return self.met

    @property
    def left(self) -> float:
        """Seconds that are left, at least a thousandth: a part of the work always ends with
        something.
        """
        return max(self._end - time.perf_counter(), 1e-3)

    def interrupt(self) -> None:
        """Stop at the next question."""
        self.interrupted = self.met = True


@contextmanager
def heard(limit: Limit):
    """While compiled code runs, the first Ctrl-C stops at its next iteration, the second at once.

    An interruption raised inside a callback of compiled code would be lost. Only where Python's own
    handler is in place, in the main thread; elsewhere nothing changes.
    """
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def handle(number, frame):
        if limit.interrupted:
            raise KeyboardInterrupt
        limit.interrupt()

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class Watch(ca.Callback):
    """Called by the optimiser after each iteration: keeps the best iterate, and stops where the
    limit is over.

    Where rows have to hold, the last iterate is kept instead. Where there are none, a run also
    stops that has gained nothing for PATIENCE iterations in one place: round-off of the objective
    sends line searches in circles.
    """

    def __init__(self, variables: int, rows: int, parameters: int):
        ca.Callback.__init__(self)
        sizes = {
            "x": variables,
            "lam_x": variables,
            "g": rows,
            "lam_g": rows,
            "lam_p": parameters,
            "f": 1,
        }
        self._free = not rows
        self._sizes = [sizes[ca.nlpsol_out(i)] for i in range(ca.nlpsol_n_out())]
        self.begin(Limit())
        self.construct("watch", {})

    def begin(self, limit: Limit) -> None:
        """Forget the run before."""
        self.limit, self.cost, self.variables, self.iterations = limit, math.inf, None, 0
        self.stopped, self._gained, self._level, self._place = False, 0, math.inf, np.inf

    @property
    def stands_still(self) -> bool:
        """Whether the run has gained nothing, and gone nowhere, for too long."""
        return self._free and self.iterations - self._gained > PATIENCE

    def get_n_in(self):
        return ca.nlpsol_n_out()

    def get_n_out(self):
        return 1

    def get_name_in(self, i):
        return ca.nlpsol_out(i)

    def get_name_out(self, i):
        return "stop"

    def get_sparsity_in(self, i):
        return ca.Sparsity.dense(self._sizes[i], 1) if self._sizes[i] else ca.Sparsity(0, 1)

    def has_eval_buffer(self):
        return True

    def eval_buffer(self, arguments, results):
        stop = np.frombuffer(results[0])
        try:
            self._keep(np.frombuffer(arguments[0]), float(np.frombuffer(arguments[1])[0]))
            self.stopped = self.limit.is_over()
        except KeyboardInterrupt:  # while this very code ran
            self.limit.interrupt()
            self.stopped = True
        stop[0] = float(self.stopped or self.stands_still)
        return 0

    def _keep(self, variables, cost):
        self.iterations += 1
        gained = cost < self._level - STANDS_STILL * max(1.0, abs(cost))
        if gained or (np.abs(variables - self._place) > NOWHERE * (1 + np.abs(self._place))).any():
            self._level, self._place, self._gained = (
                min(cost, self._level),
                variables.copy(),
                self.iterations,
            )
        if cost < self.cost or not self._free:
            self.cost, self.variables = cost, variables.copy()
