"""Loss landscapes: the loss, its derivatives, and where it is stationary."""

from .hidden import GaussianPrior, Hidden, JumpProcess, OrnsteinUhlenbeck, RandomWalk
from .landscape import Landscape
from .library import double_well, quadratic, rosenbrock
from .search import distinct_points, end_basin, find_minima
from .tasks import TaskChain

__all__ = [
    "GaussianPrior",
    "Hidden",
    "JumpProcess",
    "Landscape",
    "OrnsteinUhlenbeck",
    "RandomWalk",
    "TaskChain",
    "distinct_points",
    "double_well",
    "end_basin",
    "find_minima",
    "quadratic",
    "rosenbrock",
]
