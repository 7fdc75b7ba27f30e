"""NetCDF-4 bytes as groups: everything is looked at before it is read, and little is left to the
HDF5 library.

The library finds groups, arrays and attributes. What could make it open another file, load a
plug-in or allocate more than the file is worth is refused first: links that are not hard, storage
outside the file, virtual arrays, types other than plain numbers and texts, filters other than
shuffle and deflate. Numbers are taken from the file's own bytes, at the places that the library
names.
"""

import io

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


def _group(file, found, place, dimensions, depth) -> Group:
    """A group; ``dimensions`` {number: name} are those of the groups around it."""
    file.enter(found, place)
    if depth > DEEPEST_GROUP:
        file.refuse(f"groups at most {DEEPEST_GROUP} deep", "deeper ones")
    result = Group(attributes=read_attributes(file, found))
    members = _members(file, found, place)
    dimensions = dict(dimensions)
    arrays = {name: one for name, one in members.items() if _is_array(one)}
    for name, one in arrays.items():
        file.enter(one, f"{place}/{name}")
        _note_dimension(file, one, name, dimensions)
    for name, one in arrays.items():
        file.place = f"{place}/{name}"
        if not _stands_for_dimension(file, one):
            result.variables[name] = read_variable(file, one, name, dimensions)
    for name, one in members.items():
        if name not in arrays:
            result.groups[name] = _group(file, one, f"{place}/{name}", dimensions, depth + 1)
    return result


def _members(file, found, place):
    """{name: object} of a group, in the order in which they were made."""
    from h5py import h5, h5g, h5l, h5o

    if found.get_num_objs() > MOST_OBJECTS:
        file.refuse(f"at most {MOST_OBJECTS} members", f"{found.get_num_objs()}")
    names, index = [], creation_order(found.get_create_plist().get_link_creation_order(), h5)
    found.links.iterate(names.append, idx_type=index)
    members = {}
    for raw in names:
        name = file.word(raw)
        file.place = f"{place}/{name}"
        kind = found.links.get_info(raw).type
        if kind != h5l.TYPE_HARD:
            words = {
                h5l.TYPE_SOFT: "a soft link",
                h5l.TYPE_EXTERNAL: "a link into another file",
            }
            file.refuse("everything in this one file, without links", words.get(kind, "a link"))
        one = h5o.open(found, raw)
        if not (_is_array(one) or isinstance(one, h5g.GroupID)):
            file.refuse("groups and arrays", "a named data type")
        members[name] = one
    return members


def _note_dimension(file, found, name, dimensions):
    """Note the number of an array that gives an axis its name."""
    number = bookkeeping(file, found, ID)
    if bookkeeping(file, found, CLASS) == b"DIMENSION_SCALE" and isinstance(number, int):
        dimensions[number] = name


def _stands_for_dimension(file, found):
    """Whether an array is but the name of an axis, without values."""
    name = bookkeeping(file, found, NAME)
    return isinstance(name, bytes) and name.startswith(_NO_VARIABLE.encode())


def _is_array(found):
    from h5py import h5d

    return isinstance(found, h5d.DatasetID)
