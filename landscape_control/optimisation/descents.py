"""Descents without a Hessian, and what tells a smooth line of costs from one with kinks."""

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

from ..planning.solver import RawResult, SolveClock, unfinished

LONGEST = 1000  # iterations without a Hessian


class _StoppedError(Exception):
    """The clock is over."""


def limited_memory(
    function: Callable[[np.ndarray], tuple[float, np.ndarray]],
    begin: np.ndarray,
    bounds: np.ndarray,
    clock: SolveClock,
) -> RawResult:
    """Minimise from one start by SciPy's L-BFGS-B, which needs gradients alone.

    It is robust where coefficients are many. Where the clock is over, or the user interrupts, the
    best point so far.
    """
    best = math.inf, begin

    def both(x: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal best
        cost, slope = function(x)
        if cost < best[0]:
            best = cost, x.copy()
        if clock.is_over():
            raise _StoppedError
        if not np.isfinite(cost):  # a wall, from which the line search turns back
            return 1e300, np.zeros(len(x))
        return cost, slope

    try:
        end = minimize(
            both,
            begin,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": LONGEST, "maxcor": 20, "ftol": 1e-12, "gtol": 1e-8},
        )
    except (KeyboardInterrupt, _StoppedError) as error:
        if isinstance(error, KeyboardInterrupt):
            clock.interrupt()
        return unfinished(best[1], clock.stop_reason, cost=float(best[0]))
    nothing = np.empty(0)  # there are no rows of constraints
    iterations = int(end.get("nit", 0))  # SciPy counts none where all is fixed by bounds
    limited = iterations >= LONGEST
    return RawResult(
        variables=end.x,
        multipliers=nothing,
        constraints=nothing,
        cost=float(end.fun),
        iterations=iterations,
        success=bool(end.success),
        reason="SOLVER_RET_LIMITED" if limited else str(end.message),
        log="",
    )


def turns(values: np.ndarray, level: float) -> int:
    """How often the sign changes, round-off of numbers of size ``level`` left out."""
    signs = np.sign(values[np.abs(values) > max(1e-3 * np.abs(values).max(), 1e-12 * level)])
    return int((signs[1:] != signs[:-1]).sum())


def filled(x: np.ndarray, free: np.ndarray, part: np.ndarray) -> np.ndarray:
    """x with its free entries replaced."""
    whole = x.copy()
    whole[free] = part
    return whole
