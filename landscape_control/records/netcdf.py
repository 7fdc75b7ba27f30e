"""Groups as the bytes of a NetCDF-4 file, made and read in memory: a full disk cannot leave half a file, nor half a library.

h5netcdf is used directly, by the conventions of xarray, which opens these files: truth values are bytes marked as bool.
"""

import io

import numpy as np

from .groups import Group, Variable

_COMPRESSED = 4096  # entries from which an array is compressed
_BOOL = {"dtype": "bool"}  # xarray's mark on bytes that are truth values


def to_bytes(group: Group) -> bytes:
    """The file of a group."""
    import h5netcdf

    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        _write(group, file)
    return buffer.getvalue()


def _write(group, place):
    place.attrs.update({name: _typed(value) for name, value in group.attributes.items()})
    for variable in group.variables.values():
        for name, length in zip(variable.dims, variable.values.shape, strict=True):
            if name not in place.dimensions:
                place.dimensions[name] = length
    for name, variable in group.variables.items():
        values, marks = variable.values, {}
        if values.dtype == bool:
            values, marks = values.astype(np.int8), _BOOL
        made = place.create_variable(name, variable.dims, **_storage(values))
        made[...] = values
        made.attrs.update({key: _typed(value) for key, value in (variable.attributes | marks).items()})
    for name, inner in group.groups.items():
        _write(inner, place.create_group(name))


def _storage(values):
    if values.dtype == object:
        import h5py

        return {"dtype": h5py.string_dtype()}
    if values.size < _COMPRESSED:
        return {"dtype": values.dtype}
    return {"dtype": values.dtype, "compression": "gzip", "compression_opts": 1, "shuffle": True, "chunks": True}


def _typed(value):
    return value if isinstance(value, str) else np.float64(value) if isinstance(value, float) else np.int64(value)


def from_bytes(data: bytes) -> Group:
    """The group of a file's bytes."""
    import h5netcdf

    with h5netcdf.File(io.BytesIO(data), "r", decode_vlen_strings=True) as file:
        return _read(file)


def _read(place):
    variables = {name: _read_variable(variable) for name, variable in place.variables.items()}
    return Group(attributes={name: _plain(value) for name, value in place.attrs.items()}, variables=variables,
                 groups={name: _read(inner) for name, inner in place.groups.items()})


def _read_variable(variable):
    values = np.asarray(variable[...])
    attributes = {name: _plain(value) for name, value in variable.attrs.items()}
    if values.dtype.kind in "OUS":
        values = np.array(values.tolist(), dtype=object).reshape(values.shape)
    elif attributes.get("dtype") == "bool":
        del attributes["dtype"]
        values = values.astype(bool)
    return Variable(dims=tuple(variable.dimensions), values=values, attributes=attributes)


def _plain(value):
    return value.item() if isinstance(value, np.generic | np.ndarray) and np.size(value) == 1 else value
