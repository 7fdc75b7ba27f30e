"""What a callable accepts, read off its signature, and the decorator that holds calls against it."""

import difflib
import functools
import inspect
import types
import typing
from collections.abc import Callable, Collection
from dataclasses import dataclass, is_dataclass
from typing import Any, NoReturn, cast

from ..errors import ProblemError, check_choice, shown
from .annotations import kind_of
from .kinds import Anything, Kind

_Callable = typing.TypeVar("_Callable", bound=Callable)
_Reader = Callable[[str, Any], Any]  # (name, value) -> the value as the callable gets it
_ROW = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def checked(target: _Callable) -> _Callable:
    """Decorator of a public function, method or class: calls are held against its annotations."""
    if isinstance(target, type):
        cls: Any = target  # to a type checker target.__init__ may be that of any subclass
        cls.__init__ = _guard(cls.__init__, target)
        return target
    return cast(_Callable, _guard(target, None))


def unchecked(function: Callable) -> Callable:
    """The callable behind its checks, for the library's own numbers, which may overflow."""
    if not hasattr(function, "declaration"):
        return function
    bare = inspect.unwrap(function)
    owner = getattr(function, "__self__", None)
    return bare if owner is None else functools.partial(bare, owner)


def declared(target: Callable) -> dict[str, "Parameter"]:
    """The declared arguments of a checked function or class by name."""
    called: Any = target
    if isinstance(target, type):
        called = called.__init__
    return called.declaration.parameters


def option_names(target: Callable) -> tuple[str, ...]:
    """Names of the keyword options of a checked function or class, in the order of its signature."""
    parameters = declared(target).values()
    return tuple(parameter.name for parameter in parameters if not parameter.by_position)


@dataclass(frozen=True, kw_only=True, eq=False)
class Parameter:
    """One declared argument: its kind, and whether it must be given and may be by position."""

    name: str
    kind: Kind
    required: bool
    by_position: bool


class Declaration:
    """What a callable accepts, read off its signature when it is first asked for."""

    def __init__(self, function: Callable, owner: type | None):
        self._function, self._owner = function, owner

    @functools.cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The declared arguments by name, without private ones.

        Those of ``**options: Unpack[...]`` are among them.
        """
        hints = self._hints
        declared: dict[str, Parameter] = {}
        for written in self._signature:
            name = written.name
            if written.kind is inspect.Parameter.VAR_KEYWORD:
                declared.update(_unpacked(hints.get(name)))
            elif written.kind is not inspect.Parameter.VAR_POSITIONAL and name[0] != "_":
                declared[name] = Parameter(
                    name=name,
                    kind=kind_of(hints.get(name)),
                    required=written.default is inspect.Parameter.empty,
                    by_position=written.kind in _ROW,
                )
        return declared

    @functools.cached_property
    def rest(self) -> Kind | None:
        """The kind of further keywords; None where there are none."""
        for written in self._signature:
            if written.kind is inspect.Parameter.VAR_KEYWORD:
                hint = self._hints.get(written.name)
                return None if _is_unpacked(hint) else kind_of(hint)
        return None

    @functools.cached_property
    def undeclared(self) -> list[str]:
        """Names of the arguments without an annotation."""
        return [p.name for p in self._signature if p.annotation is inspect.Parameter.empty]

    @functools.cached_property
    def name(self) -> str:
        """How the callable is called in messages."""
        return self._function.__name__ if self._owner is None else self._owner.__name__

    @functools.cached_property
    def _signature(self) -> list[inspect.Parameter]:
        """The arguments as written, without the instance or class."""
        parameters = list(inspect.signature(self._function).parameters.values())
        return parameters[1:] if self._is_bound else parameters

    @functools.cached_property
    def _is_bound(self) -> bool:
        first = next(iter(inspect.signature(self._function).parameters), "")
        return self._owner is not None or first in ("self", "cls")

    @functools.cached_property
    def _hints(self) -> dict[str, Any]:
        """{name: annotation}, with names that were written as text looked up."""
        if is_dataclass(self._owner):  # fields may be inherited from other modules
            return typing.get_type_hints(self._owner, include_extras=True)
        annotations = {p.name: p.annotation for p in self._signature if p.annotation is not p.empty}
        holder = types.SimpleNamespace(__annotations__=annotations)
        names = inspect.unwrap(self._function).__globals__
        return typing.get_type_hints(holder, names, include_extras=True)

    @functools.cached_property
    def _row(self) -> list[tuple[str, _Reader]]:
        """(name, reader) of what may be given by position; the instance comes first."""
        row: list[tuple[str, _Reader]] = []
        if self._is_bound:
            row.append(("self", Anything().read))
        return row + [(p.name, p.kind.read) for p in self.parameters.values() if p.by_position]

    @functools.cached_property
    def _hidden_needs(self) -> set[str]:
        """Required arguments of results that only the library can give."""
        return {p.name for p in self._signature if p.name[0] == "_" and p.default is p.empty}

    @functools.cached_property
    def _readers(self) -> dict[str, _Reader]:
        """By name; those of keywords that are not listed come when they are first given."""
        return {name: parameter.kind.read for name, parameter in self.parameters.items()}

    @functools.cached_property
    def _needed(self) -> frozenset[str]:
        return frozenset(name for name, parameter in self.parameters.items() if parameter.required)

    @functools.cached_property
    def _row_names(self) -> list[str]:
        return [name for name, _ in self._row]

    def read(self, args: tuple, kwargs: dict[str, Any]) -> tuple[list, dict[str, Any]]:
        """The arguments as the callable gets them; refuses those that do not fit."""
        row, readers = self._row, self._readers
        values: dict[str, Any] = {}
        if len(args) > len(row):
            self._refuse_row(args)
        given = [reader(name, value) for (name, reader), value in zip(row, args, strict=False)]
        for name, value in kwargs.items():
            if name not in readers:
                readers[name] = self._unknown(name)
            values[name] = readers[name](name, value)
        names = self._row_names[: len(args)]
        missing = self._needed.difference(kwargs, names)
        if missing:
            self._refuse_missing(missing)
        if self._hidden_needs and not self._hidden_needs <= kwargs.keys():
            self._refuse_result()
        if args and not kwargs.keys().isdisjoint(names):
            self._refuse_twice(min(kwargs.keys() & names))
        return given, values

    def _unknown(self, name: str) -> _Reader:
        """The reader of a keyword that is not listed; refuses it where no others are taken."""
        if name.startswith("_"):
            return Anything().read
        if self.rest is not None:
            near = difflib.get_close_matches(name, self.parameters, n=1, cutoff=0.8)
            if not near:
                return self.rest.read
        check_choice(f"{self.name} option", name, self.parameters)
        raise AssertionError(name)  # listed, and yet without a reader

    def _refuse_row(self, args: tuple) -> NoReturn:
        """Refuse arguments by position beyond those that may be."""
        received = ", ".join(shown(value, 40) for value in args[self._is_bound :])
        takes_names = any(not parameter.by_position for parameter in self.parameters.values())
        if takes_names or self.rest is not None:
            expected = "its arguments by name"
        elif self.parameters:
            expected = f"at most {len(self._row) - self._is_bound} arguments"
        else:
            expected = "no arguments"
        asked = self._needed or self.parameters
        raise ProblemError(
            self.name, expected=expected, received=received, advice=f"write {self._call(asked)}"
        )

    def _refuse_missing(self, missing: Collection[str]) -> NoReturn:
        names = [name for name in self.parameters if name in missing]
        meanings = getattr(self._owner, "arguments", {})  # families of rules say what theirs mean
        advice = f"write {self._call(self._needed)}"
        explained = "; ".join(f"{name} is {meanings[name]}" for name in names if name in meanings)
        if explained:
            advice += f", where {explained}"
        raise ProblemError(
            self.name,
            expected=f"a value for {' and '.join(map(repr, names))}",
            received="none",
            advice=advice,
        )

    def _refuse_result(self) -> NoReturn:
        raise ProblemError(
            self.name,
            expected="to be made by the function that computes it",
            received="a call by hand",
            advice="see its documentation for the function that returns one",
        )

    def _refuse_twice(self, name: str) -> NoReturn:
        raise ProblemError(
            self.name,
            expected=f"one value for {name!r}",
            received="one by position and one by name",
            advice=f"write {self._call(self._needed)}",
        )

    def _call(self, names: Collection[str]) -> str:
        """The call to write, with these arguments."""
        chosen = [parameter for name, parameter in self.parameters.items() if name in names]
        arguments = [p.name if p.by_position else f"{p.name}=…" for p in chosen]
        if not arguments and self.rest is not None:
            arguments = ["name=…"]
        return f"{self.name}({', '.join(arguments)})"


def _guard(function: Callable, owner: type | None) -> Callable:
    """The function behind its checks; ``declaration`` on it says what it accepts."""
    declaration = Declaration(function, owner)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        row, named = declaration.read(args, kwargs)
        return function(*row, **named)

    vars(call)["declaration"] = declaration
    return call


def _is_unpacked(hint: Any) -> bool:
    return typing.get_origin(hint) is typing.Unpack


def _unpacked(hint: Any) -> dict[str, Parameter]:
    """The declared keywords of ``**options: Unpack[Options]``, a TypedDict."""
    if not _is_unpacked(hint):
        return {}
    options = typing.get_args(hint)[0]
    hints = typing.get_type_hints(options, include_extras=True)
    return {
        name: Parameter(
            name=name,
            kind=kind_of(annotation),
            required=name in options.__required_keys__,
            by_position=False,
        )
        for name, annotation in hints.items()
    }
