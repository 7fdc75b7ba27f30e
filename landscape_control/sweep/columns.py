"""Results of a chunk as a few arrays, packed into bytes (NPZ, no pickle) with a checksum; and back."""

import hashlib
import io
import json
from zipfile import BadZipFile

import numpy as np

CHECKSUM = "sha256"
WORDS = "words of "
MISSING = "missing "


class DamagedError(ValueError):
    """Bytes that are not what was written."""


def columns_of(cells, rows: list[dict]) -> dict[str, np.ndarray]:
    """Arrays from rows {"status": ..., "message": ..., "value <name>": ..., ...}; entries may be absent from some rows."""
    columns = {"cells": np.asarray(cells, dtype=np.int64)}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        absent = np.array([value is None for value in values])
        if absent.any():
            columns[MISSING + name] = absent
        columns |= _column(name, values)
    return columns


def _column(name, values):
    given = [value for value in values if value is not None]
    if any(isinstance(value, str) for value in given):
        return words(name, ["" if value is None else f"{value}" for value in values])
    if any(isinstance(value, np.ndarray) for value in given):
        return {name: _stacked(values, given)}
    kinds = {type(value) for value in given}
    kind = bool if kinds == {bool} else np.int64 if kinds == {int} and _fits(given) else float
    return {name: np.array([np.nan if kind is float and v is None else 0 if v is None else v for v in values], dtype=kind)}


def _fits(values):
    return all(-(2**63) <= value < 2**63 for value in values)


def _stacked(values, given):
    shape = np.shape(given[0])
    stacked = np.full((len(values), *shape), np.nan)
    for place, value in enumerate(values):
        if value is not None:
            stacked[place] = value
    return stacked


def words(name: str, values) -> dict[str, np.ndarray]:
    """A column of words as codes and the list of different words."""
    known: dict[str, int] = {}
    codes = np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int32)
    text = json.dumps(list(known), ensure_ascii=False).encode()
    return {name: codes, WORDS + name: np.frombuffer(text, dtype=np.uint8)}


def vocabulary(columns: dict, name: str) -> list[str] | None:
    """The words behind the codes of a column, or None if it holds numbers."""
    text = columns.get(WORDS + name)
    return None if text is None else json.loads(text.tobytes())


def names_of(columns: dict) -> list[str]:
    """Columns that hold results."""
    return [name for name in columns if name != "cells" and not name.startswith((WORDS, MISSING))]


def pack(columns: dict) -> bytes:
    """NPZ with a checksum over names, types, shapes and contents."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **columns, **{CHECKSUM: np.frombuffer(_digest(columns), dtype=np.uint8)})
    return buffer.getvalue()


def unpack(content: bytes) -> dict[str, np.ndarray]:
    """The columns, verified; raises DamagedError."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            columns = {name: archive[name] for name in archive.files}
        stored = columns.pop(CHECKSUM).tobytes()
    except (BadZipFile, ValueError, OSError, LookupError, EOFError, SyntaxError, NotImplementedError) as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error
    if stored != _digest(columns):
        raise DamagedError("the checksum does not match")
    return columns


def _digest(columns) -> bytes:
    total = hashlib.sha256()
    for name in sorted(columns):
        array = np.ascontiguousarray(columns[name])
        total.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        total.update(array.data if array.size else b"")
    return total.digest()
