"""Beliefs about hidden variables and how observations move them."""

from .directions import combination
from .gaussian import GaussianModel
from .model import belief_model, unbounded
from .observability import unobservable
from .state import GaussianBelief, TaskBelief
from .tasks import TaskModel

__all__ = [
    "GaussianBelief",
    "GaussianModel",
    "TaskBelief",
    "TaskModel",
    "belief_model",
    "combination",
    "unbounded",
    "unobservable",
]
