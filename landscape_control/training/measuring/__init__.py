"""Curvature and gradient noise of a network's loss, as policy programs take them."""

from .measure import measure
from .measurement import Measurement

__all__ = ["Measurement", "measure"]
