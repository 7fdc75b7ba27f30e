"""From an annotation to the kind of argument that it declares."""

import collections.abc
import enum
import functools
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, Union

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


def kind_of(annotation) -> Kind:
    """The kind that an annotation declares; of none, or one that is not understood, anything."""
    if annotation is type(None):
        return Nothing()
    if annotation is None or annotation is typing.Any:
        return Anything()
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _annotated(parts[0], parts[1:])
    if origin is Union or isinstance(annotation, types.UnionType):
        return _either(map(kind_of, parts))
    if origin is Literal:
        return Choice(parts)
    if annotation is Callable or origin is Callable or origin is collections.abc.Callable:
        return Function()
    if origin is not None or (
        isinstance(annotation, type) and issubclass(annotation, tuple | list | frozenset)
    ):
        return _container(origin or annotation, parts)
    if isinstance(annotation, type):
        return _of_class(annotation)
    return Anything()


def _of_class(cls):
    simple = {
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
    if cls is collections.abc.Callable:
        return Function()
    return Table(Anything()) if cls in (dict, Mapping) else Instance(cls)


def _container(origin, parts):
    if issubclass(origin, Mapping):
        return Table(kind_of(parts[1]), parts[0]) if parts else Table(Anything())
    if issubclass(origin, tuple) and parts and parts[-1] is not Ellipsis:
        return Instance(tuple)  # of fixed length: results only
    if issubclass(origin, collections.abc.Iterable):
        return Items(
            kind_of(parts[0]) if parts else Anything(),
            tuple if issubclass(origin, tuple) else origin,
        )
    return Instance(origin)


def _annotated(base, notes):
    kind = kind_of(base)
    for note in notes:
        kind = _noted(kind, note)
    return kind


def _noted(kind, note):
    narrowed = {Range: Number, Whole: Integer, Shape: Array}
    if type(note) in narrowed:
        return narrowed[type(note)](note)
    if isinstance(note, Filled):
        return _filled(kind)
    if isinstance(note, Place):
        return PathName()
    return Worded(kind, note) if isinstance(note, Words) else kind


def _filled(kind):
    if isinstance(kind, Either):
        return Either(tuple(map(_filled, kind.kinds)))
    return Items(kind.kind, kind.container, filled=True) if isinstance(kind, Items) else kind


def _either(kinds):
    """None and the narrow kinds first: a number before an array, since an array may be one number."""
    order = (Nothing, Flag, Number, Integer, Choice, Text)
    rank = functools.partial(_rank, order)
    flat = [one for kind in kinds for one in (kind.kinds if isinstance(kind, Either) else (kind,))]
    if any(isinstance(kind, Anything) for kind in flat):
        return Anything()
    return Either(tuple(sorted(flat, key=rank)))


def _rank(order, kind):
    return next((place for place, cls in enumerate(order) if isinstance(kind, cls)), len(order))
