"""load_store: the dataset of a sweep's folder, as far as it is finished, within a memory limit."""

import math
from typing import TYPE_CHECKING

from ..support.arguments import Count, checked
from ..support.arguments import Path as PathName
from ..support.errors import ProblemError
from .dataset import make_dataset
from .plan import Plan
from .store_reading import bytes_of_results, chunks_of, read_plan
from .table import Table

if TYPE_CHECKING:
    import xarray

ALWAYS_FOR_CELLS = 2**27  # bytes of memory for a data set, whatever is on the disk
BYTES_PER_BYTE_OF_RESULTS = 40  # of memory for a data set, per byte on the disk
BYTES_PER_CELL, BYTES_PER_VALUE = 80, 16  # of a data set while it is put together (measured)


@checked
def load_store(folder: PathName, *, most_bytes: Count | None = None) -> "xarray.Dataset":
    """The dataset of a sweep's folder; cells that are not computed have the status "not run".

    ``most_bytes`` is what it may take in memory, by default 128 MB, or forty times the size of the
    results if that is more: a few results, or none, do not make a grid of a hundred million cells.
    Raises ProblemError for a larger one.
    """
    plan = read_plan(folder)
    most = most_bytes
    if most is None:
        most = max(ALWAYS_FOR_CELLS, BYTES_PER_BYTE_OF_RESULTS * bytes_of_results(folder))
    needed = plan.cells * (BYTES_PER_CELL + BYTES_PER_VALUE * (len(plan.measures) + len(plan.axes)))
    _check_memory(folder, plan, needed, most)
    table = Table(plan)
    shapes: set[tuple[str, tuple[int, ...]]] = set()  # of array values, each counted once
    for index, columns in chunks_of(folder, plan):
        for name, values in columns.numbers.items():
            shape = values.shape[1:]
            if shape and (name, shape) not in shapes:
                shapes.add((name, shape))
                needed += BYTES_PER_VALUE * plan.cells * math.prod(shape)
        _check_memory(folder, plan, needed, most)
        table.fill(index, columns)
    return make_dataset(plan, table, {})


def _check_memory(folder: object, plan: Plan, needed: int, most: int) -> None:
    if needed > most:
        raise ProblemError(
            f"store {str(folder)!r}",
            expected=f"a data set of at most {most / 2**20:.0f} MB for the results that are there",
            received=f"{plan.cells} cells that take {needed / 2**20:.0f} MB",
            advice=(
                "a folder that unfolds to so much may be damaged or hostile; if you know where it"
                f" comes from, load(folder, most_bytes={2 * needed}) takes it"
            ),
        )
