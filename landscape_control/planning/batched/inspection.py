"""The pass over an element that certificates are made from, elementwise for many cells at once.

It is that of ``certificate.inspection``, at the same Gauss points and by the same functions of the
problem, and the second variation of ``certificate.action_variation``, condensed.
"""

from dataclasses import dataclass

import casadi as ca
import numpy as np

from ...model.problem import Model
from ...support.elementwise import Elementwise
from ...support.interpolation import integration_matrix
from ..certificate.action_variation import is_varied, parts
from ..certificate.inside import inner_matrices
from ..certificate.inspection import SCALARS, measured
from ..transcription.quadrature import lobatto
from .cells import Cells
from .compiled import compiled
from .elimination import eliminated

INSPECTION, VARIATION = "inspection", "variation"  # among what is compiled
_EXTRA = 2  # Gauss points more than the degree


@dataclass(frozen=True, kw_only=True, eq=False)
class Inspections:
    """What is found in K elements of B cells; the names are those of ``certificate.Inspection``.

    Attributes
    ----------
    sums : (6, K, B)
    powers : (K, B)
    gaps, jumps : (n, K, B), without the e^{-γt/2} of the left ends
    energy, effort, loss, unpaid, defect, weights : (q, K, B)
    """

    sums: np.ndarray
    powers: np.ndarray
    gaps: np.ndarray
    jumps: np.ndarray
    energy: np.ndarray
    effort: np.ndarray
    loss: np.ndarray
    unpaid: np.ndarray
    defect: np.ndarray
    weights: np.ndarray


def compile_inspection(model: Model, degree: int) -> None:
    """Build the functions of a model, once; raises ValueError for operations that NumPy lacks."""
    known = compiled(model)
    if (INSPECTION, degree) not in known:
        known[INSPECTION, degree] = _inspection(model, degree)
        if is_varied(model):
            known[VARIATION, degree] = _variation(model, degree)


@np.errstate(all="ignore")
def inspected(
    model: Model,
    cells: Cells,
    parameters: np.ndarray,
    controls: np.ndarray,
    costates: np.ndarray,
    degree: int,
) -> Inspections:
    """Evaluate the model's functions along paths, values (·(d+1), K, B) at the nodes."""
    compile_inspection(model, degree)
    left, right = cells.vertices[:-1], cells.vertices[1:]
    arguments = [parameters, controls, costates, left[None], right[None], cells.numbers[:, None]]
    sums, powers, *others = compiled(model)[INSPECTION, degree](arguments)
    names = ("gaps", "jumps", "energy", "effort", "loss", "unpaid", "defect", "weights")
    return Inspections(sums=sums, powers=powers[0], **dict(zip(names, others, strict=True)))


def _inspection(model: Model, degree: int) -> Elementwise:
    n, m, positions = model.dimension, model.controls, tuple(lobatto(degree + 1).points)
    points, weights, to_points, slopes = inner_matrices(positions, degree + _EXTRA)
    nodes = degree + 1
    at_ends = (("left", 1), ("right", 1), ("numbers", 3))
    sizes = (("theta", n * nodes), ("u", m * nodes), ("costate", n * nodes), *at_ends)
    arguments = [ca.SX.sym(name, size) for name, size in sizes]
    theta, u, costate, left, right, numbers = arguments
    width, discount = right - left, numbers[2]

    # the functions of the problem at the points
    at_nodes = [ca.reshape(part, -1, degree + 1) for part in (theta, u, costate)]
    inside = [part @ ca.DM(to_points.T) for part in at_nodes]
    velocity = (at_nodes[0] @ ca.DM(slopes.T)) / width
    function = measured(model)[0]
    columns = [
        function(inside[0][:, q], velocity[:, q], inside[1][:, q], inside[2][:, q], numbers[:2])
        for q in range(len(points))
    ]
    rows = ca.horzcat(*columns)
    _, effort, loss, _, unpaid, power = (rows[i, :] for i in range(SCALARS))
    slope, defect = rows[SCALARS : SCALARS + n, :], rows[SCALARS + n : SCALARS + 2 * n, :]

    since = width * ca.DM(points).T
    in_time = width * ca.DM(weights).T
    present = in_time * ca.exp(-discount * (left + since))
    current = in_time * ca.exp(-discount * since)
    sums = rows[:SCALARS, :] @ present.T
    powers = ca.sum2(in_time * power)
    gaps = defect @ in_time.T
    first, last = at_nodes[2][:, 0], at_nodes[2][:, -1]
    jumps = ca.exp(-discount * width) * last - first + slope @ current.T
    gained = (ca.DM(integration_matrix(points, points)) @ power.T).T * width
    energy = effort + loss + power - discount * gained
    outputs = [sums, powers, gaps, jumps, energy.T, effort.T, loss.T, unpaid.T]
    outputs += [ca.sum1(defect**2).T, in_time.T]
    outputs = [ca.densify(output) for output in outputs]
    return Elementwise(ca.Function("inspection", arguments, ca.cse(outputs)))


@np.errstate(all="ignore")
def condensed_variation(
    model: Model, cells: Cells, parameters: np.ndarray, degree: int
) -> tuple[np.ndarray, np.ndarray]:
    """(smallest pivots (K, B) of the inner nodes, Schur complements (n(2n+1), K, B)) of the second
    variation along paths.
    """
    left, right = cells.vertices[:-1], cells.vertices[1:]
    lowest, schur = compiled(model)[VARIATION, degree](
        [parameters, left[None], right[None], cells.numbers[:, None]]
    )
    return lowest[0], schur


def _variation(model: Model, degree: int) -> Elementwise:
    """(θ at the nodes, left, right, [η, k, γ]) -> lowest pivot, Schur complement."""
    n, positions = model.dimension, tuple(lobatto(degree + 1).points)
    points, weights, to_points, slopes = inner_matrices(positions, degree + _EXTRA)
    sizes = (("theta", n * (degree + 1)), ("left", 1), ("right", 1), ("numbers", 3))
    arguments = [ca.SX.sym(name, size) for name, size in sizes]
    theta, left, right, numbers = arguments
    width = right - left
    at_nodes = ca.reshape(theta, n, degree + 1)
    inside, velocity = at_nodes @ ca.DM(to_points.T), (at_nodes @ ca.DM(slopes.T)) / width
    fade = ca.exp(-numbers[2] * (left + width * ca.DM(points)))
    present = width * ca.DM(weights) * fade

    symbols = [ca.SX.sym("theta", n), ca.SX.sym("velocity", n), ca.SX.sym("pair", 2)]
    form_parts = parts(model, *symbols)
    of_point = ca.Function("parts", symbols, [part.values for part in form_parts])
    values = [
        of_point.call([inside[:, q], velocity[:, q], numbers[:2]]) for q in range(len(points))
    ]
    shapes = (to_points, slopes)
    rows, columns = np.triu_indices(degree + 1)
    blocks = [[ca.SX(n, n) for _ in range(degree + 1)] for _ in range(degree + 1)]
    for place, part in enumerate(form_parts):
        products = ca.DM(shapes[part.left][:, rows] * shapes[part.right][:, columns])
        scale = (present / width ** (part.left + part.right)).T
        if part.same:  # one sum of numbers for every pair of nodes
            entries = values[0][place] @ (scale @ products)
        else:
            at_points = ca.horzcat(*[value[place] for value in values])
            entries = (at_points * ca.repmat(scale, len(part.rows), 1)) @ products
        pattern = ca.Sparsity.triplet(n, n, part.rows.tolist(), part.columns.tolist())
        for pair, (i, j) in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
            blocks[i][j] += ca.SX(pattern, entries[:, pair])
    for i, j in zip(rows.tolist(), columns.tolist(), strict=True):
        if i != j:
            blocks[j][i] = blocks[i][j].T
    (hessian,) = ca.cse([ca.blockcat(blocks)])
    inner = list(range(n, n * degree))
    order = [*inner, *range(n), *range(n * degree, n * (degree + 1))]
    size = n * (degree + 1)
    reduced = eliminated(hessian[order, order], ca.SX.zeros(size), len(inner))
    outputs = [ca.densify(reduced.lowest), ca.densify(reduced.schur)]
    return Elementwise(ca.Function("variation", arguments, outputs))
