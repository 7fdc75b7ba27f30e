"""Records whose axes are shorter than they may be, each of them consistently everywhere."""

import io

import h5py
import numpy as np

_MARKS = ("CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST")


def axes_of(data: bytes) -> list[str]:
    """The dimension scales of a record that arrays lie along."""
    with h5py.File(io.BytesIO(data), "r") as file:
        names = {name for array in _arrays(file) for name in _scales(array) if name}
    return sorted(names)


def shortened(data: bytes, axis: str, size: int) -> bytes:
    """The record with an axis cut to ``size`` entries, in all arrays along it and its own labels."""
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        along = {array.name: _scales(array) for array in _arrays(file) if axis in _scales(array)}
        for name, scales in along.items():
            _replace(file, name, _cut(file[name], scales, axis, size))
        _replace(file, axis, file[axis][:size])
        file[axis].make_scale(axis.rsplit("/", 1)[-1])
        for name, scales in along.items():
            for dimension, scale in enumerate(scales):
                if scale:
                    file[name].dims[dimension].attach_scale(file[scale])
    return buffer.getvalue()


def _arrays(file):
    found = []
    file.visititems(lambda _, one: found.append(one))
    return [one for one in found if isinstance(one, h5py.Dataset) and not one.is_scale]


def _scales(array):
    """The name of the scale of each dimension, "" for none."""
    return [part[0].name if len(part) else "" for part in array.dims]


def _cut(array, scales, axis, size):
    values = array[()]
    for dimension, scale in enumerate(scales):
        if scale == axis:
            values = np.take(values, range(min(size, values.shape[dimension])), axis=dimension)
    return values


def _replace(file, name, values):
    """Another array in the place of one, with the same attributes but for those of its scales."""
    old = file[name]
    marks = {key: value for key, value in old.attrs.items() if key not in _MARKS}
    kind = old.dtype
    del file[name]
    made = file.create_dataset(name, data=values, dtype=kind)
    for key, value in marks.items():
        made.attrs[key] = value
