"""NetCDF-4 bytes as groups: everything is looked at before it is read, and little is left to the
HDF5 library.

The library finds groups, arrays and attributes. What could make it open another file, load a
plug-in or allocate more than the file is worth is refused first: links that are not hard, storage
outside the file, virtual arrays, types other than plain numbers and texts, filters other than
shuffle and deflate. Numbers are taken from the file's own bytes, at the places that the library
names.
"""

import io
import math
from dataclasses import dataclass, field

import numpy as np

from ..errors import ProblemError
from .chunks import read_chunks
from .groups import Group, Variable
from .limits import (
    DEEPEST_GROUP,
    LONGEST_ATTRIBUTE,
    MOST_ATTRIBUTES,
    MOST_AXES,
    MOST_OBJECTS,
    Budget,
)
from .texts import Texts

DAMAGED = "the file is damaged, or was not written by landscape_control: save the result again"
_BOOL = {"dtype": "bool"}  # xarray's mark on bytes that are truth values
_ID, _IDS, _CLASS, _NAME = "_Netcdf4Dimid", "_Netcdf4Coordinates", "CLASS", "NAME"
_BOOKKEEPING = {
    _ID,
    _IDS,
    _CLASS,
    _NAME,
    "DIMENSION_LIST",
    "REFERENCE_LIST",
    "_NCProperties",
    "_nc3_strict",
}
_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable"


def read_groups(data: bytes, budget: Budget) -> Group:
    """The group of a file's bytes. Raises ProblemError, which names the place in the file."""
    import h5py

    reader = None
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            reader = _Reader(data=data, budget=budget, texts=Texts(data))
            return reader.group(h5py.h5g.open(file.id, b"/"), "", {}, 0)
    except ProblemError:
        raise
    # whatever the HDF5 library meets in a damaged file: its own exceptions have many types
    except Exception as error:
        said = " ".join(str(error).split())
        raise ProblemError(
            _words(reader.place if reader else ""),
            expected="a sound HDF5 structure",
            received=f"one that the HDF5 library cannot follow ({said[:200]})",
            advice=DAMAGED,
        ) from error


@dataclass(kw_only=True, eq=False)
class _Reader:
    """One pass over a file; ``place`` is where it stands."""

    data: bytes
    budget: Budget
    texts: Texts
    place: str = ""
    seen: set = field(default_factory=set)

    def group(self, found, place, dimensions, depth) -> Group:
        """A group; ``dimensions`` {number: name} are those of the groups around it."""
        self._enter(found, place)
        if depth > DEEPEST_GROUP:
            self.refuse(f"groups at most {DEEPEST_GROUP} deep", "deeper ones")
        result = Group(attributes=self._attributes(found))
        members = self._members(found, place)
        dimensions = dict(dimensions)
        arrays = {name: one for name, one in members.items() if _is_array(one)}
        for name, one in arrays.items():
            self._enter(one, f"{place}/{name}")
            self._dimension(one, name, dimensions)
        for name, one in arrays.items():
            self.place = f"{place}/{name}"
            if not self._stands_for_dimension(one):
                result.variables[name] = self._variable(one, name, dimensions)
        for name, one in members.items():
            if name not in arrays:
                result.groups[name] = self.group(one, f"{place}/{name}", dimensions, depth + 1)
        return result

    def refuse(self, expected, received, advice=DAMAGED):
        raise ProblemError(_words(self.place), expected=expected, received=received, advice=advice)

    def _enter(self, found, place):
        """Note where the reader stands; no object is visited twice, so that loops end."""
        from h5py import h5o

        self.place = place
        self.budget.take_object(_words(place))
        address = h5o.get_info(found).addr
        if address in self.seen:
            self.refuse(
                "objects that stand in one place only",
                "one that stands in two, or a group inside itself",
            )
        self.seen.add(address)

    def _members(self, found, place):
        """{name: object} of a group, in the order in which they were made."""
        from h5py import h5, h5g, h5l, h5o

        if found.get_num_objs() > MOST_OBJECTS:
            self.refuse(f"at most {MOST_OBJECTS} members", f"{found.get_num_objs()}")
        names, index = [], _creation_order(found.get_create_plist().get_link_creation_order(), h5)
        found.links.iterate(names.append, idx_type=index)
        members = {}
        for raw in names:
            name = self._word(raw)
            self.place = f"{place}/{name}"
            kind = found.links.get_info(raw).type
            if kind != h5l.TYPE_HARD:
                words = {
                    h5l.TYPE_SOFT: "a soft link",
                    h5l.TYPE_EXTERNAL: "a link into another file",
                }
                self.refuse("everything in this one file, without links", words.get(kind, "a link"))
            one = h5o.open(found, raw)
            if not (_is_array(one) or isinstance(one, h5g.GroupID)):
                self.refuse("groups and arrays", "a named data type")
            members[name] = one
        return members

    def _word(self, raw):
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return self.refuse("names in UTF-8", repr(raw[:40]))

    def _attribute_names(self, found):
        from h5py import h5, h5a

        if h5a.get_num_attrs(found) > MOST_ATTRIBUTES:
            self.refuse(f"at most {MOST_ATTRIBUTES} attributes", f"{h5a.get_num_attrs(found)}")
        names, index = [], _creation_order(found.get_create_plist().get_attr_creation_order(), h5)
        h5a.iterate(found, lambda name, *_: names.append(name), index_type=index)
        return names

    def _attributes(self, found):
        """{name: text or number}; NetCDF's own bookkeeping is left where it is."""
        names = [
            name
            for name in map(self._word, self._attribute_names(found))
            if name not in _BOOKKEEPING
        ]
        return {name: self._attribute(found, name) for name in names}

    def _attribute(self, found, name):
        from h5py import h5a, h5t

        raw = name.encode("utf-8")
        one = h5a.open(found, raw)
        kind = one.get_type()
        if one.shape not in ((), (1,)):
            self.refuse("attributes of one value", f"{name!r} of shape {one.shape}")
        if isinstance(kind, h5t.TypeStringID):
            return self._text(one, name, raw, kind)
        if not _is_number(kind):
            self.refuse("attributes that are numbers or texts", f"{name!r} of another type")
        values = np.empty(one.shape, dtype=one.dtype)
        one.read(values)
        return values.item()

    def _text(self, one, name, raw, kind):
        """A text attribute whose length has been looked at."""
        if kind.is_variable_str():
            self.texts.check_attribute(raw, _words(self.place))
        elif kind.get_size() > LONGEST_ATTRIBUTE:
            self.refuse(
                f"texts of at most {LONGEST_ATTRIBUTE} bytes",
                f"the attribute {name!r} of {kind.get_size()} bytes",
            )
        values = np.empty(one.shape, dtype=one.dtype)
        one.read(values)
        text = values.item()
        text = self._decoded(text, f"the attribute {name!r}")
        self.budget.take(_words(self.place), len(text))
        return text

    def _decoded(self, text, what):
        if isinstance(text, str):
            return text
        try:
            return (text or b"").decode("utf-8")
        except UnicodeDecodeError:
            return self.refuse("texts in UTF-8", f"{what}, which is not")

    def _bookkeeping(self, found, name, most=MOST_AXES):
        """A number, numbers or a fixed text of NetCDF's bookkeeping; None where there is none, or
        another kind of value.
        """
        from h5py import h5a, h5t

        if not h5a.exists(found, name.encode()):
            return None
        one = h5a.open(found, name.encode())
        kind = one.get_type()
        fixed = (
            isinstance(kind, h5t.TypeStringID)
            and not kind.is_variable_str()
            and kind.get_size() <= LONGEST_ATTRIBUTE
        )
        if not (fixed or _is_number(kind)) or math.prod(one.shape or ()) > most:
            return None
        values = np.empty(one.shape, dtype=one.dtype)
        one.read(values)
        return values.tolist()

    def _dimension(self, found, name, dimensions):
        """Note the number of an array that gives an axis its name."""
        number = self._bookkeeping(found, _ID)
        if self._bookkeeping(found, _CLASS) == b"DIMENSION_SCALE" and isinstance(number, int):
            dimensions[number] = name

    def _stands_for_dimension(self, found):
        """Whether an array is but the name of an axis, without values."""
        name = self._bookkeeping(found, _NAME)
        return isinstance(name, bytes) and name.startswith(_NO_VARIABLE.encode())

    def _variable(self, found, name, dimensions):
        from h5py import h5t

        shape, plist = self._shape(found)
        kind = found.get_type()
        if isinstance(kind, h5t.TypeStringID) and kind.is_variable_str():
            values = self._texts(found, shape)
        elif _is_number(kind):
            values = self._numbers(found, shape, plist)
        else:
            self.refuse("arrays of numbers or texts", f"type {_type_in_words(kind)}")
        attributes = self._attributes(found)
        if attributes.get("dtype") == _BOOL["dtype"]:
            del attributes["dtype"]
            values = self._truth_values(values)
        return Variable(
            dims=self._dims(found, name, len(shape), dimensions),
            values=values,
            attributes=attributes,
        )

    def _shape(self, found):
        """Of an array that keeps its values in this file: looked at before its extent is, which may
        open other files.
        """
        from h5py import h5d

        plist = found.get_create_plist()
        if plist.get_layout() == h5d.VIRTUAL:
            self.refuse(
                "arrays that hold their values",
                "a virtual array, made of others",
                "save the result again",
            )
        if plist.get_external_count():
            self.refuse(
                "values inside this file",
                "an array whose values are in another file",
                "save the result again",
            )
        shape = found.shape
        if shape is None or len(shape) > MOST_AXES:
            self.refuse(
                f"arrays of at most {MOST_AXES} axes",
                "none" if shape is None else f"{len(shape)} axes",
            )
        return shape, plist

    def _numbers(self, found, shape, plist):
        from h5py import h5d, h5s

        dtype, size = found.dtype, math.prod(shape)
        self.budget.take(_words(self.place), size * dtype.itemsize)
        if not size:
            return np.empty(shape, dtype=dtype.newbyteorder("="))
        layout = plist.get_layout()
        if layout == h5d.CHUNKED:
            return read_chunks(self, found, shape, plist)
        if plist.get_nfilters():
            self.refuse("filters on chunks alone", "a filter on an array in one piece")
        if layout == h5d.COMPACT:
            values = np.empty(shape, dtype=dtype)
            found.read(h5s.ALL, h5s.ALL, values)
        else:
            values = np.frombuffer(self.piece(found, size * dtype.itemsize), dtype=dtype).reshape(
                shape
            )
        return values.astype(dtype.newbyteorder("="))

    def take_chunks(self, count, size):
        """Count the chunks of an array of ``size`` bytes."""
        self.budget.take_chunks(_words(self.place), count, size)

    def piece(self, found, size):
        """The ``size`` bytes of an array that stands in one piece."""
        begin = found.get_offset()
        if begin is None or found.get_storage_size() != size:
            written = found.get_storage_size()
            self.refuse(
                "an array with all its values",
                f"one of {size} bytes of which {written} were written",
            )
        if begin + size > len(self.data):
            self.refuse("an array inside the file", "one that begins or ends beyond its end")
        return memoryview(self.data)[begin : begin + size]

    def _texts(self, found, shape):
        from h5py import h5d

        size = math.prod(shape)
        self.budget.take(_words(self.place), 64 * size)
        values = np.empty(shape, dtype=object)
        if not size:
            return values
        if found.get_create_plist().get_layout() != h5d.CONTIGUOUS:
            self.refuse("texts in one piece", "texts in chunks, or in the header")
        piece = self.piece(found, 16 * size)
        self.budget.take(_words(self.place), self.texts.size_of_array(piece))
        texts = self.texts.of_array(piece, _words(self.place))
        values[...] = np.array(
            [self._decoded(one, "an entry") for one in texts], dtype=object
        ).reshape(shape)
        return values

    def _truth_values(self, values):
        if values.dtype != np.int8 or not np.isin(values, (0, 1)).all():
            self.refuse("truth values that are 0 or 1, in bytes", "others")
        return values.astype(bool)

    def _dims(self, found, name, rank, dimensions):
        """Names of an array's axes; None where the file does not say."""
        own, numbers = self._bookkeeping(found, _ID), self._bookkeeping(found, _IDS)
        if numbers is None and rank == 1:
            numbers = [own]
        numbers = numbers if isinstance(numbers, list) else []
        names = tuple(dimensions.get(number) for number in numbers)
        return names if len(names) == rank and None not in names else None


def _words(place):
    return place.lstrip("/") or "top group"


def _creation_order(flags, h5):
    return h5.INDEX_CRT_ORDER if flags else h5.INDEX_NAME


def _is_array(found):
    from h5py import h5d

    return isinstance(found, h5d.DatasetID)


def _is_number(kind):
    """Whether a type is one of the usual whole or floating-point numbers of up to eight bytes."""
    from h5py import h5t

    families = ("STD_I", "STD_U", "IEEE_F")
    if not isinstance(kind, h5t.TypeIntegerID | h5t.TypeFloatID) or kind.get_size() not in (
        1,
        2,
        4,
        8,
    ):
        return False
    usual = (
        f"{family}{8 * kind.get_size()}{order}" for family in families for order in ("LE", "BE")
    )
    return any(kind.equal(getattr(h5t, name)) for name in usual if hasattr(h5t, name))


def _type_in_words(kind):
    words = type(kind).__name__.removeprefix("Type").removesuffix("ID").lower()
    return {
        "reference": "reference",
        "vlen": "lists of varying length",
        "string": "text of fixed length",
    }.get(words, words)
