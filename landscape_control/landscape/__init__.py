"""Loss landscapes: the loss, its derivatives, and where it is stationary."""

from .landscape import Landscape
from .library import double_well, quadratic, rosenbrock
from .search import end_basin, find_minima

__all__ = ["Landscape", "double_well", "end_basin", "find_minima", "quadratic", "rosenbrock"]
