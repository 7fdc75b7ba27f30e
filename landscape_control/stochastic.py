"""Stochastic dynamic programming on grids of weights and beliefs: ground truth in up to three
dimensions.
"""

from .planning.dynamic_programming.diffusive.coordinates import BeliefCoordinates, belief_system
from .planning.dynamic_programming.diffusive.diffusion import ControlledDiffusion
from .planning.dynamic_programming.diffusive.result import GridPolicy, GridStatus
from .planning.dynamic_programming.diffusive.scheme import Scheme
from .planning.dynamic_programming.diffusive.solve import evaluate_policy, solve_grid

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
