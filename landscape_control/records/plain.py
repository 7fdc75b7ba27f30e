"""Results as plain Python: numbers, texts, lists and dictionaries."""

import enum
import json
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from ..model.problem import ControlProblem
from ..optimisation.program import PolicyProgram
from ..rules.candidate import Candidate
from ..support.errors import ProblemError
from ..support.short_repr import value_in_short
from .numbers import number_to_tree
from .readable import is_part, member_in_words, parts_of
from .specification import specification


def to_dict(result: object) -> dict[str, Any]:
    """See :meth:`landscape_control.support.results.Result.to_dict`."""
    return cast("dict[str, Any]", _plain(result))


def _problem(problem: ControlProblem | PolicyProgram) -> dict[str, Any]:
    """Its specification; of a loss of another program, which has none, the words alone."""
    try:
        return cast("dict[str, Any]", json.loads(specification(problem)))
    except ProblemError:
        return {"description": problem.describe()}


def _plain(value: Any) -> Any:
    if isinstance(value, ControlProblem | PolicyProgram):
        return _problem(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return number_to_tree(value)
    if isinstance(value, enum.Enum):
        return member_in_words(value)
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, set | frozenset):
        return sorted(str(_plain(part)) for part in value)
    if isinstance(value, Candidate):  # a rule: what it does is no data
        return {name: getattr(value, name) for name in ("key", "name", "formula")}
    if is_part(value):
        parts = {name: _plain(part) for name, part in parts_of(value).items()}
        return {"type": type(value).__name__} | parts
    return value_in_short(value)
