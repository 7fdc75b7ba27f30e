"""Texts of varying length, found in the file's own bytes.

HDF5 keeps such a text as 16 bytes (its length, the place of a global heap, a number in it) and the
text itself in that heap. The library allocates the length before it looks whether there is as much,
and does not come back from some damaged heaps. So heaps are read here (HDF5 File Format
Specification, version 3.0, III.E). The 16 bytes of an array's texts stand at a known place. Those
of an attribute stand behind its name, in an encoding that the specification fixes (IV.A.2.m); every
attribute of that name is compared with its heap, before the library reads one.
"""

import struct
from collections.abc import Iterator
from typing import NoReturn

import numpy as np

from ..support.errors import ProblemError
from .limits import BYTES_OF_NAMES, FREE_NAMES, LONGEST_ATTRIBUTE

_DESCRIPTOR = np.dtype([("length", "<u4"), ("heap", "<u8"), ("number", "<u4")])
_VARYING = 9  # the class of types of varying length
_HEAD, _OBJECT = struct.Struct("<4sB3xQ"), struct.Struct("<HHIQ")
_SPACE = 0  # the number of what is free in a heap


class Texts:
    """The texts of one file."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._heaps: dict[int, dict] = {}
        # attributes by name: how many have been checked and not been asked for
        self._unread: dict[bytes, int] = {}

    def size_of_array(self, piece: bytes | memoryview) -> int:
        """How many bytes the texts whose 16 bytes each stand in ``piece`` claim to have."""
        return int(np.frombuffer(piece, dtype=_DESCRIPTOR)["length"].sum(dtype=np.int64))

    def of_array(self, piece: bytes | memoryview, place: str) -> list[bytes]:
        """The texts whose 16 bytes each stand in ``piece``."""
        rows = np.frombuffer(piece, dtype=_DESCRIPTOR).tolist()
        return [self._text(length, heap, number, place) for length, heap, number in rows]

    def check_attribute(self, name: bytes, place: str) -> None:
        """Refuse unless every attribute of this name holds a text that is in the file.

        There must be as many as are asked for.
        """
        if name not in self._unread:
            self._check_names(place)
            descriptors = list(self._descriptors(name))
            for length, heap, number in descriptors:
                if length > LONGEST_ATTRIBUTE:
                    _refuse(
                        place,
                        f"attributes of at most {LONGEST_ATTRIBUTE} bytes",
                        f"{name!r} of {length} bytes",
                    )
                self._text(length, heap, number, place)
            self._unread[name] = len(descriptors)
        self._unread[name] -= 1
        if self._unread[name] < 0:
            _refuse(
                place,
                "texts that can be found in the file",
                f"the attribute {name!r}, which cannot",
            )

    def _check_names(self, place: str) -> None:
        """Refuse a name more where looking for all of them would take long."""
        most = max(FREE_NAMES, BYTES_OF_NAMES // max(len(self.data), 1))
        if len(self._unread) >= most:
            _refuse(
                place,
                f"attributes of at most {most} different names in a file of this size",
                "more",
            )

    def _text(self, length: int, heap: int, number: int, place: str) -> bytes:
        if not length:
            return b""
        if heap not in self._heaps:
            self._heaps[heap] = self._read_heap(heap, place)
        begin, size = self._heaps[heap].get(number, (0, -1))
        if size != length:
            _refuse(place, f"a text of {length} bytes", "none of that length where it should be")
        return self.data[begin : begin + size]

    def _read_heap(self, heap: int, place: str) -> dict[int, tuple[int, int]]:
        """{number: (where it begins, its size)} of the objects of a heap."""
        objects: dict[int, tuple[int, int]] = {}
        end = 0
        if heap + _HEAD.size <= len(self.data):
            signature, version, size = _HEAD.unpack_from(self.data, heap)
            end = heap + size if (signature, version) == (b"GCOL", 1) and size > _HEAD.size else 0
        if not 0 < end <= len(self.data):
            _refuse(place, "texts in heaps of this file", "a place without one")
        begin = heap + _HEAD.size
        while begin + _OBJECT.size <= end:
            number, _, _, size = _OBJECT.unpack_from(self.data, begin)
            whole = size if number == _SPACE else _OBJECT.size + size + -size % 8
            if whole < _OBJECT.size or begin + whole > end or number in objects:
                _refuse(
                    place, "texts in sound heaps", "a heap whose objects overlap or end beyond it"
                )
            objects[number] = (begin + _OBJECT.size, size)
            begin += whole
        return objects

    def _descriptors(self, name: bytes) -> Iterator[tuple[int, int, int]]:
        """(length, heap, number) of every attribute of this name whose type has a varying length."""
        word = name + b"\0"
        place = self.data.find(word)
        while place >= 0:
            yield from self._descriptors_behind(place, len(word))
            place = self.data.find(word, place + 1)

    def _descriptors_behind(self, place: int, size: int) -> Iterator[tuple[int, int, int]]:
        for version, begin, padded in (
            (1, place - 8, True),
            (2, place - 8, False),
            (3, place - 9, False),
        ):
            if begin < 0 or self.data[begin] != version:
                continue
            name_size, type_size, space_size = struct.unpack_from("<HHH", self.data, begin + 2)
            # a type or a space that stands elsewhere
            if name_size != size or (version > 1 and self.data[begin + 1]):
                continue
            kind = place + _padded(size, padded)
            values = kind + _padded(type_size, padded) + _padded(space_size, padded)
            if (
                values + _DESCRIPTOR.itemsize <= len(self.data)
                and self.data[kind] & 0x0F == _VARYING
            ):
                yield struct.unpack_from("<IQI", self.data, values)


def _padded(size: int, padded: bool) -> int:
    return size + -size % 8 if padded else size


def _refuse(place: str, expected: str, received: str) -> NoReturn:
    raise ProblemError(
        place,
        expected=expected,
        received=received,
        advice=(
            "the file is damaged, or was not written by landscape_control: save the result again"
        ),
    )
