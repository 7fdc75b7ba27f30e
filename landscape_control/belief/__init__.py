"""Beliefs about hidden variables and how observations move them."""

from .gaussian import GaussianModel
from .model import belief_model
from .state import GaussianBelief, TaskBelief
from .tasks import TaskModel

__all__ = ["GaussianBelief", "GaussianModel", "TaskBelief", "TaskModel", "belief_model"]
