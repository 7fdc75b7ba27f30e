"""Symbolic matrices entry by entry."""

from collections.abc import Callable

import casadi as ca


def entrywise(function: Callable[[ca.SX], ca.SX], matrix: ca.SX) -> ca.SX:
    """The function of every stored entry, formed once for entries that are one expression, as both halves of a Hessian."""
    made: dict[int, ca.SX] = {}
    entries = []
    for entry in matrix.nonzeros():
        key = entry.element_hash()
        if key not in made:
            made[key] = function(entry)
        entries.append(made[key])
    return ca.SX(matrix.sparsity(), ca.vertcat(*entries)) if entries else matrix
