"""Stochastic dynamic programming on grids of weights and beliefs: ground truth in up to three
dimensions.
"""

from .planning.dynamic_programming.diffusive.baseline import (
    CertaintyEquivalence,
    certainty_equivalence,
)
from .planning.dynamic_programming.diffusive.coordinates import BeliefCoordinates, belief_system
from .planning.dynamic_programming.diffusive.diffusion import ControlledDiffusion
from .planning.dynamic_programming.diffusive.evaluation import evaluate_policy
from .planning.dynamic_programming.diffusive.result import GridPolicy, GridStatus
from .planning.dynamic_programming.diffusive.scheme import Scheme
from .planning.dynamic_programming.diffusive.solve import solve_grid

__all__ = [
    "BeliefCoordinates",
    "CertaintyEquivalence",
    "ControlledDiffusion",
    "GridPolicy",
    "GridStatus",
    "Scheme",
    "belief_system",
    "certainty_equivalence",
    "evaluate_policy",
    "solve_grid",
]


def __dir__() -> list[str]:
    return __all__
