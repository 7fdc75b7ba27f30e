"""Exponential averages from rest, which momentum, Adam, RMSProp and Lion share."""

from .coefficient import Coefficient
from .elementwise import Value
from .family import Clock


def average_weight(name: str, symbol: str) -> Coefficient:
    """β of an average; 0 forgets at once."""
    return Coefficient(
        name=name, symbol=symbol, low=0.0, high=0.99999, least=0.0, most=0.999, scale="one minus"
    )


def averaged(weight: Value, average: Value, value: Value) -> Value:
    """β·average + (1 - β)·value."""
    return weight * average + (1 - weight) * value


def bias_corrected(weight: Value, average: Value, clock: Clock) -> Value:
    """average/(1 - βᵗ) at the t-th step, t = 1, 2, … (Kingma & Ba 2015).

    The average begins at zero, which this takes out again.
    """
    count = clock.step + 1
    return average / (1 - weight**count)
