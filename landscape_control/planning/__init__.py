"""Planning: transcription, solver and certificate where the landscape is known; beliefs and dynamic
programming where it is not.

The names given here are those of planning with beliefs, see :mod:`.beliefs`.
"""

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


def __getattr__(name: str) -> object:
    if name in beliefs.__all__:
        return getattr(beliefs, name)
    return late_attribute(__name__, _MOVED, name)


def __dir__() -> list[str]:
    return __all__
