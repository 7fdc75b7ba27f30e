"""Arrays in chunks, unpacked here: to no more than their own size, and by no plug-in of HDF5."""

import itertools
import math
import zlib
from typing import Any

import numpy as np

from .open_file import OpenFile

_DEFLATE, _SHUFFLE = 1, 2  # numbers of HDF5's own filters
_PIPELINES = ((), (_DEFLATE,), (_SHUFFLE,), (_SHUFFLE, _DEFLATE))


def read_chunks(file: OpenFile, handle: Any, shape: tuple[int, ...], plist: Any) -> np.ndarray:
    """The values of a chunked array."""
    dtype, chunk = handle.dtype, plist.get_chunk()
    filters = tuple(plist.get_filter(i)[0] for i in range(plist.get_nfilters()))
    if filters not in _PIPELINES:
        file.refuse(
            "no filters but shuffle and deflate",
            f"the filters with numbers {', '.join(map(str, filters))}",
            "save the result again: no plug-ins are loaded for records",
        )
    if len(chunk) != len(shape) or any(
        side > most for side, most in zip(chunk, shape, strict=True)
    ):
        file.refuse("chunks no larger than the array", f"chunks of {chunk} for an array of {shape}")
    counts = [-(-most // side) for side, most in zip(chunk, shape, strict=True)]  # rounded up
    file.take_chunks(math.prod(counts), math.prod(shape) * dtype.itemsize)
    if handle.get_num_chunks() != math.prod(counts):
        file.refuse(
            "an array with all its values",
            f"{handle.get_num_chunks()} of {math.prod(counts)} chunks",
        )
    values = np.empty(shape, dtype=dtype.newbyteorder("="))
    for place in itertools.product(*map(range, counts)):
        begin = tuple(k * side for k, side in zip(place, chunk, strict=True))
        unpacked = _unpacked(file, handle, begin, filters, math.prod(chunk), dtype.itemsize)
        block = np.frombuffer(unpacked, dtype=dtype).reshape(chunk)
        target = values[tuple(slice(b, b + side) for b, side in zip(begin, chunk, strict=True))]
        # chunks at the end reach beyond the array
        target[...] = block[tuple(map(slice, target.shape))]
    return values


def _unpacked(
    file: OpenFile,
    handle: Any,
    begin: tuple[int, ...],
    filters: tuple[int, ...],
    count: int,
    itemsize: int,
) -> bytes | memoryview:
    """The bytes of one chunk of ``count`` numbers."""
    info = handle.get_chunk_info_by_coord(begin)
    if (
        info.byte_offset is None
        or info.byte_offset + info.size > len(file.data)
        or info.filter_mask
    ):
        file.refuse("chunks inside the file", f"the one at {begin}, which is not")
    packed: bytes | memoryview = memoryview(file.data)[
        info.byte_offset : info.byte_offset + info.size
    ]
    size = count * itemsize
    if _DEFLATE in filters:
        packed = _inflated(file, packed, size)
    if len(packed) != size:
        file.refuse(f"chunks of {size} bytes", f"one of {len(packed)} bytes at {begin}")
    if _SHUFFLE in filters:
        # shuffled: the first bytes of all numbers, then their second bytes, …
        packed = np.frombuffer(packed, dtype=np.uint8).reshape(itemsize, count).T.tobytes()
    return packed


def _inflated(file: OpenFile, packed: bytes | memoryview, size: int) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(packed, size)
        rest = unpacker.decompress(unpacker.unconsumed_tail, 1) if unpacker.unconsumed_tail else b""
    except zlib.error as error:
        return file.refuse("compressed numbers", f"others ({error})")
    if rest:
        file.refuse(f"chunks of {size} bytes", "one that unpacks to more")
    return unpacked
