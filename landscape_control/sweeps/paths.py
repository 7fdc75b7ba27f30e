"""Parameters of a problem by dotted path: their values, and the same problem with others."""

from dataclasses import is_dataclass, replace
from functools import lru_cache
from inspect import signature
from typing import Any

import numpy as np

from ..model.landscape import Hidden, Landscape
from ..support.errors import ProblemError, check_choice

SEED = "seed"
# a hidden process that starts at its stationary law
_TIED = {"start_mean": "mean", "start_covariance": "covariance"}


def parameters(problem: object) -> dict[str, object]:
    """{dotted path: value} of everything that can be replaced, e.g. "learner.sees.noise"."""
    values: dict[str, object] = {}

    def walk(prefix: str, thing: object) -> None:
        for name, value in _children(thing).items():
            values[prefix + name] = value
            walk(f"{prefix}{name}.", value)

    walk("", problem)
    return values


def resolve(problem: object, name: str) -> str:
    """The full path that a name stands for: itself, or the one path that ends in it. ``seed`` is a
    name of its own.

    Raises
    ------
    ProblemError
        No such parameter (near matches are named), or several that end so.
    """
    if name == SEED:
        return name
    known = parameters(problem)
    if name in known:
        return name
    ending = [path for path in known if path.endswith(f".{name}") or leaf(path) == name]
    if len(ending) == 1:
        return ending[0]
    if ending:
        raise ProblemError(
            f"axis {name!r}",
            expected="one parameter",
            received=f"{', '.join(ending)} all end so",
            advice="write the whole path",
        )
    leaves = {leaf(path) if "." in path else path for path in known}
    return check_choice("axis", name, {SEED, *known} if "." in str(name) else {SEED, *leaves})


def leaf(path: str) -> str:
    """The last part of a path, with the index of an entry.

    "objective.horizon" -> "horizon", "start.0" -> "start_0".
    """
    parts = path.split(".")
    last = len(parts) - 1
    while last > 0 and parts[last].isdigit():
        last -= 1
    return "_".join(parts[last:])


def read(problem: object, path: str) -> Any:
    """The value at a full path."""
    for part in path.split("."):
        children = _children(problem)
        if part not in children:
            raise ProblemError(
                f"parameter {path!r}",
                expected=f"one of {', '.join(children) or 'none'}",
                received=part,
                advice="this variant has no such parameter",
            )
        problem = children[part]
    return problem


def with_values(thing: Any, changes: dict) -> Any:
    """The problem (or part of one) with other values, checked by the constructors of its parts."""
    direct: dict[str, Any] = {}
    nested: dict[str, dict[str, Any]] = {}
    for path, value in changes.items():
        head, _, rest = path.partition(".")
        if rest:
            nested.setdefault(head, {})[rest] = value
        else:
            direct[head] = value
    for head, inner in nested.items():
        part = direct[head] if head in direct else read(thing, head)
        # a vector where there was none, such as an end: all its entries are given
        if part is None and inner.keys() == {str(i) for i in range(len(inner))}:
            part = np.zeros(len(inner))
        direct[head] = with_values(part, inner)
    return _rebuilt(thing, direct) if direct else thing


def _children(thing: Any) -> dict:
    if isinstance(thing, Landscape):
        hidden = {} if thing.hidden is None else {"hidden": thing.hidden}
        return {**getattr(thing, "parameters", {}), **hidden}
    if isinstance(thing, np.ndarray):
        if thing.ndim != 1 or thing.dtype == object:
            return {}
        return {str(i): float(value) for i, value in enumerate(thing)}
    if isinstance(thing, type) or not is_dataclass(thing):
        return {}
    kind: type = type(thing)
    return {name: getattr(thing, name) for name in _arguments(kind) if hasattr(thing, name)}


@lru_cache(maxsize=256)
def _arguments(kind: type) -> tuple[str, ...]:
    """Names of the arguments that a type is made from."""
    return tuple(signature(kind).parameters)


def _rebuilt(thing: Any, changes: dict) -> Any:
    for name in changes:
        if name not in _children(thing):
            check_choice(f"parameter of {type(thing).__name__}", name, _children(thing))
    if isinstance(thing, Landscape):
        return _other_landscape(thing, dict(changes))
    if isinstance(thing, np.ndarray):
        return [_entry(changes.get(str(i), value)) for i, value in enumerate(thing.tolist())]
    fields = _children(thing)
    if isinstance(thing, Hidden):
        _untie(fields)
    return type(thing)(**{**fields, **changes})


def _other_landscape(landscape: Landscape, changes: dict) -> Landscape:
    hidden = changes.pop("hidden", landscape.hidden)
    if changes:
        landscape = landscape.with_parameters(**changes)
    return landscape if hidden is landscape.hidden else replace(landscape, hidden=hidden)


def _entry(value: object) -> object:
    return value if isinstance(value, (int, float, np.number)) else float("nan")


def _untie(fields: dict) -> None:
    """Turn a start that equals the stationary law back into the default, which follows the law.

    A sweep over the law then moves the start with it.
    """
    for start, own in _TIED.items():
        source = fields.get(own)
        if start in fields and source is not None and np.array_equal(fields[start], source):
            fields[start] = None
