"""The entries of a plan's JSON text, each of the kind that a plan has, or refused with its place."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..records.limits import MOST_CELLS
from ..records.numbers import number_from_tree
from ..records.plain_text import count, kind, listed, mapping, refuse, word
from .axes import Axis
from .columns import NOTES

_NAMES = (
    "specification",
    "axes",
    "measures",
    "kind",
    "options",
    "starts",
    "seed",
    "structural",
    "most",
    "versions",
)
_KINDS = ("trajectory", "belief", "policy", "closed form")
_TYPES = {"f": float, "i": np.int64, "b": bool, "U": str}
_MOST_STARTS = 10_000
_LARGEST = 2**63 - 1


def plan_entries(tree: object) -> dict[str, Any]:
    """The arguments of a Plan from its JSON document without format, version and sha256."""
    document = mapping(tree, "plan", *_NAMES)
    unknown = document.keys() - {*_NAMES, "code"}
    if unknown:
        refuse("plan", f"the entries {', '.join(_NAMES)}", repr(min(unknown))[:60])
    axis_documents = [
        mapping(tree, f"axis {i}", "name", "paths", "labels", "columns")
        for i, tree in enumerate(_filled(document["axes"], "axes"))
    ]
    axes = tuple(_axis(tree, f"axis {i}") for i, tree in enumerate(axis_documents))
    names = [axis.name for axis in axes]
    if len(set(names)) < len(names):
        refuse("axes", "different names", ", ".join(names)[:80])
    measures = _measures(document["measures"])
    reserved = {*NOTES, *(measure["name"] for measure in measures)} & set(names)
    if reserved:
        refuse("axes", "other names than measures have, or notes on cells", min(reserved))
    check_cells(axes)
    variants = tuple(
        tuple(_words(tree.get("variants", []), f"variants of axis {i}"))
        for i, tree in enumerate(axis_documents)
    )
    for axis, texts in zip(axes, variants, strict=True):
        wanted = 0 if axis.is_plain else axis.size
        if len(texts) != wanted:
            refuse(f"variants of axis {axis.name!r}", f"{wanted} texts", f"{len(texts)}")
    starts = document["starts"]
    if starts is not None:
        starts = count(starts, "starts", 0, _MOST_STARTS)
    return {
        "specification": word(document["specification"], "specification"),
        "axes": axes,
        "variants": variants,
        "measures": measures,
        "kind": _one_of(document["kind"], "kind", _KINDS),
        "options": mapping(document["options"], "options"),
        "seed": count(document["seed"], "seed", 0, _LARGEST),
        "starts": starts,
        "structural": tuple(
            _one_of(name, "structural", names)
            for name in listed(document["structural"], "structural")
        ),
        "most": count(document["most"], "most", 1, _LARGEST),
        "versions": _texts(document["versions"], "versions"),
        "code": _texts(document.get("code", {}), "code"),
    }


def check_cells(axes: Sequence[Axis]) -> int:
    """The number of cells of a grid, if it can be held."""
    cells = math.prod(axis.size for axis in axes)
    if cells > MOST_CELLS:
        refuse(
            "axes", f"at most {MOST_CELLS} cells", f"{' x '.join(str(axis.size) for axis in axes)}"
        )
    return cells


def _axis(document: dict, what: str) -> Axis:
    paths = _words(_filled(document["paths"], what), what)
    listed_columns = _filled(document["columns"], what)
    labels = None
    if document["labels"] is not None:
        labels = tuple(_words(document["labels"], f"{what}, labels"))
    if len(paths) != len(listed_columns):
        refuse(what, f"a column for each of {len(paths)} paths", f"{len(listed_columns)}")
    columns = tuple(
        _column(column, f"{what}, column {i}", len(labels or ()))
        for i, column in enumerate(listed_columns)
    )
    sizes = {len(column) for column in columns}
    if labels is not None:
        sizes.add(len(labels))
    if len(sizes) > 1 or 0 in sizes:
        refuse(
            what,
            "columns and labels of one length, at least one",
            f"lengths {', '.join(map(str, sorted(sizes)))}",
        )
    name = word(document["name"], what)
    if not name:
        refuse(what, "a name", "an empty one")
    return Axis(name=name, paths=tuple(paths), columns=columns, labels=labels)


def _column(document: Any, what: str, size: int) -> np.ndarray | tuple:
    mapping(document, what, "type")
    if document["type"] == "variants":
        return (None,) * size
    form = _one_of(document["type"], what, tuple(_TYPES))
    values = listed(mapping(document, what, "values")["values"], what)
    return np.array([_entry(value, form, what) for value in values], dtype=_TYPES[form])


def _entry(value: object, form: str, what: str) -> object:
    if form == "f":
        return number_from_tree(value, what)
    if form == "i":
        return count(value, what, -_LARGEST, _LARGEST)
    if not isinstance(value, _TYPES[form]):
        refuse(what, "texts" if form == "U" else "truth values", kind(value))
    return value


def _measures(tree: object) -> tuple[dict, ...]:
    measures = tuple(
        _measure(entry, f"measure {i}") for i, entry in enumerate(_filled(tree, "measures"))
    )
    names = [measure["name"] for measure in measures]
    if set(names) & set(NOTES):
        refuse("measures", f"other names than {', '.join(NOTES)}", min(set(names) & set(NOTES)))
    if len(set(names)) < len(names):
        refuse("measures", "different names", ", ".join(names)[:80])
    return measures


def _measure(tree: Any, what: str) -> dict:
    """Texts, but units, dims and coords may be mappings from the names of a measure's values."""
    mapping(tree, what, "name", "address", "code")
    for name in ("name", "address", "code"):
        word(tree[name], f"{what}, {name}")
    if not tree["name"].isidentifier():
        refuse(f"{what}, name", "a word that could name a variable", repr(tree["name"])[:60])
    word(tree.get("description", ""), f"{what}, description")
    units, dims = tree.get("units", ""), tree.get("dims", [])
    for unit in units.values() if isinstance(units, dict) else (units,):
        word(unit, f"{what}, units")
    for names in dims.values() if isinstance(dims, dict) else (dims,):
        _words(names, f"{what}, dims")
    for labels in mapping(tree.get("coords", {}), f"{what}, coords").values():
        for label in listed(labels, f"{what}, coords"):
            if not isinstance(label, str | int | float):
                refuse(f"{what}, coords", "texts and numbers", kind(label))
    return tree


def _filled(tree: object, what: str) -> list:
    entries = listed(tree, what)
    if not entries:
        refuse(what, "at least one", "none")
    return entries


def _words(tree: object, what: str) -> list[str]:
    return [word(entry, what) for entry in listed(tree, what)]


def _texts(tree: object, what: str) -> dict[str, str]:
    texts = mapping(tree, what)
    for text in texts.values():
        word(text, what)
    return texts


def _one_of(tree: object, what: str, allowed: Sequence[str]) -> str:
    if not isinstance(tree, str) or tree not in allowed:
        refuse(what, f"one of {', '.join(allowed)}", f"{tree!r:.60}")
    return tree
