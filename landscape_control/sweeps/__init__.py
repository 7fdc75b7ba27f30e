"""Grids of problems: planned, run on all cores, resumable, labelled."""

from .loading import load_store
from .progress import Progress, bar, lines
from .run import resume, sweep
from .summary import describe

__all__ = ["Progress", "bar", "describe", "lines", "load_store", "resume", "sweep"]


def __dir__() -> list[str]:
    return __all__
