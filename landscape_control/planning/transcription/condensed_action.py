"""The condensed action program with derivatives assembled from one mapped element.

Differentiating the whole graph makes build time grow with the number of elements; here gradient and
Hessian of one element are built once, mapped over the elements and scattered into the banded whole.
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
    factor, hessian = (
        ca.MX.sym("lam_f"),
        _hessian(curvature.map(count)(*inputs), pattern, count, width, n),
    )
    hessian += ca.diagcat(
        ca.MX(width * count - n, width * count - n), ca.triu(end_curvature(last, vector))
    )
    g = (
        last - (numbers.end - numbers.start) / length_at(numbers, 1.0)
        if layout.fixed_end
        else ca.MX(0, 1)
    )
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


def _element(model, transcription, stage, layout):
    """Value, gradient and upper Hessian entries of one element in y = (x, w)."""
    n = layout.dimension
    y, left, right, vector = (
        ca.SX.sym(*args)
        for args in (("y", n + stage.width), ("left",), ("right",), ("p", layout.size))
    )
    arguments = [y, left, right, vector]
    cost = stage.function(y[:n], y[n:], left, right, vector)[1]
    value = ca.Function("element_cost", arguments, [cost])
    slope = ca.Function("element_gradient", arguments, [cost, ca.densify(ca.gradient(cost, y))])
    hessian = ca.triu(
        effort_hessian(model, transcription, layout, arguments)
        if has_quadratic_effort(model)
        else ca.hessian(cost, y)[0]
    )
    rows, cols = hessian.sparsity().get_triplet()
    curvature = ca.Function("element_hessian", arguments, [ca.vertcat(*hessian.nonzeros())])
    return value, slope, curvature, (np.array(rows), np.array(cols))


def has_quadratic_effort(model):
    """Whether the effort is quadratic in path and velocity: G and B constant, f affine. L is then
    all that is not known.
    """
    return (
        model.constant["metric"] and model.constant["actuation"] and model.drift_matrix is not None
    )


def effort_hessian(model, transcription, layout, arguments):
    """Hessian of an element of the discretised action, cheaper to build and to evaluate than by
    differentiation.

    With θ = start + l_q y_q at node q and p_q = θ̇ - Aθ - c = Σ_j (D_qj/h - δ_qj A) l_j y_j + … the
    effort is Σ_q w_q p_qᵀMp_q/2η, M = B⁻ᵀGB⁻¹, so that its Hessian is a sum of Kronecker products;
    ∇²L at the nodes adds the rest.
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
    fractions = [left + (right - left) * c for c in nodes.points]
    units = [length_at(numbers, fraction) for fraction in fractions]
    weights = [
        w * width * ca.exp(-numbers.discount * numbers.horizon * fraction) / numbers.cost
        for fraction, w in zip(fractions, nodes.weights, strict=True)
    ]
    unit, weight = (
        ca.diag(ca.vertcat(*units)),
        ca.diag(ca.vertcat(*weights)) / numbers.learning_rate,
    )
    velocities = ca.DM(derivative) @ unit / width
    total = ca.kron(velocities.T @ weight @ velocities, _sparse(mass))
    if model.has_drift:
        matrix = model.drift_matrix[0]
        mixed = ca.kron(velocities.T @ weight @ unit, _sparse(mass @ matrix))
        total += ca.kron(unit @ weight @ unit, _sparse(matrix.T @ mass @ matrix)) - mixed - mixed.T
    blocks = [
        weights[q]
        * unit_q**2
        * numbers.loss_weight
        * curvature(numbers.start + unit_q * y[q * n : (q + 1) * n])
        for q, unit_q in enumerate(units)
    ]
    return total + ca.diagcat(*blocks)


def _sparse(matrix):
    return ca.sparsify(ca.DM(matrix))


def _terminal(model, layout, terminal_cost):
    state, vector = ca.SX.sym("state", layout.dimension), ca.SX.sym("p", layout.size)
    value = terminal_cost(model, layout.unpack(vector), state)
    hessian, gradient = ca.hessian(value, state)
    return tuple(
        ca.Function(name, [state, vector], [expression])
        for name, expression in (
            ("end_cost", value),
            ("end_gradient", gradient),
            ("end_hessian", hessian),
        )
    )


def _scatter(local, count, width, n):
    """Sparse 0-1 matrix that adds element entries into the variables; the start state is not a
    variable.
    """
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
