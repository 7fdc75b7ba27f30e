"""The second variation where B is not invertible, departures from the dynamics penalised: one
banded factorisation.

With e = δθ̇ - Aδθ - Bδu at the Gauss points where the dynamics are collocated, δ²J + ρ∫|e|² > 0 for
all δθ and δu says more than δ²J > 0 for those with e = 0: where it holds the plan is a minimum.
Where it does not, nothing is known, and the recursion of ``controlled_variation`` decides. At every
point δu is eliminated, so that δθ at the nodes is what is left.
"""

from functools import partial

import casadi as ca
import numpy as np
from scipy.linalg.lapack import dpbtrf

from ...model.problem import ControlProblem, Model, linearised, typical_mass
from ...support.pointwise import BySize
from .action_variation import NEUTRAL, Part, band_index, blocks, element_entries
from .inside import mesh_matrices

_STIFFER = 1e6  # being moved where nothing pushes costs so much more than being pushed
_MOST = 16  # parameters and controls together for which this is worth compiling


def penalised_is_positive(problem: ControlProblem, plan, end_curvature) -> bool:
    """Whether the penalised second variation is positive; False where that is not known, or takes
    longer than it saves.
    """
    model, n = problem.model, problem.dimension
    # δu can be eliminated where G is definite, which is known everywhere where it is constant
    if n + problem.controls > _MOST or not model.constant["metric"]:
        return False
    band = _band(problem, plan)
    if problem.end is not None:
        band = band[:, :-n]
    elif end_curvature is not None:
        first = band.shape[1] - n
        for row, column in zip(*np.tril_indices(n), strict=True):
            band[row - column, first + column] += end_curvature[row, column]
    finite = np.isfinite(band[0]).all()  # a diagonal that is finite and factors bounds the rest
    _, failed = dpbtrf(band, lower=1)
    return bool(finite and not failed)


def _band(problem, plan):
    model, objective = problem.model, problem.objective
    positions = tuple(plan.positions)
    if ("penalised", positions) not in model.cache:
        model.cache["penalised", positions] = BySize(partial(_entries, model, positions))
    penalty = _STIFFER * typical_mass(problem) / objective.learning_rate
    numbers = (objective.learning_rate, objective.loss_weight, penalty, objective.discount)
    count, degree = len(plan.vertices) - 1, plan.degree
    (entries,) = model.cache["penalised", positions](
        count, plan.parameters, plan.controls, plan.costates, plan.vertices, numbers
    )
    indices = model.cache.setdefault("penalised index", {})
    if (count, degree) not in indices:
        indices[count, degree] = band_index(_at_point(model)[1], count, degree, model.dimension)
    return indices[count, degree].band(entries)


def _entries(model: Model, positions: tuple[float, ...], count: int) -> ca.Function:
    n, m, degree = model.dimension, model.controls, len(positions) - 1
    size = count * degree + 1
    mesh = mesh_matrices(positions, count, degree)
    values = [
        ca.MX.sym(name, rows, size) for name, rows in (("theta", n), ("u", m), ("costate", n))
    ]
    vertices, numbers = ca.MX.sym("vertices", count + 1), ca.MX.sym("eta_k_rho_gamma", 4)
    discount = numbers[3]
    lengths = (vertices[1:] - vertices[:-1]).T
    width = lengths @ mesh.spread
    current = width * mesh.weights.T * ca.exp(-discount * width * mesh.points.T)
    function, found = _at_point(model)
    mapped = function.map("penalised_inside", "serial", count * degree, [3], [])
    rows = mapped(*[value @ mesh.to_points for value in values], numbers[:3])
    ends = np.cumsum([0, *[len(part.rows) for part in found]]).tolist()
    at = [
        rows[first:last, 0 if part.same else slice(None)]
        for part, first, last in zip(found, ends[:-1], ends[1:], strict=True)
    ]
    entries = element_entries(found, at, positions, degree, lengths, current, discount)
    return ca.Function("penalised", [*values, vertices, numbers], [ca.densify(entries)])


def _at_point(model: Model) -> tuple[ca.Function, list[Part]]:
    """(θ, u, λ, [η, k, ρ]) -> values of the parts of ½δθᵀQδθ + δθᵀNδu + ½δuᵀRδu + ½ρ|e|², the least
    over δu; and they.
    """
    if "penalised at point" not in model.cache:
        n, m = model.dimension, model.controls
        sizes = (("theta", n), ("u", m), ("costate", n), ("eta_k_rho", 3))
        theta, u, costate, numbers = (ca.SX.sym(name, size) for name, size in sizes)
        drift, push, state, cross, effort = linearised(model, theta, u, costate, numbers[:2])
        penalty = numbers[2]
        inertia = (1 + NEUTRAL) * effort + penalty * push.T @ push
        # on δu, by (δθ, δθ̇)
        pull = ca.horzcat(cross.T + penalty * push.T @ drift, -penalty * push.T)
        apart = ca.horzcat(-drift, ca.SX.eye(n))
        form = (
            ca.diagcat(state, ca.SX(n, n))
            + penalty * apart.T @ apart
            - pull.T @ ca.solve(inertia, pull)
        )
        found = list(blocks(ca.cse(form), n, ca.vertcat(theta, u, costate)))
        values = ca.vertcat(*[part.values for part in found])
        function = ca.Function(
            "penalised_at_point", [theta, u, costate, numbers], [ca.densify(values)]
        )
        model.cache["penalised at point"] = function, found
    return model.cache["penalised at point"]
