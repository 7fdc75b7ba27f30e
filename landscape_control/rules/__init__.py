"""Closed-form learning rules: formula, source, what each must see, and how to run it."""

from .gain import optimal_gain, optimal_step
from .gradient import decayed_gradient_descent, drift_compensated_gradient_descent, gradient_descent
from .library import by_name, full_information
from .linear_quadratic import linear_quadratic
from .proximal import proximal
from .rule import Coefficient, Rule
from .sees import Observation, Sees, observation, observe
from .spectral import ballistic, held_newton, metric_modes, natural_gradient, newton

__all__ = [
    "Coefficient",
    "Observation",
    "Rule",
    "Sees",
    "ballistic",
    "by_name",
    "decayed_gradient_descent",
    "drift_compensated_gradient_descent",
    "full_information",
    "gradient_descent",
    "held_newton",
    "linear_quadratic",
    "metric_modes",
    "natural_gradient",
    "newton",
    "observation",
    "observe",
    "optimal_gain",
    "optimal_step",
    "proximal",
]
