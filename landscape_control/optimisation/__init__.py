"""Which rules emerge: the best policy of a family over a distribution of landscapes, and how far to
trust it.
"""

from ..support.late_names import late_attribute

# Name -> module of this package; each is imported when its name is first used.
_HOMES = {
    "Choice": "parsimony",
    "HeldOut": "held_out",
    "Identifiability": "identifiability",
    "PolicyCertificate": "certificate",
    "PolicyProgram": "program",
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
    "replay": "replays",
    "same_cost": "identifiability",
    "solve_program": "optimise",
    "worst_case": "worst_cases",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    return late_attribute(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return __all__
