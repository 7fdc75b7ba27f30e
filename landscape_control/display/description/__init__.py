"""Results in words: every number of them, and a paragraph for a methods section."""

from .methods import methods
from .numbers import describe

__all__ = ["describe", "methods"]
