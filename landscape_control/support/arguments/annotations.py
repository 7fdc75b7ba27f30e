"""From an annotation to the kind of argument that it declares."""

import collections.abc
import enum
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Union

import numpy as np

from .combined import Either, Items, Table, Worded
from .kinds import (
    Anything,
    Array,
    Choice,
    Flag,
    Integer,
    Kind,
    Member,
    Nothing,
    Number,
    PathName,
    Text,
)
from .markers import Filled, Place, Range, Shape, Whole, Words
from .objects import Function, Instance


def kind_of(annotation: Any) -> Kind:
    """The kind that an annotation declares; of none, or one that is not understood, anything."""
    if annotation is type(None):
        return Nothing()
    if annotation is None or annotation is typing.Any:
        return Anything()
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _annotated(parts[0], parts[1:])
    if origin is Union or isinstance(annotation, types.UnionType):
        return _either([kind_of(part) for part in parts])
    if origin is Literal:
        return Choice(parts)
    if Callable in (annotation, origin):
        return Function()
    if origin is not None:
        return _container(origin, parts)
    if isinstance(annotation, type):
        is_container = issubclass(annotation, tuple | list | frozenset)
        return _container(annotation, ()) if is_container else _of_class(annotation)
    return Anything()


def _of_class(cls: type) -> Kind:
    simple: dict[type, Callable[[], Kind]] = {
        float: Number,
        int: Integer,
        bool: Flag,
        str: Text,
        np.ndarray: Array,
        object: Anything,
    }
    if cls in simple:
        return simple[cls]()
    if issubclass(cls, enum.Enum):
        return Member(cls)
    return Table(Anything()) if cls in (dict, Mapping) else Instance(cls)


def _container(origin: type, parts: tuple) -> Kind:
    """The kind of list[X], Mapping[str, X], …; ``parts`` are what stands in the brackets."""
    if issubclass(origin, Mapping):
        return Table(kind_of(parts[1]), parts[0]) if parts else Table(Anything())
    if issubclass(origin, tuple) and parts and parts[-1] is not Ellipsis:
        return Instance(tuple)  # of fixed length: results only
    if issubclass(origin, collections.abc.Iterable):
        entry = kind_of(parts[0]) if parts else Anything()
        return Items(entry, tuple if issubclass(origin, tuple) else origin)
    return Instance(origin)


def _annotated(base: Any, notes: tuple) -> Kind:
    kind = kind_of(base)
    for note in notes:
        kind = _noted(kind, note)
    return kind


def _noted(kind: Kind, note: object) -> Kind:
    """The kind with what a marker says of it; other notes say nothing."""
    if isinstance(note, Range):
        return Number(note)
    if isinstance(note, Whole):
        return Integer(note)
    if isinstance(note, Shape):
        return Array(note)
    if isinstance(note, Filled):
        return _filled(kind)
    if isinstance(note, Place):
        return PathName()
    return Worded(kind, note) if isinstance(note, Words) else kind


def _filled(kind: Kind) -> Kind:
    if isinstance(kind, Either):
        return Either(tuple(map(_filled, kind.kinds)))
    return Items(kind.kind, kind.container, filled=True) if isinstance(kind, Items) else kind


def _either(kinds: list[Kind]) -> Kind:
    """One of several kinds, those of unions among them taken apart."""
    flat: list[Kind] = []
    for kind in kinds:
        flat += kind.kinds if isinstance(kind, Either) else (kind,)
    if any(isinstance(kind, Anything) for kind in flat):
        return Anything()
    return Either(tuple(sorted(flat, key=_rank)))


def _rank(kind: Kind) -> int:
    """None and the narrow kinds first: a number before an array, since an array may be one number."""
    narrow = (Nothing, Flag, Number, Integer, Choice, Text)
    return next((k for k, cls in enumerate(narrow) if isinstance(kind, cls)), len(narrow))
