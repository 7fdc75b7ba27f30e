"""JSON trees as parts of a problem: each is checked, and each object made by its own constructor."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from inspect import signature
from typing import Any

import casadi as ca
import numpy as np

from ..model.landscape import Hidden, Landscape
from ..model.landscape.landscape import MOST_PARAMETERS
from ..model.landscape.library import minima_by_rule
from ..rules import Information
from ..rules.families import Family, Policy
from ..rules.families.former import present
from ..support.errors import ProblemError
from .expressions import function_from_tree
from .limits import BYTES_PER_ENTRY, BYTES_PER_PART, LARGEST_COUNT, MOST_POLICY_STEPS, Budget
from .numbers import array_from_tree, number_from_tree
from .parts import class_of_part
from .plain_text import count, kind, listed, mapping, refuse, word
from .rule_trees import rule_from_tree

_LANDSCAPE = (
    "dimension",
    "name",
    "formula",
    "minima",
    "minima_rule",
    "allow_kinks",
    "hidden",
    "parameters",
    "expression",
)
_FORMS = {"number", "array", "mapping", "set", "information", "function"}
_ROUNDING = 1e-12  # by which constructors may turn a number that they normalise


class Traced:
    """A CasADi function in the place of the Python function it was traced from."""

    def __init__(self, function: ca.Function, parameters: Mapping | None = None) -> None:
        self.function, self.parameters = function, parameters or {}

    def __call__(self, *vectors: Any, **parameters: Any) -> Any:
        """The expression at CasADi vectors; parameters not given have the values of the record."""
        needed = self.function.n_in() - len(self.parameters)
        if len(vectors) != needed:
            raise ProblemError(
                "recorded function",
                expected=f"{needed} vectors, as it was recorded with",
                received=f"{len(vectors)}",
                advice="the problem it belongs to is another one: write it again",
            )
        for i, given in enumerate(vectors):
            if isinstance(given, ca.SX) and given.shape != self.function.size_in(i):
                size = self.function.size1_in(i)
                raise ProblemError(
                    "recorded function",
                    expected=f"a vector of length {size}",
                    received=f"shape {given.shape}",
                    advice="the problem it belongs to has other parameters: write it again",
                )
        values = {**self.parameters, **parameters}.values()
        return self.function(*vectors, *(v if isinstance(v, ca.SX) else ca.DM(v) for v in values))


class TreeReader:
    """Reads trees; ``budget`` counts what the problems in them will need."""

    def __init__(self, budget: Budget | None = None) -> None:
        self.budget = budget

    def value(self, tree: Any, what: str) -> Any:
        """The value of a checked JSON tree, called ``what`` in refusals; sequences come back as
        tuples.
        """
        if isinstance(tree, list):
            return tuple(self.value(entry, f"{what}, entry {i}") for i, entry in enumerate(tree))
        if not isinstance(tree, dict):
            return tree
        if "kind" in tree:
            if self.budget is not None:
                self.budget.take(what, BYTES_PER_PART)
            if tree["kind"] == "Landscape":
                return self._landscape(tree, what)
            if tree["kind"] == "Rule":
                return rule_from_tree(tree, self.value, what)
            return self._object(tree, what)
        if len(tree) != 1 or not tree.keys() <= _FORMS:
            refuse(
                what,
                "a value, an array, a mapping, a set, a function or an object",
                f"entries {sorted(tree)!r:.80}",
            )
        ((form, inside),) = tree.items()
        if form == "number":
            return number_from_tree(inside, what)
        if form == "array":
            return array_from_tree(inside, what)
        if form == "mapping":
            return self._mapping(inside, what)
        if form == "set":
            return self._set(inside, what)
        if form == "information":
            return _information(inside, what)
        return Traced(self._function(inside, "function", what))

    def _function(self, tree: Any, name: str, what: str) -> ca.Function:
        """A function with one output."""
        function = function_from_tree(tree, name, what, self.budget)
        if function.n_out() != 1:
            refuse(what, "one output", f"{function.n_out()}")
        return function

    def _mapping(self, tree: Any, what: str) -> dict[str, Any]:
        pairs = [listed(pair, what, 2) for pair in listed(tree, what)]
        parts = {word(name, what): self.value(part, f"{what}, {name!r}") for name, part in pairs}
        if len(parts) < len(pairs):
            refuse(what, "different names", "one name twice")
        return parts

    def _set(self, tree: Any, what: str) -> frozenset:
        """A set of words and kinds of information."""
        members = [self.value(entry, what) for entry in listed(tree, what)]
        if not all(isinstance(member, str | Information) for member in members):
            refuse(what, "words, or kinds of information", "other members of a set")
        return frozenset(members)

    def _landscape(self, tree: dict, what: str) -> Landscape:
        mapping(tree, what, *_LANDSCAPE)
        dimension = count(tree["dimension"], f"{what}, dimension", 1, MOST_PARAMETERS)
        if self.budget is not None:
            self.budget.take(what, BYTES_PER_ENTRY * dimension**2)
        parameters = self.value(tree["parameters"], f"{what}, parameters")
        minima = self._minima(tree, dimension, parameters, what)
        hidden = self.value(tree["hidden"], f"{what}, hidden")
        expression = self._function(tree["expression"], "loss", f"{what}, loss expression")
        sizes = (dimension,) if hidden is None else (dimension, _size_of(hidden, what))
        _check_inputs(expression, sizes, parameters, what)
        return self._made(
            what,
            lambda: Landscape(
                dimension=dimension,
                name=word(tree["name"], what),
                formula=word(tree["formula"], what),
                minima=minima,
                allow_kinks=_truth(tree["allow_kinks"], f"{what}, allow_kinks"),
                hidden=hidden,
                parameters=parameters,
                expression=Traced(expression, parameters),
                _recipe=(tree["formula"], minima if callable(minima) else None),
            ),
        )

    def _minima(self, tree: dict, dimension: int, parameters: object, what: str) -> Any:
        """Minima as numbers, or the rule they follow."""
        rule = tree["minima_rule"]
        if rule is None:
            return self.value(tree["minima"], f"{what}, minima")
        follow = minima_by_rule(word(rule, f"{what}, minima_rule"), dimension)
        if follow is None:
            refuse(f"{what}, minima_rule", "the name of a ready-made landscape", repr(rule)[:60])
        names = set(signature(follow).parameters)
        if not isinstance(parameters, dict) or names != parameters.keys():
            wanted = f"those of the {rule} landscape, {', '.join(sorted(names))}"
            refuse(f"{what}, parameters", wanted, f"{parameters!r:.60}")
        return follow

    def _object(self, tree: dict, what: str) -> Any:
        entries = dict(present(tree))
        name = word(entries["kind"], what)
        made_of = class_of_part(name)
        what = f"{what}, {name}"
        if made_of is None:
            raise ProblemError(
                what,
                expected="parts that this program knows",
                received=repr(name)[:80],
                advice=(
                    f"import {name.partition(':')[0]} first: records hold numbers, never code"
                    if ":" in name
                    else "a later version of landscape_control may have written it: upgrade"
                ),
            )
        own_names = {
            field.metadata.get("recorded", field.name): field.name for field in fields(made_of)
        }
        entries = {own_names.get(name, name): part for name, part in entries.items()}
        _check_names(made_of, entries, what)
        values = {
            name: self.value(part, f"{what}, {name}")
            for name, part in entries.items()
            if name != "kind"
        }
        _check_sizes(made_of, values, what)
        made = self._made(what, lambda: made_of(**values))
        for name, value in values.items():
            _keep_last_bits(made, name, value)
        return made

    def _made(self, what: str, make: Callable[[], Any]) -> Any:
        """What a constructor makes; what it refuses is refused with its place in the text."""
        try:
            return make()
        except ProblemError as error:
            raise ProblemError(
                f"{what}: {error.what}",
                expected=error.expected,
                received=error.received,
                advice=error.advice,
            ) from error
        except (
            TypeError,
            ValueError,
            LookupError,
            AttributeError,
            ArithmeticError,
            RuntimeError,
            NotImplementedError,
            np.linalg.LinAlgError,
        ) as error:  # some constructors trust their arguments
            said = f"{type(error).__name__}: {error}".splitlines()[0]
            return refuse(what, "arguments that its constructor takes", f"others ({said[:120]})")


def _information(name: object, what: str) -> Information:
    if not isinstance(name, str) or name not in Information.__members__:
        refuse(what, f"one of {', '.join(Information.__members__)}", f"{name!r:.60}")
    return Information[name]


def _size_of(hidden: object, what: str) -> int:
    if not isinstance(hidden, Hidden):
        refuse(f"{what}, hidden", "a hidden process", type(hidden).__name__)
    return hidden.dimension


def _check_inputs(
    expression: ca.Function, sizes: tuple[int, ...], parameters: object, what: str
) -> None:
    """Refuse a loss of other vectors and parameters than those of its landscape."""
    if not isinstance(parameters, dict):
        refuse(f"{what}, parameters", "a mapping", type(parameters).__name__)
    shapes = [(size, 1) for size in sizes]
    shapes += [(*np.shape(value), 1, 1)[:2] for value in parameters.values()]
    given = [expression.size_in(i) for i in range(expression.n_in())]
    if given != shapes:
        refuse(f"{what}, loss expression", f"inputs of the shapes {shapes!r:.80}", f"{given!r:.80}")


def _truth(tree: object, what: str) -> bool:
    if not isinstance(tree, bool):
        refuse(what, "true or false", kind(tree))
    return tree


def _check_names(made_of: Any, tree: dict, what: str) -> None:
    """Every field that has no default, and no others."""
    settable = [field for field in fields(made_of) if field.init and field.name[0] != "_"]
    needed = [
        field.name
        for field in settable
        if field.default is MISSING and field.default_factory is MISSING
    ]
    mapping(tree, what, *needed)
    unknown = tree.keys() - {"kind", *(field.name for field in settable)}
    if unknown:
        refuse(
            what,
            f"the fields {', '.join(field.name for field in settable)}",
            f"{min(unknown)!r:.60}",
        )


def _check_sizes(made_of: type, values: dict[str, Any], what: str) -> None:
    """What would make a constructor allocate more than it is given."""
    if issubclass(made_of, Hidden):
        size = np.size(values.get("mean", ()))
        for name in ("covariance", "diffusion", "start_covariance"):
            value = values.get(name)
            if value is None:
                continue
            shape = np.shape(value)
            if shape != (size, size):
                refuse(f"{what}, {name}", f"a matrix of shape {(size, size)}", f"shape {shape}")
    if issubclass(made_of, Policy):
        count(values.get("horizon"), f"{what}, horizon", 1, MOST_POLICY_STEPS)
    if issubclass(made_of, Family):
        for name, value in values.items():
            if isinstance(value, int) and not isinstance(value, bool):
                count(value, f"{what}, {name}", -LARGEST_COUNT, LARGEST_COUNT)


def _keep_last_bits(made: object, name: str, value: Any) -> None:
    """Put back a stored number whose last bits the constructor changed by normalising it again."""
    own: Any = getattr(made, name, None)
    numbers = isinstance(value, float | np.ndarray) and isinstance(own, float | np.ndarray)
    if not numbers or np.shape(own) != np.shape(value):
        return
    scale = np.abs(value).max(initial=0.0)
    if np.array_equal(own, value, equal_nan=True) or not np.isfinite(scale):
        return
    if np.abs(np.subtract(own, value)).max(initial=0.0) <= _ROUNDING * scale:
        object.__setattr__(made, name, value)
