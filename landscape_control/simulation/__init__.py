"""Closing the loop: policies and raw learners on true hidden landscapes.

With common random numbers.
"""

from .announced import AnnouncedSwitches
from .baselines import (
    SGD,
    Adam,
    Ballistic,
    BeliefAdam,
    DiscountedBayes,
    FullResetAtSwitches,
    HeavyBall,
    KalmanMomentum,
    LinearLearner,
    NoReset,
    RMSProp,
    ShrinkAndPerturb,
    WeightDecay,
)
from .exact_linear import ExactCost, exact_cost
from .exact_optimum import exact_optimum
from .exact_search import ExactTuned, exact_best_coefficients
from .gains import adam_bias_correction, adam_gain, kalman_gain, kalman_gain_walk, kalman_transient
from .policy_learner import PolicyLearner
from .raw_learner import Bound, RawLearner
from .rollout import Paths, Rollout, paired_difference
from .simulate import simulate
from .tuning import Tuned, best_coefficients

__all__ = [
    "SGD",
    "Adam",
    "AnnouncedSwitches",
    "Ballistic",
    "BeliefAdam",
    "Bound",
    "DiscountedBayes",
    "ExactCost",
    "ExactTuned",
    "FullResetAtSwitches",
    "HeavyBall",
    "KalmanMomentum",
    "LinearLearner",
    "NoReset",
    "Paths",
    "PolicyLearner",
    "RMSProp",
    "RawLearner",
    "Rollout",
    "ShrinkAndPerturb",
    "Tuned",
    "WeightDecay",
    "adam_bias_correction",
    "adam_gain",
    "best_coefficients",
    "exact_best_coefficients",
    "exact_cost",
    "exact_optimum",
    "kalman_gain",
    "kalman_gain_walk",
    "kalman_transient",
    "paired_difference",
    "simulate",
]


def __dir__() -> list[str]:
    return __all__
