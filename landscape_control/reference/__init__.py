"""Exact references: discounted linear-quadratic problems of any shape, and closed forms for one mode or one bowl.

NumPy and SciPy only; nothing here knows the solver that it is used to check.
"""

from .finite import FinitePolicy
from .fixed_end import FixedEndPlan
from .formulas import (
    bowl_function,
    finite_horizon_gain,
    longest_horizon,
    preconditioner_exponent,
    relaxation_matrix,
    relaxation_rate,
    rotation_attractor,
    shrink_factor,
    spiral_frequency,
    weight_decay_attractor,
    weight_decay_rate,
)
from .infinite import InfinitePolicy
from .limits import (
    ballistic_matrix,
    gradient_descent_error,
    gradient_descent_rate,
    newton_held_plan,
    planning_horizon,
    proximal_matrix,
    short_horizon_error,
)
from .linear_quadratic import LinearQuadratic

__all__ = [
    "FinitePolicy",
    "FixedEndPlan",
    "InfinitePolicy",
    "LinearQuadratic",
    "ballistic_matrix",
    "bowl_function",
    "finite_horizon_gain",
    "gradient_descent_error",
    "gradient_descent_rate",
    "longest_horizon",
    "newton_held_plan",
    "planning_horizon",
    "preconditioner_exponent",
    "proximal_matrix",
    "relaxation_matrix",
    "relaxation_rate",
    "rotation_attractor",
    "short_horizon_error",
    "shrink_factor",
    "spiral_frequency",
    "weight_decay_attractor",
    "weight_decay_rate",
]
