"""Exact references: discounted linear-quadratic problems of any shape, and closed forms for one
mode or one bowl.

NumPy and SciPy only; nothing here knows the solver that it is used to check.
"""

from .finite import FinitePolicy
from .first_order import (
    chebyshev_factor,
    chebyshev_heavy_ball,
    chebyshev_steps,
    constant_descent,
    endless_loss,
    marchenko_pastur_rule,
    polyak,
    polyak_approach,
    polyak_factor,
    silver_steps,
    silver_steps_convex,
)
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
from .minimax import minimax_loss_flat, minimax_loss_steps
from .orthogonal import OrthogonalRule, orthogonal_rule, polynomials

__all__ = [
    "FinitePolicy",
    "FixedEndPlan",
    "InfinitePolicy",
    "LinearQuadratic",
    "OrthogonalRule",
    "ballistic_matrix",
    "bowl_function",
    "chebyshev_factor",
    "chebyshev_heavy_ball",
    "chebyshev_steps",
    "constant_descent",
    "endless_loss",
    "finite_horizon_gain",
    "gradient_descent_error",
    "gradient_descent_rate",
    "longest_horizon",
    "marchenko_pastur_rule",
    "minimax_loss_flat",
    "minimax_loss_steps",
    "newton_held_plan",
    "orthogonal_rule",
    "planning_horizon",
    "polyak",
    "polyak_approach",
    "polyak_factor",
    "polynomials",
    "preconditioner_exponent",
    "proximal_matrix",
    "relaxation_matrix",
    "relaxation_rate",
    "rotation_attractor",
    "short_horizon_error",
    "shrink_factor",
    "silver_steps",
    "silver_steps_convex",
    "spiral_frequency",
    "weight_decay_attractor",
    "weight_decay_rate",
]


def __dir__() -> list[str]:
    return __all__
