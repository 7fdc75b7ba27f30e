"""Kinds of mistakes that follow from what an argument is declared to be, and calls that make one
mistake each.

Everything works on *descriptions* of kinds, plain dictionaries, so that the same mistakes can be
tried where nothing is declared.
"""

import importlib

import numpy as np


def describe(kind) -> dict:
    """A kind of argument as a dictionary."""
    made = {"kind": type(kind).__name__}
    if made["kind"] == "Worded":
        return describe(kind.kind)
    if made["kind"] in ("Number", "Integer"):
        made |= vars(kind.range)
    elif made["kind"] == "Array":
        made |= vars(kind.shape)
    elif made["kind"] == "Choice":
        made["allowed"] = list(kind.allowed)
    elif made["kind"] == "Member":
        made["cls"] = address(kind.options)
        made["texts"] = [one.value for one in kind.options] if issubclass(kind.options, str) else []
    elif made["kind"] == "Instance":
        made["cls"] = address(kind.cls)
    elif made["kind"] == "Items":
        made |= {
            "entry": describe(kind.kind),
            "container": kind.container.__name__,
            "filled": kind.filled,
        }
    elif made["kind"] == "Table":
        made |= {"entry": describe(kind.kind), "named": kind.key is str}
    elif made["kind"] == "Either":
        parts = [describe(one) for one in kind.kinds]
        made["kinds"] = [one for part in parts for one in part.get("kinds", [part])]
    return made


def address(cls) -> str:
    return f"{cls.__module__}:{cls.__qualname__}"


def find(place):
    module, _, name = place.partition(":")
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _scalars():
    return {
        "complex": 1.0 + 0j,
        "masked": np.ma.masked_array(1.0, mask=True),
        "date": np.datetime64("2025-01-01"),
        "span": np.timedelta64(1, "D"),
        "bool": True,
        "text": "1.0",
        "none": None,
        "class": float,
        "own class": find("landscape_control:NoisyGradient"),
        "list": [1.0, 2.0],
        "set": {1.0},
        "mapping": {"one": 1.0},
        "object": object(),
    }


def _arrays():
    return {
        "complex": np.array([1.0 + 0j, 2.0]),
        "complex in a list": [1.0, 2j],
        "masked": np.ma.masked_array([1.0, 2.0], mask=[True, False]),
        "date": np.array(["2025-01-01", "2025-01-02"], dtype="datetime64[D]"),
        "span": np.array([1, 2], dtype="timedelta64[s]"),
        "bool": np.array([True, False]),
        "bool in a list": [1.0, True],
        "text": "1.0",
        "texts": ["1.0", "2.0"],
        "none": None,
        "none in a list": [1.0, None],
        "class": float,
        "own class": find("landscape_control:NoisyGradient"),
        "set": {1.0, 2.0},
        "generator": (x for x in (1.0, 2.0)),
        "mapping": {"one": 1.0},
        "ragged": [[1.0], [1.0, 2.0]],
        "huge": [10**400, 1],
        "object": object(),
    }


def misuses(what: dict) -> dict:
    """{label: value} of mistakes for a kind of argument; what another kind of a choice of kinds
    takes is left out.
    """
    if what["kind"] != "Either":
        return {label: value for label, value in _own(what).items() if label not in taken(what)}
    labels = set().union(*(taken(one) for one in what["kinds"]))
    found = {}
    for one in what["kinds"]:
        found |= {
            label: value for label, value in _own(one).items() if label.split(":")[0] not in labels
        }
    return found


def _own(what):
    kind = what["kind"]
    if kind == "Anything":
        return {}
    if kind == "Number":
        return _scalars() | _beyond(what) | {"nan": np.nan, "inf": np.inf, "huge": 10**400}
    if kind == "Integer":
        return _scalars() | _beyond(what) | {"nan": np.nan, "inf": np.inf, "number": 1.5}
    if kind == "Array":
        return _arrays() | _shapes(what)
    others = _scalars() | {"nan": np.nan, "number": 1.0, "empty text": ""}
    if kind in ("Choice", "Member"):
        words = [
            word
            for word in what.get("allowed") or what.get("texts")
            if isinstance(word, str) and len(word) > 3
        ]
        return others | {f"misspelt:{word}": f"{word[:-1]}q" for word in words}
    if kind == "Flag":
        return others | {"no": "no", "zero": 0, "one": 1}
    if kind == "Instance":
        return others | {"its class": find(what["cls"])}
    if kind == "Items":
        return (
            others
            | ({"empty": []} if what["filled"] else {})
            | _entries(what, lambda value: [value])
        )
    if kind == "Table":
        return (
            others
            | ({"numbered": {1: 1.0}} if what["named"] else {})
            | _entries(what, lambda value: {"one": value})
        )
    return others


def _entries(what, wrapped):
    """Mistakes of one entry, inside the collection."""
    kind = what["entry"]["kind"]
    if kind == "Anything":
        return {}
    return {f"{label} inside": wrapped(value) for label, value in misuses(what["entry"]).items()}


def _beyond(what):
    low, high = what.get("low"), what.get("high")
    found = {}
    if low is not None and np.isfinite(low):
        found["too low"] = low if what.get("low_open") else low - 1
    if high is not None and np.isfinite(high):
        found["too high"] = high if what.get("high_open") else high + 1
    return found


def _shapes(what):
    axes = what["axes"]
    found = {"nan": np.array([np.nan, 1.0]), "inf": np.array([1.0, np.inf]), "empty": np.empty(0)}
    if axes is not None:
        wrong = max(axes) + 1
        found[f"{wrong}-D"] = np.ones((2,) * wrong)
        if 1 in axes or 2 in axes:
            ones = [np.ones((2,) * n) for n in range(min(axes)) if n]
            found |= {f"{one.ndim}-D": one for one in ones}
        for label in ("nan", "inf", "empty"):
            size = min(axes) or 1
            found[label] = np.reshape(found[label], (1,) * (size - 1) + (-1,))
    return found


def taken(what) -> set:
    """Labels that a kind has a use for."""
    kind = what["kind"]
    if kind == "Number":
        extra = {"inf"} if what["allow_inf"] else set()
        return {"number", "one", "zero"} | extra | ({"nan"} if what["allow_nan"] else set())
    if kind == "Integer":
        return {"one", "zero"}
    if kind == "Array":
        extra = {"nan", "inf"} if what["allow_nan"] else set()
        extra |= {"empty"} if what["allow_empty"] else set()
        extra |= {"bool"} if what["stored"] else set()
        extra |= {"list"} if what["axes"] is None or 1 in what["axes"] else set()
        return {"number", "one", "zero"} | extra
    if kind == "Items":
        entry = what["entry"]["kind"]
        lists = {
            "list",
            "generator",
            "ragged",
            "huge",
            "complex in a list",
            "bool in a list",
            "none in a list",
            "texts",
        }
        lists |= {"set"} if what["container"] in ("Iterable", "frozenset") else set()
        found = lists if entry == "Anything" else {"texts"} if entry == "Text" else set()
        if entry in ("Number", "Array"):
            found |= {"list"}
        return found | (set() if what["filled"] else {"empty"})
    simple = {
        "PathName": {"text", "texts inside", "no", "misspelt", "text inside"},
        "Text": {"text", "texts inside", "no", "misspelt", "empty text", "text inside"},
        "Flag": {"bool"},
        "Nothing": {"none"},
        "Table": {"mapping"},
        "Anything": set(_scalars()) | set(_arrays()),
    }
    return simple.get(kind, set())
