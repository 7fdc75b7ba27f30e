"""Families by name, for the command line and for sweeps: named variants with their settings spelled
out.
"""

import re
from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType

from ...arguments import checked
from ...errors import check_choice
from .adaptive import AdamFamily
from .decay import WeightDecay
from .family import Family
from .linear import FirstOrderSpan, GradientDescent, HeavyBall, Nesterov
from .neural import GatedPolicy, NeuralPolicy
from .schedules import ScheduledDescent
from .shapes import Cosine, InverseTime, Polynomial, WarmupStableDecay
from .sign import Lion, SignDescent

_EPSILON = 1e-16  # that of Adam's paper, squared: inside the power

ALL: Mapping[str, Family] = MappingProxyType(
    {
        "gradient-descent": GradientDescent(constant=True),
        "gradient-descent-per-step": GradientDescent(constant=False),
        "gradient-descent-1/t": ScheduledDescent(shape=InverseTime()),
        "gradient-descent-polynomial": ScheduledDescent(shape=Polynomial()),
        "gradient-descent-cosine": ScheduledDescent(shape=Cosine(final=0.0)),
        "gradient-descent-wsd": ScheduledDescent(
            shape=WarmupStableDecay(warmup=None, decay_fraction=None)
        ),
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
    }
)
"""Families that need no number of the task's own scale, {name: Family}."""

NEEDING: Mapping[str, type[Family]] = MappingProxyType(
    {
        "sign-descent": SignDescent,
        "lion": Lion,
        "neural-policy": NeuralPolicy,
        "gated-policy": GatedPolicy,
        "first-order-span": FirstOrderSpan,
    }
)
"""Families that need numbers of the task (a smoothing, the gradient's scale) or of the user's
choice, {name: class}; the class attribute ``arguments`` explains each."""


@checked
def by_name(name: str, **arguments: object) -> Family:
    """The family of a name in ``ALL`` or ``NEEDING``, or of a family's own ``name`` ("heavy ball":
    its first variant there).

    ``arguments`` are those that a family in ``NEEDING`` requires, as in ``by_name("lion",
    smoothing=0.3)``; they change the settings of one in ``ALL``, as in ``by_name("adam",
    beta2=0.99)``. Upper case does not matter, nor do spaces, underscores and commas in the place of
    hyphens.

    Raises
    ------
    ProblemError
        Names that are none, with the near ones; arguments that are missing, each explained, or that
        the family has not.
    """
    found = _own_names() | dict(ALL) | dict(NEEDING)
    spelled = _spelled(name)
    family = found[
        (
            spelled
            if spelled in _own_names()
            else check_choice("policy family", spelled, {*ALL, *NEEDING})
        )
    ]
    if isinstance(family, type):
        return family(**arguments)
    settings = {one.name: getattr(family, one.name) for one in fields(family) if one.init}
    return type(family)(**settings | arguments)


def _own_names():
    """{a family's own name in the catalogue's spelling: its first variant}."""
    return {_spelled(family.name): family for family in reversed(ALL.values())}


def _spelled(name):
    return re.sub(r"[\s_,-]+", "-", name.strip().lower())
