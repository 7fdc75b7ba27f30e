"""Arrays of NetCDF-4 files: numbers from the file's own bytes, at the places that the HDF5 library
names, and texts.
"""

import math
from typing import Any

import numpy as np

from .attributes import ID, IDS, bookkeeping, read_attributes
from .chunks import read_chunks
from .groups import Variable
from .limits import MOST_AXES
from .open_file import OpenFile, is_number

_BOOL = {"dtype": "bool"}  # xarray's mark on bytes that are truth values


def read_variable(file: OpenFile, handle: Any, name: str, dimensions: dict) -> Variable:
    """An array with its attributes and the names of its axes; ``dimensions`` {number: name}."""
    from h5py import h5t

    shape, plist = _shape(file, handle)
    kind = handle.get_type()
    if isinstance(kind, h5t.TypeStringID) and kind.is_variable_str():
        values = _texts(file, handle, shape)
    elif is_number(kind):
        values = _numbers(file, handle, shape, plist)
    else:
        file.refuse("arrays of numbers or texts", f"type {_type_in_words(kind)}")
    attributes = read_attributes(file, handle)
    if attributes.get("dtype") == _BOOL["dtype"]:
        del attributes["dtype"]
        values = _truth_values(file, values)
    return Variable(
        dims=_dims(file, handle, name, len(shape), dimensions),
        values=values,
        attributes=attributes,
    )


def _shape(file: OpenFile, handle: Any) -> tuple[tuple[int, ...], Any]:
    """Of an array that keeps its values in this file: looked at before its extent is, which may
    open other files.
    """
    from h5py import h5d

    plist = handle.get_create_plist()
    if plist.get_layout() == h5d.VIRTUAL:
        file.refuse(
            "arrays that hold their values",
            "a virtual array, made of others",
            "save the result again",
        )
    if plist.get_external_count():
        file.refuse(
            "values inside this file",
            "an array whose values are in another file",
            "save the result again",
        )
    shape = handle.shape
    if shape is None or len(shape) > MOST_AXES:
        file.refuse(
            f"arrays of at most {MOST_AXES} axes",
            "none" if shape is None else f"{len(shape)} axes",
        )
    return shape, plist


def _numbers(file: OpenFile, handle: Any, shape: tuple[int, ...], plist: Any) -> np.ndarray:
    from h5py import h5d, h5s

    dtype, size = handle.dtype, math.prod(shape)
    file.budget.take(file.in_words, size * dtype.itemsize)
    if not size:
        return np.empty(shape, dtype=dtype.newbyteorder("="))
    layout = plist.get_layout()
    if layout == h5d.CHUNKED:
        return read_chunks(file, handle, shape, plist)
    if plist.get_nfilters():
        file.refuse("filters on chunks alone", "a filter on an array in one piece")
    if layout == h5d.COMPACT:
        values = np.empty(shape, dtype=dtype)
        handle.read(h5s.ALL, h5s.ALL, values)
    else:
        piece = file.piece(handle, size * dtype.itemsize)
        values = np.frombuffer(piece, dtype=dtype).reshape(shape)
    return values.astype(dtype.newbyteorder("="))


def _texts(file: OpenFile, handle: Any, shape: tuple[int, ...]) -> np.ndarray:
    from h5py import h5d

    size = math.prod(shape)
    file.budget.take(file.in_words, 64 * size)
    values = np.empty(shape, dtype=object)
    if not size:
        return values
    if handle.get_create_plist().get_layout() != h5d.CONTIGUOUS:
        file.refuse("texts in one piece", "texts in chunks, or in the header")
    piece = file.piece(handle, 16 * size)
    file.budget.take(file.in_words, file.texts.size_of_array(piece))
    texts = file.texts.of_array(piece, file.in_words)
    decoded = [file.decoded(text, "an entry") for text in texts]
    values[...] = np.array(decoded, dtype=object).reshape(shape)
    return values


def _truth_values(file: OpenFile, values: np.ndarray) -> np.ndarray:
    if values.dtype != np.int8 or not np.isin(values, (0, 1)).all():
        file.refuse("truth values that are 0 or 1, in bytes", "others")
    return values.astype(bool)


def _dims(file, handle, name, rank, dimensions):
    """Names of an array's axes; None where the file does not say."""
    own, numbers = bookkeeping(file, handle, ID), bookkeeping(file, handle, IDS)
    if numbers is None and rank == 1:
        numbers = [own]
    numbers = numbers if isinstance(numbers, list) else []
    names = tuple(dimensions.get(number) for number in numbers)
    return names if len(names) == rank and None not in names else None


def _type_in_words(kind: object) -> str:
    words = type(kind).__name__.removeprefix("Type").removesuffix("ID").lower()
    return {
        "reference": "reference",
        "vlen": "lists of varying length",
        "string": "text of fixed length",
    }.get(words, words)
