"""A NetCDF-4 file while it is read: its bytes, what may still be allocated, and where the reader
stands.
"""

from dataclasses import dataclass, field
from typing import Any, NoReturn

from ..support.errors import ProblemError
from .limits import Budget
from .texts import Texts

DAMAGED = "the file is damaged, or was not written by landscape_control: save the result again"


@dataclass(kw_only=True, eq=False)
class OpenFile:
    """One pass over a file.

    Attributes
    ----------
    data : the bytes of the file
    budget : what its arrays and texts may still take
    texts : its texts of any length, see ``texts``
    place : where the reader stands
    seen : addresses of the objects that have been visited
    """

    data: bytes
    budget: Budget
    texts: Texts
    place: str = ""
    seen: set = field(default_factory=set)

    @property
    def in_words(self) -> str:
        """Where the reader stands, for messages."""
        return in_words(self.place)

    def refuse(self, expected: str, received: str, advice: str = DAMAGED) -> NoReturn:
        """Refuse what stands here."""
        raise ProblemError(self.in_words, expected=expected, received=received, advice=advice)

    def enter(self, handle: Any, place: str) -> None:
        """Note where the reader stands; no object is visited twice, so that loops end."""
        from h5py import h5o

        self.place = place
        self.budget.take_object(in_words(place))
        address = h5o.get_info(handle).addr
        if address in self.seen:
            self.refuse(
                "objects that stand in one place only",
                "one that stands in two, or a group inside itself",
            )
        self.seen.add(address)

    def word(self, raw: bytes) -> str:
        """A name in the file."""
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return self.refuse("names in UTF-8", repr(raw[:40]))

    def decoded(self, text: str | bytes | None, what: str) -> str:
        """A text in the file."""
        if isinstance(text, str):
            return text
        try:
            return (text or b"").decode("utf-8")
        except UnicodeDecodeError:
            return self.refuse("texts in UTF-8", f"{what}, which is not")

    def take_chunks(self, count: int, size: int) -> None:
        """Count the chunks of an array of ``size`` bytes."""
        self.budget.take_chunks(self.in_words, count, size)

    def piece(self, handle: Any, size: int) -> memoryview:
        """The ``size`` bytes of an array that stands in one piece."""
        begin = handle.get_offset()
        if begin is None or handle.get_storage_size() != size:
            written = handle.get_storage_size()
            self.refuse(
                "an array with all its values",
                f"one of {size} bytes of which {written} were written",
            )
        if begin + size > len(self.data):
            self.refuse("an array inside the file", "one that begins or ends beyond its end")
        return memoryview(self.data)[begin : begin + size]


def in_words(place: str) -> str:
    """A place in the file, for messages."""
    return place.lstrip("/") or "top group"


def is_number(kind: Any) -> bool:
    """Whether a type is one of the usual whole or floating-point numbers of up to eight bytes."""
    from h5py import h5t

    families, orders, size = ("STD_I", "STD_U", "IEEE_F"), ("LE", "BE"), kind.get_size()
    if not isinstance(kind, h5t.TypeIntegerID | h5t.TypeFloatID) or size not in (1, 2, 4, 8):
        return False
    usual = (f"{family}{8 * size}{order}" for family in families for order in orders)
    return any(kind.equal(getattr(h5t, name)) for name in usual if hasattr(h5t, name))


def creation_order(flags: int, h5: Any) -> int:
    """The index that lists members as they were made, where the file has one."""
    return h5.INDEX_CRT_ORDER if flags else h5.INDEX_NAME
