"""From θ at the nodes to the whole path: costates, controls and the elements' costs, elementwise.

The present-value costate obeys p(t) = p(T) + ∫_t^T e^{-γt} ∂ℓ/∂θ dt by the quadrature of the
elements, as in ``transcription.action``.
"""

from dataclasses import dataclass
from functools import cached_property

import casadi as ca
import numpy as np

from ...model.problem import Model, inverse_metric
from ...support.elementwise import Elementwise
from ..transcription import DiscretisedAction, NumberLayout
from ..transcription.action import lagrangian_derivatives
from ..transcription.quadrature import lobatto, lobatto_matrices
from .cells import Cells, summed
from .compiled import compiled
from .element import ElementFunctions, in_user_units, node_times


@dataclass(frozen=True, kw_only=True, eq=False)
class Paths:
    """Paths of B cells on meshes of K elements, values at the d+1 nodes of every element.

    Attributes
    ----------
    parameters, costates : (n(d+1), K, B), θ and current-value λ, node by node
    controls : (m(d+1), K, B)
    element_costs : (K, B), ending_cost : (B,), by the program's own quadrature
    """

    parameters: np.ndarray
    costates: np.ndarray
    controls: np.ndarray
    element_costs: np.ndarray
    ending_cost: np.ndarray

    @cached_property
    def cost(self) -> np.ndarray:
        """(B,), J of the discretised problem."""
        return summed(self.element_costs) + self.ending_cost


@np.errstate(all="ignore")  # a run that failed may end anywhere
def recovered(
    model: Model,
    functions: ElementFunctions,
    cells: Cells,
    nodes: np.ndarray,
    *,
    fixed_end: bool,
    degree: int,
) -> Paths:
    """The paths with these parameters (n(d+1), K, B) at the nodes."""
    n, (count, total) = model.dimension, nodes.shape[1:]
    momenta, pushes = _functions(model, degree)
    left, right = cells.vertices[:-1], cells.vertices[1:]
    numbers = cells.numbers[:, None]
    cost, gained, inside, pull = momenta([nodes, left[None], right[None], numbers])
    ending = np.zeros(total)
    last = pull[:, -1]
    if not fixed_end:
        last = np.zeros((n, total))
        if functions.ending is not None:
            value, slope, _ = functions.ending([nodes[-n:, -1], cells.ending[None]])
            ending, last = value[0].copy(), slope.copy()

    # the present-value costate at the left end of every element, and from there inside it
    present = np.empty_like(nodes)
    for k in reversed(range(count)):
        right_end = last
        last = last + gained[:, k]
        for q in range(degree):
            present[q * n : (q + 1) * n, k] = last - inside[q * n : (q + 1) * n, k]
        present[degree * n :, k] = right_end
    fade = np.exp(-cells.numbers[2] * node_times(left, right, degree))
    costates = present / np.repeat(fade, n, axis=0)
    element_costs = cost[0].copy()

    def by_node(values: np.ndarray) -> np.ndarray:
        """(n, d+1, K, B)"""
        return np.ascontiguousarray(values.reshape(degree + 1, n, count, total).swapaxes(0, 1))

    (push,) = pushes([by_node(nodes), by_node(costates), cells.numbers[:, None, None]])
    controls = np.ascontiguousarray(push.swapaxes(0, 1)).reshape(-1, count, total)
    return Paths(
        parameters=nodes,
        costates=costates,
        controls=controls,
        element_costs=element_costs,
        ending_cost=ending,
    )


def _functions(model: Model, degree: int) -> tuple[Elementwise, Elementwise]:
    known, key = compiled(model), ("momenta", degree)
    if key not in known:
        known[key] = _momenta(model, degree), _push(model)
    return known[key]


def _momenta(model: Model, degree: int) -> Elementwise:
    """(nodes, left, right, [η, k, γ]) -> cost, ∫ e^{-γt} ∂ℓ/∂θ dt over the element (n) and up to its
    nodes but the last (nd), and the momentum at the right end (n).
    """
    n, points = model.dimension, lobatto(degree + 1)
    derivative, integration = lobatto_matrices(degree + 1)
    sizes = (("nodes", n * (degree + 1)), ("left", 1), ("right", 1), ("numbers", 3))
    arguments = [ca.SX.sym(name, size) for name, size in sizes]
    nodes, left, right, numbers = arguments
    layout = NumberLayout(dimension=n, fixed_end=False, tail=False)
    stage = DiscretisedAction(degree=degree).stage(model, layout).function
    cost = stage(nodes[:n], nodes[n:], left, right, in_user_units(layout, numbers))[1]

    thetas, width = ca.reshape(nodes, n, degree + 1), right - left
    velocities = (thetas @ ca.DM(derivative.T)) / width
    fade = ca.exp(-numbers[2] * (left + width * ca.DM(points.points)))
    at_node = lagrangian_derivatives(model)
    slope_at, momentum_at = [], []
    for q in range(degree + 1):
        _, slope, momentum = at_node(thetas[:, q], velocities[:, q], numbers[:2])
        slope_at.append(fade[q] * slope)
        momentum_at.append(fade[q] * momentum)
    slopes, pulls = ca.horzcat(*slope_at), ca.horzcat(*momentum_at)
    gained = width * (slopes @ ca.DM(points.weights))
    inside = width * (slopes @ ca.DM(integration[:-1].T))
    # minus ∂(cost of the element)/∂θ at its last node
    pull = -(width * points.weights[-1] * slopes[:, -1])
    pull -= pulls @ ca.DM(derivative[:, -1] * points.weights)
    outputs = [ca.densify(output) for output in (cost, gained, ca.vec(inside), pull)]
    return Elementwise(ca.Function("momenta", arguments, ca.cse(outputs)))


def _push(model: Model) -> Elementwise:
    """(θ, λ, [η, k, γ]) -> u* = -ηG⁻¹Bᵀλ."""
    theta = ca.SX.sym("theta", model.dimension)
    costate, numbers = ca.SX.sym("costate", model.dimension), ca.SX.sym("numbers", 3)
    force = inverse_metric(model, theta, model.actuation_at(theta).T @ costate)
    push = ca.densify(-numbers[0] * force)
    return Elementwise(ca.Function("push", [theta, costate, numbers], [push]))
