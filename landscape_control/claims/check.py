"""One number against theory, and the rate of a limit."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from ..support.arguments import AnyNumber, NonNegative, Vector, Words, checked
from ..support.arrays import number
from ..support.errors import ProblemError, check_choice

RELATIONS = ("equal", "at most", "at least", "limit")
_MEASURES = ("absolute", "relative")


@checked
@dataclass(frozen=True, kw_only=True)
class Check:
    """One computed number against what theory says about it.

    It passes when ``error <= tolerance``, where the error is, in the units of the quantity,
      equal     |computed - theory|
      at most   max(0, computed - theory)
      at least  max(0, theory - computed)
      limit     |computed - theory|, both being rates: the slope of log(error) against
                log(parameter), see
                :func:`fitted_slope`
    and with ``measure="relative"`` that same number divided by |theory|. A computed NaN or infinity
    never passes.

    Attributes
    ----------
    quantity : str, what was computed, in words and symbols, e.g. "relaxation rate r at γ = 1, h =
        4"
    theory : float, finite
    computed : float
    relation : one of RELATIONS: how computed stands to theory
    tolerance : float ≥ 0
    measure : "absolute" (default) or "relative" to |theory|

    Raises
    ------
    ProblemError
        An empty quantity, an unknown relation or measure, a theory that is not a finite number, a
        negative tolerance, a relative measure with theory = 0.
    """

    quantity: str
    theory: float
    computed: Annotated[
        bool | AnyNumber, Words(advice="pass one number; write one check per number")
    ]
    relation: str
    tolerance: NonNegative
    measure: str = "absolute"

    def __post_init__(self) -> None:
        words("check quantity", self.quantity)
        check_choice(f"relation of check {self.quantity!r}", self.relation, RELATIONS)
        check_choice(f"measure of check {self.quantity!r}", self.measure, _MEASURES)
        object.__setattr__(
            self, "theory", number(f"theory of check {self.quantity!r}", self.theory)
        )
        object.__setattr__(
            self,
            "tolerance",
            number(f"tolerance of check {self.quantity!r}", self.tolerance, low=0),
        )
        object.__setattr__(self, "computed", _plain(self.quantity, self.computed))
        if self.measure == "relative" and self.theory == 0:
            raise ProblemError(
                f"measure of check {self.quantity!r}",
                expected="'absolute' when theory = 0",
                received="'relative'",
                advice="state the tolerance in the units of the quantity",
            )

    @property
    def error(self) -> float:
        """Distance from what the relation asks, as ``measure`` says; 0 inside a bound."""
        gap = self.computed - self.theory
        gap = {"at most": max(0.0, gap), "at least": max(0.0, -gap)}.get(self.relation, abs(gap))
        if not np.isfinite(
            self.computed
        ):  # NaN would pass no comparison, and so no test for failure
            gap = float("inf")
        return gap / abs(self.theory) if self.measure == "relative" else gap

    @property
    def passed(self) -> bool:
        """Whether error <= tolerance."""
        return self.error <= self.tolerance


@checked
def fitted_slope(parameter: Vector, error: Vector) -> float:
    """Least-squares slope of log(error) against log(parameter), both (S,), positive, S ≥ 2.

    The rate of a limit.
    """
    x, y = np.asarray(parameter, dtype=float), np.asarray(error, dtype=float)
    good = x.ndim == 1 and x.shape == y.shape and len(x) >= 2 and (x > 0).all() and (y > 0).all()
    if not good or not np.isfinite([x, y]).all() or np.ptp(x) == 0:
        smallest = f"smallest {x.min(initial=np.inf):g} and {y.min(initial=np.inf):g}"
        raise ProblemError(
            "rate of a limit",
            expected="two equally long arrays of positive numbers, two parameters or more",
            received=f"shapes {x.shape} and {y.shape}, {smallest}",
            advice="drop points where the error has reached round-off",
        )
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def words(what: str, value: object) -> str:
    """The value if it is a string that says something; otherwise refuse."""
    if not isinstance(value, str) or not value.strip():
        raise ProblemError(
            what,
            expected="some words",
            received=repr(value),
            advice="say it so that a reader can check it",
        )
    return value


def _plain(quantity: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ProblemError(
            f"computed value of check {quantity!r}",
            expected="one number",
            received=repr(value)[:80],
            advice="make one check per number, or the largest error of an array",
        ) from None
