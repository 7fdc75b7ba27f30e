"""What is in a sweep's dataset, in a few readable lines."""

import json
from collections import Counter
from collections.abc import Iterator
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from ..support.arguments import checked
from ..support.errors import ProblemError, printable, shown
from .columns import NOTES, SOLVED_BY
from .failures import USABLE

if TYPE_CHECKING:
    import xarray

_SHOWN = 3  # messages that are written out


@checked
def describe(dataset: object) -> str:
    """One text: axes, how many cells are done and failed and why, ranges of measures, versions."""
    table = check_dataset(dataset, "status")
    notes = table.attrs
    fingerprint = notes.get("fingerprint", "")[:12]
    lines = [f"sweep of a {notes.get('kind', '?')} problem, fingerprint {fingerprint}", "", "axes"]
    for name, paths in json.loads(notes.get("axes", "{}")).items():
        lines.append(f"  {_axis(table, name, paths)}")
    lines += ["", "cells", *(f"  {line}" for line in _cells(table)), "", "measures"]
    lines += [f"  {line}" for line in _measures(table)] or ["  none yet"]
    lines += _meanings(table)

    options = json.loads(notes.get("options", "{}"))
    settings = [f"seed {notes.get('seed')}", f"starts: {notes.get('starts')}"]
    settings += [f"{name} {value}" for name, value in options.items()]
    versions = json.loads(notes.get("versions", "{}"))
    software = [f"{name} {number}" for name, number in versions.items()]
    lines += ["", f"settings  {', '.join(settings)}", f"versions  {', '.join(software)}"]
    return "\n".join(map(printable, lines))  # names, units and messages come from files


def check_dataset(dataset: Any, *names: str) -> "xarray.Dataset":
    """The dataset; refuses what is none, or has not the variables ``names`` of every sweep."""
    is_dataset = not isinstance(dataset, type) and hasattr(dataset, "data_vars")
    if not is_dataset or not all(name in dataset for name in names):
        raise ProblemError(
            "dataset",
            expected="the dataset of a sweep",
            received=shown(dataset),
            advice="pass what sweep, resume or load returns; load('folder') reads a store",
        )
    return dataset


def _axis(dataset: "xarray.Dataset", name: str, paths: list[str]) -> str:
    values = dataset[name].values
    what = ", ".join(paths) if paths != [name] else ""
    if values.dtype.kind in "fi" and len(paths) == 1:
        span = f"{values.min():.6g} … {values.max():.6g}"
    else:
        more = ", …" if len(values) > 6 else ""
        span = ", ".join(map(str, values[:6])) + more
    called = f"{name} ({what})" if what else name
    return f"{called}: {len(values)} values, {span}"


def _measures(dataset: "xarray.Dataset") -> list[str]:
    """One line per measure, the names padded to one width."""
    usable = np.isin(dataset["status"].values, USABLE)
    names = [name for name in dataset.data_vars if name not in NOTES]
    width = max((len(str(name)) for name in names), default=0)
    return [f"{name!s:<{width}}  {_range(dataset[name], usable)}" for name in names]


def _meanings(dataset: "xarray.Dataset") -> list[str]:
    """What the measures are, one entry for all keys of one; nothing where none says it."""
    meanings = {}
    for name in dataset.data_vars:
        said = str(dataset[name].attrs.get("description", ""))
        if name not in NOTES and said:
            meanings[str(name).partition(".")[0]] = said
    entries = [
        fill(f"{name}: {said}", 100, initial_indent="  ", subsequent_indent="    ")
        for name, said in meanings.items()
    ]
    return ["", "what they are", *"\n".join(entries).splitlines()] if entries else []


def _cells(dataset: "xarray.Dataset") -> Iterator[str]:
    counts = Counter(dataset["status"].values.ravel().tolist())
    total = sum(counts.values())
    kinds = ", ".join(f"{count} {word}" for word, count in counts.most_common())
    yield f"{total - counts.get('not run', 0)} of {total} done: {kinds}"
    if SOLVED_BY in dataset:
        by = Counter(word for word in dataset[SOLVED_BY].values.ravel().tolist() if word)
        yield f"solved by {', '.join(f'{word} {count}' for word, count in by.most_common())}"
    status, message = (dataset[name].values.ravel() for name in ("status", "message"))
    messages = Counter((str(s), str(m)) for s, m in zip(status, message, strict=True) if m)
    for (word, text), count in messages.most_common(_SHOWN):
        yield f"{word} ({count}): {text[:160]}"
    if len(messages) > _SHOWN:
        yield f"… and {len(messages) - _SHOWN} other messages"


def _range(variable: "xarray.DataArray", usable: np.ndarray) -> str:
    """The range of a measure over the cells whose solution can be used."""
    values, units = variable.values[usable], variable.attrs.get("units", "")
    if values.dtype.kind in "fi":
        finite = values[np.isfinite(values)]
        text = f"{finite.min():.6g} … {finite.max():.6g}" if finite.size else "no finite value"
        missing = variable.size - finite.size
        note = f" ({missing} missing)" if missing else ""
        return f"{text} {units}".rstrip() + note
    counts = Counter(str(value) for value in values.ravel().tolist())
    shares = [f"{word or '(none)'} in {count} cells" for word, count in counts.most_common(6)]
    return ", ".join(shares) or "no value"
