"""Solving: multi-start, mesh refinement, infinite horizons; CasADi's Fatrop and IPOPT underneath.

For plans of control problems, :class:`Solver` and :func:`solve`. For the other programs of the
library, the optimiser within bounds with its clock: one run, or the distinct optima of many.
"""

from .bounded import BoundedOptimiser, unfinished
from .buffers import RawResult
from .clock import INTERRUPTED, SECONDS, TIME_LIMIT, SolveClock
from .optima import Optimum, merged_optima, optima_from
from .solver import Solver, solve

__all__ = [
    "INTERRUPTED",
    "SECONDS",
    "TIME_LIMIT",
    "BoundedOptimiser",
    "Optimum",
    "RawResult",
    "SolveClock",
    "Solver",
    "merged_optima",
    "optima_from",
    "solve",
    "unfinished",
]
