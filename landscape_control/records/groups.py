"""A record in memory: named groups of attributes, labelled arrays and further groups.

What xarray calls DataTree and Variable, without its import (see ``netcdf``).
"""

from dataclasses import dataclass, field

import numpy as np


@dataclass(kw_only=True, eq=False)
class Variable:
    """An array (or a text, as a 0-d array of objects) with the names of its axes and what it means."""

    dims: tuple[str, ...]
    values: np.ndarray
    attributes: dict[str, str | int | float] = field(default_factory=dict)


@dataclass(kw_only=True, eq=False)
class Group:
    """Attributes (str, int, float), variables and groups by name."""

    attributes: dict[str, str | int | float] = field(default_factory=dict)
    variables: dict[str, Variable] = field(default_factory=dict)
    groups: dict[str, "Group"] = field(default_factory=dict)

    def separate(self, taken: dict[str, int] | None = None) -> None:
        """Rename axes that a group above uses for another length: along every path a name has one
        length.
        """
        taken = dict(taken or {})
        for variable in self.variables.values():
            lengths = zip(variable.dims, variable.values.shape, strict=True)
            variable.dims = tuple(_free(name, length, taken) for name, length in lengths)
        for group in self.groups.values():
            group.separate(taken)


def _free(name: str, length: int, taken: dict[str, int]) -> str:
    # NetCDF: a dimension is seen by all groups below the one that defines it
    while taken.setdefault(name, length) != length:
        name += "_inner"
    return name
