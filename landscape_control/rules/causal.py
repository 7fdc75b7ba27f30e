"""What a causal rule is: a family of updates from the gradients seen so far, as fits name it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..model.problem import ControlProblem
from ..support.arguments import AnyNumber, checked
from ..support.errors import ProblemError
from .candidate import Candidate
from .families import Clock, Coefficient, Family, Policy
from .families.family import State
from .information import Information
from .names import key_of

Memory = Callable[[int, State], State]
if TYPE_CHECKING:
    # as attributes; where None is given for them, the family says them
    FamilysNames = tuple[str, ...]
    FamilysAnswer = bool
else:
    FamilysNames = tuple[str, ...] | None
    FamilysAnswer = bool | None


@checked
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CausalRule(Candidate):
    """A learning rule Δθ_t = f(y_0 … y_t) with constant coefficients: a family that a fit can name.

    It works weight by weight, and is at rest before the first gradient. What is not given is what
    the family says of itself, so that ``CausalRule(family=...)`` is enough.

    Attributes ---------- family : Family with constant coefficients, whose ``step`` is the rule key
    : stable identifier, e.g. "heavy_ball" name, formula, source : as of a :class:`Rule` sees :
    Information.GRADIENT, with Information.PARAMETERS for rules that pull the weights somewhere (θ
    is
        measured from there)
    contains : keys of rules that are limits or special cases of this one
    proportional : names of the coefficients in which the update is linear and homogeneous, the
        others given; none of them may be negative
    smooth : whether the update is differentiable in the other coefficients ranges : {coefficient:
    {"low", "high", "least" or "most": number}} where a fit looks further than
        the family's own ranges
    """

    family: Family
    key: str = ""
    name: str = ""
    formula: str = ""
    source: str = ""
    sees: frozenset[Information] = frozenset()
    contains: frozenset[str] = frozenset()
    proportional: FamilysNames = None  # type: ignore[assignment]  # filled in below
    smooth: FamilysAnswer = None  # type: ignore[assignment]  # filled in below
    ranges: Mapping[str, Mapping[str, AnyNumber]] = field(default_factory=dict, repr=False)
    coefficients: tuple[Coefficient, ...] = field(init=False)

    def __post_init__(self) -> None:
        family = self.family
        if any(each.varies or each.size > 1 for each in family.coefficients):
            raise ProblemError(
                f"causal rule {self.key or family.name!r}",
                expected="a family with constant coefficients",
                received=family.name,
                advice="build the family with constant=True",
            )
        own = {
            "key": key_of(family.name),
            "name": family.name,
            "formula": family.formula,
            "source": family.source,
        }
        for name, value in own.items():
            if not getattr(self, name):
                object.__setattr__(self, name, value)
        if not self.sees:
            sees = {Information.GRADIENT}
            if family.reads_parameters:
                sees.add(Information.PARAMETERS)
            object.__setattr__(self, "sees", frozenset(sees))
        if self.proportional is None:
            object.__setattr__(self, "proportional", tuple(family.proportional))
        object.__setattr__(self, "coefficients", tuple(map(self._ranged, family.coefficients)))
        if self.smooth is None:
            only_proportional = set(self.names) <= set(self.proportional)
            object.__setattr__(self, "smooth", family.differentiable or only_proportional)

    def _ranged(self, coefficient: Coefficient) -> Coefficient:
        """The family's coefficient with the range in which a fit looks for it."""
        limits = self.ranges.get(coefficient.name, {})
        wider = replace(coefficient, **limits)  # type: ignore[arg-type]  # names of limits only
        if coefficient.name in self.proportional:  # a negative one would be another rule's
            return replace(wider, low=max(wider.low, 0.0))
        return wider

    @property
    def memory(self) -> int:
        return self.family.state_size

    def updates(
        self,
        coefficients: np.ndarray,
        gradients: np.ndarray,
        parameters: np.ndarray | None = None,
        squares: np.ndarray | None = None,
        *,
        first: int = 0,
        memory: "Memory | None" = None,
        age: np.ndarray | float = 0.0,
    ) -> np.ndarray:
        """Δθ (B, T, R) for B sets of coefficients (B, c).

        All run on the same gradients (T, R), seen at parameters (T, R). ``squares`` (T, R) are |y|²
        of all weights that learn together with each, for rules that couple weights; None where the R
        are these weights. Steps before ``first`` only feed the memory and are left out. All begin at
        rest, unless ``memory`` (t, state) -> state puts another state in its place before step t, and
        ``age`` (B, R) steps were taken before the first.
        """
        columns = np.asarray(coefficients, dtype=float).T[:, :, None]  # (c, B, 1)
        values = dict(zip(self.names, columns, strict=True))
        sets = len(coefficients)
        steps, weights = gradients.shape
        result = np.empty((sets, steps - first, weights))
        state = tuple(np.zeros((sets, weights)) for _ in range(self.family.state_size))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for t in range(steps):
                place = None if parameters is None else parameters[t]
                square = None if squares is None else squares[t]
                clock = Clock(step=t + age, horizon=steps, gradient_square=square)
                if memory is not None:
                    state = memory(t, state)
                update, state = self.family.step(values, state, gradients[t], place, clock)
                if t >= first:
                    result[:, t - first] = update
        return result

    @checked
    def policy(self, coefficients: Mapping[str, object]) -> Policy:
        """The rule as a pure (init, update) pair.

        Unknown, missing and inadmissible coefficients are refused.
        """
        self.vector(coefficients)
        return Policy(family=self.family, coefficients=dict(coefficients), horizon=1)

    @checked
    def objection(self, problem: ControlProblem) -> str:
        """Why a policy u(θ) cannot be this rule."""
        return "remembers gradients; a map u(θ) has no memory"
