"""Loss landscapes: the loss, its derivatives, and where it is stationary."""

from .data_losses import data_loss, minibatch_noise
from .distribution import LandscapeDistribution
from .draws import Draws
from .external_losses import external_loss
from .hidden import GaussianPrior, Hidden, OrnsteinUhlenbeck, RandomWalk
from .jumps import JumpProcess
from .landscape import Landscape
from .library import double_well, quadratic, rosenbrock, three_hump_camel
from .linear_state import LinearState
from .network_losses import network_loss, network_outputs
from .search import distinct_points, end_basin, find_minima
from .spectra import Discrete, LogUniform, MarchenkoPastur, Spectrum, Uniform
from .tasks import TaskChain

__all__ = [
    "Discrete",
    "Draws",
    "GaussianPrior",
    "Hidden",
    "JumpProcess",
    "Landscape",
    "LandscapeDistribution",
    "LinearState",
    "LogUniform",
    "MarchenkoPastur",
    "OrnsteinUhlenbeck",
    "RandomWalk",
    "Spectrum",
    "TaskChain",
    "Uniform",
    "data_loss",
    "distinct_points",
    "double_well",
    "end_basin",
    "external_loss",
    "find_minima",
    "minibatch_noise",
    "network_loss",
    "network_outputs",
    "quadratic",
    "rosenbrock",
    "three_hump_camel",
]
