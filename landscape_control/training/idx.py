"""Files in the IDX format, plain or compressed: the format of MNIST.

Two zero bytes, a code of the type of the entries, the number of axes, one big-endian 32-bit length
per axis, then the entries, big-endian, the last axis fastest. Source: the page of MNIST, Y. LeCun,
C. Cortes, C. Burges, "The IDX file format".
"""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from ..support.arguments import Path as PathName
from ..support.arguments import checked
from ..support.errors import ProblemError

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"


@checked
def read_idx(path: PathName) -> np.ndarray:
    """The array of an IDX file; a file that begins as gzip does is unpacked, whatever its name.

    Raises ProblemError, which names the file: one that cannot be read, is no IDX file (its first
    four bytes, the magic number, are shown), is cut off or holds more than its header says.
    """
    path = Path(path)
    data = _unpacked(path)
    magic = data[:4]
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or magic[3] == 0:
        raise _refusal(
            path,
            "an IDX file, which begins with 00 00, a type from 08 to 0e and the number of axes",
            f"the magic number {magic.hex(' ') or '(empty file)'}",
            "download the file again; one that was renamed is not converted by that",
        )
    kind, axes = np.dtype(_TYPES[magic[2]]), magic[3]
    begin = 4 + 4 * axes
    lengths = tuple(np.frombuffer(data[4:begin], ">u4").tolist()) if len(data) >= begin else ()
    wanted = begin + math.prod(lengths) * kind.itemsize
    if len(lengths) < axes or len(data) < wanted:
        said = (
            f"{wanted} bytes for the shape {lengths}" if lengths else f"a header of {begin} bytes"
        )
        raise _refusal(path, said, f"{len(data)} bytes: the file is cut off", "download it again")
    if len(data) > wanted:
        raise _refusal(
            path,
            f"{wanted} bytes for the shape {lengths}",
            f"{len(data)} bytes: something follows the entries",
            "download it again",
        )
    entries = np.frombuffer(data, kind, offset=begin).reshape(lengths)
    return entries.astype(kind.newbyteorder("="), copy=False)


def _unpacked(path: Path) -> bytes:
    """The bytes of a file, without compression."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _refusal(
            path, "a file that can be read", str(error), "check the name and the permissions"
        ) from error
    if not data.startswith(_GZIP):
        return data
    try:
        return gzip.decompress(data)
    except (EOFError, OSError, zlib.error) as error:
        raise _refusal(
            path, "a complete gzip file", f"{error}", "download it again: it is cut off or damaged"
        ) from error


def _refusal(path: Path, expected: str, received: str, advice: str) -> ProblemError:
    return ProblemError(f"file {str(path)!r}", expected=expected, received=received, advice=advice)
