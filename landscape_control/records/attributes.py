"""Attributes of NetCDF-4 files: looked at before they are read."""

import math
from typing import Any

import numpy as np

from .limits import LONGEST_ATTRIBUTE, MOST_ATTRIBUTES, MOST_AXES
from .open_file import OpenFile, creation_order, is_number

ID, IDS, CLASS, NAME = "_Netcdf4Dimid", "_Netcdf4Coordinates", "CLASS", "NAME"
_BOOKKEEPING = {
    ID,
    IDS,
    CLASS,
    NAME,
    "DIMENSION_LIST",
    "REFERENCE_LIST",
    "_NCProperties",
    "_nc3_strict",
}


def read_attributes(file: OpenFile, handle: Any) -> dict:
    """{name: text or number}; NetCDF's own bookkeeping is left where it is."""
    names = [
        name for name in map(file.word, _attribute_names(file, handle)) if name not in _BOOKKEEPING
    ]
    return {name: _attribute(file, handle, name) for name in names}


def _attribute_names(file: OpenFile, handle: Any) -> list[bytes]:
    from h5py import h5, h5a

    if h5a.get_num_attrs(handle) > MOST_ATTRIBUTES:
        file.refuse(f"at most {MOST_ATTRIBUTES} attributes", f"{h5a.get_num_attrs(handle)}")
    names, index = [], creation_order(handle.get_create_plist().get_attr_creation_order(), h5)
    h5a.iterate(handle, lambda name, *_: names.append(name), index_type=index)
    return names


def _attribute(file: OpenFile, handle: Any, name: str) -> str | int | float:
    from h5py import h5a, h5t

    raw = name.encode("utf-8")
    attribute = h5a.open(handle, raw)
    kind = attribute.get_type()
    if attribute.shape not in ((), (1,)):
        file.refuse("attributes of one value", f"{name!r} of shape {attribute.shape}")
    if isinstance(kind, h5t.TypeStringID):
        return _text(file, attribute, name, raw, kind)
    if not is_number(kind):
        file.refuse("attributes that are numbers or texts", f"{name!r} of another type")
    values = np.empty(attribute.shape, dtype=attribute.dtype)
    attribute.read(values)
    return values.item()


def _text(file: OpenFile, attribute: Any, name: str, raw: bytes, kind: Any) -> str:
    """A text attribute whose length has been looked at."""
    if kind.is_variable_str():
        file.texts.check_attribute(raw, file.in_words)
    elif kind.get_size() > LONGEST_ATTRIBUTE:
        file.refuse(
            f"texts of at most {LONGEST_ATTRIBUTE} bytes",
            f"the attribute {name!r} of {kind.get_size()} bytes",
        )
    values = np.empty(attribute.shape, dtype=attribute.dtype)
    attribute.read(values)
    text = file.decoded(values.item(), f"the attribute {name!r}")
    file.budget.take(file.in_words, len(text))
    return text


def bookkeeping(file: OpenFile, handle: Any, name: str, most: int = MOST_AXES) -> Any:
    """A number, numbers or a fixed text of NetCDF's bookkeeping; None where there is none, or
    another kind of value.
    """
    from h5py import h5a, h5t

    if not h5a.exists(handle, name.encode()):
        return None
    attribute = h5a.open(handle, name.encode())
    kind = attribute.get_type()
    fixed = (
        isinstance(kind, h5t.TypeStringID)
        and not kind.is_variable_str()
        and kind.get_size() <= LONGEST_ATTRIBUTE
    )
    if not (fixed or is_number(kind)) or math.prod(attribute.shape or ()) > most:
        return None
    values = np.empty(attribute.shape, dtype=attribute.dtype)
    attribute.read(values)
    return values.tolist()
