"""Solving problems with hidden variables and holding every approximate cost against a short
simulation of its policy.
"""

from .solve import check_method, solve

__all__ = ["check_method", "solve"]
