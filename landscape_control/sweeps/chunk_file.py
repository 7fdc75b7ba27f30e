"""The columns of a chunk as a file (NPZ, no pickle) with a checksum, and back.

Every entry of the file is an array of plain numbers. Words are kept once each: a column of words is
an array of codes, left out where all are the same, and under ``TEXTS`` stands a JSON text
{column: [word, …]}. Under ``OWNER`` stands which chunk of which plan this is.
"""

import hashlib
import io
import json
import math
from collections.abc import Collection, Iterator
from functools import lru_cache
from zipfile import ZIP_STORED, ZipFile

import numpy as np

from .columns import NOTES, Columns, Words

CELLS, TEXTS, OWNER, CHECKSUM = "cells", "words", "owner", "sha256"
MISSING = "missing "
_MOST_ARRAYS, _ENCRYPTED = 10_000, 1
# bytes in which an NPY header says how long it is, by the version of the format
_LENGTHS_OF_HEADERS = {(1, 0): 2, (2, 0): 4}
_KEPT_HEADERS = 512


class DamagedError(ValueError):
    """Bytes that are not what was written."""


def to_bytes(columns: Columns, digest: str, index: int) -> bytes:
    """The file of chunk ``index`` of the plan with this digest."""
    return pack(arrays_of(columns) | {OWNER: _text_array(f"{digest} {index}")})


def from_bytes(
    content: bytes, digest: str, index: int, cells: np.ndarray, measures: set[str]
) -> Columns:
    """The columns of a file; raises DamagedError unless it is sound, and that of chunk ``index``,
    with these cells, of the plan with this digest and ``measures``.
    """
    arrays = unpack(content)
    check_owner(arrays, digest, index, cells)
    check_arrays(arrays, measures)
    texts = texts_of(arrays)
    words = {name: Words(texts=known, codes=arrays.get(name, 0)) for name, known in texts.items()}
    missing = {
        name.removeprefix(MISSING): array
        for name, array in arrays.items()
        if name.startswith(MISSING)
    }
    numbers = {name: arrays[name] for name in _names_of_numbers(arrays, texts)}
    return Columns(cells=arrays[CELLS], numbers=numbers, words=words, missing=missing)


# -- columns and the arrays of a file


def arrays_of(columns: Columns) -> dict[str, np.ndarray]:
    """The entries of a file, without its owner."""
    codes = {
        name: words.codes
        for name, words in columns.words.items()
        if isinstance(words.codes, np.ndarray)
    }
    texts = {name: words.texts for name, words in columns.words.items()}
    return {
        CELLS: columns.cells,
        **{MISSING + name: absent for name, absent in columns.missing.items()},
        **columns.numbers,
        **codes,
        TEXTS: _text_array(json.dumps(texts, ensure_ascii=False)),
    }


def _text_array(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), dtype=np.uint8)


def texts_of(arrays: dict[str, np.ndarray]) -> dict[str, list[str]]:
    """{column: [word, …]} of the columns that hold words; codes point into these lists. Raises
    DamagedError.
    """
    try:
        words = json.loads(arrays[TEXTS].tobytes())
    except (ValueError, RecursionError, LookupError) as error:
        raise DamagedError(f"no words ({type(error).__name__})") from error
    if not isinstance(words, dict) or not all(map(_are_texts, words.values())):
        raise DamagedError("something else than words")
    return words


def _are_texts(texts: object) -> bool:
    return isinstance(texts, list) and all(isinstance(text, str) for text in texts)


def _names_of_numbers(arrays: dict[str, np.ndarray], words: Collection[str]) -> list[str]:
    others = {CELLS, TEXTS, OWNER, *words}
    return [name for name in arrays if name not in others and not name.startswith(MISSING)]


def check_owner(arrays: dict[str, np.ndarray], digest: str, index: int, cells: np.ndarray) -> None:
    """Raise DamagedError unless this is chunk ``index``, with these cells, of the plan with this
    digest.
    """
    if OWNER not in arrays or arrays[OWNER].tobytes() != f"{digest} {index}".encode():
        raise DamagedError("a chunk of another plan, or of another place in it")
    if (
        CELLS not in arrays
        or arrays[CELLS].dtype != np.int64
        or not np.array_equal(arrays[CELLS], cells)
    ):
        raise DamagedError("other cells than the plan has here")


def check_arrays(arrays: dict[str, np.ndarray], measures: set[str]) -> None:
    """Raise DamagedError unless every array has an entry per cell, and is one of a sweep with these
    ``measures``.

    Words must be words, and codes point at them.
    """
    count, words = len(arrays[CELLS]), texts_of(arrays)
    for name, array in arrays.items():
        if name not in (TEXTS, OWNER) and (array.ndim < 1 or len(array) != count):
            entries = len(array) if array.ndim else "no"
            raise DamagedError(f"{entries} entries of {name!r} for {count} cells")
        if name.startswith(MISSING) and (array.dtype != bool or array.ndim != 1):
            raise DamagedError(f"no truth values in {name!r}")
    for name, texts in words.items():
        _check_codes(name, arrays.get(name, np.zeros(1, dtype=np.int64)), texts)
    known = {"seconds", *NOTES}
    for name in (*_names_of_numbers(arrays, words), *words):
        stem = name.removeprefix("value ").partition(".")[0]
        if name not in known and not (name.startswith("value ") and stem in measures):
            raise DamagedError(f"{name!r}, which no measure of the plan gives")
    if "status" not in words or arrays.get("seconds", np.zeros(0)).shape != (count,):
        raise DamagedError("no status, or no times")


def _check_codes(name: str, codes: np.ndarray, texts: list[str]) -> None:
    if (
        not texts
        or codes.dtype.kind not in "iu"
        or codes.ndim != 1
        or codes.min(initial=0) < 0
        or codes.max(initial=0) >= len(texts)
    ):
        raise DamagedError(f"codes of {name!r} without words")


# -- arrays and bytes


def pack(arrays: dict[str, np.ndarray]) -> bytes:
    """NPZ with a checksum over names, types, shapes and contents.

    Written here and not by ``np.savez``, which takes ``allow_pickle`` for a column before NumPy
    2.1.
    """
    buffer = io.BytesIO()
    checksum = np.frombuffer(_digest(arrays), dtype=np.uint8)
    with ZipFile(buffer, "w") as archive:
        for name, array in {**arrays, CHECKSUM: checksum}.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return buffer.getvalue()


def unpack(content: bytes) -> dict[str, np.ndarray]:
    """The arrays, verified; raises DamagedError. Nothing is allocated that is not in ``content``:
    see :func:`_members`.
    """
    try:
        arrays = dict(_members(content))
        stored = arrays.pop(CHECKSUM).tobytes()
    except DamagedError:
        raise
    # zipfile and the readers of NPY headers raise many kinds at damaged bytes
    except Exception as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error
    if stored != _digest(arrays):
        raise DamagedError("the checksum does not match")
    return arrays


def _members(content: bytes) -> Iterator[tuple[str, np.ndarray]]:
    """(name, array) of an NPZ archive whose members are stored as they are: of plain numbers, and
    of their own size.
    """
    with ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        total = sum(member.file_size for member in members)
        if len(members) > _MOST_ARRAYS or total > len(content):
            raise DamagedError("more members, or larger ones, than the file can hold")
        for member in members:
            if (
                member.compress_type != ZIP_STORED
                or member.flag_bits & _ENCRYPTED
                or not member.filename.endswith(".npy")
            ):
                raise DamagedError("members that are packed, or no arrays")
            yield member.filename.removesuffix(".npy"), _array(archive.read(member))


def _array(data: bytes) -> np.ndarray:
    """The array of NPY bytes (format 1.0 or 2.0)."""
    begin = _end_of_header(data)
    shape, is_fortran, dtype = _read_header(data[:begin])
    if dtype.kind not in "biuf" or is_fortran or min(shape, default=0) < 0:
        raise DamagedError("arrays that are no plain numbers, or out of order")
    if math.prod(shape) * dtype.itemsize != len(data) - begin:
        raise DamagedError("an array of another size than its header says")
    return np.frombuffer(data, dtype=dtype, offset=begin).reshape(shape).copy()


def _end_of_header(data: bytes) -> int:
    """Where the numbers begin: the header's length stands behind the magic word and the version."""
    version = np.lib.format.read_magic(io.BytesIO(data[: np.lib.format.MAGIC_LEN]))
    size_of_length = _LENGTHS_OF_HEADERS[version]
    begin = np.lib.format.MAGIC_LEN + size_of_length
    return begin + int.from_bytes(data[np.lib.format.MAGIC_LEN : begin], "little")


@lru_cache(maxsize=_KEPT_HEADERS)
def _read_header(header: bytes) -> tuple[tuple[int, ...], bool, np.dtype]:
    """(shape, whether it is in Fortran's order, type) that a header says.

    Most headers of a store are the same few texts, and NumPy takes longer to read one than the
    numbers behind it.
    """
    file = io.BytesIO(header)
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    return np.lib.format.read_array_header_2_0(file)


def _digest(arrays: dict[str, np.ndarray]) -> bytes:
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name}|{array.dtype.str}|{array.shape}|".encode())
        total.update(array.data if array.size else b"")
    return total.digest()
