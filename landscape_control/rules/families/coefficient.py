"""The free numbers of a learning rule: names, ranges, and their layout in one vector."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np

from ...support.arguments import Count, Entries, Index, Numbers, Range, checked
from ...support.arrays import freeze, number, real_array
from ...support.errors import ProblemError, check_options
from .elementwise import Value

Limit = Annotated[float, Range(allow_inf=True)]
if TYPE_CHECKING:
    StartLimit = float
else:
    StartLimit = float | None  # None leaves the choice to the class, as leaving it out does
Scale = Literal["linear", "log", "one minus"]
# y a gradient, θ a weight, t a time, u a movement per time (of a family: per step)
Unit = Literal["1", "y", "y²", "θ", "y/θ", "1/yθ", "u", "u/y", "u/yt", "t", "1/t", "1/step"]
# scale -> (value -> where it stands on the scale, back)
SCALES: Mapping[str, tuple[Callable[[Value], Value], Callable[[Value], Value]]] = {
    "linear": (lambda x: x, lambda x: x),
    "log": (np.log, np.exp),
    "one minus": (lambda x: -np.log1p(-x), lambda x: -np.expm1(-x)),
}


@checked
@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """One free number of a rule, or one per step, with the ranges in which it is looked for.

    A fit, an optimisation and a simulation all read them here.

    Attributes
    ----------
    name, symbol : str
    low, high : admissible range; infinite where nothing is excluded
    least, most : range in which a search starts, always finite: starting points of an optimisation
        are drawn in it, a learner's coefficients are tuned in it; [0, 1] unless given, or what is
        admissible next to it
    scale : "linear", "log", or "one minus" for numbers like momentum, drawn evenly in log(1 - β)
    varies : whether it has its own value at every step
    first : first step at which it has any effect (1 for momentum, because the learner starts at
        rest)
    size : numbers per step; 1 is a plain number, more a vector (the weights of a neural policy)
    unit : of the number and its ranges, "1" where it has none: "y" of a gradient, "y/θ" of a
        curvature; a search in a problem measures the ranges in that problem's own gradients,
        weights and times

    Raises ProblemError where the ranges do not lie in each other.
    """

    name: str
    symbol: str
    low: Limit = -math.inf
    high: Limit = math.inf
    least: StartLimit = -math.inf
    most: StartLimit = math.inf
    scale: Scale = "linear"
    varies: bool = False
    first: Index = 0
    size: Count = 1
    unit: Unit = "1"

    def __post_init__(self) -> None:
        # a search needs finite ends, where the admissible range may have none
        chosen = dict(zip(("least", "most"), _near_unit_interval(self.low, self.high), strict=True))
        for name, limit in chosen.items():
            given = getattr(self, name)
            if given is None or math.isinf(given):
                object.__setattr__(self, name, limit)
        if not (self.low <= self.least < self.most <= self.high):
            raise ProblemError(
                f"coefficient {self.name!r}",
                expected="low <= least < most <= high",
                received=f"{self.low:g}, {self.least:g}, {self.most:g}, {self.high:g}",
                advice="draw the starts inside the admissible range",
            )

    @checked
    def shape_over(self, horizon: Count) -> tuple[int, ...]:
        """Shape of its values over a horizon of T steps: (), (size,), (T,) or (T, size)."""
        per_step = (self.size,) if self.size > 1 else ()
        return (horizon, *per_step) if self.varies else per_step

    @checked
    def draw(self, uniform: Numbers) -> np.ndarray:
        """Values in [least, most] from uniform numbers in [0, 1], evenly on the scale."""
        if self.scale == "linear":
            return self.least + (self.most - self.least) * uniform
        if self.scale == "log":
            return self.least * (self.most / self.least) ** uniform
        near, far = 1 - self.least, 1 - self.most  # 1 - β, which is drawn evenly in its logarithm
        return 1 - near * (far / near) ** uniform


def _near_unit_interval(low: float, high: float) -> tuple[float, float]:
    """[0, 1], or an interval of length at most 1 next to it where [low, high] does not hold it."""
    least = min(max(0.0, low), high)
    most = min(least + 1.0, high)
    if least < most:
        return least, most
    return max(most - 1.0, low), most  # everything admissible lies below 0


def vector_of(
    coefficients: tuple[Coefficient, ...], values: Mapping[str, object], *, rule: str
) -> np.ndarray:
    """Coefficients by name as (c,); refuses unknown, missing and inadmissible ones.

    Messages name the ``rule``.
    """
    names = [coefficient.name for coefficient in coefficients]
    check_options(f"{rule} coefficient", dict(values), names)
    return np.array([_admitted(coefficient, values, rule, names) for coefficient in coefficients])


def _admitted(
    coefficient: Coefficient, values: Mapping[str, object], rule: str, names: Sequence[str]
) -> float:
    low, high, value = coefficient.low, coefficient.high, values.get(coefficient.name)
    try:
        return number(coefficient.name, value, low=low, high=high)
    except ProblemError:
        raise ProblemError(
            f"{rule}: {coefficient.name} {coefficient.symbol}",
            expected=f"a number in [{low:g}, {high:g}]",
            received=repr(value),
            advice=f"give {', '.join(names)} inside their ranges",
        ) from None


def admissible(coefficient: Coefficient) -> Range:
    """What an argument accepts that holds a coefficient at a value."""
    return Range(low=coefficient.low, high=coefficient.high)


@checked
@dataclass(frozen=True, kw_only=True)
class Layout:
    """How the coefficients of a family stand in one vector for a horizon of T steps.

    Coefficient after coefficient; one that varies takes T - first blocks of its size, step after
    step.
    """

    coefficients: tuple[Coefficient, ...]
    horizon: Count

    def blocks(self, coefficient: Coefficient) -> int:
        """Number of blocks of a coefficient: 1, or one per step at which it has an effect."""
        return max(self.horizon - coefficient.first, 0) if coefficient.varies else 1

    @cached_property
    def slices(self) -> dict[str, slice]:
        """Where each coefficient stands in the vector."""
        places: dict[str, slice] = {}
        begin = 0
        for coefficient in self.coefficients:
            end = begin + self._entry_count(coefficient)
            places[coefficient.name] = slice(begin, end)
            begin = end
        return places

    @property
    def size(self) -> int:
        """Length of the vector."""
        return sum(map(self._entry_count, self.coefficients))

    def _entry_count(self, coefficient: Coefficient) -> int:
        return self.blocks(coefficient) * coefficient.size

    @property
    def bounds(self) -> np.ndarray:
        """(size, 2), admissible range of every entry."""
        rows = [
            np.tile([each.low, each.high], (self._entry_count(each), 1))
            for each in self.coefficients
        ]
        return np.concatenate(rows) if rows else np.empty((0, 2))

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for every entry, e.g. "momentum at step 3"."""
        labels: list[str] = []
        for each in self.coefficients:
            names = [each.name]
            if each.size > 1:
                names = [f"{each.name} {i}" for i in range(each.size)]
            for block in range(self.blocks(each)):
                step = f" at step {block + each.first}" if each.varies else ""
                labels += [f"{name}{step}" for name in names]
        return tuple(labels)

    @checked
    def join(self, values: object) -> np.ndarray:
        """The vector of coefficients by name; a number for one that varies holds at every step.

        Varying values are given for all T steps; those before ``first`` have no effect and are
        dropped.
        """
        if not isinstance(values, Mapping):
            raise ProblemError(
                "coefficients",
                expected="{name: value}",
                received=repr(values),
                advice=f"give {', '.join(each.name for each in self.coefficients)} by name",
            )
        check_options("coefficient", dict(values), [each.name for each in self.coefficients])
        parts = [self._entries(each, values) for each in self.coefficients]
        return np.concatenate(parts or [np.empty(0)])

    @checked
    def split(self, entries: Entries) -> dict[str, np.ndarray | float]:
        """Coefficients by name: a float, (size,), (T,) or (T, size); 0 before they have effect."""
        numbers = np.asarray(entries, dtype=float)
        return {
            each.name: self._value(each, numbers[self.slices[each.name]])
            for each in self.coefficients
        }

    def at_step(self, entries: Value, step: int) -> dict[str, Value]:
        """What the family's ``step`` is given, from a vector of numbers or of CasADi symbols."""
        return {each.name: self._at_step(each, entries, step) for each in self.coefficients}

    def _at_step(self, coefficient: Coefficient, entries: Value, step: int) -> Value:
        size, blocks_before = coefficient.size, 0
        if coefficient.varies:
            blocks_before = step - coefficient.first
            if blocks_before < 0:  # no effect yet, and no place in the vector
                return 0.0 if size == 1 else [0.0] * size
        begin = self.slices[coefficient.name].start + blocks_before * size
        if size == 1:
            return entries[begin]
        return [entries[begin + i] for i in range(size)]

    def _entries(self, each: Coefficient, values: Mapping[str, object]) -> np.ndarray:
        if each.name not in values:
            raise ProblemError(
                f"coefficient {each.name!r}",
                expected="a value",
                received="none",
                advice=f"give all of {', '.join(c.name for c in self.coefficients)}",
            )
        shape = each.shape_over(self.horizon)
        array = real_array(f"coefficient {each.name!r}", values[each.name], "numbers")
        try:
            array = np.broadcast_to(array, shape)
        except ValueError:
            raise ProblemError(
                f"coefficient {each.name!r}",
                expected=f"numbers of shape {shape}",
                received=f"shape {array.shape}",
                advice="one value per step of the horizon, or one number for all",
            ) from None
        if each.varies:
            array = array[each.first :]
        return array.ravel()

    def _value(self, each: Coefficient, entries: np.ndarray) -> np.ndarray | float:
        if not each.varies:
            return float(entries[0]) if each.size == 1 else freeze(entries)
        steps = np.zeros((self.horizon, each.size))
        steps[each.first :] = entries.reshape(-1, each.size)
        return freeze(steps[:, 0] if each.size == 1 else steps)
