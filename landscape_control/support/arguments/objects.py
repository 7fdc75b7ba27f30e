"""Kinds of arguments that are objects: functions, and instances of a class."""

import inspect
import sys
from dataclasses import dataclass
from typing import Any

from ..errors import ProblemError, shown
from .kinds import Kind

_PACKAGE = __name__.partition(".")[0]
_OPEN = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_MANY = 4  # arguments of a constructor: such objects are made by the library


@dataclass(frozen=True)
class Function(Kind):
    """A function; a class is none, since calling it makes an object."""

    @property
    def words(self) -> str:
        return "a function"

    def fits(self, value: Any) -> bool:
        return callable(value) and not isinstance(value, type)

    def read(self, what: str, value: Any) -> Any:
        return value if self.fits(value) else self.refuse(what, value)


@dataclass(frozen=True)
class Instance(Kind):
    """An object of a class."""

    cls: type

    @property
    def words(self) -> str:
        name = self.cls.__name__
        places = self.cls.__module__.split(".")
        if places[0] not in (_PACKAGE, "builtins"):  # say where another library's class is found
            name = ".".join([*(part for part in places if not part.startswith("_")), name])
        return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"

    def fits(self, value: Any) -> bool:
        is_class = isinstance(value, type) and issubclass(value, self.cls)
        return is_class or isinstance(value, self.cls)

    def read(self, what: str, value: Any) -> Any:
        # a class has the methods that a protocol asks for, and is no object of it
        is_object = issubclass(self.cls, type) or not isinstance(value, type)
        if is_object and isinstance(value, self.cls):
            return value
        if isinstance(value, type):
            is_right = issubclass(value, self.cls)
            advice = f"make an object of it: {call_of(value)}" if is_right else self._advice(what)
            return self.refuse(what, value, advice=advice)
        raise ProblemError(
            what, expected=self.words, received=_named(value), advice=self._advice(what)
        )

    def _advice(self, what: str) -> str:
        """Calls that make such an object; what only the library makes is left out."""
        kinds: list[type] = [self.cls]
        if self.cls.__module__ != "builtins":  # whose subclasses are other libraries' too
            kinds = self.cls.__subclasses__() or kinds
        calls = [call_of(cls) for cls in kinds if public_name(cls)]
        examples = [call for call in calls if call.count("…") < _MANY]
        return f"e.g. {' or '.join(examples[:4])}" if examples else f"pass {what} as {self.words}"


def _named(value: object) -> str:
    """An object of the wrong class in a message: its class, and itself where that is short."""
    text = shown(value)
    name = type(value).__name__
    return f"{name} {text}" if len(text) < 30 and name not in text else name


def public_name(cls: type) -> str:
    """Where users find a class, e.g. landscape_control.policies.HeavyBall; empty where they do not.

    The shortest place counts: the package itself, one of its public parts, the class's own module.
    """
    root, *parts = cls.__module__.split(".")
    public = getattr(sys.modules.get(root), "_PACKAGES", ())
    own = [".".join(parts[: depth + 1]) for depth in range(len(parts))]
    places = [root, *(f"{root}.{part}" for part in (*public, *own))]
    for place in places:
        module = sys.modules.get(place)
        is_listed = cls.__name__ in getattr(module, "__all__", ())
        if is_listed and getattr(module, cls.__name__, None) is cls:
            return f"{place}.{cls.__name__}"
    return ""


def call_of(cls: type) -> str:
    """The call that makes an object of a class, with the arguments it needs."""
    name = public_name(cls) or cls.__name__
    try:
        parameters = inspect.signature(cls).parameters.values()
    except (TypeError, ValueError):
        return f"{name}(…)"
    needed = [
        f"{parameter.name}=…"
        for parameter in parameters
        if parameter.default is parameter.empty and parameter.kind not in _OPEN
    ]
    return f"{name}({', '.join(needed)})"
