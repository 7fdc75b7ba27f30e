"""Networks in training: what is measured on them.

PyTorch is imported when something is measured, not before.
"""

from .measuring import Measurement, measure

__all__ = ["Measurement", "measure"]
