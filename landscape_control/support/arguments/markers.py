"""Aliases for signatures: floats and integers with a range, arrays with a shape."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

# Their representations are short, because help() prints them in every signature.


@dataclass(frozen=True, repr=False)
class Range:
    """Which floats are accepted, in ``Annotated[float, Range(...)]``."""

    low: float = -np.inf
    high: float = np.inf
    low_open: bool = False
    high_open: bool = False
    allow_inf: bool = False
    allow_nan: bool = False

    def __repr__(self) -> str:
        low = _bound(">" if self.low_open else "≥", self.low, -np.inf)
        high = _bound("<" if self.high_open else "≤", self.high, np.inf)
        words = ["∞ too"] * self.allow_inf + ["nan too"] * self.allow_nan
        return ", ".join([*low, *high, *words]) or "finite"


@dataclass(frozen=True, repr=False)
class Whole:
    """Which integers are accepted, in ``Annotated[int, Whole(...)]``."""

    low: int | None = None
    high: int | None = None

    def __repr__(self) -> str:
        return ", ".join([*_bound("≥", self.low, None), *_bound("≤", self.high, None)]) or "any"


def _bound(sign: str, value: float | None, nothing: float | None) -> list[str]:
    """The bound in signs, unless it bounds nothing."""
    return [] if value == nothing else [f"{sign} {value:g}"]


@dataclass(frozen=True, repr=False)
class Shape:
    """Numbers of axes that are accepted (None: any) and the longest one, in ``Annotated[ArrayLike,
    Shape(...)]``.
    """

    axes: tuple[int, ...] | None = None
    most: int | None = None
    allow_nan: bool = False
    allow_empty: bool = False
    stored: bool = False  # a result: an array of numbers or truth values is kept as it is
    scalar: bool = True  # whether a number stands for an array of one entry
    entry: str = "number"

    def __repr__(self) -> str:
        if self.axes is None:
            return "any shape"
        return f"{' or '.join(map(str, self.axes))}-D"


@dataclass(frozen=True, repr=False)
class Words:
    """What a message says of an argument beyond its kind: the symbol it has in formulas, and what
    to do.
    """

    symbol: str = ""
    advice: str = ""
    expected: str = ""

    def __repr__(self) -> str:
        return self.symbol or self.expected or "…"


@dataclass(frozen=True, repr=False)
class Place:
    """A path that a file may have, in ``Annotated[str | os.PathLike, Place()]``."""

    def __repr__(self) -> str:
        return "path"


@dataclass(frozen=True, repr=False)
class Filled:
    """At least one entry, in ``Annotated[Sequence[X], Filled()]``."""

    def __repr__(self) -> str:
        return "not empty"


Positive = Annotated[float, Range(low=0, low_open=True)]
NonNegative = Annotated[float, Range(low=0)]
Duration = Annotated[float, Range(low=0, low_open=True, allow_inf=True)]
Share = Annotated[float, Range(low=0, high=1)]
AnyNumber = Annotated[float, Range(allow_inf=True, allow_nan=True)]
MOST = 10**7  # of anything that is counted: episodes, points, steps
Count = Annotated[int, Whole(low=1, high=MOST)]
Index = Annotated[int, Whole(low=0)]
Horizon = Annotated[Duration, Words(symbol="T")]
Discount = Annotated[NonNegative, Words(symbol="γ")]
LearningRate = Annotated[Positive, Words(symbol="η")]
LossWeight = Annotated[NonNegative, Words(symbol="k")]
TerminalWeight = Annotated[NonNegative, Words(symbol="κ")]
Steps = Annotated[Count, Words(symbol="T")]
Path = Annotated[str | os.PathLike, Place()]

# What a caller gives may be anything that reads as an array: lists, tuples, columns of tables. What
# the callable gets, and what a file may hold, is an array. The union says both to a type checker.
if TYPE_CHECKING:
    ArrayLike = np.ndarray | Any
else:
    ArrayLike = np.ndarray
Vector = Annotated[ArrayLike, Shape((1,))]
Matrix = Annotated[ArrayLike, Shape((2,))]
Points = Annotated[ArrayLike, Shape((1, 2), entry="point")]
Numbers = Annotated[ArrayLike, Shape()]
Entries = Annotated[ArrayLike, Shape(allow_nan=True, allow_empty=True, stored=True)]
Anywhere = Annotated[ArrayLike, Shape((0, 1, 2), allow_nan=True, allow_empty=True, entry="point")]
