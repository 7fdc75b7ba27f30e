"""One number against theory, and the rate of a limit."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from ..support.arguments import AnyNumber, NonNegative, Positive, Vector, Words, checked
from ..support.arrays import number
from ..support.errors import ProblemError, check_choice

RELATIONS = ("equal", "at most", "at least", "limit")
_MEASURES = ("absolute", "relative")
REFERENCES = (
    "closed form",
    "independent code",
    "same code, other data",
    "frozen",
    "published",
    "stated bound",
)
BOUNDS = ("before", "after")
KINDS = ("number", "label")
_LARGEST_SHARE = 0.2  # of the effect, that a tolerance may be


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
    never passes. An "equal" check with a stated ``effect`` fails also if its tolerance is more than
    a fifth of the effect: it would not notice what it is about.

    Attributes
    ----------
    quantity : str, what was computed, in words and symbols, e.g. "relaxation rate r at γ = 1, h =
        4"
    theory : float, finite
    computed : float
    relation : one of RELATIONS: how computed stands to theory
    tolerance : float ≥ 0
    measure : "absolute" (default) or "relative" to |theory|
    reference : one of REFERENCES or None (not said): where ``theory`` comes from
        closed form            a formula, evaluated here
        independent code       another algorithm or another program, which shares no code
        same code, other data  other seeds, starting points, settings or methods of this package
        frozen                 a table computed earlier by a longer study
        published              a number printed in the paper or another publication
        stated bound           no number is predicted: an inequality against a stated bound
    bound : "before" or "after" a first look at the numbers the tolerance (or the stated bound) was
        set, or None (not said)
    kind : "number" (default), or "label" where names or verdicts are counted or compared
    standard_error : float ≥ 0, of ``computed`` where it is an estimate from random draws, in the
        units of the error; 0 where it is not
    effect : float > 0 or None, the size of what the check is about, in the units of the error: what
        ``computed`` would be off by if the statement did not hold. Needed where an "equal" check has
        a standard error

    Raises
    ------
    ProblemError
        An empty quantity, an unknown relation, measure, reference, bound or kind, a theory that is
        not a finite number, a negative tolerance, a relative measure with theory = 0, an "equal"
        check with a standard error and no effect.
    """

    quantity: str
    theory: float
    computed: Annotated[
        bool | AnyNumber, Words(advice="pass one number; write one check per number")
    ]
    relation: str
    tolerance: NonNegative
    measure: str = "absolute"
    reference: str | None = None
    bound: str | None = None
    kind: str = "number"
    standard_error: NonNegative = 0.0
    effect: Positive | None = None

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
        self._check_origin()

    def _check_origin(self) -> None:
        """Refuse unknown origins, and an estimate held against a number without a stated effect."""
        if self.reference is not None:
            check_choice(f"reference of check {self.quantity!r}", self.reference, REFERENCES)
        if self.bound is not None:
            check_choice(f"bound of check {self.quantity!r}", self.bound, BOUNDS)
        check_choice(f"kind of check {self.quantity!r}", self.kind, KINDS)
        if self.standard_error > 0 and self.relation == "equal" and self.effect is None:
            raise ProblemError(
                f"effect of check {self.quantity!r}",
                expected="the size of what the check is about, as it has a standard error",
                received="None",
                advice="say what computed would be off by if the statement did not hold",
            )

    @property
    def noticing(self) -> bool:
        """Whether the check would notice its effect: a tolerance of at most a fifth of it."""
        if self.relation != "equal" or self.effect is None:
            return True
        return self.tolerance <= _LARGEST_SHARE * self.effect

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
        """Whether error <= tolerance, and the tolerance small enough to notice the effect."""
        return self.noticing and self.error <= self.tolerance


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
