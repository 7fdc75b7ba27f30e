"""Symbolic matrices entry by entry."""

from collections.abc import Callable

import casadi as ca


def entrywise(function: Callable[[ca.SX], ca.SX], matrix: ca.SX) -> ca.SX:
    """A function of the stored entries (z, 1), formed once for entries that are one expression, as
    both halves of a Hessian."""
    entries, index = unique_entries(matrix)
    return ca.SX(matrix.sparsity(), function(entries)[index]) if index else matrix


def unique_entries(matrix: ca.SX) -> tuple[ca.SX, list[int]]:
    """The stored entries that are different expressions (z, 1), and for every stored entry which of
    them it is.
    """
    places: dict[int, int] = {}
    entries, index = [], []
    for entry in matrix.nonzeros():
        key = entry.element_hash()
        if key not in places:
            places[key] = len(entries)
            entries.append(entry)
        index.append(places[key])
    return ca.vertcat(*entries), index
