"""The control problem: what is minimised, under which dynamics, between which ends."""

from .control_problem import ControlProblem
from .hamiltonian import hamiltonian_derivatives, implied_control, lagrangian_density, optimal_control, second_order
from .model import Model, model_of

__all__ = [
    "ControlProblem",
    "Model",
    "hamiltonian_derivatives",
    "implied_control",
    "lagrangian_density",
    "model_of",
    "optimal_control",
    "second_order",
]
