"""Kinds of arguments: what each accepts, and how a value of that kind is read or refused.

Numbers, texts, choices and arrays; functions and instances of classes are in ``objects``.
"""

import os
import typing
from dataclasses import dataclass, field

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

    words = "anything"

    def fits(self, value) -> bool:
        raise NotImplementedError

    def read(self, what: str, value):
        raise NotImplementedError

    def refuse(self, what, value, advice=None):
        raise ProblemError(
            what,
            expected=self.words,
            received=shown(value),
            advice=advice or f"pass {what} as {self.words}",
        )


class Anything(Kind):
    """What the callable checks by itself."""

    def fits(self, value):
        return True

    def read(self, what, value):
        return value


@dataclass(frozen=True)
class Nothing(Kind):
    """None."""

    words = "None"

    def fits(self, value):
        return value is None

    def read(self, what, value):
        return value if value is None else self.refuse(what, value)


@dataclass(frozen=True)
class Number(Kind):
    """One real number."""

    range: Range = field(default_factory=Range)

    @property
    def words(self):
        one = self.range
        return range_words(one.low, one.high, one.low_open, one.high_open, one.allow_inf)

    def fits(self, value):
        return _is_scalar(value)

    def read(self, what, value):
        one = self.range
        if type(value) is float and one.low < value < one.high:
            return value  # infinities and NaN are not between
        return number(
            what,
            value,
            low=one.low,
            high=one.high,
            low_open=one.low_open,
            high_open=one.high_open,
            allow_inf=one.allow_inf,
            allow_nan=one.allow_nan,
        )


@dataclass(frozen=True)
class Integer(Kind):
    """One integer."""

    range: Whole = field(default_factory=Whole)

    @property
    def words(self):
        return "an integer" if self.range.low is None else f"an integer >= {self.range.low}"

    def fits(self, value):
        return _is_scalar(value)

    def read(self, what, value):
        return whole(what, value, low=self.range.low, high=self.range.high)


@dataclass(frozen=True)
class Flag(Kind):
    """True or False."""

    words = "True or False"

    def fits(self, value):
        return isinstance(value, bool | np.bool_)

    def read(self, what, value):
        return flag(what, value)


@dataclass(frozen=True)
class Text(Kind):
    """Text."""

    words = "text"

    def fits(self, value):
        return isinstance(value, str)

    def read(self, what, value):
        return value if isinstance(value, str) else self.refuse(what, value)


@dataclass(frozen=True)
class PathName(Kind):
    """A path that a file may have."""

    words = "a path, as text or a pathlib.Path"

    def fits(self, value):
        return isinstance(value, str | os.PathLike)

    def read(self, what, value):
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

    allowed: tuple

    @property
    def words(self):
        names = ", ".join(map(repr, self.allowed))
        return f"one of {names}" if len(self.allowed) > 1 else names

    def fits(self, value):
        return isinstance(value, str)

    def read(self, what, value):
        return check_choice(what, value, self.allowed)


@dataclass(frozen=True)
class Member(Kind):
    """A member of an enumeration; of one whose members are texts, also the text."""

    options: type

    @property
    def words(self):
        return f"a member of {self.options.__name__}: {', '.join(one.name for one in self.options)}"

    def fits(self, value):
        return isinstance(value, self.options | str)

    def read(self, what, value):
        if isinstance(value, self.options):
            return value
        if issubclass(self.options, str):
            return self.options(check_choice(what, value, [one.value for one in self.options]))
        return self.refuse(
            what,
            value,
            advice=f"write {self.options.__name__}.{next(iter(self.options)).name}, say",
        )


@dataclass(frozen=True)
class Array(Kind):
    """An array of real numbers."""

    shape: Shape = field(default_factory=lambda: Shape(allow_nan=True, allow_empty=True))

    @property
    def words(self):
        if self.shape.axes is None:
            return "an array of numbers"
        names = [
            "a number" if axes == 0 else f"a {axes}-D array of numbers" for axes in self.shape.axes
        ]
        return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)

    def fits(self, value):
        if isinstance(value, np.ndarray | list | tuple | range) or hasattr(value, "full"):
            return True
        return _is_scalar(value) or (
            hasattr(value, "__array__") and not isinstance(value, type) and unreal(value) is None
        )

    def read(self, what, value):
        axes, longest = self.shape.axes, max(getattr(value, "shape", ()), default=0)
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
        if (
            axes is not None
            and array.ndim == 0
            and 1 in axes
            and 0 not in axes
            and self.shape.scalar
        ):
            array = array.reshape(1)
        if axes is not None and array.ndim not in axes:
            self._refuse_shape(what, array)
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

    def _is_kept(self, value):
        """Whether it needs no reading: an array of a result, or one of floats that may hold
        anything.
        """
        shape = self.shape
        if type(value) is not np.ndarray:
            return False
        if shape.stored:
            return value.dtype.kind in "biuf"
        free = (
            shape.allow_nan
            and shape.allow_empty
            and (shape.axes is None or value.ndim in shape.axes)
        )
        return free and value.dtype == np.float64

    def _refuse_shape(self, what, array):
        raise ProblemError(
            what,
            expected=self.words,
            received=f"shape {array.shape}",
            advice=(
                f"give {what} the number of axes that is expected, by [..] around it or .ravel()"
            ),
        )


def _is_scalar(value):
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
