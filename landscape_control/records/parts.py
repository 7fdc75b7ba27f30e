"""The parts of a problem as JSON trees: numbers, arrays, functions, and the library's own small
classes.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields

import casadi as ca
import numpy as np

from ..model.landscape import Hidden, Landscape, LandscapeDistribution, Spectrum
from ..model.landscape.library import minima_by_rule, minima_rule
from ..model.learner import Learner, LinearDrift
from ..model.objective import Objective
from ..model.observation import Sees
from ..model.problem import ControlProblem
from ..optimisation.program import PolicyProgram
from ..planning.transcription import Transcription
from ..rules.families import Family, Shape
from ..support.errors import ProblemError
from .expressions import function_to_tree
from .numbers import array_to_tree, number_to_tree

_CLASSES = (ControlProblem, PolicyProgram, Learner, LinearDrift, Objective, LandscapeDistribution)
# every kind of these is known by its name
FAMILIES = (Hidden, Sees, Spectrum, Family, Shape, Transcription)
_PACKAGE = __package__.partition(".")[0]


def to_tree(value, sizes=(1, 0)):
    """The JSON tree of a value; ``sizes`` are those of the vectors (θ, φ) that functions are traced
    with.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float | np.floating):
        finite = number_to_tree(value)
        return {"number": finite} if isinstance(finite, str) else finite
    if isinstance(value, np.integer | np.bool_):
        return value.item()
    if isinstance(value, np.ndarray):
        return {"array": array_to_tree(value)}
    if isinstance(value, tuple | list):
        return [to_tree(one, sizes) for one in value]
    if isinstance(value, Mapping):
        return {"mapping": [[name, to_tree(one, sizes)] for name, one in value.items()]}
    if isinstance(value, Landscape):
        return _landscape_to_tree(value)
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


def _function_to_tree(value: Callable, names, sizes):
    symbols = [ca.SX.sym(name, size) for name, size in zip(names, sizes, strict=False)]
    return {
        "function": function_to_tree(
            ca.Function("function", symbols, [ca.SX(value(*symbols))]), names
        )
    }


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
    """The name of the rule that gives the minima, which then need not be stored: their last bits
    are the machine's.
    """
    rule = minima_rule(landscape._recipe[1])
    if rule is None:
        return None
    follow = minima_by_rule(rule, landscape.dimension)(**landscape.parameters)
    return rule if np.array_equal(follow, landscape.minima) else None


def sizes_of(value) -> tuple[int, int]:
    """Lengths of θ and φ in a problem or a policy program."""
    landscapes = value.task.population if isinstance(value, PolicyProgram) else (value.landscape,)
    if not landscapes:  # random quadratics, mode by mode
        return 1, 1
    return landscapes[0].dimension, (
        0 if landscapes[0].hidden is None else landscapes[0].hidden.dimension
    )


def _object_to_tree(value, sizes):
    tree = {"kind": _kind_name(type(value))}
    for one in fields(value):
        if one.init and not one.name.startswith("_"):
            given = getattr(value, one.name)
            if one.metadata.get("later") and given == one.default:
                continue  # a field that came later: what was written before keeps its text
            both = callable(given) and tree["kind"] == "Observe" and one.name == "function"
            tree[one.name] = (
                _function_to_tree(given, ("theta", "hidden"), sizes)
                if both
                else to_tree(given, sizes)
            )
    return tree


def _kinds(family):
    for kind in family.__subclasses__():
        yield kind
        yield from _kinds(kind)


def _kind_name(kind):
    known = kind in _CLASSES or kind.__module__.partition(".")[0] == _PACKAGE
    return kind.__name__ if known else f"{kind.__module__}:{kind.__name__}"


def class_of_part(name: str) -> type | None:
    """The class of this name, as :func:`to_tree` writes it; None where this process knows none."""
    known = [*_CLASSES, *(kind for family in FAMILIES for kind in _kinds(family))]
    for kind in reversed(known):  # of a class that was defined again the latest counts
        if _kind_name(kind) == name:
            return kind
    return None
