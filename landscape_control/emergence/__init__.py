"""Which rules emerge: the best policy of a family over a distribution of landscapes, and how far to
trust it.
"""

from .certificate import PolicyCertificate, certify_policy
from .held_out import HeldOut
from .identifiability import Identifiability, identify_coefficients, same_cost
from .optimise import optimize_policy, solve_program
from .parsimony import Choice, choose_family
from .policy_solver import PolicySolver, has_moments
from .program_solver import ProgramSolver
from .replay import exact_cost, replay
from .result import PolicyResult
from .scenario_result import ScenarioResult
from .scenarios import ScenarioSolver
from .status import PolicyStatus
from .worst_case import WorstCaseResult, worst_case

__all__ = [
    "Choice",
    "HeldOut",
    "Identifiability",
    "PolicyCertificate",
    "PolicyResult",
    "PolicySolver",
    "PolicyStatus",
    "ProgramSolver",
    "ScenarioResult",
    "ScenarioSolver",
    "WorstCaseResult",
    "certify_policy",
    "choose_family",
    "exact_cost",
    "has_moments",
    "identify_coefficients",
    "optimize_policy",
    "replay",
    "same_cost",
    "solve_program",
    "worst_case",
]
