"""Whether a function or a class is the one that it was, by a digest of what it does.

So that other code never gets stored numbers.

Functions that a problem holds (losses, drift, metric, actuation, terminal costs, noise) are traced,
and their operations stand in its specification. Its specification names classes, and a user's own,
such as a family of policies, are known by their digest.
"""

import dataclasses
import hashlib
import pickle
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cached_property, partial
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType

import numpy as np

from ..model.landscape import Hidden, Landscape, Spectrum
from ..model.observation import Sees
from ..model.problem import ControlProblem
from ..optimisation.program import PolicyProgram
from ..planning.transcription import Transcription
from ..records import specification
from ..rules.families import Family, Shape
from .measures import ALL, Measure

UNKNOWN = "unknown"
_OF_EVERY_CLASS = frozenset(
    {
        "__module__",
        "__qualname__",
        "__doc__",
        "__dict__",
        "__weakref__",
        "__annotations__",
        "__dataclass_fields__",
        "__dataclass_params__",
        "__match_args__",
        "__firstlineno__",
        "__static_attributes__",
        "__type_params__",
        "__orig_bases__",
        "__parameters__",
        "__slots__",
        "__hash__",
        "__annotate__",
        "__annotate_func__",
        "__annotations_cache__",
    }
)
_PLAIN = (int, float, complex, str, bytes, type(None), type(...), range)


class OpaqueError(TypeError):
    """Something that cannot be compared with what it was in another process."""


def code_of(measure: Measure) -> str:
    """Digest of a user's measure: its code, and the functions and numbers of its own package.

    Starts with the Python version, whose instructions these are. "" for measures of this library,
    whose version the plan names; "unknown" where something in a closure cannot be compared.
    """
    if ALL.get(measure.name) is measure:
        return ""
    return _code_of((measure.function, measure.batch))


def code_of_parts(*things: object) -> dict[str, str]:
    """{"family module:Class": digest} of every class of the user's own in these problems."""
    codes = {_address(kind): _code_of(kind) for thing in things for kind in _own_classes(thing)}
    return dict(sorted(codes.items()))


def _code_of(thing: object) -> str:
    """The Python version and a digest of what a thing does; "unknown" where that cannot be said."""
    total = hashlib.sha256()
    try:
        _Walk(total).take(thing)
    except OpaqueError:
        return UNKNOWN
    return f"{sys.version_info[0]}.{sys.version_info[1]} {total.hexdigest()}"


def _own_classes(thing: object) -> Iterator[type]:
    """Classes of the user's among an object, its fields, and theirs."""
    if isinstance(thing, Mapping):
        thing = tuple(thing.values())
    if isinstance(thing, tuple | list):
        for part in thing:
            yield from _own_classes(part)
    if not is_dataclass(thing) or isinstance(thing, type):
        return
    if any(map(_is_own, type(thing).__mro__)):
        yield type(thing)
    for field in fields(thing):
        if not (isinstance(thing, Landscape) and field.name.startswith("_")):
            yield from _own_classes(getattr(thing, field.name, None))


def _address(kind: type) -> str:
    word = next((word for base, word in _WORDS if issubclass(kind, base)), "class")
    return f"{word} {kind.__module__}:{kind.__qualname__}"


_WORDS = (
    (Family, "family"),
    (Shape, "shape"),
    (Sees, "observation"),
    (Hidden, "hidden process"),
    (Spectrum, "spectrum"),
    (Transcription, "transcription"),
)


def _is_own(kind: type) -> bool:
    """Whether a class is the user's: not of this library, of Python or of an installed package."""
    root = kind.__module__.partition(".")[0]
    if (
        root in ("landscape_control", "builtins")
        or root in sys.stdlib_module_names
        and root != "__main__"
    ):
        return False
    file = getattr(sys.modules.get(root), "__file__", None) or ""
    return "site-packages" not in file and "dist-packages" not in file


def why_other(stored: str, now: str) -> str:
    """How the code of a measure differs from that of a plan; "" if it does not."""
    if UNKNOWN in (stored, now):
        return "uses objects that cannot be compared with those of the stored run"
    if stored == now:
        return ""
    versions = [code.partition(" ")[0] for code in (stored, now)]
    if all(versions) and versions[0] != versions[1]:
        return f"was compiled by Python {versions[0]}, now {versions[1]}"
    return "has other code, or uses other values"


class _Walk:
    """Feeds everything that a function depends on into a digest, each object once."""

    def __init__(self, total: "hashlib._Hash") -> None:
        self.total = total
        # id -> (its number, the object): kept, so that no other object gets the same id
        self.seen: dict[int, tuple[int, object]] = {}

    def say(self, *words: object) -> None:
        self.total.update("|".join(map(str, words)).encode() + b"\n")

    def take(self, thing):
        if isinstance(thing, _PLAIN):  # bool is an int
            return self.say(type(thing).__name__, repr(thing))
        if id(thing) in self.seen:
            return self.say("again", self.seen[id(thing)][0])
        self.seen[id(thing)] = (len(self.seen), thing)
        for kinds, method in self._METHODS:
            if isinstance(thing, kinds):
                self.say(type(thing).__name__)
                return method(self, thing)
        return self._other(thing)

    def _function(self, function):
        self._code(function.__code__, function.__doc__)
        self.take(function.__defaults__)
        self.take(function.__kwdefaults__)
        for cell in function.__closure__ or ():
            try:
                self.take(cell.cell_contents)
            except ValueError:  # a name that is not bound yet
                self.say("empty")
        home = function.__module__.partition(".")[0]
        for name in sorted(_names(function.__code__) & function.__globals__.keys()):
            value = function.__globals__[name]
            value = getattr(value, "__wrapped__", value)
            if isinstance(value, FunctionType) and value.__module__.partition(".")[0] != home:
                self.say("function", value.__module__, value.__qualname__)
            elif isinstance(value, (*_PLAIN, tuple, np.ndarray, FunctionType)) or _holds_code(
                value
            ):
                self.say("global", name)
                self.take(value)

    def _code(self, code, doc=None):
        self.say(
            "code",
            code.co_code.hex(),
            code.co_names,
            code.co_argcount,
            code.co_kwonlyargcount,
            code.co_flags,
        )
        for constant in code.co_consts:
            self._constant(None if constant is doc else constant)

    def _constant(self, constant):
        if isinstance(constant, CodeType):
            self._code(constant)
        else:
            self.take(constant)

    def _array(self, array):
        if array.dtype.hasobject:
            self.take(array.tolist())
        else:
            self.say(array.dtype.str, array.shape)
            self.total.update(np.ascontiguousarray(array).tobytes())

    def _row(self, row):
        self.say(len(row))
        for entry in row:
            self.take(entry)

    def _set(self, items):
        self._row(sorted(items, key=repr))

    def _mapping(self, mapping):
        self._row([part for item in mapping.items() for part in item])

    def _partial(self, thing):
        self._row((thing.func, thing.args, thing.keywords))

    def _method(self, method):
        self._row((method.__func__, method.__self__))

    def _class(self, kind):
        """What a class of the user's does: everything written in it and in those it is made from."""
        self._named(kind)
        for base in filter(_is_own, kind.__mro__):
            self.say("class", base.__qualname__, [parent.__qualname__ for parent in base.__bases__])
            for name, value in sorted(vars(base).items()):
                if name not in _OF_EVERY_CLASS and not name.startswith("_abc_"):
                    self._member(name, value)
            for field in dataclasses.fields(base) if is_dataclass(base) else ():
                self.say("field", field.name)
                self.take(None if field.default is dataclasses.MISSING else field.default)

    def _member(self, name, value):
        if isinstance(value, property):
            parts = (value.fget, value.fset)
        elif isinstance(value, cached_property):
            parts = (value.func,)
        else:
            parts = (getattr(value, "__func__", value),)
        for part in parts:
            while hasattr(part, "__wrapped__"):
                part = part.__wrapped__
            # which a dataclass writes itself
            if not (isinstance(part, FunctionType) and part.__code__.co_filename == "<string>"):
                self.say("member", name)
                self.take(part)

    def _type(self, kind):
        (self._class if _is_own(kind) else self._named)(kind)

    def _named(self, thing):
        self.say(getattr(thing, "__module__", ""), getattr(thing, "__qualname__", thing.__name__))

    def _problem(self, problem):
        self.say(specification(problem))

    _METHODS = (
        (FunctionType, _function),
        (np.generic | np.ndarray, lambda self, thing: self._array(np.asarray(thing))),
        (tuple | list, _row),
        (set | frozenset, _set),
        (Mapping, _mapping),
        (partial, _partial),
        (MethodType, _method),
        (type, _type),
        (ModuleType | BuiltinFunctionType | np.ufunc, _named),
        (ControlProblem | PolicyProgram, _problem),
    )

    def _other(self, thing):
        kind = type(thing)
        self.say(kind.__module__, kind.__qualname__)
        if _is_own(kind):
            self.take(kind)
        if hasattr(thing, "__wrapped__"):  # functools.cache and its like
            return self.take(thing.__wrapped__)
        if is_dataclass(thing):
            return self._row([getattr(thing, field.name) for field in fields(thing)])
        # a callable object: what it does and what it holds
        if isinstance(vars(kind).get("__call__"), FunctionType):
            return self._row((kind.__call__, getattr(thing, "__dict__", {})))
        try:
            self.total.update(pickle.dumps(thing, protocol=4))
        except Exception as error:
            raise OpaqueError(kind.__qualname__) from error


def _holds_code(value: object) -> bool:
    """Whether a global name stands for something of the user's that does something."""
    if isinstance(value, partial):
        return True
    return _is_own(value if isinstance(value, type) else type(value))


def _names(code: CodeType) -> set[str]:
    """Global names of a function and of those inside it."""
    inner = (constant for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*map(_names, inner))
