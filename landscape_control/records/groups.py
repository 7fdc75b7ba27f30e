"""A record in memory: named groups of attributes, labelled arrays and further groups; to xarray and back, with a digest."""

import hashlib
import json
from dataclasses import dataclass, field

import numpy as np

_COMPRESSED = 4096  # entries from which an array is compressed


@dataclass(kw_only=True, eq=False)
class Variable:
    """An array (or a text, as a 0-d array of str) with the names of its axes and what it means."""

    dims: tuple[str, ...]
    values: np.ndarray
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True, eq=False)
class Group:
    """Attributes (str, int, float), variables and groups by name."""

    attributes: dict[str, str | int | float] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    groups: dict[str, "Group"] = field(default_factory=dict)

    def separate(self, taken: dict[str, int] | None = None) -> None:
        """Rename axes that a group above uses for another length: in one file a name has one length along every path."""
        taken = dict(taken or {})
        for variable in self.variables.values():
            lengths = zip(variable.dims, variable.values.shape, strict=True)
            variable.dims = tuple(_free(name, length, taken) for name, length in lengths)
        for group in self.groups.values():
            group.separate(taken)

    def digest(self) -> str:
        """SHA-256 over everything in the group, to the last bit, the order of names aside."""
        found = hashlib.sha256()
        self._feed(found, "/")
        return found.hexdigest()

    def _feed(self, found, path):
        found.update(json.dumps([path, sorted(map(_exactly, self.attributes.items()))]).encode())
        for name, variable in sorted(self.variables.items()):
            values = variable.values
            text = values.dtype.kind in "OU"
            kind = "text" if text else values.dtype.str
            found.update(json.dumps([path, name, list(variable.dims), list(values.shape), kind,
                                     sorted(map(_exactly, variable.attributes.items()))]).encode())
            found.update(json.dumps(values.tolist()).encode() if text else np.ascontiguousarray(values).tobytes())
        for name, group in sorted(self.groups.items()):
            group._feed(found, f"{path}{name}/")


def _free(name, length, taken):
    while taken.setdefault(name, length) != length:
        name += "_inner"
    return name


def _exactly(item):
    name, value = item
    return [name, type(value).__name__, value.hex() if isinstance(value, float) else str(value)]


def to_datatree(group: Group):
    """The xarray.DataTree of a group."""
    import xarray

    return xarray.DataTree.from_dict(dict(_datasets(group, "/")))


def _datasets(group, path):
    import xarray

    variables = {name: (v.dims, v.values, v.attributes) for name, v in group.variables.items()}
    yield path, xarray.Dataset(variables, attrs=group.attributes)
    for name, inner in group.groups.items():
        yield from _datasets(inner, f"{path.rstrip('/')}/{name}")


def encoding(group: Group, path: str = "/") -> dict:
    """How each variable is stored: no fill values, large arrays compressed."""
    own = {}
    for name, variable in group.variables.items():
        own[name] = {"_FillValue": None}
        if variable.values.dtype.kind not in "OU" and variable.values.size >= _COMPRESSED:
            own[name] |= {"zlib": True, "complevel": 1, "shuffle": True}
    found = {path: own}
    for name, inner in group.groups.items():
        found |= encoding(inner, f"{path.rstrip('/')}/{name}")
    return found


def from_datatree(tree) -> Group:
    """The group of a loaded DataTree."""
    dataset = tree.to_dataset(inherit=False)
    variables = {name: Variable(dims=tuple(map(str, array.dims)), values=_plain(array.values), attributes=_attributes(array))
                 for name, array in dataset.variables.items()}
    return Group(attributes=_attributes(dataset), variables=variables,
                 groups={name: from_datatree(child) for name, child in tree.children.items()})


def _attributes(labelled):
    found = {}
    for name, value in labelled.attrs.items():
        value = value.item() if isinstance(value, np.generic | np.ndarray) and np.size(value) == 1 else value
        found[name] = value
    return found


def _plain(values):
    """Native byte order; texts as objects."""
    if values.dtype.kind in "OU":
        return np.array(values.tolist(), dtype=object).reshape(values.shape)
    return np.array(values, dtype=values.dtype.newbyteorder("="))
