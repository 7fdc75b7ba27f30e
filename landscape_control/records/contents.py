"""What the objects of a record may hold: types by annotations, shapes and values by class.

Results are made by solvers, so that their constructors check nothing. A file is not a solver: what
it holds must obey the same rules as a solver's results.
"""

import enum
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from functools import cache
from typing import Any

import numpy as np

from ..model.problem import ControlProblem
from .axis_names import DIMS
from .kinds import ENUMS, LEFT_OUT, MODULES, class_of, own
from .relation_checks import refuse
from .relations import RELATIONS

# what fields hold whose annotation says less, and what is computed at first use and stored with
# them; recorded classes by name, so that they are imported when one is read
_HOLDS: dict[str, dict[str, tuple]] = {
    "BeliefSolution": {"problem": (ControlProblem,)},
    "GridSolution": {"grid": ("GridPolicy",), "status": ("Status", "GridStatus")},
    "Plan": {"certificate": ("Certificate", None), "end_basin": (np.ndarray, None)},
    "PolicyResult": {
        "certificate": ("PolicyCertificate", "ScenarioCertificate", None),
        "identifiability": ("Identifiability", None),
    },
    "Result": {"made_with": (Mapping, None)},
    "Rollout": {"problem": (ControlProblem, None)},
    "Solution": {
        "problem": (ControlProblem, None),
        "certificate": ("Certificate", None),
        "search": (str, None),
    },
}
_NEEDED = {("BeliefSolution", "problem")}  # although it has a default


def check_contents(kind: type, values: Mapping) -> None:
    """Refuse fields of a class that are missing, unknown, or hold what no solver puts there."""
    known = _annotations(kind)
    for name, value in values.items():
        if name not in known:
            refuse(name, f"the fields of a {kind.__name__}", "one that it does not have")
        _check(known[name][0], value, kind, name)
    for name, (_, is_needed) in known.items():
        if is_needed and name not in values:
            refuse(name, "a value", "none")
    for base in kind.__mro__[::-1]:
        for relation in RELATIONS.get(base.__name__, ()):
            relation(values)
    _check_axes(DIMS.get(kind.__name__, {}), values)


def _check_axes(dims: Mapping[str, tuple], values: Mapping) -> None:
    """Refuse arrays of one object whose axes of the same name have different lengths."""
    known: dict[str, tuple[int, str]] = {}
    for name, axes in dims.items():
        value = values.get(name)
        if value is None or ... in axes or len(axes) != value.ndim:
            continue
        for axis, length in zip(axes, value.shape, strict=True):
            wanted, first = known.setdefault(axis, (length, name))
            if length != wanted:
                refuse(name, f"{wanted} along the axis {axis!r}, as {first} has", f"{length}")


@cache
def _annotations(kind: type) -> dict:
    """{field: (what it may hold, whether no record may be without it)} of a class."""
    hints, left_out = typing.get_type_hints(kind), own(LEFT_OUT, kind)
    known: dict[str, tuple[Any, bool]] = {}
    for field in fields(kind):
        if field.name[0] != "_" and field.name not in left_out:
            is_needed = field.default is MISSING and field.default_factory is MISSING
            known[field.name] = hints[field.name], is_needed
    for base in kind.__mro__[::-1]:
        for name, holds in _HOLDS.get(base.__name__, {}).items():
            is_needed = known.get(name, (None, False))[1] or (base.__name__, name) in _NEEDED
            known[name] = _union(holds), is_needed
    return known


def _union(kinds: tuple) -> Any:
    """One annotation for classes, some of them by name."""
    classes = [_class(kind) if isinstance(kind, str) else kind for kind in kinds]
    return typing.Union[tuple(classes)]  # noqa: UP007  (of as many as there are)


def _class(name: str) -> type:
    return class_of(name, ENUMS if name in ENUMS else MODULES)


def _check(annotation: Any, value: object, kind: type, name: str) -> None:
    """Refuse a value that is not what an annotation says."""
    if not _fits(annotation, value, kind, name):
        refuse(name, _in_words(annotation), _received(value))


def _fits(annotation: Any, value: Any, kind: type, name: str) -> bool:
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(one, value, kind, name) for one in inside)
    if annotation is type(None) or annotation is None:
        return value is None
    if annotation is object:
        return True
    if annotation is float:
        return isinstance(value, int | float | np.integer | np.floating) and not isinstance(
            value, bool
        )
    if annotation is int:
        return isinstance(value, int | np.integer) and not isinstance(value, bool)
    if annotation is bool:
        return isinstance(value, bool | np.bool_)
    if annotation is np.ndarray:
        return _is_array(value, DIMS.get(kind.__name__, {}).get(name))
    if origin is typing.Literal:
        return value in inside
    if origin is Sequence or (origin is tuple and inside[-1:] == (...,)):
        return isinstance(value, tuple) and all(_fits(inside[0], one, kind, "") for one in value)
    if origin is tuple:
        return (
            isinstance(value, tuple)
            and len(value) == len(inside)
            and all(_fits(*pair, kind, "") for pair in zip(inside, value, strict=True))
        )
    if origin in (Mapping, dict):
        return isinstance(value, Mapping) and all(
            isinstance(key, str) and _fits(inside[1], one, kind, "") for key, one in value.items()
        )
    if origin is Callable or annotation is Callable:
        return False
    return isinstance(value, origin or annotation)


def _is_array(value: object, dims: tuple | None) -> bool:
    """Whether a value is an array of real numbers with as many axes as its labels name."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
        return False
    if dims is None or (not value.size and value.ndim == 1):
        return True
    return value.ndim >= len(dims) - 1 if ... in dims else value.ndim == len(dims)


def _in_words(annotation: Any) -> str:
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(map(_in_words, inside))
    if origin is tuple:
        return (
            f"a sequence ({_in_words(inside[0])} each)" if inside[-1:] == (...,) else "a sequence"
        )
    if origin is typing.Literal:
        return f"one of {', '.join(map(repr, inside))}"
    words = {
        np.ndarray: "an array of numbers",
        float: "a number",
        int: "a whole number",
        bool: "true or false",
        str: "a text",
        type(None): "nothing",
        Mapping: "a mapping",
        dict: "a mapping",
        Sequence: "a sequence",
        tuple: "a sequence",
    }
    return words.get(origin or annotation) or f"a {getattr(annotation, '__name__', annotation)}"


def _received(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, enum.Enum):
        return f"the {type(value).__name__} {value.name}"
    if isinstance(value, str | int | float):
        return f"{value!r:.60}"
    if isinstance(value, tuple):
        return (
            f"a sequence of {', '.join(sorted({type(one).__name__ for one in value})) or 'nothing'}"
        )
    return "nothing" if value is None else f"a {type(value).__name__}"
