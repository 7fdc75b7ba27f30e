"""Where an expression is not twice continuously differentiable."""

from .find import kinks_of, refuse_kinks
from .switches import SWITCHES

__all__ = ["SWITCHES", "kinks_of", "refuse_kinks"]
