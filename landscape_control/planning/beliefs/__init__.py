"""Optimal control in belief space: exact LQG, direct transcription, replanning, dynamic
programming.
"""

from ...support.late_names import late_attribute

# Name -> module of this package; each is imported when its name is first used.
_HOMES = {
    "Confirmation": "confirmation",
    "CostKind": "confirmation",
    "BeliefSolution": "solution",
    "read_belief": "solution",
    "METHODS": "dispatch",
    "GridSolution": "dispatch",
    "solve": "dispatch",
    "solve_dynamic_programming": "dispatch",
    "LQGSolution": "lqg",
    "solve_lqg": "lqg",
    "LinearModel": "linear_model",
    "NotLinearQuadratic": "linear_model",
    "read_linear_model": "linear_model",
    "TranscribedSolution": "transcribed",
    "solve_transcribed": "transcribed",
    "ReplanningSolution": "replanning",
    "solve_replanning": "replanning",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    return late_attribute(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return __all__
