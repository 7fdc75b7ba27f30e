"""The pass over a path that certificates are made from, one compiled function per mesh size.

Everything that is a sum or a product over elements and the points inside them is formed here; what
needs a largest value, where NaN must stay NaN, is left to NumPy (``examination``).
"""

from dataclasses import dataclass
from functools import partial

import casadi as ca
import numpy as np

from ...model.problem import Model, inverse_metric
from ...support.pointwise import BySize
from ..solution import Plan
from ..transcription import Path
from ..transcription.action import eliminated_control
from .action_variation import Part, band_index, element_entries, is_varied, parts, split_rows
from .inside import mesh_matrices

SCALARS = 6  # numbers per point before the vectors, see ``measured``


@dataclass(frozen=True, kw_only=True, eq=False)
class Inspection:
    """What is found at q Gauss points inside each of K elements, and summed over them.

    Attributes
    ----------
    sums : (6,), ∫ e^{-γt} … dt along the path of the six numbers that ``measured`` begins with
    element_costs, powers : (K,), ∫ e^{-γt} (density) dt, and ∫ λᵀ(f + Bw) dt, over each element
    gaps : (n, K), ∫ (θ̇ - f - Bu) dt over each element, times e^{-γt/2} at its left end
    jumps : (n, K), e^{-γh} λ(t₁) - λ(t₀) + ∫ e^{-γ(t - t₀)} ∂H/∂θ dt, times e^{-γt/2} at its left
        end; the discount is integrated exactly, so that elements may be long in units of 1/γ
    moved, costates : (n, N+1), θ - θ(0) and λ at the nodes, times e^{-γt/2}
    energy : (K, q), H - γ∫λᵀθ̇ dt with the integral from the left end of the element
    effort, loss, unpaid, defect : (K, q), effort(w), kL, effort(w - u*), |θ̇ - f - Bu|²
    weights, half_fade : (K, q), of the quadrature in time units, and e^{-γt/2}
    band : (bandwidth + 1, Kdn), second variation of the action over all nodes but the first, in
        LAPACK's lower band storage and in current value, nodes scaled by e^{γt/2}, without what
        follows the last node; None where it is not read
    """

    sums: np.ndarray
    element_costs: np.ndarray
    powers: np.ndarray
    gaps: np.ndarray
    jumps: np.ndarray
    moved: np.ndarray
    costates: np.ndarray
    energy: np.ndarray
    effort: np.ndarray
    loss: np.ndarray
    unpaid: np.ndarray
    defect: np.ndarray
    weights: np.ndarray
    half_fade: np.ndarray
    band: np.ndarray | None


def inspect_path(
    model: Model, path: Plan | Path, learning_rate: float, loss_weight: float, discount: float
) -> Inspection:
    """Evaluate the model's functions along a plan or a transcription's path."""
    positions = tuple(path.positions)
    if ("inspection", positions) not in model.cache:
        model.cache["inspection", positions] = BySize(partial(_inspection, model, positions))
    n, count = model.dimension, len(path.vertices) - 1
    numbers = (learning_rate, loss_weight, discount)
    sums, elements, nodes, points, entries = model.cache["inspection", positions](
        count, path.parameters, path.controls, path.costates, path.vertices, numbers
    )
    points = points.reshape(len(points), count, -1)
    band = _band(model, count, len(positions) - 1, entries) if is_varied(model) else None
    return Inspection(
        sums=sums[0],
        element_costs=elements[0],
        powers=elements[1],
        gaps=elements[2 : 2 + n],
        jumps=elements[2 + n :],
        moved=nodes[:n],
        costates=nodes[n:],
        energy=points[0],
        effort=points[1],
        loss=points[2],
        unpaid=points[3],
        defect=points[4],
        weights=points[5],
        half_fade=points[6],
        band=band,
    )


def _band(model: Model, count: int, degree: int, entries: np.ndarray) -> np.ndarray:
    indices = model.cache.setdefault("band index", {})
    if (count, degree) not in indices:
        indices[count, degree] = band_index(measured(model)[1], count, degree, model.dimension)
    return indices[count, degree].band(entries)


def _inspection(model: Model, positions: tuple[float, ...], count: int) -> ca.Function:
    """(θ, u, λ, vertices, [η, k, γ]) -> sums, numbers of elements, of nodes and of points, entries.

    They are what :func:`inspect_path` takes apart.
    """
    n, m, degree = model.dimension, model.controls, len(positions) - 1
    size = count * degree + 1
    theta, costate = ca.MX.sym("theta", n, size), ca.MX.sym("costate", n, size)
    u = ca.MX.sym("u", m, size)
    vertices, numbers = ca.MX.sym("vertices", count + 1), ca.MX.sym("eta_k_gamma", 3)
    pair, discount = numbers[:2], numbers[2]
    mesh = mesh_matrices(positions, count, degree + 2)

    begins, lengths = vertices[:-1].T, (vertices[1:] - vertices[:-1]).T
    width = lengths @ mesh.spread
    since = width * mesh.points.T  # time since the left end of the element
    times = begins @ mesh.spread + since
    weights = width * mesh.weights.T

    # the functions of the problem at the points
    inside = [values @ mesh.to_points for values in (theta, u, costate)]
    velocity = (theta @ mesh.slopes) / ca.repmat(width, n, 1)
    at_point, form_parts = measured(model)
    mapped = at_point.map("measured_inside", "serial", mesh.points.numel(), [4], [])
    rows = mapped(inside[0], velocity, inside[1], inside[2], pair)
    density, effort, loss, _, unpaid, power = (rows[i, :] for i in range(SCALARS))
    slope, defect = rows[SCALARS : SCALARS + n, :], rows[SCALARS + n : SCALARS + 2 * n, :]

    # sums over the points of every element: products with the transposed spread
    present = weights * ca.exp(-discount * times)
    current = weights * ca.exp(-discount * since)
    late = ca.repmat(ca.exp(-discount / 2 * begins), n, 1)
    gaps = (ca.repmat(weights, n, 1) * defect) @ mesh.spread.T
    driven = (ca.repmat(current, n, 1) * slope) @ mesh.spread.T
    whole = ca.repmat(ca.exp(-discount * lengths), n, 1)
    jumps = whole * costate[:, degree::degree] - costate[:, : size - 1 : degree] + driven
    gained = ca.vec(mesh.partial @ ca.reshape(power, -1, count)).T * width
    costs, powers = (present * density) @ mesh.spread.T, (weights * power) @ mesh.spread.T

    half_fade = ca.repmat(ca.exp(-discount / 2 * (vertices.T @ mesh.to_nodes)), n, 1)
    moved = half_fade * (theta - ca.repmat(theta[:, 0], 1, size))
    of_points = ca.vertcat(
        effort + loss + power - discount * gained,
        effort,
        loss,
        unpaid,
        ca.sum1(defect**2),
        weights,
        ca.exp(-discount / 2 * times),
    )
    varied, _ = split_rows(rows, form_parts, SCALARS + 2 * n)
    outputs = [
        rows[:SCALARS, :] @ present.T,
        ca.vertcat(costs, powers, late * gaps, late * jumps).T,
        ca.vertcat(moved, half_fade * costate).T,
        of_points.T,
        element_entries(form_parts, varied, positions, degree + 2, lengths, current, discount),
    ]
    arguments = [theta, u, costate, vertices, numbers]
    return ca.Function("inspection", arguments, [ca.densify(output) for output in outputs])


def measured(model: Model) -> tuple[ca.Function, list[Part]]:
    """(θ, θ̇, u, λ, [η, k]) -> a column of 6 + 2n numbers or more; and the parts it ends with.

    With u* = -ηG⁻¹Bᵀλ and w the control the path implies: density (effort(u*) + kL +
    λᵀ(f + Bu* - θ̇)), effort(w), kL, effort(w) + k|L|, effort(w - u*), λᵀ(f + Bw); ∂H/∂θ at w,
    θ̇ - f - Bu; then the values of the parts of the second variation, if it is read.
    """
    if "measured" not in model.cache:
        n, m = model.dimension, model.controls
        sizes = (("theta", n), ("velocity", n), ("u", m), ("costate", n), ("eta_k", 2))
        theta, velocity, u, costate, pair = (ca.SX.sym(name, size) for name, size in sizes)
        w = ca.SX.sym("w", m)
        drift, push = model.drift_at(theta), model.actuation_at(theta)
        metric = model.metric_at(theta)
        best = -pair[0] * inverse_metric(model, theta, push.T @ costate)
        loss = pair[1] * model.loss_at(theta)

        def effort(control: ca.SX) -> ca.SX:
            return ca.dot(control, metric @ control) / (2 * pair[0])

        density = effort(best) + loss + ca.dot(costate, drift + push @ best - velocity)
        power = ca.dot(costate, drift + push @ w)
        slope = ca.gradient(effort(w) + loss + power, theta)
        scalars = [density, effort(w), loss, effort(w) + ca.fabs(loss), effort(w - best), power]
        defect = velocity - drift - push @ u
        # put in last: the gradient is that of H(θ, w, λ), in which w does not depend on θ
        implied = eliminated_control(model, theta, velocity) if model.is_invertible else u
        column = ca.substitute(ca.vertcat(*scalars, slope, defect), w, implied)
        form_parts = parts(model, theta, velocity, pair) if is_varied(model) else []
        column = ca.vertcat(column, *[part.values for part in form_parts])
        arguments = [theta, velocity, u, costate, pair]
        function = ca.Function("measured", arguments, [ca.densify(column)])
        model.cache["measured"] = function, form_parts
    return model.cache["measured"]
