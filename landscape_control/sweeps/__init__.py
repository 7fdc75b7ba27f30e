"""Grids of problems: planned, run on all cores, resumable, labelled."""

from .progress import Progress, bar, lines
from .run import load_store, resume, sweep
from .summary import describe

__all__ = ["Progress", "bar", "describe", "lines", "load_store", "resume", "sweep"]
