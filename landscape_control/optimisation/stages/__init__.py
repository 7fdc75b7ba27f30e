"""Rules with numbers of their own at every step: exact derivatives through the moments, in NumPy.

The program is a control problem whose state are the second moments of all modes and whose controls
are the coefficients of the steps.
"""

from .programs import StagePrograms
from .search import StageSearch

__all__ = ["StagePrograms", "StageSearch"]
