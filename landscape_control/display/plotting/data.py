"""Figure data: a flat mapping from key to array, declared beside each figure and checked before
anything is drawn.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

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
        shape = (
            "one value"
            if not self.shape
            else f"({', '.join(self.shape.split())}{',' * (len(self.shape.split()) == 1)})"
        )
        kind = (
            shape
            + (" text" if self.text else "")
            + (", NaN and infinity allowed" if self.gaps else "")
        )
        return (
            f"{self.name} : {kind}"
            + (f" [optional: {self.group}]" if self.group else "")
            + f"\n    {self.meaning}"
        )

    @checked
    def convert(self, value: object, figure: str) -> Any:
        """The value as an array of the declared kind and number of axes, or as one number or
        string.
        """
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
        if array.ndim != len(self.shape.split()) or (array.size == 0 and not self.group):
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
        raise ProblemError(
            f"data of figure {figure}",
            expected="; ".join(_line(key) for key in missing),
            received=f"without {', '.join(repr(key.name) for key in missing)}",
            advice="add the missing keys"
            + (" or drop their group" if any(k.group for k in missing) else ""),
        )
    check_options(f"figure {figure}", dict(data), [key.name for key in keys])
    arrays = {
        key.name: key.convert(data[key.name], figure) if key.name in data else None for key in keys
    }
    _agree(figure, keys, arrays)
    return SimpleNamespace(**arrays)


def draws(
    *keys: Key,
) -> Callable[[Callable[[SimpleNamespace], Figure]], Callable[[Mapping[str, Any]], Figure]]:
    """Decorator: check the data of a figure function against ``keys`` and list them in its
    docstring.
    """

    def wrap(draw: Callable[[SimpleNamespace], Figure]):
        @functools.wraps(draw)
        def figure(data: Mapping[str, Any]) -> Figure:
            return draw(read(draw.__name__, keys, data))

        lines = [line for key in keys for line in key.describe().splitlines()]
        figure.__doc__ = (
            f"{draw.__doc__.rstrip()}\n\n    Data\n    ----\n    " + "\n    ".join(lines) + "\n    "
        )
        figure.keys = keys
        return figure

    return wrap


def _begun(group, keys, data):
    return any(key.name in data for key in keys if key.group == group)


def _line(key):
    return " ".join(part.strip() for part in key.describe().splitlines())


def _agree(figure, keys, arrays):
    known: dict[str, tuple[int, str]] = {}
    for key in keys:
        if arrays[key.name] is None or not key.shape:
            continue
        for axis, (symbol, size) in enumerate(
            zip(key.shape.split(), arrays[key.name].shape, strict=True)
        ):
            wanted, source = (
                (int(symbol), "always")
                if symbol.isdigit()
                else known.setdefault(symbol, (size, key.name))
            )
            if size != wanted:
                raise ProblemError(
                    f"data {key.name!r} of figure {figure}",
                    expected=(
                        f"{key.describe().splitlines()[0]} with {symbol} = {wanted} ({source})"
                    ),
                    received=f"{size} along axis {axis}, shape {arrays[key.name].shape}",
                    advice="sample both on the same points, or transpose",
                )
