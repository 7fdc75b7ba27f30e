"""How small a number of a sweep still means something: where logarithmic colours begin."""

from typing import Any

from ...sweeps.measures.searching import TIE

ATTRIBUTE = "good_to"  # of a variable, for one of a user's own
_KNOWN = {"regret": TIE, "best_regret": TIE}  # by measure; regrets are shares of the cost scale S
_ROUNDING = 1e-12  # of the largest number
_SPAN = 100  # from the least to the largest number: less is shown on a linear scale


def good_to(variable: Any) -> float:
    """The number below which values of a variable of a sweep are error; 0 where nobody says."""
    stem = str(variable.name).partition(".")[0]
    return float(variable.attrs.get(ATTRIBUTE, _KNOWN.get(stem, 0.0)))


def lowest_colour(low: float, high: float, floor: float, log: bool | None = None) -> float | None:
    """Where logarithmic colours of numbers from ``low`` to ``high`` begin; None for linear ones.

    All have to be positive, or to differ from that by no more than what they are good to. ``log``
    None is whether they span two decades above that.
    """
    has_logarithm = low > 0 or (floor > 0 and low >= -floor)
    begin = max(low, floor, _ROUNDING * high)
    if not has_logarithm or begin >= high:
        return None
    wanted = high > _SPAN * begin if log is None else log
    return begin if wanted else None
