"""What is in a sweep's dataset, in a few readable lines."""

import json
from collections import Counter

import numpy as np

from ..support.arguments import checked
from ..support.errors import ProblemError, printable, shown
from .columns import NOTES
from .failures import USABLE

_SHOWN = 3  # messages that are written out


@checked
def describe(dataset: object) -> str:
    """Axes, how many cells are done and failed and why, the range of every measure, versions; one
    text.
    """
    check_dataset(dataset, "status")
    notes = dataset.attrs
    lines = [
        (
            f"sweep of a {notes.get('kind', '?')} problem, fingerprint"
            f" {notes.get('fingerprint', '')[:12]}"
        ),
        "",
        "axes",
    ]
    lines += [
        f"  {_axis(dataset, name, paths)}"
        for name, paths in json.loads(notes.get("axes", "{}")).items()
    ]
    lines += ["", "cells", *(f"  {line}" for line in _cells(dataset)), "", "measures"]
    usable = np.isin(dataset["status"].values, USABLE)
    rows = [
        (str(name), _range(dataset[name], usable))
        for name in dataset.data_vars
        if name not in NOTES
    ]
    width = max((len(name) for name, _ in rows), default=0)
    lines += [f"  {name:<{width}}  {text}" for name, text in rows] or ["  none yet"]
    versions = json.loads(notes.get("versions", "{}"))
    settings = [f"seed {notes.get('seed')}", f"starts: {notes.get('starts')}"]
    settings += [
        f"{name} {value}" for name, value in json.loads(notes.get("options", "{}")).items()
    ]
    lines += ["", f"settings  {', '.join(settings)}"]
    lines.append(f"versions  {', '.join(f'{name} {number}' for name, number in versions.items())}")
    return "\n".join(map(printable, lines))  # names, units and messages come from files


def check_dataset(dataset, *names: str) -> None:
    """Refuse what is no dataset, or has not the variables ``names`` of every sweep."""
    if (
        isinstance(dataset, type)
        or not hasattr(dataset, "data_vars")
        or not all(one in dataset for one in names)
    ):
        raise ProblemError(
            "dataset",
            expected="the dataset of a sweep",
            received=shown(dataset),
            advice="pass what sweep, resume or load returns; load('folder') reads a store",
        )


def _axis(dataset, name, paths):
    values = dataset[name].values
    what = ", ".join(paths) if paths != [name] else ""
    if values.dtype.kind in "fi" and len(paths) == 1:
        span = f"{values.min():.6g} … {values.max():.6g}"
    else:
        span = ", ".join(map(str, values[:6])) + (", …" if len(values) > 6 else "")
    return (
        f"{name} ({what}): {len(values)} values, {span}"
        if what
        else f"{name}: {len(values)} values, {span}"
    )


def _cells(dataset):
    counts = Counter(dataset["status"].values.ravel().tolist())
    total = sum(counts.values())
    kinds = ", ".join(f"{count} {word}" for word, count in counts.most_common())
    yield f"{total - counts.get('not run', 0)} of {total} done: {kinds}"
    status, message = (dataset[name].values.ravel() for name in ("status", "message"))
    messages = Counter((str(s), str(m)) for s, m in zip(status, message, strict=True) if m)
    for (word, text), count in messages.most_common(_SHOWN):
        yield f"{word} ({count}): {text[:160]}"
    if len(messages) > _SHOWN:
        yield f"… and {len(messages) - _SHOWN} other messages"


def _range(variable, usable):
    """The range of a measure over the cells whose solution can be used."""
    values, units = variable.values[usable], variable.attrs.get("units", "")
    if values.dtype.kind in "fi":
        finite = values[np.isfinite(values)]
        text = f"{finite.min():.6g} … {finite.max():.6g}" if finite.size else "no finite value"
        missing = variable.size - finite.size
        return f"{text} {units}".rstrip() + (f" ({missing} missing)" if missing else "")
    counts = Counter(str(value) for value in values.ravel().tolist())
    return (
        ", ".join(f"{word or '(none)'} {count}" for word, count in counts.most_common(6))
        or "no value"
    )
