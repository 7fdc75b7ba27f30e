"""Results as groups of labelled arrays, and back: one rule per kind of value."""

import enum
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from ..model.problem import ControlProblem
from ..optimisation.program import PolicyProgram
from ..planning.beliefs.solution import BeliefSolution
from ..support.errors import ProblemError
from .axis_names import DIMS, LABELS
from .contents import check_contents
from .groups import Group, Variable
from .kinds import COMPUTED, ENUMS, LEFT_OUT, MODULES, class_of, is_recorded, own
from .limits import Budget
from .parts import to_tree
from .plain_text import listed, mapping, parsed, word
from .rebuilding import rebuild
from .specification import read_problem, specification
from .trees import TreeReader

_LONG = 2000  # characters from which a text is a variable: attributes of HDF5 files are small
_ABSENT, _ENUMS, _KIND, _ORDER, _OTHER = (
    f"record_{word}" for word in ("absent", "enums", "kind", "order", "other")
)


def pack(value: Any) -> Group:
    """The group of a result, a plan, a mapping or a sequence."""
    if isinstance(value, Mapping):
        return _filled("mapping", {str(name): part for name, part in value.items()})
    if isinstance(value, tuple | list):
        return _filled("sequence", {str(i): part for i, part in enumerate(value)})
    if not (is_recorded(value) and is_dataclass(value)):
        raise ProblemError(
            "record",
            expected=f"one of {', '.join(sorted(MODULES))}",
            received=type(value).__name__,
            advice="save the result it belongs to",
        )
    contents = _contents(value)
    check_contents(type(value), contents)  # what could not be read again is not written
    return _filled(type(value).__name__, contents)


def _contents(value: Any) -> dict[str, Any]:
    """Fields by name, and what is computed at first use: the functions it comes from stay behind."""
    if isinstance(value, BeliefSolution) and value.problem is None:
        raise ProblemError(
            "record",
            expected="a solution with its problem",
            received="one that has been pickled",
            advice="save it in the process that solved it",
        )
    left_out = own(LEFT_OUT, type(value))
    contents = {
        field.name: getattr(value, field.name)
        for field in fields(value)
        if field.name[0] != "_" and field.name not in left_out
    }
    for name in own(COMPUTED, type(value)):
        try:
            contents[name] = getattr(value, name)
        except ProblemError:  # a result without its checker
            contents[name] = None
    if not contents.get("made_with", True):  # none are known
        del contents["made_with"]
    return contents


def _filled(kind: str, contents: Mapping[str, Any]) -> Group:
    group = Group(attributes={_KIND: kind})
    absent, enums, other = [], {}, {}
    for name, part in contents.items():
        if part is None:
            absent.append(name)
        elif isinstance(part, enum.Enum):
            group.attributes[name], enums[name] = part.name, type(part).__name__
        elif not _put(group, kind, name, part):
            other[name] = to_tree(part)
    order = list(contents) if kind == "mapping" else []
    for label, extra in ((_ABSENT, absent), (_ENUMS, enums), (_ORDER, order), (_OTHER, other)):
        if extra:
            _text(
                group, label, json.dumps(extra, ensure_ascii=False, sort_keys=True, allow_nan=False)
            )
    return group


def _put(group: Group, kind: str, name: str, part: Any) -> bool:
    """Whether the part found a place of its own: attribute, variable or group."""
    if "/" in name:  # what separates groups in a file
        return False
    if isinstance(part, str):
        _text(group, name, part)
    elif isinstance(part, int | float | np.number) and not isinstance(part, bool):
        group.attributes[name] = part.item() if isinstance(part, np.number) else part
    elif isinstance(part, np.ndarray) and part.size and part.dtype.kind in "fib":
        group.variables[name] = _variable(kind, name, part)
    elif isinstance(part, ControlProblem | PolicyProgram):
        text = np.array(specification(part), dtype=object)
        group.variables[name] = Variable(
            dims=(), values=text, attributes={"holds": "specification"}
        )
    elif isinstance(part, Mapping) or is_recorded(part) or _is_composite(part):
        group.groups[name] = pack(part)
    else:
        return False
    return True


def _is_composite(part: object) -> bool:
    """Whether a sequence holds anything that deserves labels."""
    return isinstance(part, tuple | list) and any(
        isinstance(entry, np.ndarray | Mapping) or is_recorded(entry) or _is_composite(entry)
        for entry in part
    )


def _text(group: Group, name: str, text: str) -> None:
    if len(text) > _LONG:
        group.variables[name] = Variable(dims=(), values=np.array(text, dtype=object))
    else:
        group.attributes[name] = text


def _variable(kind: str, name: str, array: np.ndarray) -> Variable:
    dims = DIMS.get(kind, {}).get(name, ())
    if ... in dims:  # one axis of the grid after the other
        dims = (*dims[:-1], *(f"axis_{i + 1}" for i in range(array.ndim - len(dims) + 1)))
    if len(dims) != array.ndim:
        dims = tuple(f"{name}_axis_{i + 1}" for i in range(array.ndim))
    return Variable(dims=dims, values=np.array(array), attributes=dict(LABELS.get(name, {})))


def unpack(group: Group, budget: Budget | None = None, place: str = "") -> Any:
    """The result that a group was packed from; refusals name the place.

    ``budget`` counts what its problems need.
    """
    values = _values(group, budget, place)
    kind = values.pop(_KIND, None)
    if not isinstance(kind, str):
        raise _misplaced(place, f"an attribute {_KIND!r} that names a class", "none")
    absent, enums, order, other = (
        _tree(values.pop(name, empty), f"{place or 'top group'}, {name}")
        for name, empty in ((_ABSENT, "[]"), (_ENUMS, "{}"), (_ORDER, "[]"), (_OTHER, "{}"))
    )
    values |= dict.fromkeys(_words(absent, _joined(place, _ABSENT)))
    for name, enum_name in mapping(enums, _joined(place, _ENUMS)).items():
        values[name] = _member(
            word(enum_name, _joined(place, _ENUMS)), values.get(name), _joined(place, name)
        )
    reader = TreeReader(budget)
    for name, tree in mapping(other, _joined(place, _OTHER)).items():
        values[name] = reader.value(tree, _joined(place, name))
    if kind == "mapping":
        order = _words(order, _joined(place, _ORDER))
        if sorted(order) != sorted(values):
            raise _misplaced(place, "the members that its order names", "others")
        return {name: values[name] for name in order}
    if kind == "sequence":
        if values.keys() != {str(i) for i in range(len(values))}:
            raise _misplaced(place, "members 0, 1, … of a sequence", "others")
        return tuple(values[str(i)] for i in range(len(values)))
    try:
        return rebuild(class_of(kind), values)
    except ProblemError as error:
        raise ProblemError(
            _joined(place, error.what),
            expected=error.expected,
            received=error.received,
            advice=error.advice,
        ) from error


def _values(group: Group, budget: Budget | None, place: str) -> dict[str, Any]:
    values: dict[str, Any] = dict(group.attributes)
    for name, variable in group.variables.items():
        here = _joined(place, name)
        if variable.values.dtype != object:
            variable.values.setflags(write=False)
            values[name] = variable.values
            continue
        if variable.values.shape != ():
            raise _misplaced(here, "one text", f"texts of shape {variable.values.shape}")
        text = variable.values.item()
        values[name] = text
        if variable.attributes.get("holds") == "specification":
            values[name] = read_problem(text, here, budget)
    return values | {
        name: unpack(inner, budget, _joined(place, name)) for name, inner in group.groups.items()
    }


def _tree(text: object, what: str) -> Any:
    return parsed(word(text, what), what)


def _words(tree: object, what: str) -> list[str]:
    return [word(entry, what) for entry in listed(tree, what)]


def _member(enum_name: str, name: object, place: str) -> enum.Enum:
    """The member of an enumeration."""
    if enum_name not in ENUMS:
        raise _misplaced(place, f"one of {', '.join(ENUMS)}", repr(enum_name)[:60])
    kind = class_of(enum_name, ENUMS)
    if not isinstance(name, str) or name not in kind.__members__:
        raise _misplaced(place, f"one of {', '.join(kind.__members__)}", f"{name!r:.60}")
    return kind[name]


def _joined(place: str, name: str) -> str:
    return f"{place}/{name}" if place else name


def _misplaced(place: str, expected: str, received: str) -> ProblemError:
    return ProblemError(
        place or "top group",
        expected=expected,
        received=received,
        advice="the file is damaged, or a later version of landscape_control wrote it: upgrade",
    )
