"""Many plans of one problem structure at once: Newton's method vectorised over cells."""

from .eligibility import is_for_batches, least_cells
from .solve import BatchSolver

__all__ = ["BatchSolver", "is_for_batches", "least_cells"]
