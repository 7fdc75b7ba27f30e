"""Families of causal learning rules: one formula each, for NumPy arrays and CasADi symbols."""

from .adam_variants import AMSGrad, NAdam, RMSPropMomentum
from .adaptive import AccumulatedSquares, AdamFamily, Ballistic, CorrectedAverage
from .averaging import Averaged, ScheduleFree
from .clipped import Clipped
from .coefficient import Coefficient, Layout
from .decay import DecayInside, Fixed, WeightDecay
from .discounted import DiscountedBayes
from .family import Clock, Family
from .linear import FirstOrderSpan, GradientDescent, HeavyBall, Nesterov, QuasiHyperbolic
from .neural import GatedPolicy, NeuralPolicy
from .policy import Policy
from .regularised import DampenedMomentum, Regularised
from .response import impulse_response
from .schedules import Scheduled, ScheduledDescent
from .shapes import (
    Constant,
    Cosine,
    InverseTime,
    LogLinear,
    Polynomial,
    Shape,
    WarmupStableDecay,
)
from .sign import Lion, SignDescent, Signum

__all__ = [
    "AMSGrad",
    "AccumulatedSquares",
    "AdamFamily",
    "Averaged",
    "Ballistic",
    "Clipped",
    "Clock",
    "Coefficient",
    "Constant",
    "CorrectedAverage",
    "Cosine",
    "DampenedMomentum",
    "DecayInside",
    "DiscountedBayes",
    "Family",
    "FirstOrderSpan",
    "Fixed",
    "GatedPolicy",
    "GradientDescent",
    "HeavyBall",
    "InverseTime",
    "Layout",
    "Lion",
    "LogLinear",
    "NAdam",
    "Nesterov",
    "NeuralPolicy",
    "Policy",
    "Polynomial",
    "QuasiHyperbolic",
    "RMSPropMomentum",
    "Regularised",
    "ScheduleFree",
    "Scheduled",
    "ScheduledDescent",
    "Shape",
    "SignDescent",
    "Signum",
    "WarmupStableDecay",
    "WeightDecay",
    "impulse_response",
]
