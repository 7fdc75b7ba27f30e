"""A causal rule by name, as it stands in the catalogue."""

from dataclasses import dataclass

from .causal import CausalRule
from .families import Family


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A causal rule by name.

    Attributes
    ----------
    name : in the spelling of :func:`.names.spelled`
    family : what is optimised under this name, or its class where it needs numbers of the task;
        None for rules that are recognised only
    rule : as what it is recognised, by the key of the rule; None for families that no fit names,
        such as those with a number per step
    """

    name: str
    family: Family | type[Family] | None = None
    rule: CausalRule | None = None
