"""What happens between two iterations of a bounded minimisation.

The best iterate is kept, and the run stops where its clock is over or nothing is gained any more.
"""

import math
from collections.abc import Sequence

import casadi as ca
import numpy as np

from .clock import SolveClock

# relative gain of the objective, and relative moves of the variables, that are none
NO_GAIN, NO_MOVE = 1e-12, 1e-11
PATIENCE = 60  # iterations without either, after which nothing will come


class IterationWatch(ca.Callback):
    """Called after each iteration: keeps the best iterate, and stops where the clock is over.

    Where rows have to hold, the last iterate is kept instead. Where there are none, a run also
    stops that has gained nothing for PATIENCE iterations in one place: round-off of the objective
    sends line searches in circles.
    """

    def __init__(self, variables: int, rows: int, parameters: int) -> None:
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
        self.clock, self.iterations, self.stopped = clock, 0, False
        self.cost = math.inf  # of the best iterate
        self.variables: np.ndarray | None = None
        # the last iteration with a gain, and the objective and the place from which that is counted
        self._gained, self._level = 0, math.inf
        self._place: np.ndarray | float = np.inf

    @property
    def stands_still(self) -> bool:
        """Whether the run has gained nothing, and gone nowhere, for too long."""
        return self._free and self.iterations - self._gained > PATIENCE

    def get_n_in(self) -> int:
        return ca.nlpsol_n_out()

    def get_n_out(self) -> int:
        return 1

    def get_name_in(self, i: int) -> str:
        return ca.nlpsol_out(i)

    def get_name_out(self, i: int) -> str:
        return "stop"

    def get_sparsity_in(self, i: int) -> ca.Sparsity:
        return ca.Sparsity.dense(self._sizes[i], 1) if self._sizes[i] else ca.Sparsity(0, 1)

    def has_eval_buffer(self) -> bool:
        return True

    def eval_buffer(self, arguments: Sequence[memoryview], results: Sequence[memoryview]) -> int:
        """Look at x and f of the iterate, and write whether to stop."""
        stop = np.frombuffer(results[0])
        try:
            self._keep(np.frombuffer(arguments[0]), float(np.frombuffer(arguments[1])[0]))
            self.stopped = self.clock.is_over()
        except KeyboardInterrupt:  # while this very code ran
            self.clock.interrupt()
            self.stopped = True
        stop[0] = float(self.stopped or self.stands_still)
        return 0

    def _keep(self, variables: np.ndarray, cost: float) -> None:
        self.iterations += 1
        has_gained = cost < self._level - NO_GAIN * max(1.0, abs(cost))
        moves = np.abs(variables - self._place)
        if has_gained or (moves > NO_MOVE * (1 + np.abs(self._place))).any():
            self._level, self._gained = min(cost, self._level), self.iterations
            self._place = variables.copy()
        if cost < self.cost or not self._free:
            self.cost, self.variables = cost, variables.copy()
