"""Figure data: a flat mapping from key to array, declared and checked before drawing."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, SimpleNamespace
from typing import Any, Protocol, cast

import numpy as np
from matplotlib.figure import Figure

from ...support.arguments import checked
from ...support.errors import ProblemError, check_options


@checked
@dataclass(frozen=True, kw_only=True)
class Key:
    """One entry of a figure's data.

    Attributes
    ----------
    name : key in the mapping
    shape : words and numbers, e.g. "Y X", "N 2" or "" for one number; a letter is the same size
        wherever it stands
    meaning : what it is, with symbol
    group : empty when required; keys of one named group may be left out, but only together
    text : entries are strings
    gaps : NaN is allowed and means "not computed", infinity "without limit"
    """

    name: str
    shape: str
    meaning: str
    group: str = ""
    text: bool = False
    gaps: bool = False

    def describe(self) -> str:
        """One line: name, shape, meaning, whether it may be left out."""
        description = f"{self.name} : {self._shape_in_words()}"
        if self.text:
            description += " text"
        if self.gaps:
            description += ", NaN and infinity allowed"
        if self.group:
            description += f" [optional: {self.group}]"
        return f"{description}\n    {self.meaning}"

    def _shape_in_words(self) -> str:
        sizes = self.shape.split()
        if not sizes:
            return "one value"
        return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"

    @checked
    def convert(self, value: object, figure: str) -> Any:
        """The value as an array of the declared kind and axes, or as one number or string."""
        what = f"data {self.name!r} of figure {figure}"
        try:
            array = np.asarray(value, dtype=str if self.text else float)
        except (TypeError, ValueError) as error:
            raise ProblemError(
                what,
                expected=self.describe(),
                received=type(value).__name__,
                advice="pass a plain array",
            ) from error
        is_empty = array.size == 0 and not self.group
        if array.ndim != len(self.shape.split()) or is_empty:
            raise ProblemError(
                what,
                expected=self.describe(),
                received=f"shape {array.shape}",
                advice="check the axes",
            )
        if not self.text and not self.gaps and not np.isfinite(array).all():
            raise ProblemError(
                what,
                expected="finite numbers",
                received="NaN or infinity",
                advice="find where it was computed, or leave the point out",
            )
        return array if self.shape else array.item()


def read(figure: str, keys: tuple[Key, ...], data: Mapping[str, Any]) -> SimpleNamespace:
    """The checked data by attribute, None for what was left out.

    Raises ProblemError naming every missing key, a misspelt key, or the key whose shape does not
    agree.
    """
    if not isinstance(data, Mapping):
        raise ProblemError(
            f"data of figure {figure}",
            expected="a mapping from key to array",
            received=type(data).__name__,
            advice="pass a dict",
        )
    missing = [
        key
        for key in keys
        if key.name not in data and (not key.group or _begun(key.group, keys, data))
    ]
    if missing:
        advice = "add the missing keys"
        if any(key.group for key in missing):
            advice += " or drop their group"
        raise ProblemError(
            f"data of figure {figure}",
            expected="; ".join(_line(key) for key in missing),
            received=f"without {', '.join(repr(key.name) for key in missing)}",
            advice=advice,
        )
    check_options(f"figure {figure}", dict(data), [key.name for key in keys])
    arrays = {
        key.name: key.convert(data[key.name], figure) if key.name in data else None for key in keys
    }
    _agree(figure, keys, arrays)
    return SimpleNamespace(**arrays)


class WholeFigure(Protocol):
    """A whole figure: called with its data it draws, and ``keys`` lists what the data must hold."""

    __name__: str
    keys: tuple[Key, ...]

    def __call__(self, data: Mapping[str, Any] | object) -> Figure: ...


def draws(
    *keys: Key,
    of: Mapping[type | tuple[type, ...], Callable[[Any], Mapping]] = MappingProxyType({}),
    of_several: Callable[[Any], Any] | None = None,
) -> Callable[[Callable[[SimpleNamespace], Figure]], WholeFigure]:
    """Decorator of a figure function: its data is checked against ``keys``, and they are listed.

    They become a section of its docstring and its attribute ``keys``. ``of`` maps classes of
    results to what reads the data off one: the figure takes such results too. ``of_several`` makes
    data of several results and hands on whatever else it is given.
    """

    def wrap(draw: Callable[[SimpleNamespace], Figure]) -> WholeFigure:
        @functools.wraps(draw)
        def figure(data: Mapping[str, Any] | object) -> Figure:
            if of_several is not None:
                data = of_several(data)
            return draw(read(draw.__name__, keys, _data_of(data, of)))

        lines = [line for key in keys for line in key.describe().splitlines()]
        section = "\n    ".join(["Data", "----", *lines])
        figure.__doc__ = f"{(draw.__doc__ or '').rstrip()}\n\n    {section}\n    "
        declared = cast(WholeFigure, figure)
        declared.keys = keys
        return declared

    return wrap


def _data_of(given: Any, of: Mapping[type | tuple[type, ...], Callable[[Any], Mapping]]) -> Any:
    """The data read off a result; what is none stays as it is."""
    for kind, reads in of.items():
        if isinstance(given, kind):
            return reads(given)
    return given


def _begun(group: str, keys: tuple[Key, ...], data: Mapping[str, Any]) -> bool:
    """Whether any key of the group was given, so that the others of it must be given too."""
    return any(key.name in data for key in keys if key.group == group)


def _line(key: Key) -> str:
    return " ".join(part.strip() for part in key.describe().splitlines())


def _agree(figure: str, keys: tuple[Key, ...], arrays: Mapping[str, Any]) -> None:
    """Refuse arrays in which one letter stands for two sizes."""
    known: dict[str, tuple[int, str]] = {}  # letter -> its size, and the key that had it first
    for key in keys:
        array = arrays[key.name]
        if array is None or not key.shape:
            continue
        for axis, (symbol, size) in enumerate(zip(key.shape.split(), array.shape, strict=True)):
            if symbol.isdigit():
                wanted, source = int(symbol), "always"
            else:
                wanted, source = known.setdefault(symbol, (size, key.name))
            if size != wanted:
                declaration = key.describe().splitlines()[0]
                raise ProblemError(
                    f"data {key.name!r} of figure {figure}",
                    expected=f"{declaration} with {symbol} = {wanted} ({source})",
                    received=f"{size} along axis {axis}, shape {array.shape}",
                    advice="sample both on the same points, or transpose",
                )
