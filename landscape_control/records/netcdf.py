"""Groups as the bytes of a NetCDF-4 file, made and read in memory: a full disk cannot leave half a
file, nor half a library.

h5netcdf writes them, by the conventions of xarray, which opens these files: truth values are bytes
marked as bool. They are read without it, see ``hdf5``: it trusts what it reads.

Why not xarray.DataTree, whose groups and variables these are. Reading: it decodes what h5netcdf
hands it, and h5netcdf follows links and loads filters before anything could be refused; the reader
of ``hdf5`` has to look first, so that half would stay ours. Writing: the solution of a double well
is packed and written in 0.05 to 0.12 s, the first time in 0.08 to 0.22 s; the same groups as a
DataTree take 0.14 to 0.20 s, the first time 1.5 to 1.8 s with the import of xarray and pandas, on
the same busy two cores, run in turn. Read back they take 0.03 s here and 0.15 to 0.21 s there.
"""

import io
from typing import Any

import numpy as np

from .coded_texts import WORDS
from .groups import Group, Variable
from .hdf5 import read_groups
from .limits import BYTES_PER_CODED_TEXT, Budget, most_bytes_of

_COMPRESSED = 4096  # entries from which an array is compressed
_BOOL = {"dtype": "bool"}  # xarray's mark on bytes that are truth values


def to_bytes(group: Group) -> bytes:
    """The file of a group, compressed no further than :func:`from_bytes` lets it unfold."""
    data = _written(group, compressed=True)
    if size_of(group) <= most_bytes_of(len(data)):
        return data
    # arrays that compress very well, zeros say: read back, such a file would be refused as hostile
    return _written(group, compressed=False)


def size_of(group: Group) -> int:
    """Bytes of all arrays and texts of a group and the groups in it, as they are counted when it is
    read.
    """
    return sum(map(_size_of_variable, group.variables.values())) + sum(
        map(size_of, group.groups.values())
    )


def _size_of_variable(variable: Variable) -> int:
    values = variable.values
    if WORDS in variable.attributes:  # codes, which become texts
        return values.nbytes + BYTES_PER_CODED_TEXT * values.size
    if values.dtype != object:
        return values.nbytes
    return 64 * values.size + sum(len(text.encode()) for text in values.ravel())


def _written(group: Group, *, compressed: bool) -> bytes:
    import h5netcdf

    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        _write(group, file, compressed)
    return buffer.getvalue()


def _write(group: Group, place: Any, compressed: bool) -> None:
    place.attrs.update({name: _typed(value) for name, value in group.attributes.items()})
    for variable in group.variables.values():
        for name, length in zip(variable.dims, variable.values.shape, strict=True):
            if name not in place.dimensions:
                place.dimensions[name] = length
    for name, variable in group.variables.items():
        values, marks = variable.values, {}
        if values.dtype == bool:
            values, marks = values.astype(np.int8), _BOOL
        made = place.create_variable(name, variable.dims, **_storage(values, compressed))
        made[...] = values
        made.attrs.update(
            {key: _typed(value) for key, value in (variable.attributes | marks).items()}
        )
    for name, inner in group.groups.items():
        _write(inner, place.create_group(name), compressed)


def _storage(values: np.ndarray, compressed: bool) -> dict[str, Any]:
    if values.dtype == object:
        import h5py

        return {"dtype": h5py.string_dtype()}
    if not compressed or values.size < _COMPRESSED:
        return {"dtype": values.dtype}
    compression = {"compression": "gzip", "compression_opts": 1, "shuffle": True, "chunks": True}
    return {"dtype": values.dtype, **compression}


def _typed(value: str | int | float) -> str | np.float64 | np.int64:
    """A text as it is, a number as one of 64 bits."""
    if isinstance(value, str):
        return value
    return np.float64(value) if isinstance(value, float) else np.int64(value)


def from_bytes(data: bytes, most_bytes: int | None = None) -> Group:
    """The group of a file's bytes, whose arrays and texts may have ``most_bytes`` together; see
    ``limits`` for the default.

    Raises ProblemError, which names the place in the file, for whatever is not as :func:`to_bytes`
    writes it.
    """
    return read_groups(data, Budget(most_bytes_of(len(data)) if most_bytes is None else most_bytes))
