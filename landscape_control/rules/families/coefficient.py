"""The free numbers of a learning rule: names, admissible ranges, and how they are laid out in one
vector.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

import numpy as np

from ...support.arguments import Count, Entries, Index, Numbers, Range, checked
from ...support.arrays import freeze, real_array
from ...support.errors import ProblemError, check_options

Limit = Annotated[float, Range(allow_inf=True)]
Scale = Literal["linear", "log", "one minus"]
# scale -> (value -> where it stands on the scale, back)
SCALES = {
    "linear": (lambda x: x, lambda x: x),
    "log": (np.log, np.exp),
    "one minus": (lambda x: -np.log1p(-x), lambda x: -np.expm1(-x)),
}


@checked
@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """One free number of a rule, or one per step: the same object says in which range a fit, an
    optimisation and a simulation may look for it.

    Attributes
    ----------
    name, symbol : str
    low, high : admissible range; infinite where nothing is excluded
    least, most : range in which a search starts: starting points of an optimisation are drawn in
        it, a learner's coefficients are tuned in it; [0, 1] unless given, or what is admissible next
        to it
    scale : "linear", "log", or "one minus" for numbers like momentum, drawn evenly in log(1 - β)
    varies : whether it has its own value at every step
    first : first step at which it has any effect (1 for momentum, because the learner starts at
        rest)
    size : numbers per step; 1 is a plain number, more a vector (the weights of a neural policy)

    Raises ProblemError where the ranges do not lie in each other.
    """

    name: str
    symbol: str
    low: Limit = -math.inf
    high: Limit = math.inf
    least: float | None = None
    most: float | None = None
    scale: Scale = "linear"
    varies: bool = False
    first: Index = 0
    size: Count = 1

    def __post_init__(self):
        least, most = _near_unit_interval(self.low, self.high)
        if self.least is None:
            object.__setattr__(self, "least", least)
        if self.most is None:
            object.__setattr__(self, "most", most)
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
        near, far = 1 - self.least, 1 - self.most
        return 1 - near * (far / near) ** uniform


def _near_unit_interval(low: float, high: float) -> tuple[float, float]:
    """[0, 1], or an interval of length at most 1 next to it where [low, high] does not hold it."""
    least = min(max(0.0, low), high)
    most = min(least + 1.0, high)
    return (least, most) if least < most else (max(most - 1.0, low), most)


def vector_of(
    coefficients: tuple[Coefficient, ...], values: Mapping[str, object], *, rule: str
) -> np.ndarray:
    """Coefficients by name as (c,); unknown, missing and inadmissible ones are refused in the name
    of the rule.
    """
    names = [coefficient.name for coefficient in coefficients]
    check_options(f"{rule} coefficient", values, names)
    for coefficient in coefficients:
        low, high, value = coefficient.low, coefficient.high, values.get(coefficient.name)
        if value is None or not low <= value <= high or not np.isfinite(value):
            raise ProblemError(
                f"{rule}: {coefficient.name} {coefficient.symbol}",
                expected=f"a number in [{low:g}, {high:g}]",
                received=repr(value),
                advice=f"give {', '.join(names)} inside their ranges",
            )
    return np.array([float(values[name]) for name in names])


def admissible(coefficient: Coefficient):
    """The annotation of an argument that holds a coefficient at a value."""
    return Annotated[float, Range(low=coefficient.low, high=coefficient.high)]


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
        places, begin = {}, 0
        for coefficient in self.coefficients:
            end = begin + self.blocks(coefficient) * coefficient.size
            places[coefficient.name], begin = slice(begin, end), end
        return places

    @property
    def size(self) -> int:
        """Length of the vector."""
        return sum(self.blocks(each) * each.size for each in self.coefficients)

    @property
    def bounds(self) -> np.ndarray:
        """(size, 2), admissible range of every entry."""
        rows = [
            np.tile([each.low, each.high], (self.blocks(each) * each.size, 1))
            for each in self.coefficients
        ]
        return np.concatenate(rows) if rows else np.empty((0, 2))

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for every entry, e.g. "momentum at step 3"."""
        names = []
        for each in self.coefficients:
            for block in range(self.blocks(each)):
                step = f" at step {block + each.first}" if each.varies else ""
                names += [
                    f"{each.name}{f' {i}' if each.size > 1 else ''}{step}" for i in range(each.size)
                ]
        return tuple(names)

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
        return np.concatenate(
            [self._entries(each, values) for each in self.coefficients] or [np.empty(0)]
        )

    @checked
    def split(self, entries: Entries) -> dict[str, np.ndarray | float]:
        """Coefficients by name: a float, (size,), (T,) or (T, size); zero at the steps where they
        have no effect.
        """
        return {
            each.name: self._value(each, np.asarray(entries, dtype=float)[self.slices[each.name]])
            for each in self.coefficients
        }

    def at_step(self, entries, step: int) -> dict[str, object]:
        """What the family's ``step`` is given at a step, from a vector of numbers or of CasADi
        symbols.
        """
        return {each.name: self._at_step(each, entries, step) for each in self.coefficients}

    def _at_step(self, coefficient, entries, step):
        size, blocks_before = coefficient.size, 0
        if coefficient.varies:
            blocks_before = step - coefficient.first
            if blocks_before < 0:  # no effect yet, and no place in the vector
                return 0.0 if size == 1 else [0.0] * size
        begin = self.slices[coefficient.name].start + blocks_before * size
        return entries[begin] if size == 1 else [entries[begin + i] for i in range(size)]

    def _entries(self, each, values):
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
        return (array[each.first :] if each.varies else array).ravel()

    def _value(self, each, entries):
        if not each.varies:
            return float(entries[0]) if each.size == 1 else freeze(entries)
        full = np.zeros((self.horizon, each.size))
        full[each.first :] = entries.reshape(-1, each.size)
        return freeze(full[:, 0] if each.size == 1 else full)
