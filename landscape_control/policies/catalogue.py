"""Families by name, for the command line and for sweeps: named variants with their settings spelled out."""

from types import MappingProxyType

from ..errors import check_choice
from .adaptive import AdamFamily
from .decay import WeightDecay
from .family import Family
from .linear import FirstOrderSpan, GradientDescent, HeavyBall, Nesterov
from .schedules import ScheduledDescent
from .shapes import Cosine, InverseTime, Polynomial, WarmupStableDecay

_EPSILON = 1e-16  # that of Adam's paper, squared: inside the power

ALL = MappingProxyType({
    "gradient-descent": GradientDescent(constant=True),
    "gradient-descent-per-step": GradientDescent(constant=False),
    "gradient-descent-1/t": ScheduledDescent(shape=InverseTime()),
    "gradient-descent-polynomial": ScheduledDescent(shape=Polynomial()),
    "gradient-descent-cosine": ScheduledDescent(shape=Cosine(final=0.0)),
    "gradient-descent-wsd": ScheduledDescent(shape=WarmupStableDecay(warmup=None, decay_fraction=None)),
    "heavy-ball": HeavyBall(constant=True),
    "heavy-ball-per-step": HeavyBall(constant=False),
    "heavy-ball-decay": WeightDecay(family=HeavyBall(constant=True)),
    "nesterov": Nesterov(constant=True),
    "nesterov-per-step": Nesterov(constant=False),
    "span-2": FirstOrderSpan(memory=2, constant=True),
    "span-3": FirstOrderSpan(memory=3, constant=True),
    "adam-family": AdamFamily(epsilon=_EPSILON),
    "adam": AdamFamily(exponent=0.5, epsilon=_EPSILON),
    "adamw": WeightDecay(family=AdamFamily(exponent=0.5, epsilon=_EPSILON)),
    "rmsprop": AdamFamily(exponent=0.5, beta1=0.0, bias_correction=False, epsilon=_EPSILON),
})
"""Families that need no number of the task's own scale (smoothing, gradient scale), {name: Family}."""


def by_name(name: str) -> Family:
    """The family of that name in ``ALL``; names that are none are refused with the near ones."""
    return ALL[check_choice("policy family", name, ALL)]
