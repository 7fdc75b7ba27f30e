"""Closing the loop: policies and raw learners on true hidden landscapes.

With common random numbers.
"""

from .announced import AnnouncedSwitches
from .baselines import (
    SGD,
    Adam,
    BeliefAdam,
    FullResetAtSwitches,
    HeavyBall,
    KalmanMomentum,
    LinearLearner,
    NoReset,
    RMSProp,
    ShrinkAndPerturb,
    WeightDecay,
)
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
    "BeliefAdam",
    "Bound",
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
    "kalman_gain",
    "kalman_gain_walk",
    "kalman_transient",
    "paired_difference",
    "simulate",
]
