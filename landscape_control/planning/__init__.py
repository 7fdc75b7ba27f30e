"""Planning: transcription, solver and certificate where the landscape is known; beliefs and dynamic
programming where it is not.

The names given here are those of planning with beliefs, see :mod:`.beliefs`.
"""

from typing import TYPE_CHECKING

from ..support.late_names import late_attribute
from . import beliefs

# Names of version 0.1 that moved to identification, where rules are read off plans.
_KERNELS = ".identification.kernels"
_MOVED = {
    **dict.fromkeys(
        ("MomentumForm", "RawRule", "StepRule", "linear_raw_rule", "raw_rule"),
        f"{_KERNELS}.raw_rules",
    ),
    **dict.fromkeys(("Equivalent", "nearest_rules"), f"{_KERNELS}.equivalents"),
    **dict.fromkeys(("SharedMomentum", "share_momentum"), f"{_KERNELS}.shared_momentum"),
    **dict.fromkeys(("LinearisedRules", "linearised_rules"), f"{_KERNELS}.linearised"),
}

__all__ = list(beliefs.__all__)


if TYPE_CHECKING:  # the same names for type checkers, to which a misspelt one is an error
    from ..identification.kernels.equivalents import Equivalent as Equivalent
    from ..identification.kernels.equivalents import nearest_rules as nearest_rules
    from ..identification.kernels.linearised import LinearisedRules as LinearisedRules
    from ..identification.kernels.linearised import linearised_rules as linearised_rules
    from ..identification.kernels.raw_rules import MomentumForm as MomentumForm
    from ..identification.kernels.raw_rules import RawRule as RawRule
    from ..identification.kernels.raw_rules import StepRule as StepRule
    from ..identification.kernels.raw_rules import linear_raw_rule as linear_raw_rule
    from ..identification.kernels.raw_rules import raw_rule as raw_rule
    from ..identification.kernels.shared_momentum import SharedMomentum as SharedMomentum
    from ..identification.kernels.shared_momentum import share_momentum as share_momentum
    from .beliefs import METHODS as METHODS
    from .beliefs import BeliefSolution as BeliefSolution
    from .beliefs import Confirmation as Confirmation
    from .beliefs import CostKind as CostKind
    from .beliefs import GridSolution as GridSolution
    from .beliefs import LinearModel as LinearModel
    from .beliefs import LQGSolution as LQGSolution
    from .beliefs import NotLinearQuadratic as NotLinearQuadratic
    from .beliefs import ReplanningSolution as ReplanningSolution
    from .beliefs import TranscribedSolution as TranscribedSolution
    from .beliefs import read_belief as read_belief
    from .beliefs import read_linear_model as read_linear_model
    from .beliefs import solve as solve
    from .beliefs import solve_dynamic_programming as solve_dynamic_programming
    from .beliefs import solve_lqg as solve_lqg
    from .beliefs import solve_replanning as solve_replanning
    from .beliefs import solve_transcribed as solve_transcribed
else:

    def __getattr__(name: str) -> object:
        if name in beliefs.__all__:
            return getattr(beliefs, name)
        return late_attribute(__name__, _MOVED, name)


def __dir__() -> list[str]:
    return __all__
