"""Optimal control in belief space: exact LQG, direct transcription, replanning, dynamic
programming.
"""

from importlib import import_module

# Name -> file; each is opened when its name is first used, so that the front door stays light.
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


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


def __dir__():
    return __all__
