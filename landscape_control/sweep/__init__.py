"""Grids of problems: planned, run on all cores, resumable, labelled. The room itself can be called: it is :func:`sweep`."""

import sys
from types import ModuleType

from .progress import Progress, bar, lines
from .run import load_store, resume, sweep
from .summary import describe

__all__ = ["Progress", "bar", "describe", "lines", "load_store", "resume", "sweep"]


class _Room(ModuleType):
    """``landscape_control.sweep`` is a room and a verb: opening it must not hide the function of that name."""

    def __call__(self, problem, axes, **settings):
        return sweep(problem, axes, **settings)


sys.modules[__name__].__class__ = _Room
