"""What a comparison may conclude, and the numbers that decide."""

import enum
from dataclasses import dataclass

from ..arrays import number
from ..rules.choice import MARGIN


class Conclusion(enum.Enum):
    """What a comparison may conclude."""

    RULE = "one rule fits"
    NOT_IDENTIFIABLE = "rules fit that cannot be told apart on this data"
    NONE_FITS = "no rule in the library fits"


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """The numbers that decide, all relative to rms |u|.

    Attributes
    ----------
    threshold : largest held-out error of a rule that fits
    resolution : errors, and differences between two fitted rules, below this are not distinguished; fits whose feature
        matrix has a condition number above 1/resolution do not determine their coefficients
    margin : factor by which a richer rule must reduce the error of a simpler one to be preferred
    """

    threshold: float = 0.05
    resolution: float = 1e-3
    margin: float = MARGIN

    def __post_init__(self):
        for name, low in (("threshold", 0), ("resolution", 0), ("margin", 1)):
            object.__setattr__(self, name, number(name, getattr(self, name), low=low, low_open=low == 0))
