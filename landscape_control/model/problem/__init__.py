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
from .reachable import reachable_directions
from .scales import LATE_END, ends_late, largest_growth, resting_length, typical_mass, unit_growth

__all__ = [
    "LATE_END",
    "ControlProblem",
    "Model",
    "ends_late",
    "hamiltonian_derivatives",
    "implied_control",
    "inverse_metric",
    "largest_growth",
    "linearised",
    "model_of",
    "optimal_control",
    "reachable_directions",
    "resting_length",
    "second_order",
    "typical_mass",
    "unit_growth",
]
