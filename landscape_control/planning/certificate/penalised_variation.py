"""The second variation where B is not invertible, with departures from the dynamics penalised.

It takes one banded factorisation.

With e = δθ̇ - Aδθ - Bδu at the Gauss points where the dynamics are collocated, δ²J + ρ∫|e|² > 0 for
all δθ and δu says more than δ²J > 0 for those with e = 0: where it holds the plan is a minimum.
Where it does not, nothing is known, and the recursion of ``controlled_variation`` decides. At every
point δu is eliminated, so that δθ at the nodes is what is left.
"""

from functools import partial

import casadi as ca
import numpy as np

from ...model.problem import ControlProblem, Model, linearised, typical_mass
from ...support.pointwise import BySize
from ..solution import Plan
from .action_variation import (
    NEUTRAL,
    Part,
    band_index,
    blocks,
    element_entries,
    is_positive,
    split_rows,
    with_end,
)
from .inside import mesh_matrices

_STIFFER = 1e6  # being moved where nothing pushes costs so much more than being pushed
_MOST = 16  # parameters and controls together for which this is worth compiling


def penalised_is_positive(
    problem: ControlProblem, plan: Plan, end_curvature: np.ndarray | None
) -> bool:
    """Whether the penalised second variation is positive.

    False also where that is not known, or takes longer than it saves.
    """
    model, n = problem.model, problem.dimension
    # δu can be eliminated where G is definite, which is known everywhere where it is constant
    if n + problem.controls > _MOST or not model.constant["metric"]:
        return False
    return is_positive(with_end(_band(problem, plan), problem, end_curvature))


def _band(problem: ControlProblem, plan: Plan) -> np.ndarray:
    """The penalised second variation in LAPACK's lower band storage, without what follows."""
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
    """(θ, u, λ, vertices, [η, k, ρ, γ]) -> the entries for ``band_index``, for K elements."""
    n, m, degree = model.dimension, model.controls, len(positions) - 1
    size = count * degree + 1
    mesh = mesh_matrices(positions, count, degree)
    at_nodes = [
        ca.MX.sym(name, rows, size) for name, rows in (("theta", n), ("u", m), ("costate", n))
    ]
    vertices, numbers = ca.MX.sym("vertices", count + 1), ca.MX.sym("eta_k_rho_gamma", 4)
    discount = numbers[3]
    lengths = (vertices[1:] - vertices[:-1]).T
    width = lengths @ mesh.spread
    current = width * mesh.weights.T * ca.exp(-discount * width * mesh.points.T)
    function, form_parts = _at_point(model)
    mapped = function.map("penalised_inside", "serial", count * degree, [3], [])
    rows = mapped(*[values @ mesh.to_points for values in at_nodes], numbers[:3])
    values_of_parts, _ = split_rows(rows, form_parts)
    entries = element_entries(
        form_parts, values_of_parts, positions, degree, lengths, current, discount
    )
    return ca.Function("penalised", [*at_nodes, vertices, numbers], [ca.densify(entries)])


def _at_point(model: Model) -> tuple[ca.Function, list[Part]]:
    """(θ, u, λ, [η, k, ρ]) -> values of the parts of the penalised form, and the parts.

    The form is ½δθᵀQδθ + δθᵀNδu + ½δuᵀRδu + ½ρ|e|², the least over δu.
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
        with_control = ca.diagcat(state, ca.SX(n, n)) + penalty * apart.T @ apart
        form = with_control - pull.T @ ca.solve(inertia, pull)
        form_parts = list(blocks(ca.cse(form), n, ca.vertcat(theta, u, costate)))
        values = ca.vertcat(*[part.values for part in form_parts])
        arguments = [theta, u, costate, numbers]
        function = ca.Function("penalised_at_point", arguments, [ca.densify(values)])
        model.cache["penalised at point"] = function, form_parts
    return model.cache["penalised at point"]
