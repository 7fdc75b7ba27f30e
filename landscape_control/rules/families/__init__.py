"""Families of causal learning rules: one formula each, run on NumPy arrays and on CasADi symbols
alike.
"""

from .adaptive import AdamFamily
from .catalogue import ALL, NEEDING, by_name
from .coefficient import Coefficient, Layout
from .decay import Fixed, WeightDecay
from .family import Clock, Family
from .linear import FirstOrderSpan, GradientDescent, HeavyBall, Nesterov
from .neural import GatedPolicy, NeuralPolicy
from .policy import Policy
from .response import impulse_response
from .schedules import Scheduled, ScheduledDescent
from .shapes import Constant, Cosine, InverseTime, Polynomial, Shape, WarmupStableDecay
from .sign import Lion, SignDescent

__all__ = [
    "ALL",
    "NEEDING",
    "AdamFamily",
    "Clock",
    "Coefficient",
    "Constant",
    "Cosine",
    "Family",
    "FirstOrderSpan",
    "Fixed",
    "GatedPolicy",
    "GradientDescent",
    "HeavyBall",
    "InverseTime",
    "Layout",
    "Lion",
    "Nesterov",
    "NeuralPolicy",
    "Policy",
    "Polynomial",
    "Scheduled",
    "ScheduledDescent",
    "Shape",
    "SignDescent",
    "WarmupStableDecay",
    "WeightDecay",
    "by_name",
    "impulse_response",
]
