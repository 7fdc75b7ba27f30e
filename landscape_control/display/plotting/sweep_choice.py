"""What of a sweep is worth a map: the measures that vary."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from .sweep_data import TEXT, axes_of

BESIDE = ("status", "message", "traceback", "found_from", "solved_by")


def varies(values: np.ndarray) -> bool:
    """Whether two cells that have a value differ."""
    flat = np.ravel(values)
    if flat.dtype.kind in TEXT:
        return len({str(word) for word in flat} - {""}) > 1
    known = flat[np.isfinite(flat.astype(float))].astype(float)
    return bool(known.size and np.ptp(known) > 0)


def measured(dataset: Any, kinds: str) -> list[str]:
    """Measures with one value per cell, words first: those that are not the same everywhere.

    ``kinds`` are those of NumPy's types: "fiub" for numbers, "UOS" for words.
    """
    names = filter(lambda name: varies(dataset[name].values), of_cells(dataset, kinds))
    return sorted(names, key=lambda name: dataset[name].dtype.kind not in TEXT)


def of_cells(dataset: Any, kinds: str) -> list[str]:
    """Measures with one value per cell, in the sweep's order."""
    own = set(axes_of(dataset))
    return [
        str(name)
        for name in dataset.data_vars
        if name not in BESIDE
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
        if known.size and not varies(flat):
            found[name] = known[0].item() if hasattr(known[0], "item") else known[0]
    return found
