"""Results remember the settings of the call that made them: seeds, tolerances, numbers of starts."""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from typing import Any, TypeVar, cast

import numpy as np

from .recordable import Recordable
from .short_repr import value_in_short
from .versions import software

_MOST = 9  # entries of a sequence that is a setting
Function = TypeVar("Function", bound=Callable)


def settings_kept(function: Function) -> Function:
    """The function, whose results carry the settings they were made with, defaults too.

    Numbers, words, truth values and short sequences of these are settings, and the repr of a
    learner, a rule or a criterion. Problems and arrays belong to the result itself, functions to
    nobody.
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
            result.__dict__["made_with"] = settings | {"software": software()}
        return result

    return cast(Function, call)


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
    return value_in_short(value) if is_small else None
