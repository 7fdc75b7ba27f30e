"""The condensed action program with derivatives assembled from one mapped element.

Differentiating the whole graph makes build time grow with the number of elements; here gradient and
Hessian of one element are built once, mapped over the elements and scattered into the banded whole.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import casadi as ca
import numpy as np

from ...model.problem import Model
from .base import Stage, Transcription
from .entries import stored_entries
from .numbers import NumberLayout, length_at
from .quadrature import lobatto, lobatto_matrices

TerminalCost = Callable[[Model, SimpleNamespace, ca.SX], ca.SX]  # (model, numbers, state)


def mapped_derivatives(
    model: Model,
    transcription: Transcription,
    stage: Stage,
    layout: NumberLayout,
    terminal_cost: TerminalCost,
) -> tuple[dict[str, Any], dict[str, ca.Function], dict[str, np.ndarray]]:
    """(nlp, options, rows) of the condensed program in the stage variables of a discretised action."""
    n, count, width = layout.dimension, transcription.elements, stage.width
    z, p = ca.MX.sym("z", count * width), ca.MX.sym("p", layout.size + count + 1)
    vector, vertices = p[: layout.size], p[layout.size :]
    numbers = layout.unpack(vector)

    # what every element is a function of: its left state, which ends the stage before, and its stage
    padded = ca.vertcat(ca.MX(n, 1), z)
    inputs = (
        ca.horzcat(*[padded[k * width : (k + 1) * width + n] for k in range(count)]),
        vertices[:-1].T,
        vertices[1:].T,
        ca.repmat(vector, 1, count),
    )
    value, slope, curvature, pattern = _element(model, transcription, stage, layout)
    last = z[-n:]
    end_value, end_slope, end_curvature = _terminal(model, layout, terminal_cost)
    cost = ca.sum2(value.map(count)(*inputs)) + end_value(last, vector)

    slopes = ca.vec(slope.map(count)(*inputs)[1])
    gradient = _scatter(np.arange(width + n), count, width, n) @ slopes
    gradient = ca.vertcat(gradient[:-n], gradient[-n:] + end_slope(last, vector))

    factor = ca.MX.sym("lam_f")
    hessian = _hessian(curvature.map(count)(*inputs), pattern, count, width, n)
    before = width * count - n
    hessian += ca.diagcat(ca.MX(before, before), ca.triu(end_curvature(last, vector)))

    g = ca.MX(0, 1)
    if layout.fixed_end:
        g = last - (numbers.end - numbers.start) / length_at(numbers, 1.0)
    lam_g = ca.MX.sym("lam_g", g.numel())
    options = {
        "grad_f": ca.Function(
            "nlp_grad_f", [z, p], [cost, gradient], ["x", "p"], ["f", "grad_f_x"]
        ),
        "hess_lag": ca.Function(
            "nlp_hess_l",
            [z, p, factor, lam_g],
            [factor * hessian],
            ["x", "p", "lam_f", "lam_g"],
            ["triu_hess_gamma_x_x"],
        ),
    }
    rows = {"end": np.arange(n)} if layout.fixed_end else {}
    return {"x": z, "f": cost, "g": g, "p": p}, options, rows


def _element(
    model: Model, transcription: Transcription, stage: Stage, layout: NumberLayout
) -> tuple[ca.Function, ca.Function, ca.Function, tuple[np.ndarray, np.ndarray]]:
    """Value, gradient and upper Hessian entries of one element in y = (x, w), and their places."""
    n = layout.dimension
    y, vector = ca.SX.sym("y", n + stage.width), ca.SX.sym("p", layout.size)
    left, right = ca.SX.sym("left"), ca.SX.sym("right")
    arguments = [y, left, right, vector]
    cost = stage.function(y[:n], y[n:], left, right, vector)[1]
    value = ca.Function("element_cost", arguments, [cost])
    slope = ca.Function("element_gradient", arguments, [cost, ca.densify(ca.gradient(cost, y))])
    if has_quadratic_effort(model):
        hessian = effort_hessian(model, transcription, layout, arguments)
    else:
        hessian = ca.hessian(cost, y)[0]
    hessian = ca.triu(hessian)
    rows, columns = hessian.sparsity().get_triplet()
    curvature = ca.Function("element_hessian", arguments, [ca.vertcat(*stored_entries(hessian))])
    return value, slope, curvature, (np.array(rows), np.array(columns))


def has_quadratic_effort(model: Model) -> bool:
    """Whether the effort is quadratic in path and velocity: G and B constant, f affine.

    The Hessian of L is then all that depends on θ.
    """
    return model.has_constant_effort and model.drift_matrix is not None


def effort_hessian(
    model: Model, transcription: Transcription, layout: NumberLayout, arguments: list[ca.SX]
) -> ca.SX:
    """Hessian of an element of the discretised action, where the effort is quadratic.

    Cheaper to build and to evaluate than what differentiation gives. With θ = start + l_q y_q at
    node q and p_q = θ̇ - Aθ - c = Σ_j (D_qj/h - δ_qj A) l_j y_j + … the effort is
    Σ_q w_q p_qᵀMp_q/2η, M = B⁻ᵀGB⁻¹, so that its Hessian is a sum of Kronecker products; ∇²L at the
    nodes adds the rest.
    """
    y, left, right, vector = arguments
    n, nodes = layout.dimension, lobatto(transcription.degree + 1)
    derivative, _ = lobatto_matrices(transcription.degree + 1)
    numbers = layout.unpack(vector)
    origin = np.zeros(n)
    inverse = np.linalg.inv(model.actuation(origin)[0])
    mass = inverse.T @ model.metric(origin)[0] @ inverse
    theta = ca.SX.sym("theta", n)
    curvature = ca.Function("curvature", [theta], [ca.hessian(model.loss_at(theta), theta)[0]])
    width = numbers.horizon * (right - left)
    fractions = [left + (right - left) * position for position in nodes.points]
    units = [length_at(numbers, fraction) for fraction in fractions]
    weights = [
        weight * width * ca.exp(-numbers.discount * numbers.horizon * fraction) / numbers.cost
        for fraction, weight in zip(fractions, nodes.weights, strict=True)
    ]

    # the effort: Kronecker products of matrices over the nodes with matrices over the parameters
    unit = ca.diag(ca.vertcat(*units))
    price = ca.diag(ca.vertcat(*weights)) / numbers.learning_rate
    velocities = ca.DM(derivative) @ unit / width
    total = ca.kron(velocities.T @ price @ velocities, _sparse(mass))
    affine = model.drift_matrix  # no other drift is condensed
    if model.has_drift and affine is not None:
        matrix = affine[0]
        mixed = ca.kron(velocities.T @ price @ unit, _sparse(mass @ matrix))
        total += ca.kron(unit @ price @ unit, _sparse(matrix.T @ mass @ matrix)) - mixed - mixed.T

    # the loss: one block for every node
    blocks = []
    for q, unit_q in enumerate(units):
        bend = curvature(numbers.start + unit_q * y[q * n : (q + 1) * n])
        blocks.append(weights[q] * unit_q**2 * numbers.loss_weight * bend)
    return total + ca.diagcat(*blocks)


def _sparse(matrix: np.ndarray) -> ca.DM:
    return ca.sparsify(ca.DM(matrix))


def _terminal(
    model: Model, layout: NumberLayout, terminal_cost: TerminalCost
) -> tuple[ca.Function, ca.Function, ca.Function]:
    """Value, gradient and Hessian of what is paid at the end, in the scaled end state."""
    state, vector = ca.SX.sym("state", layout.dimension), ca.SX.sym("p", layout.size)
    value = terminal_cost(model, layout.unpack(vector), state)
    hessian, gradient = ca.hessian(value, state)
    arguments = [state, vector]
    return (
        ca.Function("end_cost", arguments, [value]),
        ca.Function("end_gradient", arguments, [gradient]),
        ca.Function("end_hessian", arguments, [hessian]),
    )


def _scatter(local: np.ndarray, count: int, width: int, n: int) -> ca.DM:
    """Sparse 0-1 matrix that adds element entries into the variables, of which the start is none."""
    target = np.concatenate([local + k * width for k in range(count)]) - n
    keep = target >= 0
    return _ones(target[keep], np.nonzero(keep)[0], count * width, len(target))


def _hessian(
    entries: ca.MX, pattern: tuple[np.ndarray, np.ndarray], count: int, width: int, n: int
) -> ca.MX:
    """The banded upper Hessian from the elements' entries, at ``pattern`` = (rows, columns)."""
    size = count * width
    rows = np.concatenate([pattern[0] + k * width for k in range(count)]) - n
    columns = np.concatenate([pattern[1] + k * width for k in range(count)]) - n
    keep = rows >= 0  # not the start, in whose rows the lower indices stand
    # column by column, as CasADi stores them; entries of shared vertices come together
    unique, position = np.unique(columns[keep] * size + rows[keep], return_inverse=True)
    scatter = _ones(position, np.nonzero(keep)[0], len(unique), len(rows))
    sparsity = ca.Sparsity.triplet(size, size, (unique % size).tolist(), (unique // size).tolist())
    return ca.MX(sparsity, scatter @ ca.vec(entries))


def _ones(rows: np.ndarray, columns: np.ndarray, height: int, width: int) -> ca.DM:
    """Sparse matrix with a one at each (row, column), at most one per column."""
    ones = ca.DM.ones(len(rows))
    return ca.DM.triplet(rows.tolist(), columns.tolist(), ones, height, width)
