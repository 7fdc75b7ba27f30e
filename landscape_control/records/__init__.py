"""Labelled results on disk: NetCDF in, fully working objects out; and whole problems as one text."""

from .files import load, save
from .specification import differences, fingerprint, from_specification, specification

__all__ = ["differences", "fingerprint", "from_specification", "load", "save", "specification"]
