"""One path of any rule on a known landscape, with coefficients that are given or tuned."""

from .entry import trajectory
from .path import Trajectory

__all__ = ["Trajectory", "trajectory"]
