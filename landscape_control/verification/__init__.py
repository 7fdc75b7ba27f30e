"""Solving problems with hidden variables, with costs that were simulated.

Every approximate cost is held against a short simulation of its policy.
"""

from .solve import check_method, solve

__all__ = ["check_method", "solve"]


def __dir__() -> list[str]:
    return __all__
