"""What there is to read of a result, by name: its fields, and numbers that follow from them."""

import enum
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import MappingProxyType
from typing import Any

from ..support.errors import ProblemError
from .kinds import COMPUTED, LEFT_OUT, own

# numbers that people ask a result for and that are no fields
_FOLLOWS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "BeliefSolution": ("cost",),
        "Course": ("final_loss",),
        "ExactTuned": ("cost",),
        "PolicyResult": ("uncertainty",),
        "Rollout": ("cost", "standard_error"),
        "RuleFit": ("key", "name", "excess_cost"),
        "SharedMomentum": ("excess", "shared_friction_excess"),
        "Solution": ("cost", "status"),
        "Trajectory": ("losses",),
        "TrainingPlan": ("length", "straightness"),
        "Tuned": ("cost", "standard_error"),
        "Verdict": ("margin",),
    }
)
# of a result with several parts of one kind the one that its own numbers are those of
MAIN = MappingProxyType({"Solution": "best"})


def parts_of(value: Any) -> dict[str, Any]:
    """{name: value} of everything public: numbers that follow first, then fields, then settings."""
    kind = type(value)
    left_out = own(LEFT_OUT, kind)
    names = [*own(dict(_FOLLOWS), kind), *(field.name for field in fields(value))]
    names += [name for name in own(COMPUTED, kind) if name != "made_with"]
    found = {}
    for name in dict.fromkeys(names):
        if name[0] == "_" or name in left_out:
            continue
        try:
            found[name] = getattr(value, name)
        except ProblemError:  # a result without its checker
            found[name] = None
    made_with = getattr(value, "made_with", None)
    return found | ({"made_with": made_with} if made_with else {})


def is_part(value: object) -> bool:
    """Whether a value is read by its own parts: a result, or a part of one."""
    kind = type(value)
    package = __package__.partition(".")[0]
    return is_dataclass(value) and kind.__module__.partition(".")[0] == package


def member_in_words(member: enum.Enum) -> str:
    """A status or a conclusion: how it calls itself, else its value."""
    words = str(member)
    if words == f"{type(member).__name__}.{member.name}":
        return str(member.value)
    return words
