"""Inputs and outputs of a compiled nlpsol as NumPy buffers, and the raw result of one run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import casadi as ca
import numpy as np

from .clock import TIME_LIMIT

QUIET = {
    "print_time": False,
    "calc_lam_p": False,
    "calc_lam_x": False,
    "error_on_fail": False,
    "record_time": False,
    "show_eval_warnings": False,
}

_OUT_OF_TIME = ("Maximum_WallTime_Exceeded", "Maximum_CpuTime_Exceeded")


@dataclass(frozen=True, kw_only=True, eq=False)
class RawResult:
    """What the optimiser handed back, plain arrays."""

    variables: np.ndarray
    multipliers: np.ndarray
    constraints: np.ndarray
    cost: float
    iterations: int
    success: bool
    reason: str
    log: str
    note: str = ""  # what the reader should know although it succeeded
    ran: bool = True  # False where the optimiser refused to begin: the variables are the guess


class NlpBuffers:
    """A compiled nlpsol with kept inputs and outputs: no conversions on the way in or out.

    Bounds of the variables are free and those of the rows zero until given.
    """

    def __init__(self, solver: ca.Function) -> None:
        self._solver = solver  # must outlive its buffer
        self._inputs = {
            solver.name_in(i): np.zeros(solver.numel_in(i)) for i in range(solver.n_in())
        }
        self._inputs["lbx"][:], self._inputs["ubx"][:] = -np.inf, np.inf
        self._outputs = {
            solver.name_out(i): np.zeros(solver.numel_out(i)) for i in range(solver.n_out())
        }
        self._buffer, self._trigger = solver.buffer()
        # CasADi's stubs ask for a size beside the memoryview, which the interface does not take
        buffer: Any = self._buffer
        for i, array in enumerate(self._inputs.values()):
            buffer.set_arg(i, array.data)
        for i, array in enumerate(self._outputs.values()):
            buffer.set_res(i, array.data)

    def solve(
        self,
        guess: np.ndarray,
        parameters: Sequence[float] | np.ndarray,
        **bounds: np.ndarray,
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """(statistics, copies of x, f, g, lam_g).

        ``bounds`` lbx, ubx, lbg, ubg stay for the next run.
        """
        self._inputs["x0"][:], self._inputs["p"][:] = guess, parameters
        for name, value in bounds.items():
            self._inputs[name][:] = value
        try:
            self._trigger()
        except SystemError as error:
            _reraise_signal(error)
            raise
        return self._buffer.stats(), {
            name: self._outputs[name].copy() for name in ("x", "f", "g", "lam_g")
        }


def is_interruption(error: BaseException) -> bool:
    """Whether it is Ctrl-C, or the SystemError that an interrupted function of CasADi makes of it."""
    return isinstance(error, KeyboardInterrupt) or isinstance(error.__cause__, KeyboardInterrupt)


def _reraise_signal(error: SystemError) -> None:
    """Raise the exception of a signal's handler, which IPOPT's interface wraps in a SystemError.

    Such as KeyboardInterrupt; return where there is none.
    """
    if error.__cause__ is not None:
        raise error.__cause__ from None


def reason_of(stats: dict[str, Any], most_iterations: int) -> str:
    """Why a run ended; the limits of iterations and time are distinguished from other failures."""
    if stats["return_status"] in _OUT_OF_TIME:
        return TIME_LIMIT
    if not stats["success"] and int(stats["iter_count"]) >= most_iterations:
        return "SOLVER_RET_LIMITED"
    return str(stats.get("unified_return_status", stats["return_status"]))
