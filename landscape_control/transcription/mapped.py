"""The condensed action program with derivatives assembled from one mapped element.

Differentiating the whole graph makes build time grow with the number of elements; here gradient and Hessian of one
element are built once, mapped over the elements and scattered into the banded whole.
"""

import casadi as ca
import numpy as np

from .numbers import length_at
from .quadrature import lobatto, lobatto_matrices


def mapped_derivatives(model, transcription, stage, layout, terminal_cost):
    """(nlp, options, rows) of the condensed program in the stage variables of a discretised action."""
    n, count, width = layout.dimension, transcription.elements, stage.width
    z, p = ca.MX.sym("z", count * width), ca.MX.sym("p", layout.size + count + 1)
    vector, vertices = p[: layout.size], p[layout.size :]
    numbers = layout.unpack(vector)
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
    factor, hessian = ca.MX.sym("lam_f"), _hessian(curvature.map(count)(*inputs), pattern, count, width, n)
    hessian += ca.diagcat(ca.MX(width * count - n, width * count - n), ca.triu(end_curvature(last, vector)))
    g = last - (numbers.end - numbers.start) / length_at(numbers, 1.0) if layout.fixed_end else ca.MX(0, 1)
    lam_g = ca.MX.sym("lam_g", g.numel())
    options = {
        "grad_f": ca.Function("nlp_grad_f", [z, p], [cost, gradient], ["x", "p"], ["f", "grad_f_x"]),
        "hess_lag": ca.Function(
            "nlp_hess_l", [z, p, factor, lam_g], [factor * hessian], ["x", "p", "lam_f", "lam_g"], ["triu_hess_gamma_x_x"]
        ),
    }
    rows = {"end": np.arange(n)} if layout.fixed_end else {}
    return {"x": z, "f": cost, "g": g, "p": p}, options, rows


def _element(model, transcription, stage, layout):
    """Value, gradient and upper Hessian entries of one element in y = (x, w)."""
    n = layout.dimension
    y, left, right, vector = (
        ca.SX.sym(*args) for args in (("y", n + stage.width), ("left",), ("right",), ("p", layout.size))
    )
    arguments = [y, left, right, vector]
    cost = stage.function(y[:n], y[n:], left, right, vector)[1]
    value = ca.Function("element_cost", arguments, [cost])
    slope = ca.Function("element_gradient", arguments, [cost, ca.densify(ca.gradient(cost, y))])
    hessian = ca.triu(
        separable_hessian(model, transcription, layout, arguments)
        if is_separable(model, layout)
        else ca.hessian(cost, y)[0]
    )
    rows, cols = hessian.sparsity().get_triplet()
    curvature = ca.Function("element_hessian", arguments, [ca.vertcat(*hessian.nonzeros())])
    return value, slope, curvature, (np.array(rows), np.array(cols))


def is_separable(model, layout):
    """Whether θ̇ and θ enter the Lagrangian in separate terms: the Hessian is then kinetic + node blocks."""
    constant = model.constant["metric"] and model.constant["actuation"]
    return constant and not model.has_drift and not layout.growing


def separable_hessian(model, transcription, layout, arguments):
    """D'WD ⊗ B⁻ᵀGB⁻¹/η + blockdiag(w k ∇²L), cheaper to build than differentiating the element."""
    y, left, right, vector = arguments
    n, nodes = layout.dimension, lobatto(transcription.degree + 1)
    derivative, _ = lobatto_matrices(transcription.degree + 1)
    numbers = layout.unpack(vector)
    origin = np.zeros(n)
    inverse = np.linalg.inv(model.actuation(origin)[0])
    mass = ca.sparsify(ca.DM(inverse.T @ model.metric(origin)[0] @ inverse))
    theta = ca.SX.sym("theta", n)
    curvature = ca.Function("curvature", [theta], [ca.hessian(model.loss_at(theta), theta)[0]])
    width = numbers.horizon * (right - left)
    unit = numbers.length**2 / numbers.cost
    weights = [
        w * width * ca.exp(-numbers.discount * numbers.horizon * (left + (right - left) * c)) * unit
        for c, w in zip(nodes.points, nodes.weights, strict=True)
    ]
    kinetic = ca.DM(derivative.T) @ ca.diag(ca.vertcat(*weights)) @ ca.DM(derivative) / (width**2 * numbers.learning_rate)
    blocks = [
        w * numbers.loss_weight * curvature(numbers.start + numbers.length * y[q * n : (q + 1) * n])
        for q, w in enumerate(weights)
    ]
    return ca.kron(kinetic, mass) + ca.diagcat(*blocks)


def _terminal(model, layout, terminal_cost):
    state, vector = ca.SX.sym("state", layout.dimension), ca.SX.sym("p", layout.size)
    value = terminal_cost(model, layout.unpack(vector), state)
    hessian, gradient = ca.hessian(value, state)
    return tuple(
        ca.Function(name, [state, vector], [expression])
        for name, expression in (("end_cost", value), ("end_gradient", gradient), ("end_hessian", hessian))
    )


def _scatter(local, count, width, n):
    """Sparse 0-1 matrix that adds element entries into the variables; the start state is not a variable."""
    target = np.concatenate([local + k * width for k in range(count)]) - n
    keep = target >= 0
    return _ones(target[keep], np.nonzero(keep)[0], count * width, len(target))


def _hessian(entries, pattern, count, width, n):
    size = count * width
    rows = np.concatenate([pattern[0] + k * width for k in range(count)]) - n
    cols = np.concatenate([pattern[1] + k * width for k in range(count)]) - n
    keep = rows >= 0
    unique, position = np.unique(cols[keep] * size + rows[keep], return_inverse=True)
    scatter = _ones(position, np.nonzero(keep)[0], len(unique), len(rows))
    sparsity = ca.Sparsity.triplet(size, size, (unique % size).tolist(), (unique // size).tolist())
    return ca.MX(sparsity, scatter @ ca.vec(entries))


def _ones(rows, cols, height, width):
    """Sparse matrix with a one at each (row, col), at most one per column."""
    return ca.DM.triplet(rows.tolist(), cols.tolist(), ca.DM.ones(len(rows)), height, width)
