"""The second variation of the action over the nodes' θ, as compiled expressions.

It is what ``curvature`` tests where B is invertible.

Per element ∫ e^{-γ(t - t₀)} (δθ, δθ̇)ᵀ ∂²(effort + kL) (δθ, δθ̇) dt for variations that are
polynomials through the nodes, by Gauss quadrature. Only entries that are not zero for every θ are
formed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import casadi as ca
import numpy as np
from scipy.linalg.lapack import dpbtrf

from ...model.problem import ControlProblem, Model
from ...support.interpolation import node_index
from ..transcription.action import eliminated_control
from ..transcription.entries import stored_entries
from .inside import inner_matrices

NEUTRAL = 1e-5  # efforts are stiffened by this fraction, see ``Curvature``
_VALUE, _SLOPE = 0, 1


def is_varied(model: Model) -> bool:
    """Whether the test reads these expressions: B is invertible, and the problem not convex."""
    return model.is_invertible and not is_convex(model)


def is_convex(model: Model) -> bool:
    """Whether J is convex: L and Φ convex quadratics, f affine, G and B constant."""
    if "convex" not in model.cache:
        ends_quadratic = model.terminal is None or model.terminal_is_quadratic
        is_quadratic = model.is_linear_quadratic and ends_quadratic
        model.cache["convex"] = is_quadratic and _quadratics_are_convex(model)
    return model.cache["convex"]


def _quadratics_are_convex(model: Model) -> bool:
    origin = np.zeros((1, model.dimension))
    hessians = [model.landscape.hessian(origin)[0]]
    if model.terminal is not None:
        hessians.append(model.terminal_derivatives(origin)[1][0])
    return all(_is_semidefinite(hessian) for hessian in hessians)


def _is_semidefinite(hessian: np.ndarray) -> bool:
    values = np.linalg.eigvalsh(hessian)
    return bool(values[0] >= -1e-13 * np.abs(values).max())


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """Entries of ∂²(effort + kL) at a point that multiply variations of one kind.

    Attributes
    ----------
    left, right : _VALUE or _SLOPE of the variations on either side
    rows, columns : (z,), where the entries stand in (n, n)
    values : (z, 1), expression in (θ, θ̇, [η, k])
    same : whether it is the same at all points
    """

    left: int
    right: int
    rows: np.ndarray
    columns: np.ndarray
    values: ca.SX
    same: bool


def parts(model: Model, theta: ca.SX, velocity: ca.SX, pair: ca.SX) -> list[Part]:
    """∂²(effort + kL)/∂(θ, θ̇)² in these symbols, with u = B⁻¹(θ̇ - f); ``pair`` is [η, k]."""
    n = model.dimension
    u = eliminated_control(model, theta, velocity)
    effort = ca.dot(u, model.metric_at(theta) @ u) / (2 * pair[0])
    potential = pair[1] * model.loss_at(theta)
    both = ca.vertcat(theta, velocity)
    # apart from each other, so that an effort with the same Hessian everywhere is seen as such
    kinetic = ca.hessian(effort, both)[0]
    kinetic[n:, n:] *= 1 + NEUTRAL
    kinetic = ca.cse(kinetic)
    efforts = list(blocks(kinetic, n, both))
    bend = ca.hessian(potential, theta)[0]
    # entries between values are needed at every point anyhow: one part for effort and loss together
    if any(_is_between_values(part) and not part.same for part in efforts):
        efforts = [part for part in efforts if not _is_between_values(part)]
        bend = bend + kinetic[:n, :n]
    return [*efforts, *blocks(ca.diagcat(bend, ca.SX(n, n)), n, both)]


def _is_between_values(part: Part) -> bool:
    return part.left == part.right == _VALUE


def blocks(hessian: ca.SX, n: int, both: ca.SX) -> Iterator[Part]:
    """The parts of a Hessian (2n, 2n) in ``both`` = (θ, θ̇)."""
    spans = (slice(0, n), slice(n, 2 * n))
    for left, right in ((_VALUE, _VALUE), (_VALUE, _SLOPE), (_SLOPE, _VALUE), (_SLOPE, _SLOPE)):
        block = hessian[spans[left], spans[right]]
        if not block.nnz():
            continue
        rows, columns = map(np.array, block.sparsity().get_triplet())
        values = ca.vertcat(*stored_entries(block))
        same = not ca.depends_on(values, both)
        yield Part(left=left, right=right, rows=rows, columns=columns, values=values, same=same)


def split_rows(rows: ca.MX, form_parts: list[Part], first: int = 0) -> tuple[list[ca.MX], int]:
    """The values of the parts from the rows of all of them, which begin at ``first``; and the end.

    Rows (·, Kq) of values at all points; of a part that is the same everywhere one column is kept.
    """
    values = []
    for part in form_parts:
        last = first + len(part.rows)
        points = 0 if part.same else slice(None)
        values.append(rows[first:last, points])
        first = last
    return values, first


def element_entries(
    form_parts: list[Part],
    values: list[ca.MX],
    positions: tuple[float, ...],
    inside: int,
    lengths: ca.MX,
    fade: ca.MX,
    discount: ca.MX,
) -> ca.MX:
    """All entries of all elements as one column, in the order of ``band_index``.

    ``values`` are those of the parts at ``inside`` = q points per element, (z, Kq), or (z, 1) where
    they are the same everywhere; ``lengths`` (1, K) those of the elements, ``fade`` (1, Kq) the
    weights of the quadrature in current value. Nodes are scaled by e^{γt/2}: a congruence, which
    keeps late ones in sight however long the horizon is in units of 1/γ.
    """
    count = lengths.shape[1]
    later, earlier = pairs(len(positions))
    at_pairs = ca.DM(np.array(positions)[later] + np.array(positions)[earlier]).T
    to_pairs = ca.kron(ca.DM.eye(count), ca.DM.ones(1, len(later)))
    scale = ca.exp(discount / 2 * (lengths @ to_pairs) * ca.repmat(at_pairs, 1, count))
    entries = []
    products = _products(positions, inside)
    for part, value in zip(form_parts, values, strict=True):
        product = ca.kron(ca.DM.eye(count), ca.DM(products[part.left, part.right]))
        # variations are taken in τ, the fraction of the element: d/dt = (d/dτ)/h
        scaled = scale / ((lengths @ to_pairs) ** (part.left + part.right))
        if part.same:
            formed = value @ (scaled * (fade @ product))
        else:
            rows = value.shape[0]
            formed = ca.repmat(scaled, rows, 1) * ((ca.repmat(fade, rows, 1) * value) @ product)
        entries.append(ca.vec(formed))
    return ca.vertcat(*entries)


@dataclass(frozen=True, kw_only=True, eq=False)
class BandIndex:
    """Where entries go in LAPACK's lower band storage over all nodes but the first."""

    places: np.ndarray
    size: int
    width: int  # bandwidth

    def band(self, entries: np.ndarray) -> np.ndarray:
        """(bandwidth + 1, size), column by column."""
        total = self.size * (self.width + 1)
        sums = np.bincount(self.places, weights=entries.ravel(), minlength=total + 1)
        return sums[:total].reshape(self.size, self.width + 1).T


def band_index(form_parts: list[Part], count: int, degree: int, n: int) -> BandIndex:
    """Where the entries of ``element_entries`` go.

    Those that go nowhere, of the upper half or of the start, get the first index behind the band.
    """
    size, width = count * degree * n, (degree + 1) * n - 1
    nodes = node_index(count, degree) - 1  # the start does not vary
    later, earlier = pairs(degree + 1)
    places = []
    for part in form_parts:
        rows = nodes[:, later, None] * n + part.rows
        columns = nodes[:, earlier, None] * n + part.columns
        place = columns * (width + 1) + rows - columns
        is_kept = (rows >= columns) & (columns >= 0)
        places.append(np.where(is_kept, place, size * (width + 1)).ravel())
    return BandIndex(places=np.concatenate(places), size=size, width=width)


def with_end(
    band: np.ndarray, problem: ControlProblem, end_curvature: np.ndarray | None
) -> np.ndarray:
    """The band over the nodes that are free, with what follows the last node.

    A fixed end does not vary; a free one has the curvature of the terminal cost or of the tail.
    """
    n = problem.dimension
    if problem.end is not None:
        return band[:, :-n]
    if end_curvature is None:
        return band
    band, first = band.copy(order="F"), band.shape[1] - n
    for row, column in zip(*np.tril_indices(n), strict=True):
        band[row - column, first + column] += end_curvature[row, column]
    return band


def is_positive(band: np.ndarray) -> bool:
    """Whether a banded symmetric matrix is finite and has a Cholesky factor."""
    finite = np.isfinite(band[0]).all()  # a diagonal that is finite and factors bounds the rest
    _, failed = dpbtrf(band, lower=1)
    return bool(finite and not failed)


@lru_cache(maxsize=32)
def pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (i, j), i ≥ j, of an element: the lower half of its Hessian, block by block."""
    return np.tril_indices(count)


@lru_cache(maxsize=64)
def _products(positions: tuple[float, ...], inside: int) -> dict[tuple[int, int], np.ndarray]:
    """Products of the variations' values or slopes at the Gauss points, for all pairs of nodes.

    {(left, right): (q, pairs)}.
    """
    _, _, *shapes = inner_matrices(positions, inside)
    later, earlier = pairs(len(positions))
    kinds = (_VALUE, _SLOPE)
    return {
        (left, right): shapes[left][:, later] * shapes[right][:, earlier]
        for left in kinds
        for right in kinds
    }
