"""NetCDF-4 bytes as groups: everything is looked at before it is read.

The library finds groups, arrays and attributes. What could make it open another file, load a
plug-in or allocate more than the file is worth is refused first: links that are not hard, storage
outside the file, virtual arrays, types other than plain numbers and texts, filters other than
shuffle and deflate. Numbers are taken from the file's own bytes, at the places that the library
names.
"""

import io
from typing import Any

from ..support.errors import ProblemError
from .attributes import CLASS, ID, NAME, bookkeeping, read_attributes
from .groups import Group
from .limits import DEEPEST_GROUP, MOST_OBJECTS, Budget
from .open_file import DAMAGED, OpenFile, creation_order, in_words
from .stored_arrays import read_variable
from .texts import Texts

_NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable"


def read_groups(data: bytes, budget: Budget) -> Group:
    """The group of a file's bytes. Raises ProblemError, which names the place in the file."""
    import h5py

    reading = None
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            reading = OpenFile(data=data, budget=budget, texts=Texts(data))
            return _group(reading, h5py.h5g.open(file.id, b"/"), "", {}, 0)
    except ProblemError:
        raise
    # whatever the HDF5 library meets in a damaged file: its own exceptions have many types
    except Exception as error:
        said = " ".join(str(error).split())
        raise ProblemError(
            in_words(reading.place if reading else ""),
            expected="a sound HDF5 structure",
            received=f"one that the HDF5 library cannot follow ({said[:200]})",
            advice=DAMAGED,
        ) from error


def _group(
    file: OpenFile, handle: Any, place: str, dimensions: dict[int, str], depth: int
) -> Group:
    """A group; ``dimensions`` {number: name} are those of the groups around it."""
    file.enter(handle, place)
    if depth > DEEPEST_GROUP:
        file.refuse(f"groups at most {DEEPEST_GROUP} deep", "deeper ones")
    result = Group(attributes=read_attributes(file, handle))
    members = _members(file, handle, place)
    dimensions = dict(dimensions)
    arrays = {name: member for name, member in members.items() if _is_array(member)}
    for name, array in arrays.items():  # all dimensions first: an array may name a later one
        file.enter(array, f"{place}/{name}")
        _note_dimension(file, array, name, dimensions)
    for name, array in arrays.items():
        file.place = f"{place}/{name}"
        if not _stands_for_dimension(file, array):
            result.variables[name] = read_variable(file, array, name, dimensions)
    for name, member in members.items():
        if name not in arrays:
            result.groups[name] = _group(file, member, f"{place}/{name}", dimensions, depth + 1)
    return result


def _members(file: OpenFile, handle: Any, place: str) -> dict[str, Any]:
    """{name: object} of a group, in the order in which they were made."""
    from h5py import h5, h5g, h5l, h5o

    if handle.get_num_objs() > MOST_OBJECTS:
        file.refuse(f"at most {MOST_OBJECTS} members", f"{handle.get_num_objs()}")
    names: list[bytes] = []
    index = creation_order(handle.get_create_plist().get_link_creation_order(), h5)
    handle.links.iterate(names.append, idx_type=index)
    members = {}
    for raw in names:
        name = file.word(raw)
        file.place = f"{place}/{name}"
        kind = handle.links.get_info(raw).type
        if kind != h5l.TYPE_HARD:
            words = {
                h5l.TYPE_SOFT: "a soft link",
                h5l.TYPE_EXTERNAL: "a link into another file",
            }
            file.refuse("everything in this one file, without links", words.get(kind, "a link"))
        member = h5o.open(handle, raw)
        if not (_is_array(member) or isinstance(member, h5g.GroupID)):
            file.refuse("groups and arrays", "a named data type")
        members[name] = member
    return members


def _note_dimension(file: OpenFile, handle: Any, name: str, dimensions: dict[int, str]) -> None:
    """Note the number of an array that gives an axis its name."""
    number = bookkeeping(file, handle, ID)
    if bookkeeping(file, handle, CLASS) == b"DIMENSION_SCALE" and isinstance(number, int):
        dimensions[number] = name


def _stands_for_dimension(file: OpenFile, handle: Any) -> bool:
    """Whether an array is but the name of an axis, without values."""
    name = bookkeeping(file, handle, NAME)
    return isinstance(name, bytes) and name.startswith(_NO_VARIABLE.encode())


def _is_array(handle: object) -> bool:
    from h5py import h5d

    return isinstance(handle, h5d.DatasetID)
