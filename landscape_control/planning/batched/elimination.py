"""Elimination of unknowns from a symmetric system, as expressions: static condensation and chains.

Hx = -g is reduced as LDLᵀ: unknown i is dxᵢ = -(gᵢ + Σ hᵢⱼ xⱼ), and what is left is the Schur
complement of the others. H is positive definite if all pivots d are positive, and Σ gᵢ²/dᵢ over all
unknowns, each with its reduced gᵢ, is gᵀH⁻¹g, twice the fall of the quadratic model.
"""

from dataclasses import dataclass

import casadi as ca
import numpy as np

from ...support.elementwise import Elementwise
from ..transcription.entries import stored_entries


@dataclass(frozen=True, kw_only=True, eq=False)
class Reduced:
    """A system after its first unknowns are eliminated.

    Attributes
    ----------
    schur : (m(m+1)/2, 1), upper half of the Schur complement of the m others, row by row
    slope : (m, 1), their reduced gradient
    solved : the eliminated unknowns for xⱼ = 0: gᵢ/dᵢ (e, 1)
    factors : the entries hᵢⱼ/dᵢ that are not zero by structure
    pattern : their places (i, j)
    lowest : the smallest pivot
    fall : Σ gᵢ²/dᵢ
    """

    schur: ca.SX
    slope: ca.SX
    solved: ca.SX
    factors: ca.SX
    pattern: tuple[tuple[int, int], ...]
    lowest: ca.SX
    fall: ca.SX


def eliminated(hessian: ca.SX, gradient: ca.SX, first: int) -> Reduced:
    """Eliminate the ``first`` unknowns of a symmetric system, one after the other.

    Only the upper half is read: of the outer products that are subtracted the lower one is never
    computed.
    """
    matrix, slope = hessian, gradient
    solved, factors, pattern, pivots = [], [], [], []
    fall = ca.SX(0)
    for i in range(first):
        pivot, row = matrix[0, 0], matrix[0, 1:]
        step = slope[0] / pivot
        factor = row / pivot
        fall += slope[0] * step
        slope = slope[1:, 0] - row.T * step
        matrix = matrix[1:, 1:] - factor.T @ row
        pivots.append(pivot)
        solved.append(step)
        factors += stored_entries(factor)
        columns = factor.sparsity().get_triplet()[1]
        pattern += [(i, i + 1 + column) for column in columns]
    return Reduced(
        schur=packed(matrix),
        slope=slope,
        solved=ca.vertcat(*solved),
        factors=ca.vertcat(*factors),
        pattern=tuple(pattern),
        lowest=_smallest(pivots),
        fall=fall,
    )


def unpacked(upper: ca.SX, size: int) -> ca.SX:
    """The symmetric matrix of an upper half that is stored row by row."""
    matrix = ca.SX(size, size)
    for entry, (i, j) in enumerate(zip(*np.triu_indices(size), strict=True)):
        matrix[int(i), int(j)] = upper[entry]
        matrix[int(j), int(i)] = upper[entry]
    return matrix


def packed(matrix: ca.SX) -> ca.SX:
    """The upper half of a symmetric matrix, row by row."""
    size = matrix.shape[0]
    rows, columns = np.triu_indices(size)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return ca.vertcat(*[ca.SX(matrix[i, j]) for i, j in pairs])


def followed_back(reduced: Reduced, others: int) -> Elementwise:
    """(solved, factors, xⱼ) -> the eliminated unknowns x, for which Hx = -g."""
    count = reduced.solved.numel()
    solved = ca.SX.sym("solved", count)
    factors = ca.SX.sym("factors", len(reduced.pattern))
    after = ca.SX.sym("after", others)
    known: list[ca.SX] = [ca.SX(0)] * count + [after[j] for j in range(others)]
    places: dict[int, list[tuple[int, int]]] = {i: [] for i in range(count)}
    for entry, (row, column) in enumerate(reduced.pattern):
        places[row].append((entry, column))
    for i in reversed(range(count)):
        known[i] = -solved[i]
        for entry, column in places[i]:
            known[i] -= factors[entry] * known[column]
    function = ca.Function("followed_back", [solved, factors, after], [ca.vertcat(*known[:count])])
    return Elementwise(function)


def _smallest(values: list[ca.SX]) -> ca.SX:
    """NaN among several is passed over; it spoils what is left of the system."""
    smallest = values[0]
    for value in values[1:]:
        smallest = ca.fmin(smallest, value)
    return smallest
