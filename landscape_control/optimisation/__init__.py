"""Which rules emerge: the best policy of a family over a distribution of landscapes, and how far to
trust it.
"""

from typing import TYPE_CHECKING

from ..support.late_names import late_attribute

# Name -> module of this package; each is imported when its name is first used.
_HOMES = {
    "Choice": "parsimony",
    "Course": "courses",
    "CourseLimits": "courses",
    "HeldOut": "held_out",
    "Identifiability": "identifiability",
    "PolicyCertificate": "certificate",
    "PolicyProgram": "program",
    "PolicyProgress": "progress",
    "PolicyResult": "result",
    "PolicySolver": "policy_solver",
    "PolicyStatus": "status",
    "ProgramSolver": "program_solver",
    "ScenarioResult": "scenario_result",
    "ScenarioSolver": "scenarios",
    "WorstCaseResult": "worst_cases",
    "certify_policy": "certificate",
    "choose_family": "parsimony",
    "exact_cost": "replays",
    "has_moments": "policy_solver",
    "identify_coefficients": "identifiability",
    "optimize_policy": "optimise",
    "plan_course": "courses",
    "replay": "replays",
    "same_cost": "identifiability",
    "solve_program": "optimise",
    "worst_case": "worst_cases",
}

__all__ = sorted(_HOMES)


if TYPE_CHECKING:  # the same names for type checkers, to which a misspelt one is an error
    from .certificate import PolicyCertificate as PolicyCertificate
    from .certificate import certify_policy as certify_policy
    from .courses import Course as Course
    from .courses import CourseLimits as CourseLimits
    from .courses import plan_course as plan_course
    from .held_out import HeldOut as HeldOut
    from .identifiability import Identifiability as Identifiability
    from .identifiability import identify_coefficients as identify_coefficients
    from .identifiability import same_cost as same_cost
    from .optimise import optimize_policy as optimize_policy
    from .optimise import solve_program as solve_program
    from .parsimony import Choice as Choice
    from .parsimony import choose_family as choose_family
    from .policy_solver import PolicySolver as PolicySolver
    from .policy_solver import has_moments as has_moments
    from .program import PolicyProgram as PolicyProgram
    from .program_solver import ProgramSolver as ProgramSolver
    from .progress import PolicyProgress as PolicyProgress
    from .replays import exact_cost as exact_cost
    from .replays import replay as replay
    from .result import PolicyResult as PolicyResult
    from .scenario_result import ScenarioResult as ScenarioResult
    from .scenarios import ScenarioSolver as ScenarioSolver
    from .status import PolicyStatus as PolicyStatus
    from .worst_cases import WorstCaseResult as WorstCaseResult
    from .worst_cases import worst_case as worst_case
else:

    def __getattr__(name: str) -> object:
        return late_attribute(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return __all__
