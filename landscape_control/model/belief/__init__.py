"""Beliefs about hidden variables and how observations move them."""

from .directions import combination
from .discounted import (
    DiscountedBelief,
    DiscountedModel,
    discount_of_drift,
    discount_of_volatility,
    drift_of_discount,
    volatility_of_discount,
)
from .gaussian import GaussianModel
from .model import belief_model, unbounded
from .observability import unobservable
from .state import GaussianBelief, TaskBelief
from .tasks import TaskModel

__all__ = [
    "DiscountedBelief",
    "DiscountedModel",
    "GaussianBelief",
    "GaussianModel",
    "TaskBelief",
    "TaskModel",
    "belief_model",
    "combination",
    "discount_of_drift",
    "discount_of_volatility",
    "drift_of_discount",
    "unbounded",
    "unobservable",
    "volatility_of_discount",
]


def __dir__() -> list[str]:
    return __all__
