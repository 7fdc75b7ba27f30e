"""What happens between two iterations of a bounded minimisation: the best iterate is kept, and the
run stops where its clock is over or nothing is gained any more.
"""

import math

import casadi as ca
import numpy as np

from .clock import SolveClock

# relative gain of the objective, and relative moves of the variables, that are none
NO_GAIN, NO_MOVE = 1e-12, 1e-11
PATIENCE = 60  # iterations without either, after which nothing will come


class IterationWatch(ca.Callback):
    """Called by the optimiser after each iteration: keeps the best iterate, and stops where the
    clock is over.

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
        self.begin(SolveClock())
        self.construct("watch", {})

    def begin(self, clock: SolveClock) -> None:
        """Forget the run before."""
        self.clock, self.cost, self.variables, self.iterations = clock, math.inf, None, 0
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
            self.stopped = self.clock.is_over()
        except KeyboardInterrupt:  # while this very code ran
            self.clock.interrupt()
            self.stopped = True
        stop[0] = float(self.stopped or self.stands_still)
        return 0

    def _keep(self, variables, cost):
        self.iterations += 1
        gained = cost < self._level - NO_GAIN * max(1.0, abs(cost))
        if gained or (np.abs(variables - self._place) > NO_MOVE * (1 + np.abs(self._place))).any():
            self._level, self._place, self._gained = (
                min(cost, self._level),
                variables.copy(),
                self.iterations,
            )
        if cost < self.cost or not self._free:
            self.cost, self.variables = cost, variables.copy()
