"""A seal at the end of a file: the SHA-256 of all that stands before it. NetCDF libraries do not
look there.
"""

import hashlib

from ..support.errors import ProblemError

HDF5 = b"\x89HDF\r\n\x1a\n"  # how every NetCDF-4 file begins
_WORD = b"\nlandscape_control sha256 "
_LENGTH = len(_WORD) + 64


def seal(data: bytes) -> bytes:
    """The data with its seal."""
    return data + _WORD + hashlib.sha256(data).hexdigest().encode()


def is_sealed(data: bytes) -> bool:
    """Whether a seal stands at the end, of an HDF5 file; it need not agree with what stands before
    it.
    """
    return data.startswith(HDF5) and data[-_LENGTH:].startswith(_WORD)


def unseal(data: bytes, name: str) -> bytes:
    """The data before the seal. Raises ProblemError, with the ``name`` of the record, if seal and
    data do not agree.
    """
    if not data.startswith(HDF5):
        raise _refusal(
            name,
            "a NetCDF-4 file",
            "a file of another kind, or a damaged one",
            "check the name; if it should be a record, copy it again from where it came",
        )
    if not data[-_LENGTH:].startswith(_WORD):
        raise _refusal(
            name,
            "a record with the seal of landscape_control at its end",
            "a NetCDF file of another program, or a record that was cut off or written again",
            "open it with xarray.open_dataset, or copy the record again from where it came",
        )
    inner = data[:-_LENGTH]  # HDF5 knows its own length and ignores what stands behind it
    if hashlib.sha256(inner).hexdigest().encode() != data[-64:]:
        raise _refusal(
            name,
            "contents that agree with the seal",
            "other contents: the file is damaged",
            "save the result again, or copy the record again from where it came",
        )
    return inner


def _refusal(name: str, expected: str, received: str, advice: str) -> ProblemError:
    return ProblemError(f"record {name!r}", expected=expected, received=received, advice=advice)
