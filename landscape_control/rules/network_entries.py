"""Families of optimizers of networks by name; what is recognised of them is in :mod:`.network_rules`."""

from collections.abc import Iterator

from .entry import Entry
from .families import (
    AMSGrad,
    Clipped,
    DampenedMomentum,
    GradientDescent,
    HeavyBall,
    NAdam,
    RMSPropMomentum,
)


def of_networks() -> Iterator[Entry]:
    """They are optimised by name, and recognised in recordings of training only."""
    yield Entry(name="dampened-momentum", family=DampenedMomentum())
    yield Entry(name="amsgrad", family=AMSGrad())
    yield Entry(name="nadam", family=NAdam())
    yield Entry(name="rmsprop-momentum", family=RMSPropMomentum())
    yield Entry(
        name="clipped-gradient-descent", family=Clipped(family=GradientDescent(constant=True))
    )
    yield Entry(name="clipped-heavy-ball", family=Clipped(family=HeavyBall(constant=True)))
