"""What a callable accepts, read off its signature, and the decorator that holds calls against it."""

import difflib
import functools
import inspect
import types
import typing
from dataclasses import dataclass, is_dataclass

from ..errors import ProblemError, check_choice, shown
from .annotations import kind_of
from .kinds import Anything, Kind

_Callable = typing.TypeVar("_Callable", bound=typing.Callable)
_ROW = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def checked(target: _Callable) -> _Callable:
    """Decorator of a public function, method or class: its calls are held against its annotations,
    see the module.
    """
    if isinstance(target, type):
        target.__init__ = _guard(target.__init__, target)
        return target
    return _guard(target, None)


def unchecked(function):
    """The callable behind its checks, for numbers of the library's own, which may overflow; any
    other as it is.
    """
    if not hasattr(function, "declaration"):
        return function
    bare = inspect.unwrap(function)
    owner = getattr(function, "__self__", None)
    return bare if owner is None else functools.partial(bare, owner)


def declared(target) -> dict[str, "Parameter"]:
    """The declared arguments of a checked function or class by name."""
    return (target.__init__ if isinstance(target, type) else target).declaration.parameters


def option_names(target) -> tuple[str, ...]:
    """Names of the keyword options of a checked function or class, in the order of its signature."""
    return tuple(name for name, one in declared(target).items() if not one.by_position)


@dataclass(frozen=True, kw_only=True, eq=False)
class Parameter:
    """One declared argument: its kind, whether it must be given, and whether it may be given by
    position.
    """

    name: str
    kind: Kind
    required: bool
    by_position: bool


class Declaration:
    """What a callable accepts, read off its signature when it is first asked for."""

    def __init__(self, function, owner):
        self._function, self._owner = function, owner

    @functools.cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The declared arguments by name, those of ``**options: Unpack[...]`` included; private
        ones left out.
        """
        hints = self._hints
        found = {}
        for one in self._signature:
            if one.kind is inspect.Parameter.VAR_KEYWORD:
                found.update(_unpacked(hints.get(one.name)))
            elif one.kind is not inspect.Parameter.VAR_POSITIONAL and not one.name.startswith("_"):
                found[one.name] = Parameter(
                    name=one.name,
                    kind=kind_of(hints.get(one.name)),
                    required=one.default is inspect.Parameter.empty,
                    by_position=one.kind in _ROW,
                )
        return found

    @functools.cached_property
    def rest(self) -> Kind | None:
        """The kind of further keywords; None where there are none."""
        open_end = [one for one in self._signature if one.kind is inspect.Parameter.VAR_KEYWORD]
        if not open_end or _is_unpacked(self._hints.get(open_end[0].name)):
            return None
        return kind_of(self._hints.get(open_end[0].name))

    @functools.cached_property
    def undeclared(self) -> list[str]:
        """Names of the arguments without an annotation."""
        return [one.name for one in self._signature if one.annotation is inspect.Parameter.empty]

    @functools.cached_property
    def name(self) -> str:
        """How the callable is called in messages."""
        return self._function.__name__ if self._owner is None else self._owner.__name__

    @functools.cached_property
    def _signature(self):
        found = list(inspect.signature(self._function).parameters.values())
        return found[1:] if self._is_bound else found

    @functools.cached_property
    def _is_bound(self):
        first = next(iter(inspect.signature(self._function).parameters), "")
        return self._owner is not None or first in ("self", "cls")

    @functools.cached_property
    def _hints(self):
        if is_dataclass(self._owner):  # fields may be inherited from other modules
            return typing.get_type_hints(self._owner, include_extras=True)
        annotations = {
            one.name: one.annotation for one in self._signature if one.annotation is not one.empty
        }
        holder = types.SimpleNamespace(__annotations__=annotations)
        names = inspect.unwrap(self._function).__globals__
        return typing.get_type_hints(holder, names, include_extras=True)

    @functools.cached_property
    def _row(self):
        """(name, reader) of what may be given by position; the instance comes first."""
        row = [(one.name, one.kind.read) for one in self.parameters.values() if one.by_position]
        return ([("self", Anything().read)] if self._is_bound else []) + row

    @functools.cached_property
    def _hidden_needs(self):
        """Required arguments of results that only the library can give."""
        return {
            one.name
            for one in self._signature
            if one.name.startswith("_") and one.default is one.empty
        }

    @functools.cached_property
    def _readers(self):
        return {name: one.kind.read for name, one in self.parameters.items()}

    @functools.cached_property
    def _needed(self):
        return frozenset(name for name, one in self.parameters.items() if one.required)

    @functools.cached_property
    def _row_names(self):
        return [name for name, _ in self._row]

    def read(self, args, kwargs):
        """The arguments as the callable gets them; refuses those that do not fit."""
        row, readers, values = self._row, self._readers, {}
        if len(args) > len(row):
            self._refuse_row(args)
        given = [reader(name, value) for (name, reader), value in zip(row, args, strict=False)]
        for name, value in kwargs.items():
            reader = readers.get(name) or self._unknown(name)
            values[name] = reader(name, value)
        names = self._row_names[: len(args)]
        missing = self._needed.difference(kwargs, names)
        if missing:
            self._refuse_missing(missing)
        if self._hidden_needs and not self._hidden_needs <= kwargs.keys():
            self._refuse_result()
        if args and not kwargs.keys().isdisjoint(names):
            self._refuse_twice(min(kwargs.keys() & names))
        return given, values

    def _unknown(self, name):
        """The reader of a keyword that is not listed; refuses it where no others are taken."""
        if name.startswith("_"):
            return Anything().read
        if self.rest is not None:
            near = difflib.get_close_matches(name, self.parameters, n=1, cutoff=0.8)
            if not near:
                return self.rest.read
        return check_choice(f"{self.name} option", name, self.parameters)

    def _refuse_row(self, args):
        received = ", ".join(shown(value, 40) for value in args[self._is_bound :])
        named = [name for name, one in self.parameters.items() if not one.by_position]
        if named or self.rest is not None:
            expected = "its arguments by name"
        elif self.parameters:
            expected = f"at most {len(self._row) - self._is_bound} arguments"
        else:
            expected = "no arguments"
        asked = self._needed or self.parameters
        raise ProblemError(
            self.name, expected=expected, received=received, advice=f"write {self._call(asked)}"
        )

    def _refuse_missing(self, missing):
        missing = [name for name in self.parameters if name in missing]
        words = getattr(self._owner, "arguments", {})
        said = "; ".join(f"{name} is {words[name]}" for name in missing if name in words)
        raise ProblemError(
            self.name,
            expected=f"a value for {' and '.join(map(repr, missing))}",
            received="none",
            advice=f"write {self._call(self._needed)}{f', where {said}' if said else ''}",
        )

    def _refuse_result(self):
        raise ProblemError(
            self.name,
            expected="to be made by the function that computes it",
            received="a call by hand",
            advice="see its documentation for the function that returns one",
        )

    def _refuse_twice(self, name):
        raise ProblemError(
            self.name,
            expected=f"one value for {name!r}",
            received="one by position and one by name",
            advice=f"write {self._call(self._needed)}",
        )

    def _call(self, names):
        chosen = [one for name, one in self.parameters.items() if name in names]
        words = [one.name if one.by_position else f"{one.name}=…" for one in chosen]
        if not words and self.rest is not None:
            words = ["name=…"]
        return f"{self.name}({', '.join(words)})"


def _guard(function, owner):
    declaration = Declaration(function, owner)

    @functools.wraps(function)
    def call(*args, **kwargs):
        args, kwargs = declaration.read(args, kwargs)
        return function(*args, **kwargs)

    call.declaration = declaration
    return call


def _is_unpacked(hint):
    return typing.get_origin(hint) is typing.Unpack


def _unpacked(hint):
    """The declared keywords of ``**options: Unpack[Options]``, a TypedDict."""
    if not _is_unpacked(hint):
        return {}
    options = typing.get_args(hint)[0]
    hints = typing.get_type_hints(options, include_extras=True)
    return {
        name: Parameter(
            name=name,
            kind=kind_of(one),
            required=name in options.__required_keys__,
            by_position=False,
        )
        for name, one in hints.items()
    }
