"""Families of causal learning rules, and the program that optimises one: what users import.

The families live in ``rules.families``, whose public names are all given here.
"""

from .optimisation.program import PolicyProgram
from .rules import families
from .rules.catalogue import ALL, NEEDING
from .rules.catalogue import family_by_name as by_name
from .rules.families import *  # noqa: F403 - as many as there are

__path__: list[str] = []  # a package to the import system: policies.elementwise is an older path

__all__ = ["ALL", "NEEDING", "PolicyProgram", "by_name"]
__all__ += families.__all__


def __dir__() -> list[str]:
    return __all__
