"""Gradient and Hessian of a staged action program, assembled from the Lagrangian's at each node.

Differentiating the whole graph repeats at every node what the nodes have in common. Here the
Lagrangian ℓ(θ, θ̇) is differentiated once, and the derivatives of an element's cost J are put
together from its nodes':

    ∂J/∂θᵢ = sᵢ ∂ℓᵢ/∂θ + Σ_q s_q D_qi ∂ℓ_q/∂θ̇ / h,
    ∂²J/∂θᵢ∂θⱼ = δᵢⱼ sᵢ ∂²ℓᵢ/∂θ² + (sᵢ Dᵢⱼ ∂²ℓᵢ/∂θ∂θ̇ + sⱼ Dⱼᵢ ∂²ℓⱼ/∂θ̇∂θ) / h + Σ_q s_q D_qi D_qj
    ∂²ℓ_q/∂θ̇² / h²,

with s_q = h w_q e^{-γt_q} and D the differentiation matrix on [0, 1].
"""

from collections.abc import Callable, Sequence
from types import SimpleNamespace

import casadi as ca
import numpy as np

from ...model.problem import Model
from .entries import stored_entries, unique_entries
from .numbers import NumberLayout
from .quadrature import lobatto, lobatto_matrices

# products of the differentiation matrix below this are rounding: it has zeros on its diagonal
_ZERO = 1e-13
Lagrangian = Callable[[Model, ca.SX, ca.SX, SimpleNamespace], ca.SX]  # (model, θ, θ̇, numbers)


def element_derivatives(
    model: Model, lagrangian: Lagrangian, degree: int, layout: NumberLayout
) -> ca.Function:
    """(θ̂ at the nodes, τ₀, τ₁, numbers) -> gradient and Hessian of one element's scaled cost."""
    n, nodes = model.dimension, lobatto(degree + 1)
    derivative, _ = lobatto_matrices(degree + 1)
    sizes = (("nodes", n * (degree + 1)), ("left", 1), ("right", 1), ("numbers", layout.size))
    arguments = [ca.SX.sym(name, size) for name, size in sizes]
    variables, left, right, vector = arguments
    numbers = layout.unpack(vector)

    # θ, θ̇ and t at the nodes
    width = numbers.horizon * (right - left)
    scaled = ca.reshape(variables, n, degree + 1)
    thetas = ca.repmat(numbers.start, 1, degree + 1) + numbers.length * scaled
    velocities = (scaled @ ca.DM(derivative.T)) * (numbers.length / width)
    times = numbers.horizon * (left + (right - left) * ca.DM(nodes.points))
    fade = ca.exp(-numbers.discount * times)
    weights = fade * ca.DM(nodes.weights) * (width * numbers.length / numbers.cost)  # of ∂ℓ/∂θ
    node = _node_function(model, lagrangian, layout)
    at_nodes = [node(thetas[:, q], velocities[:, q], vector) for q in range(degree + 1)]

    # ∂J/∂θᵢ and ∂²J/∂θᵢ∂θⱼ as in the module's formulas
    slopes = ca.horzcat(*[weights[q] * parts[0] for q, parts in enumerate(at_nodes)])
    pulls = ca.horzcat(*[(weights[q] / width) * parts[1] for q, parts in enumerate(at_nodes)])
    gradient = ca.vec(slopes + pulls @ ca.DM(derivative))
    curvatures = [(parts[2], parts[3], parts[4]) for parts in at_nodes]
    hessian = _assembled(derivative, weights * numbers.length, width, curvatures)
    return ca.Function("element_derivatives", arguments, [gradient, hessian])


def _node_function(model: Model, lagrangian: Lagrangian, layout: NumberLayout) -> ca.Function:
    """(θ, θ̇, numbers) -> ∂ℓ/∂θ, ∂ℓ/∂θ̇, ∂²ℓ/∂θ², ∂²ℓ/∂θ∂θ̇, ∂²ℓ/∂θ̇²."""
    sizes = (("theta", model.dimension), ("velocity", model.dimension), ("numbers", layout.size))
    theta, velocity, vector = (ca.SX.sym(name, size) for name, size in sizes)
    value = lagrangian(model, theta, velocity, layout.unpack(vector))
    slope, pull = ca.gradient(value, theta), ca.gradient(value, velocity)
    second = [(slope, theta), (slope, velocity), (pull, velocity)]
    outputs = [ca.densify(slope), ca.densify(pull), *[ca.jacobian(*pair) for pair in second]]
    return ca.Function("node", [theta, velocity, vector], ca.cse(outputs))


def _assembled(
    derivative: np.ndarray,
    weights: ca.SX,
    width: ca.SX,
    curvatures: Sequence[tuple[ca.SX, ca.SX, ca.SX]],
) -> ca.SX:
    """The element's Hessian from those at the nodes; ``weights`` are those of ∂²ℓ/∂θ²."""
    count = len(curvatures)
    potentials, crosses, inertias = zip(*curvatures, strict=True)
    later, earlier = np.tril_indices(count)
    products = derivative[:, later] * derivative[:, earlier]
    products = ca.sparsify(ca.DM(np.where(np.abs(products) > _ZERO, products, 0.0)))
    kinetic = _times_products(inertias, (weights / width**2).T, products)
    blocks = [[ca.SX()] * count for _ in range(count)]
    for pair, (i, j) in enumerate(zip(later.tolist(), earlier.tolist(), strict=True)):
        block = ca.SX(inertias[0].sparsity(), kinetic[:, pair])
        if crosses[0].nnz():
            block += (weights[i] * derivative[i, j] / width) * crosses[i]
            block += (weights[j] * derivative[j, i] / width) * crosses[j].T
        if i == j:
            block += weights[i] * potentials[i]
        blocks[i][j], blocks[j][i] = block, block.T
    return ca.blockcat(blocks)


def _times_products(inertias: Sequence[ca.SX], kinetic: ca.SX, products: ca.DM) -> ca.SX:
    """Σ_q D_qi D_qj s_q ∂²ℓ_q/∂θ̇² / h² for all pairs of nodes: (z, pairs), z entries not zero.

    One sum of numbers per pair where that Hessian is the same at all nodes.
    """
    if all(ca.is_equal(inertia, inertias[0], 2) for inertia in inertias):
        sums = kinetic @ products
        entries, index = unique_entries(inertias[0])
        return (entries @ sums)[index, :]
    at_nodes = ca.horzcat(*[ca.vertcat(*stored_entries(inertia)) for inertia in inertias])
    return (ca.repmat(kinetic, at_nodes.shape[0], 1) * at_nodes) @ products
