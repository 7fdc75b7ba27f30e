"""Solving problems with hidden variables and holding every approximate cost against a short simulation of its policy."""

from .simulated import simulated_cost
from .solve import check_method, solve

__all__ = ["check_method", "simulated_cost", "solve"]
