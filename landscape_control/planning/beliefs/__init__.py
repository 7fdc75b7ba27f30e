"""Optimal control in belief space.

Exact LQG, direct transcription, replanning and dynamic programming.
"""

from typing import TYPE_CHECKING

from ...support.late_names import late_attribute

if TYPE_CHECKING:  # the same names as below, for what reads types without running anything
    from .confirmation import Confirmation as Confirmation
    from .confirmation import CostKind as CostKind
    from .dispatch import METHODS as METHODS
    from .dispatch import GridSolution as GridSolution
    from .dispatch import solve as solve
    from .dispatch import solve_dynamic_programming as solve_dynamic_programming
    from .linear_model import LinearModel as LinearModel
    from .linear_model import NotLinearQuadratic as NotLinearQuadratic
    from .linear_model import read_linear_model as read_linear_model
    from .lqg import LQGSolution as LQGSolution
    from .lqg import solve_lqg as solve_lqg
    from .replanning import ReplanningSolution as ReplanningSolution
    from .replanning import solve_replanning as solve_replanning
    from .solution import BeliefSolution as BeliefSolution
    from .solution import read_belief as read_belief
    from .transcribed import TranscribedSolution as TranscribedSolution
    from .transcribed import solve_transcribed as solve_transcribed

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


if TYPE_CHECKING:  # the same names for type checkers, to which a misspelt one is an error
    from .confirmation import Confirmation as Confirmation
    from .confirmation import CostKind as CostKind
    from .dispatch import METHODS as METHODS
    from .dispatch import GridSolution as GridSolution
    from .dispatch import solve as solve
    from .dispatch import solve_dynamic_programming as solve_dynamic_programming
    from .linear_model import LinearModel as LinearModel
    from .linear_model import NotLinearQuadratic as NotLinearQuadratic
    from .linear_model import read_linear_model as read_linear_model
    from .lqg import LQGSolution as LQGSolution
    from .lqg import solve_lqg as solve_lqg
    from .replanning import ReplanningSolution as ReplanningSolution
    from .replanning import solve_replanning as solve_replanning
    from .solution import BeliefSolution as BeliefSolution
    from .solution import read_belief as read_belief
    from .transcribed import TranscribedSolution as TranscribedSolution
    from .transcribed import solve_transcribed as solve_transcribed
else:

    def __getattr__(name: str) -> object:
        return late_attribute(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return __all__
