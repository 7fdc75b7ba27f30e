"""The control problem: what is minimised, under which dynamics, between which ends."""

from .control_problem import ControlProblem
from .model import Model, model_of

__all__ = ["ControlProblem", "Model", "model_of"]
