"""The catalogue of learners on raw gradients, for comparison with optimal policies."""

from .gradient_beliefs import BeliefAdam, KalmanMomentum
from .optimisers import (
    SGD,
    Adam,
    Ballistic,
    DiscountedBayes,
    HeavyBall,
    LinearLearner,
    RMSProp,
)
from .resets import FullResetAtSwitches, NoReset, ShrinkAndPerturb, WeightDecay

__all__ = [
    "SGD",
    "Adam",
    "Ballistic",
    "BeliefAdam",
    "DiscountedBayes",
    "FullResetAtSwitches",
    "HeavyBall",
    "KalmanMomentum",
    "LinearLearner",
    "NoReset",
    "RMSProp",
    "ShrinkAndPerturb",
    "WeightDecay",
]
