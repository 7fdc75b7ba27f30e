"""Results remember the settings of the call that made them: seeds, tolerances, numbers of starts."""

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any, TypeVar, cast
from weakref import ref

import numpy as np

from .posed import Posed
from .recordable import Recordable
from .short_repr import value_in_short
from .versions import software

_MOST = 9  # entries of a sequence that is a setting
_LONGEST = 2000  # characters of a setting
PROBLEM = "problem"  # the setting that is a problem in words, of a result that does not hold one
# by the identity of results that do not hold it: what they were computed for; a file has it in words
_POSED: dict[int, tuple[ref, tuple[Posed, ...]]] = {}
Function = TypeVar("Function", bound=Callable)


def settings_kept(function: Function) -> Function:
    """The function, whose results carry the settings they were made with, defaults too.

    Numbers, words, truth values and short sequences of these are settings, and the repr of a
    learner, a rule or a criterion. Arrays belong to the result itself, functions to nobody; so do
    problems, and a result that does not hold the one it was computed for keeps it in words.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        result = function(*args, **named)
        bound = signature.bind(*args, **named)
        bound.apply_defaults()
        if hasattr(result, "__dict__"):
            # as a cached property keeps its value: frozen dataclasses allow no assignment
            settings = _settings(bound.arguments, signature)
            settings |= {"software": software()}
            posed = () if _holds_problem(result) else tuple(_posed_in(bound.arguments.values()))
            if posed:
                _remember(result, posed)
                settings[PROBLEM] = "\n\n".join(each.describe() for each in posed)
            result.__dict__["made_with"] = settings
        return result

    return cast(Function, call)


def posed_for(result: object) -> tuple[Posed, ...]:
    """The problems that a result of this process was computed for, where it does not hold them."""
    kept, posed = _POSED.get(id(result), (None, ()))
    return posed if kept is not None and kept() is result else ()


def _remember(result: object, posed: tuple[Posed, ...]) -> None:
    """Keep problems for as long as there is the result."""
    key = id(result)
    _POSED[key] = ref(result, lambda _: _POSED.pop(key, None)), posed


def _posed_in(values: Iterable[object]) -> Iterator[Posed]:
    """Problems among the arguments of a call, or what its solutions are solutions of; each once."""
    found: list[Posed] = []
    for value in values:
        several = list(value[:_MOST]) if isinstance(value, tuple | list) else [value]
        for each in several:
            owners = (each, getattr(each, "problem", None), getattr(each, "program", None))
            posed = next((owner for owner in owners if isinstance(owner, Posed)), None)
            if posed is not None and all(posed is not other for other in found):
                found.append(posed)
    return iter(found)


def _holds_problem(result: object) -> bool:
    """Whether a result, or a result that it has, holds its problem."""
    parts = (result, getattr(result, "rollout", None), getattr(result, "result", None))
    return any(
        isinstance(getattr(part, name, None), Posed)
        for part in parts
        for name in ("problem", "program")
    )


def _settings(arguments: Mapping[str, Any], signature: inspect.Signature) -> dict[str, Any]:
    """{name: value} of what is a setting; those of ``**options`` under their own names."""
    given: dict[str, Any] = {}
    for name, value in arguments.items():
        is_open = signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD
        given |= value if is_open else {name: value}
    said = {name: _setting(value) for name, value in given.items()}
    return {name: value for name, value in said.items() if value is not None}


def _setting(value: object) -> object:
    """The value as it is kept; None where it is no setting."""
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple | list):
        entries = tuple(map(_setting, value[: _MOST + 1]))
        return None if len(entries) > _MOST or None in entries else entries
    is_small = is_dataclass(value) and not isinstance(value, Recordable | type)
    return value_in_short(value, _LONGEST) if is_small else None
