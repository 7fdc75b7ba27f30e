"""The numbers that decide what a comparison concludes."""

from dataclasses import dataclass

from ...rules.choice import MARGIN, Margin
from ...support.arguments import Positive, checked


@checked
@dataclass(frozen=True, kw_only=True)
class Criteria:
    """The numbers that decide, all relative to rms |u|.

    Attributes
    ----------
    threshold : largest held-out error of a rule that fits
    resolution : errors, and differences between two fitted rules, below this are not distinguished;
        fits whose feature matrix has a condition number above 1/resolution do not determine their
        coefficients
    margin : factor by which a richer rule must reduce the error of a simpler one to be preferred
    """

    threshold: Positive = 0.05
    resolution: Positive = 1e-3
    margin: Margin = MARGIN
