"""Symbolic matrices entry by entry."""

from collections.abc import Callable
from typing import cast

import casadi as ca


def stored_entries(matrix: ca.SX) -> list[ca.SX]:
    """The entries that are not zero by structure, column by column."""
    # scalars of class SX, whatever CasADi's stubs say
    return cast(list[ca.SX], matrix.nonzeros())


def entrywise(function: Callable[[ca.SX], ca.SX], matrix: ca.SX) -> ca.SX:
    """A function of the stored entries (z, 1), formed once for entries that are one expression.

    The two halves of a Hessian are such entries.
    """
    entries, index = unique_entries(matrix)
    if not index:
        return matrix
    return ca.SX(matrix.sparsity(), function(entries)[index])


def unique_entries(matrix: ca.SX) -> tuple[ca.SX, list[int]]:
    """The different expressions among the stored entries (z, 1), and which of them each entry is."""
    places: dict[int, int] = {}
    entries: list[ca.SX] = []
    index: list[int] = []
    for entry in stored_entries(matrix):
        key = entry.element_hash()
        if key not in places:
            places[key] = len(entries)
            entries.append(entry)
        index.append(places[key])
    return ca.vertcat(*entries), index
