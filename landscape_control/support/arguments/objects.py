"""Kinds of arguments that are objects: functions, and instances of a class with the call that makes
one.
"""

import inspect
import sys
from dataclasses import dataclass

from ..errors import ProblemError, shown
from .kinds import Kind

_OPEN = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_MANY = 4  # arguments of a constructor: such objects are made by the library


@dataclass(frozen=True)
class Function(Kind):
    """A function; a class is none, since calling it makes an object."""

    words = "a function"

    def fits(self, value):
        return callable(value) and not isinstance(value, type)

    def read(self, what, value):
        return value if self.fits(value) else self.refuse(what, value)


@dataclass(frozen=True)
class Instance(Kind):
    """An object of a class."""

    cls: type

    @property
    def words(self):
        own = self.cls.__module__.partition(".")[0] in (__package__.partition(".")[0], "builtins")
        place = [part for part in self.cls.__module__.split(".") if not part.startswith("_")]
        return _with_article(self.cls.__name__ if own else ".".join([*place, self.cls.__name__]))

    def fits(self, value):
        return isinstance(value, self.cls) or (
            isinstance(value, type) and issubclass(value, self.cls)
        )

    def read(self, what, value):
        if isinstance(value, self.cls):
            return value
        if isinstance(value, type):
            own = issubclass(value, self.cls)
            advice = f"make an object of it: {call_of(value)}" if own else self._advice(what)
            return self.refuse(what, value, advice=advice)
        raise ProblemError(
            what, expected=self.words, received=_named(value), advice=self._advice(what)
        )

    def _advice(self, what):
        kinds = self.cls.__subclasses__() or [self.cls]
        examples = [call_of(cls) for cls in kinds if public_name(cls)]
        examples = [call for call in examples if call.count("…") < _MANY]
        return f"e.g. {' or '.join(examples[:4])}" if examples else f"pass {what} as {self.words}"


def _with_article(name):
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"


def _named(value):
    """An object of the wrong class in a message: its class, and itself where that is short."""
    text = shown(value)
    name = type(value).__name__
    return f"{name} {text}" if len(text) < 30 and name not in text else name


def public_name(cls) -> str:
    """Where users find a class, e.g. landscape_control.policies.HeavyBall; empty where they do not."""
    root, *parts = cls.__module__.split(".")
    public = getattr(sys.modules.get(root), "_PACKAGES", ())
    own = [".".join(parts[: depth + 1]) for depth in range(len(parts))]
    for place in (root, *(f"{root}.{part}" for part in (*public, *own))):
        module = sys.modules.get(place)
        listed = cls.__name__ in getattr(module, "__all__", ())
        if listed and getattr(module, cls.__name__, None) is cls:
            return f"{place}.{cls.__name__}"
    return ""


def call_of(cls) -> str:
    """The call that makes an object of a class, with the arguments it needs."""
    name = public_name(cls) or cls.__name__
    try:
        parameters = inspect.signature(cls).parameters.values()
    except (TypeError, ValueError):
        return f"{name}(…)"
    needed = [one.name for one in parameters if one.default is one.empty and one.kind not in _OPEN]
    return f"{name}({', '.join(f'{each}=…' for each in needed)})"
