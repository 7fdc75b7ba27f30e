"""The control problem: what is minimised, under which dynamics, between which ends."""

from .control_problem import ControlProblem
from .hamiltonian import (
    hamiltonian_derivatives,
    implied_control,
    inverse_metric,
    linearised,
    optimal_control,
    second_order,
)
from .model import Model, model_of
from .scales import largest_growth, resting_length, typical_mass

__all__ = [
    "ControlProblem",
    "Model",
    "hamiltonian_derivatives",
    "implied_control",
    "inverse_metric",
    "largest_growth",
    "linearised",
    "model_of",
    "optimal_control",
    "resting_length",
    "second_order",
    "typical_mass",
]
