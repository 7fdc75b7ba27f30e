"""What of a sweep is worth a map: the measures that vary."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...sweeps.columns import NOTES
from .sweep_data import TEXT, axes_of

_ROUND_OFF = 1e-10  # of the largest part of a measure


def varies(values: np.ndarray, *, size: float = 0.0) -> bool:
    """Whether two cells that have a value differ, by more than round-off of numbers of this size."""
    flat = np.ravel(values)
    if flat.dtype.kind in TEXT:
        return len({str(word) for word in flat} - {""}) > 1
    known = flat[np.isfinite(flat.astype(float))].astype(float)
    return bool(known.size and np.ptp(known) > _ROUND_OFF * size)


def _size(dataset: Any, name: str) -> float:
    """The largest number of a measure with several parts, such as the coordinates of a place."""
    group, dot, _ = name.partition(".")
    parts = [
        np.abs(dataset[other].values.astype(float))
        for other in map(str, dataset.data_vars)
        if dot and other.startswith(group + dot) and dataset[other].dtype.kind in "fiu"
    ]
    return max((float(np.nanmax(part, initial=0.0)) for part in parts), default=0.0)


def measured(dataset: Any, kinds: str) -> list[str]:
    """Measures with one value per cell, words first: those that are not the same everywhere.

    ``kinds`` are those of NumPy's types: "fiub" for numbers, "UOS" for words.
    """
    names = [
        name
        for name in of_cells(dataset, kinds)
        if varies(dataset[name].values, size=_size(dataset, name))
    ]
    return sorted(names, key=lambda name: dataset[name].dtype.kind not in TEXT)


def of_cells(dataset: Any, kinds: str) -> list[str]:
    """Measures with one value per cell, in the sweep's order."""
    own = set(axes_of(dataset))
    return [
        str(name)
        for name in dataset.data_vars
        if name not in NOTES
        and set(dataset[name].dims) == own
        and dataset[name].dtype.kind in kinds
    ]


def constants(dataset: Any, names: Iterable[str]) -> dict[str, object]:
    """{name: its one value} of measures that are the same in every cell that has one."""
    found: dict[str, object] = {}
    for name in names:
        flat = np.ravel(dataset[name].values)
        known = (
            flat[flat != ""] if flat.dtype.kind in TEXT else flat[np.isfinite(flat.astype(float))]
        )
        if known.size and not varies(flat, size=_size(dataset, name)):
            found[name] = known[0].item() if hasattr(known[0], "item") else known[0]
    return found
