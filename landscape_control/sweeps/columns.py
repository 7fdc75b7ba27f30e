"""Results of a chunk as a few arrays, packed into bytes (NPZ, no pickle) with a checksum; and back.

Words are kept once each: a column of words is an array of codes, left out where all are the same,
and under ``TEXTS`` stands a JSON text {column: [word, …]}. Under ``OWNER`` stands which chunk of
which plan this is.
"""

import hashlib
import io
import json
import math
from zipfile import ZIP_STORED, ZipFile

import numpy as np

CELLS, TEXTS, OWNER, CHECKSUM = "cells", "words", "owner", "sha256"
MISSING = "missing "
_MOST_COLUMNS, _ENCRYPTED = 10_000, 1
NOTES = ("status", "message", "traceback", "found_from")  # words in every chunk and dataset


class DamagedError(ValueError):
    """Bytes that are not what was written."""


def columns_of(cells, rows: list[dict]) -> dict[str, np.ndarray]:
    """Arrays from rows {"status": ..., "message": ..., "value <name>": ..., ...}; entries may be
    absent from some rows.
    """
    columns, words = {CELLS: np.asarray(cells, dtype=np.int64)}, {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        given = [value for value in values if value is not None]
        if len(given) < len(values):
            columns[MISSING + name] = np.array([value is None for value in values])
        if any(isinstance(value, str) for value in given):
            codes, words[name] = _coded("" if value is None else str(value) for value in values)
            if len(words[name]) > 1:
                columns[name] = codes
        else:
            columns[name] = (
                _stacked(values, given)
                if any(map(np.ndim, given))
                else _number_column(values, given)
            )
    return columns | {TEXTS: words_column(words)}


def _coded(values):
    known: dict[str, int] = {}
    codes = np.array([known.setdefault(value, len(known)) for value in values], dtype=np.int32)
    return codes, list(known)


def _number_column(values, given):
    kinds = {type(value) for value in given}
    fits = kinds == {int} and all(-(2**63) <= value < 2**63 for value in given)
    kind, gap = (bool, False) if kinds == {bool} else (np.int64, 0) if fits else (float, np.nan)
    return np.array([gap if value is None else value for value in values], dtype=kind)


def _stacked(values, given):
    """Arrays of one shape; values of another shape than the first are refused by NumPy."""
    stacked = np.full((len(values), *np.shape(given[0])), np.nan)
    for place, value in enumerate(values):
        if value is not None:
            stacked[place] = value
    return stacked


def owned(columns: dict, digest: str, index: int) -> dict[str, np.ndarray]:
    """The columns of chunk ``index`` of the plan with this digest, saying so."""
    return columns | {OWNER: _bytes(f"{digest} {index}")}


def chunk_of(columns: dict) -> int:
    """Which chunk of its plan this is."""
    return int(columns[OWNER].tobytes().split()[1])


def check_owner(columns: dict, digest: str, index: int, cells) -> None:
    """Raise DamagedError unless this is chunk ``index``, with these cells, of the plan with this
    digest.
    """
    if OWNER not in columns or columns[OWNER].tobytes() != f"{digest} {index}".encode():
        raise DamagedError("a chunk of another plan, or of another place in it")
    if (
        CELLS not in columns
        or columns[CELLS].dtype != np.int64
        or not np.array_equal(columns[CELLS], cells)
    ):
        raise DamagedError("other cells than the plan has here")


def words_column(words: dict[str, list[str]]) -> np.ndarray:
    """{column: [word, …]} as bytes."""
    return _bytes(json.dumps(words, ensure_ascii=False))


def _bytes(text):
    return np.frombuffer(text.encode(), dtype=np.uint8)


def words_of(columns: dict) -> dict[str, list[str]]:
    """{column: [word, …]} of the columns that hold words; codes point into these lists. Raises
    DamagedError.
    """
    try:
        words = json.loads(columns[TEXTS].tobytes())
    except (ValueError, RecursionError, LookupError) as error:
        raise DamagedError(f"no words ({type(error).__name__})") from error
    if not isinstance(words, dict) or not all(
        isinstance(texts, list) and all(isinstance(text, str) for text in texts)
        for texts in words.values()
    ):
        raise DamagedError("something else than words")
    return words


def names_of(columns: dict) -> list[str]:
    """Columns that hold numbers."""
    words = words_of(columns)
    return [
        name
        for name in columns
        if name not in (CELLS, TEXTS, OWNER, *words) and not name.startswith(MISSING)
    ]


def pack(columns: dict) -> bytes:
    """NPZ with a checksum over names, types, shapes and contents.

    Written here and not by ``np.savez``, which takes ``allow_pickle`` for a column before NumPy
    2.1.
    """
    buffer = io.BytesIO()
    checksum = np.frombuffer(_digest(columns), dtype=np.uint8)
    with ZipFile(buffer, "w") as archive:
        for name, column in {**columns, CHECKSUM: checksum}.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, column, allow_pickle=False)
    return buffer.getvalue()


def unpack(content: bytes) -> dict[str, np.ndarray]:
    """The columns, verified; raises DamagedError. Nothing is allocated that is not in ``content``:
    see :func:`_members`.
    """
    try:
        columns = dict(_members(content))
        stored = columns.pop(CHECKSUM).tobytes()
    except DamagedError:
        raise
    except (
        Exception
    ) as error:  # zipfile and the readers of NPY headers raise many kinds at damaged bytes
        raise DamagedError(f"{type(error).__name__}: {error}") from error
    if stored != _digest(columns):
        raise DamagedError("the checksum does not match")
    return columns


def _members(content):
    """(name, array) of an NPZ archive whose members are stored as they are: of plain numbers, and
    of their own size.
    """
    with ZipFile(io.BytesIO(content)) as archive:
        found = archive.infolist()
        if len(found) > _MOST_COLUMNS or sum(one.file_size for one in found) > len(content):
            raise DamagedError("more members, or larger ones, than the file can hold")
        for one in found:
            if (
                one.compress_type != ZIP_STORED
                or one.flag_bits & _ENCRYPTED
                or not one.filename.endswith(".npy")
            ):
                raise DamagedError("members that are packed, or no arrays")
            yield one.filename.removesuffix(".npy"), _array(archive.read(one))


def _array(data):
    """The array of NPY bytes (format 1.0 or 2.0)."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, is_fortran, dtype = read_header(file)
    if dtype.kind not in "biuf" or is_fortran or min(shape, default=0) < 0:
        raise DamagedError("arrays that are no plain numbers, or out of order")
    if math.prod(shape) * dtype.itemsize != len(data) - file.tell():
        raise DamagedError("an array of another size than its header says")
    return np.frombuffer(data, dtype=dtype, offset=file.tell()).reshape(shape).copy()


def check_columns(columns: dict, names) -> None:
    """Raise DamagedError unless every column has an entry per cell, and is one of a sweep with
    measures of these ``names``.

    Words must be words, and codes point at them.
    """
    count, words = len(columns[CELLS]), words_of(columns)
    for name, column in columns.items():
        if name not in (TEXTS, OWNER) and (column.ndim < 1 or len(column) != count):
            raise DamagedError(
                f"{len(column) if column.ndim else 'no'} entries of {name!r} for {count} cells"
            )
        if name.startswith(MISSING) and column.dtype != bool:
            raise DamagedError(f"no truth values in {name!r}")
    for name, texts in words.items():
        codes = columns.get(name, np.zeros(1, dtype=np.int64))
        if (
            not texts
            or codes.dtype.kind not in "iu"
            or codes.ndim != 1
            or codes.min(initial=0) < 0
            or codes.max(initial=0) >= len(texts)
        ):
            raise DamagedError(f"codes of {name!r} without words")
    known = {"seconds", *NOTES}
    for name in (*names_of(columns), *words):
        stem = name.removeprefix("value ").partition(".")[0]
        if name not in known and not (name.startswith("value ") and stem in names):
            raise DamagedError(f"{name!r}, which no measure of the plan gives")
    if not {"status"} <= words.keys() or columns.get("seconds", np.zeros(0)).shape != (count,):
        raise DamagedError("no status, or no times")


def _digest(columns) -> bytes:
    total = hashlib.sha256()
    for name in sorted(columns):
        array = np.ascontiguousarray(columns[name])
        total.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        total.update(array.data if array.size else b"")
    return total.digest()
