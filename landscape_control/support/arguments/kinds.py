"""Kinds of arguments: what each accepts, and how a value of that kind is read or refused.

Numbers, texts, choices and arrays; functions and instances of classes are in ``objects``.
"""

import enum
import os
import typing
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np

from ..arrays import finite, flag, number, range_words, real_array, unreal, whole
from ..errors import ProblemError, check_choice, shown
from .markers import Range, Shape, Whole

_LONGEST_NAME = 255  # bytes, of a file or a folder, on the usual file systems


class Kind:
    """What one annotation accepts.

    ``words`` says it in a message; ``fits`` whether an object looks like one of this kind, right or
    wrong in detail; ``read`` gives the value as the callable gets it, or refuses it.
    """

    @property
    def words(self) -> str:
        return "anything"

    def fits(self, value: Any) -> bool:
        raise NotImplementedError

    def read(self, what: str, value: Any) -> Any:
        raise NotImplementedError

    def refuse(self, what: str, value: object, advice: str | None = None) -> NoReturn:
        raise ProblemError(
            what,
            expected=self.words,
            received=shown(value),
            advice=advice or f"pass {what} as {self.words}",
        )


class Anything(Kind):
    """What the callable checks by itself."""

    def fits(self, value: Any) -> bool:
        return True

    def read(self, what: str, value: Any) -> Any:
        return value


@dataclass(frozen=True)
class Nothing(Kind):
    """None."""

    @property
    def words(self) -> str:
        return "None"

    def fits(self, value: Any) -> bool:
        return value is None

    def read(self, what: str, value: Any) -> Any:
        return value if value is None else self.refuse(what, value)


@dataclass(frozen=True)
class Number(Kind):
    """One real number."""

    range: Range = field(default_factory=Range)

    @property
    def words(self) -> str:
        limits = self.range
        return range_words(
            limits.low, limits.high, limits.low_open, limits.high_open, limits.allow_inf
        )

    def fits(self, value: Any) -> bool:
        return _is_scalar(value)

    def read(self, what: str, value: Any) -> Any:
        limits = self.range
        if type(value) is float and limits.low < value < limits.high:
            return value  # infinities and NaN are not between
        return number(
            what,
            value,
            low=limits.low,
            high=limits.high,
            low_open=limits.low_open,
            high_open=limits.high_open,
            allow_inf=limits.allow_inf,
            allow_nan=limits.allow_nan,
        )


@dataclass(frozen=True)
class Integer(Kind):
    """One integer."""

    range: Whole = field(default_factory=Whole)

    @property
    def words(self) -> str:
        return "an integer" if self.range.low is None else f"an integer >= {self.range.low}"

    def fits(self, value: Any) -> bool:
        return _is_scalar(value)

    def read(self, what: str, value: Any) -> Any:
        return whole(what, value, low=self.range.low, high=self.range.high)


@dataclass(frozen=True)
class Flag(Kind):
    """True or False."""

    @property
    def words(self) -> str:
        return "True or False"

    def fits(self, value: Any) -> bool:
        return isinstance(value, bool | np.bool_)

    def read(self, what: str, value: Any) -> Any:
        return flag(what, value)


@dataclass(frozen=True)
class Text(Kind):
    """Text."""

    @property
    def words(self) -> str:
        return "text"

    def fits(self, value: Any) -> bool:
        return isinstance(value, str)

    def read(self, what: str, value: Any) -> Any:
        return value if isinstance(value, str) else self.refuse(what, value)


@dataclass(frozen=True)
class PathName(Kind):
    """A path that a file may have."""

    @property
    def words(self) -> str:
        return "a path, as text or a pathlib.Path"

    def fits(self, value: Any) -> bool:
        return isinstance(value, str | os.PathLike)

    def read(self, what: str, value: Any) -> Any:
        if not self.fits(value):
            self.refuse(what, value)
        text = os.fspath(value)
        if not isinstance(text, str) or not text or "\0" in text:
            self.refuse(what, value, advice="write the name of a file or a folder, as in 'run.nc'")
        longest = max(os.fsencode(text).split(os.fsencode(os.sep)), key=len)
        if len(longest) > _LONGEST_NAME:
            raise ProblemError(
                what,
                expected=f"names of at most {_LONGEST_NAME} bytes",
                received=f"one of {len(longest)}",
                advice="choose a shorter name",
            )
        return value


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few words."""

    allowed: tuple[str, ...]

    @property
    def words(self) -> str:
        names = ", ".join(map(repr, self.allowed))
        return f"one of {names}" if len(self.allowed) > 1 else names

    def fits(self, value: Any) -> bool:
        return isinstance(value, str)

    def read(self, what: str, value: Any) -> Any:
        return check_choice(what, value, self.allowed)


@dataclass(frozen=True)
class Member(Kind):
    """A member of an enumeration; of one whose members are texts, also the text."""

    options: type[enum.Enum]

    @property
    def words(self) -> str:
        names = ", ".join(member.name for member in self.options)
        return f"a member of {self.options.__name__}: {names}"

    def fits(self, value: Any) -> bool:
        return isinstance(value, self.options | str)

    def read(self, what: str, value: Any) -> Any:
        if isinstance(value, self.options):
            return value
        if issubclass(self.options, str):
            allowed = [member.value for member in self.options]
            return self.options(check_choice(what, value, allowed))
        example = next(iter(self.options)).name
        return self.refuse(what, value, advice=f"write {self.options.__name__}.{example}, say")


@dataclass(frozen=True)
class Array(Kind):
    """An array of real numbers."""

    shape: Shape = field(default_factory=lambda: Shape(allow_nan=True, allow_empty=True))

    @property
    def words(self) -> str:
        if self.shape.axes is None:
            return "an array of numbers"
        return alternatives(
            [
                "a number" if axes == 0 else f"a {axes}-D array of numbers"
                for axes in self.shape.axes
            ]
        )

    def fits(self, value: Any) -> bool:
        if isinstance(value, np.ndarray | list | tuple | range) or hasattr(value, "full"):
            return True
        if _is_scalar(value):
            return True
        gives_array = hasattr(value, "__array__") and not isinstance(value, type)
        return gives_array and unreal(value) is None

    def read(self, what: str, value: Any) -> Any:
        axes = self.shape.axes
        longest = max(getattr(value, "shape", ()), default=0)
        if self.shape.most is not None and longest > self.shape.most:  # before it is copied
            raise ProblemError(
                what,
                expected=f"at most {self.shape.most} entries a side",
                received=f"shape {value.shape}",
                advice="memory grows with their square",
            )
        if self._is_kept(value):
            return value
        array = real_array(what, value, self.words, keep_columns=axes is not None and 1 not in axes)
        if axes is not None:
            array = self._with_axes(what, array, axes)
        if not array.size and not self.shape.allow_empty:
            raise ProblemError(
                what,
                expected=f"at least one {self.shape.entry}, in {self.words}",
                received="none",
                advice=f"give {what} at least one entry",
            )
        if self.shape.allow_nan:
            array.setflags(write=False)
            return array
        return finite(what, array)

    def _with_axes(self, what: str, array: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
        """The array with one of these numbers of axes; a number may stand for one entry."""
        stands_for_one = array.ndim == 0 and 0 not in axes and self.shape.scalar
        if stands_for_one and 1 in axes:
            array = array.reshape(1)
        if array.ndim not in axes:
            raise ProblemError(
                what,
                expected=self.words,
                received=f"shape {array.shape}",
                advice=(
                    f"give {what} the number of axes that is expected, by [..] around it or"
                    " .ravel()"
                ),
            )
        return array

    def _is_kept(self, value: Any) -> bool:
        """Whether it needs no reading: an array of a result, or of floats that may hold anything."""
        shape = self.shape
        if type(value) is not np.ndarray:
            return False
        if shape.stored:
            return value.dtype.kind in "biuf"
        has_axes = shape.axes is None or value.ndim in shape.axes
        takes_all = shape.allow_nan and shape.allow_empty
        return has_axes and takes_all and value.dtype == np.float64


def alternatives(names: list[str]) -> str:
    """Names as in "a, b or c"."""
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _is_scalar(value: Any) -> bool:
    """Whether an object looks like one number, right or wrong."""
    if isinstance(value, float | int | complex | np.number | np.bool_):
        return True
    if isinstance(value, np.ndarray):
        return value.ndim == 0
    return (
        isinstance(value, typing.SupportsFloat)
        and not hasattr(value, "__len__")
        and not isinstance(value, type)
    )
