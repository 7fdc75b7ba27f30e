"""Which rules emerge: the best policy of a family over a distribution of landscapes, and how far to trust it."""

from ..solver.policies import PolicyStatus
from .optimise import has_moments, optimize_policy, solve_program
from .policy_solver import PolicySolver
from .result import PolicyResult

__all__ = ["PolicyResult", "PolicySolver", "PolicyStatus", "has_moments", "optimize_policy", "solve_program"]
