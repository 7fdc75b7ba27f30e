"""Labelled results on disk: NetCDF in, fully working objects out; and whole problems as one text."""

from .files import load, save
from .labelled import to_dataframe as to_dataframe
from .labelled import to_xarray as to_xarray
from .plain import to_dict as to_dict
from .specification import differences, fingerprint, from_specification, specification

__all__ = [
    "differences",
    "fingerprint",
    "from_specification",
    "load",
    "save",
    "specification",
]


def __dir__() -> list[str]:
    return __all__
