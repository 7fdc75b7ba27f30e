"""The free numbers of a policy family: names, admissible ranges, and how they are laid out in one
vector.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from ...arguments import Count, Entries, Index, Numbers, Range, checked
from ...arrays import freeze, real_array
from ...errors import ProblemError, check_options

Limit = Annotated[float, Range(allow_inf=True)]
SCALES = ("linear", "log", "one minus")


@checked
@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """One free number of a family, or one per step.

    Attributes
    ----------
    name, symbol : str
    low, high : admissible range; infinite where nothing is excluded
    least, most : range in which the starting points of the optimisation are drawn
    scale : "linear", "log", or "one minus" for numbers like momentum, drawn evenly in log(1 - β)
    varies : whether it has its own value at every step
    first : first step at which it has any effect (1 for momentum, because the learner starts at
    rest) size : numbers per step; 1 is a plain number, more a vector (the weights of a neural
    policy)
    """

    name: str
    symbol: str
    low: Limit = -math.inf
    high: Limit = math.inf
    least: float = 0.0
    most: float = 1.0
    scale: Literal["linear", "log", "one minus"] = "linear"
    varies: bool = False
    first: Index = 0
    size: Count = 1

    def __post_init__(self):
        if not (self.low <= self.least < self.most <= self.high):
            raise ProblemError(
                f"coefficient {self.name!r}",
                expected="low <= least < most <= high",
                received=f"{self.low:g}, {self.least:g}, {self.most:g}, {self.high:g}",
                advice="draw the starts inside the admissible range",
            )

    @checked
    def draw(self, uniform: Numbers) -> np.ndarray:
        """Values in [least, most] from uniform numbers in [0, 1], evenly on the scale."""
        if self.scale == "linear":
            return self.least + (self.most - self.least) * uniform
        if self.scale == "log":
            return self.least * (self.most / self.least) ** uniform
        near, far = 1 - self.least, 1 - self.most
        return 1 - near * (far / near) ** uniform


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

    @property
    def slices(self) -> dict[str, slice]:
        """Where each coefficient stands in the vector."""
        places, begin = {}, 0
        for one in self.coefficients:
            end = begin + self.blocks(one) * one.size
            places[one.name], begin = slice(begin, end), end
        return places

    @property
    def size(self) -> int:
        """Length of the vector."""
        return sum(self.blocks(one) * one.size for one in self.coefficients)

    @property
    def bounds(self) -> np.ndarray:
        """(size, 2), admissible range of every entry."""
        rows = [
            np.tile([one.low, one.high], (self.blocks(one) * one.size, 1))
            for one in self.coefficients
        ]
        return np.concatenate(rows) if rows else np.empty((0, 2))

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for every entry, e.g. "momentum at step 3"."""
        names = []
        for one in self.coefficients:
            for block in range(self.blocks(one)):
                step = f" at step {block + one.first}" if one.varies else ""
                names += [
                    f"{one.name}{f' {i}' if one.size > 1 else ''}{step}" for i in range(one.size)
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
                advice=f"give {', '.join(one.name for one in self.coefficients)} by name",
            )
        check_options("coefficient", dict(values), [one.name for one in self.coefficients])
        return np.concatenate(
            [self._entries(one, values) for one in self.coefficients] or [np.empty(0)]
        )

    @checked
    def split(self, entries: Entries) -> dict[str, np.ndarray | float]:
        """Coefficients by name: a float, (size,), (T,) or (T, size); zero at the steps where they
        have no effect.
        """
        return {
            one.name: self._value(one, np.asarray(entries, dtype=float)[self.slices[one.name]])
            for one in self.coefficients
        }

    def at_step(self, entries, step: int) -> dict[str, object]:
        """What the family's ``step`` is given at a step, from a vector of numbers or of CasADi
        symbols.
        """
        found = {}
        for one in self.coefficients:
            place = self.slices[one.name]
            if one.varies and step < one.first:
                found[one.name] = 0.0 if one.size == 1 else [0.0] * one.size
                continue
            begin = place.start + ((step - one.first) * one.size if one.varies else 0)
            found[one.name] = (
                entries[begin] if one.size == 1 else [entries[begin + i] for i in range(one.size)]
            )
        return found

    def _entries(self, one, values):
        if one.name not in values:
            raise ProblemError(
                f"coefficient {one.name!r}",
                expected="a value",
                received="none",
                advice=f"give all of {', '.join(c.name for c in self.coefficients)}",
            )
        shape = (self.horizon,) * one.varies + (one.size,) * (one.size > 1)
        array = real_array(f"coefficient {one.name!r}", values[one.name], "numbers")
        try:
            array = np.broadcast_to(array, shape)
        except ValueError:
            raise ProblemError(
                f"coefficient {one.name!r}",
                expected=f"numbers of shape {shape}",
                received=f"shape {array.shape}",
                advice="one value per step of the horizon, or one number for all",
            ) from None
        return (array[one.first :] if one.varies else array).ravel()

    def _value(self, one, entries):
        if not one.varies:
            return float(entries[0]) if one.size == 1 else freeze(entries)
        full = np.zeros((self.horizon, one.size))
        full[one.first :] = entries.reshape(-1, one.size)
        return freeze(full[:, 0] if one.size == 1 else full)
