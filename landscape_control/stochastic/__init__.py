"""Stochastic dynamic programming on grids of weights and beliefs: ground truth in up to three
dimensions.
"""

from .coordinates import BeliefCoordinates, belief_system
from .diffusion import ControlledDiffusion
from .result import GridPolicy, GridStatus
from .scheme import Scheme
from .solve import evaluate_policy, solve_grid

__all__ = [
    "BeliefCoordinates",
    "ControlledDiffusion",
    "GridPolicy",
    "GridStatus",
    "Scheme",
    "belief_system",
    "evaluate_policy",
    "solve_grid",
]
