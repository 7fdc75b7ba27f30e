"""The parts of a problem as JSON trees: numbers, arrays, functions, the library's small classes."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import casadi as ca
import numpy as np

from ..model.landscape import Hidden, Landscape, LandscapeDistribution, Spectrum
from ..model.landscape.library import minima_by_rule, minima_rule
from ..model.learner import Learner, LinearDrift
from ..model.objective import Objective
from ..model.observation import Sees
from ..model.problem import ControlProblem
from ..optimisation.limits import CourseLimits
from ..optimisation.program import PolicyProgram
from ..planning.transcription import Transcription
from ..rules import CausalRule, Coefficient, Information, Rule
from ..rules.families import Family, Policy, Shape
from ..simulation import RawLearner
from ..support.errors import ProblemError
from ..support.expressions import call_traced
from .expressions import function_to_tree
from .numbers import array_to_tree, number_to_tree
from .rule_trees import rule_to_tree

_CLASSES = (
    ControlProblem,
    PolicyProgram,
    Learner,
    LinearDrift,
    Objective,
    LandscapeDistribution,
    CourseLimits,
    CausalRule,
    Coefficient,
    Policy,
)
# every kind of these is known by its name
FAMILIES = (Hidden, Sees, Spectrum, Family, Shape, Transcription, RawLearner)
LEARNER = "learner "  # before the names of raw learners, some of which are names of families
_PACKAGE = __package__.partition(".")[0]


def to_tree(value: Any, sizes: tuple[int, int] = (1, 0)) -> Any:
    """The JSON tree of a value; functions are traced with vectors (θ, φ) of these ``sizes``."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float | np.floating):
        number = number_to_tree(float(value))
        return {"number": number} if isinstance(number, str) else number
    if isinstance(value, np.integer | np.bool_):
        return value.item()
    if isinstance(value, np.ndarray):
        return {"array": array_to_tree(value)}
    if isinstance(value, tuple | list):
        return [to_tree(entry, sizes) for entry in value]
    if isinstance(value, Mapping):
        return {"mapping": [[name, to_tree(entry, sizes)] for name, entry in value.items()]}
    if isinstance(value, frozenset):
        members = [to_tree(entry, sizes) for entry in value]
        return {"set": sorted(members, key=json.dumps)}  # in one order: a text is a fingerprint
    if isinstance(value, Information):
        return {"information": value.name}
    if isinstance(value, Landscape):
        return _landscape_to_tree(value)
    if isinstance(value, Rule):
        return rule_to_tree(value, to_tree)
    if isinstance(value, (*_CLASSES, *FAMILIES)):
        return _object_to_tree(value, sizes)
    if callable(value):
        return _function_to_tree(value, ("theta",), sizes)
    raise ProblemError(
        "specification",
        expected="numbers, arrays, functions of θ and the library's own classes",
        received=type(value).__name__,
        advice="build the problem from these",
    )


def _function_to_tree(value: Callable, names: Sequence[str], sizes: tuple[int, ...]) -> dict:
    symbols = [ca.SX.sym(name, size) for name, size in zip(names, sizes, strict=False)]
    traced = call_traced(
        "specification",
        value,
        symbols,
        wanted="functions that can be recorded",
        advice="write them with CasADi operations or NumPy's",
    )
    function = ca.Function("function", symbols, [traced])
    return {"function": function_to_tree(function, names)}


def _landscape_to_tree(landscape):
    formula, rule = landscape._recipe[0], _rule_of(landscape)
    names = ("theta",) if landscape.hidden is None else ("theta", "hidden")
    return {
        "kind": "Landscape",
        "dimension": landscape.dimension,
        "name": landscape.name,
        "formula": formula,
        "minima": to_tree(landscape.minima if rule is None else None),
        "minima_rule": rule,
        "allow_kinks": landscape.allow_kinks,
        "hidden": to_tree(landscape.hidden),
        "parameters": to_tree(landscape.parameters),
        "expression": function_to_tree(landscape._traced, (*names, *landscape.parameters)),
    }


def _rule_of(landscape):
    """The name of the rule that gives the minima, which then need not be stored.

    Their last bits differ from machine to machine, and the text of a problem must not.
    """
    rule = minima_rule(landscape._recipe[1])
    if rule is None:
        return None
    follow = minima_by_rule(rule, landscape.dimension)(**landscape.parameters)
    return rule if np.array_equal(follow, landscape.minima) else None


def sizes_of(value: Any) -> tuple[int, int]:
    """Lengths of θ and φ in a problem or a policy program."""
    landscapes = value.task.population if isinstance(value, PolicyProgram) else (value.landscape,)
    if not landscapes:  # random quadratics, mode by mode
        return 1, 1
    hidden = landscapes[0].hidden
    return landscapes[0].dimension, 0 if hidden is None else hidden.dimension


def _object_to_tree(value: Any, sizes: tuple[int, int]) -> dict:
    tree: dict[str, Any] = {"kind": _kind_name(type(value))}
    for field in fields(value):
        if not field.init or field.name.startswith("_"):
            continue
        name = field.metadata.get("recorded", field.name)
        given = getattr(value, field.name)
        if field.metadata.get("later") and given == field.default:
            continue  # a field that came later: what was written before keeps its text
        if callable(given) and tree["kind"] == "Observe" and field.name == "function":
            tree[name] = _function_to_tree(given, ("theta", "hidden"), sizes)
        else:
            tree[name] = to_tree(given, sizes)
    return tree


def _kinds(family: type) -> Iterator[type]:
    kind: type
    for kind in family.__subclasses__():
        yield kind
        yield from _kinds(kind)


def _kind_name(kind: type) -> str:
    known = kind in _CLASSES or kind.__module__.partition(".")[0] == _PACKAGE
    if known and issubclass(kind, RawLearner):
        return f"{LEARNER}{kind.__name__}"
    return kind.__name__ if known else f"{kind.__module__}:{kind.__name__}"


def class_of_part(name: str) -> type | None:
    """The class of this name, as :func:`to_tree` writes it; None where this process knows none."""
    known: list[type] = [*_CLASSES]
    for family in FAMILIES:
        known.extend(_kinds(family))
    for kind in reversed(known):  # of a class that was defined again the latest counts
        if _kind_name(kind) == name:
            return kind
    return None
