"""A repr of a few lines for objects that hold functions and arrays."""

from dataclasses import MISSING, Field, fields
from typing import Any

import numpy as np

_LONGEST = 110  # characters of one value
_ENTRIES = 6  # of an array that is written out


def short_repr(self: Any) -> str:
    """``Type(name=value, ...)`` of a dataclass: fields at their defaults are left out, a function
    is called by its name, a large array by its shape.

    For use as the ``__repr__`` of a class, in whose body it stands.
    """
    words = [
        f"{each.name}={value_in_short(getattr(self, each.name))}"
        for each in fields(self)
        if each.repr and not _is_default(each, getattr(self, each.name))
    ]
    return f"{type(self).__name__}({', '.join(words)})"


def value_in_short(value: Any, longest: int = _LONGEST) -> str:
    """A value in words of at most so many characters; by default less than one line."""
    if isinstance(value, np.ndarray):
        return _array(value)
    is_plain_function = callable(value) and not isinstance(value, type) and _hides(repr(value))
    if is_plain_function:
        name = getattr(value, "__name__", type(value).__name__)
        return "a function" if name == "<lambda>" else f"function {name}"
    if isinstance(value, tuple | list):
        inside = ", ".join(value_in_short(entry) for entry in value[:_ENTRIES])
        more = ", …" if len(value) > _ENTRIES else ""
        words = f"({inside}{more})" if isinstance(value, tuple) else f"[{inside}{more}]"
        return _cut(words, longest)
    if hasattr(value, "items"):
        pairs = [f"{key!r}: {value_in_short(entry)}" for key, entry in list(value.items())[:9]]
        return _cut("{" + ", ".join(pairs) + "}", longest)
    words = repr(value)
    return type(value).__name__ if _hides(words) else _cut(words, longest)


def _hides(words: str) -> bool:
    """Whether a repr is an address in memory."""
    return " at 0x" in words


def _cut(words: str, longest: int) -> str:
    words = " ".join(words.split())
    return words if len(words) <= longest else f"{words[: longest - 1]}…"


def _array(value: np.ndarray) -> str:
    if value.size > _ENTRIES:
        return f"array of shape {value.shape}"
    return np.array2string(value, precision=6, separator=", ").replace("\n", "")


def _is_default(each: Field, value: Any) -> bool:
    if each.default is not MISSING:
        same = value is each.default
        if not same and isinstance(value, (int, float, str, bool)):
            same = value == each.default
        return same
    if each.default_factory is MISSING:
        return False
    return value_in_short(value) in ("{}", f"{type(value).__name__}()")
