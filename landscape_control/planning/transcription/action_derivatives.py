"""Gradient and Hessian of a staged action program, assembled from what the Lagrangian gives at each
node.

Differentiating the whole graph repeats at every node what the nodes have in common. Here the
Lagrangian ℓ(θ, θ̇) is differentiated once, and the derivatives of an element's cost J are put
together from its nodes':

    ∂J/∂θᵢ = sᵢ ∂ℓᵢ/∂θ + Σ_q s_q D_qi ∂ℓ_q/∂θ̇ / h,
    ∂²J/∂θᵢ∂θⱼ = δᵢⱼ sᵢ ∂²ℓᵢ/∂θ² + (sᵢ Dᵢⱼ ∂²ℓᵢ/∂θ∂θ̇ + sⱼ Dⱼᵢ ∂²ℓⱼ/∂θ̇∂θ) / h + Σ_q s_q D_qi D_qj
    ∂²ℓ_q/∂θ̇² / h²,

with s_q = h w_q e^{-γt_q} and D the differentiation matrix on [0, 1].
"""

from collections.abc import Callable

import casadi as ca
import numpy as np

from ...model.problem import Model
from .entries import unique_entries
from .numbers import NumberLayout
from .quadrature import lobatto, lobatto_matrices

# products of the differentiation matrix below this are rounding: it has zeros on its diagonal
_ZERO = 1e-13


def element_derivatives(
    model: Model, lagrangian: Callable, degree: int, layout: NumberLayout
) -> ca.Function:
    """(θ̂ at the nodes, τ₀, τ₁, numbers) -> gradient and Hessian of one element's scaled cost.

    ``lagrangian`` gives ℓ(θ, θ̇) as an expression from (model, θ, θ̇, numbers).
    """
    n, nodes = model.dimension, lobatto(degree + 1)
    derivative, _ = lobatto_matrices(degree + 1)
    sizes = (("nodes", n * (degree + 1)), ("left", 1), ("right", 1), ("numbers", layout.size))
    arguments = [ca.SX.sym(name, size) for name, size in sizes]
    variables, left, right, vector = arguments
    numbers = layout.unpack(vector)
    width = numbers.horizon * (right - left)
    scaled = ca.reshape(variables, n, degree + 1)
    thetas = ca.repmat(numbers.start, 1, degree + 1) + numbers.length * scaled
    velocities = (scaled @ ca.DM(derivative.T)) * (numbers.length / width)
    times = numbers.horizon * (left + (right - left) * ca.DM(nodes.points))
    fade = ca.exp(-numbers.discount * times)
    weights = fade * ca.DM(nodes.weights) * (width * numbers.length / numbers.cost)  # of ∂ℓ/∂θ
    node = _node_function(model, lagrangian, layout)
    found = [node(thetas[:, q], velocities[:, q], vector) for q in range(degree + 1)]
    slopes = ca.horzcat(*[weights[q] * one[0] for q, one in enumerate(found)])
    pulls = ca.horzcat(*[(weights[q] / width) * one[1] for q, one in enumerate(found)])
    gradient = ca.vec(slopes + pulls @ ca.DM(derivative))
    curvatures = [one[2:] for one in found]
    hessian = _assembled(derivative, weights * numbers.length, width, curvatures)
    return ca.Function("element_derivatives", arguments, [gradient, hessian])


def _node_function(model, lagrangian, layout):
    """(θ, θ̇, numbers) -> ∂ℓ/∂θ, ∂ℓ/∂θ̇, ∂²ℓ/∂θ², ∂²ℓ/∂θ∂θ̇, ∂²ℓ/∂θ̇²."""
    sizes = (("theta", model.dimension), ("velocity", model.dimension), ("numbers", layout.size))
    theta, velocity, vector = (ca.SX.sym(name, size) for name, size in sizes)
    value = lagrangian(model, theta, velocity, layout.unpack(vector))
    slope, pull = ca.gradient(value, theta), ca.gradient(value, velocity)
    second = [(slope, theta), (slope, velocity), (pull, velocity)]
    outputs = [ca.densify(slope), ca.densify(pull), *[ca.jacobian(*pair) for pair in second]]
    return ca.Function("node", [theta, velocity, vector], ca.cse(outputs))


def _assembled(derivative, weights, width, curvatures):
    """The element's Hessian from those at the nodes; ``weights`` are those of ∂²ℓ/∂θ²."""
    count = len(curvatures)
    potentials, crosses, inertias = zip(*curvatures, strict=True)
    later, earlier = np.tril_indices(count)
    products = derivative[:, later] * derivative[:, earlier]
    products = ca.sparsify(ca.DM(np.where(np.abs(products) > _ZERO, products, 0.0)))
    kinetic = _times_products(inertias, (weights / width**2).T, products)
    blocks = [[None] * count for _ in range(count)]
    for pair, (i, j) in enumerate(zip(later.tolist(), earlier.tolist(), strict=True)):
        block = ca.SX(inertias[0].sparsity(), kinetic[:, pair])
        if crosses[0].nnz():
            block += (weights[i] * derivative[i, j] / width) * crosses[i]
            block += (weights[j] * derivative[j, i] / width) * crosses[j].T
        if i == j:
            block += weights[i] * potentials[i]
        blocks[i][j], blocks[j][i] = block, block.T
    return ca.blockcat(blocks)


def _times_products(inertias, kinetic, products):
    """Σ_q D_qi D_qj s_q ∂²ℓ_q/∂θ̇² / h² for all pairs of nodes, the entries that are not zero: (z,
    pairs).

    One sum of numbers per pair where that Hessian is the same at all nodes.
    """
    if all(ca.is_equal(one, inertias[0], 2) for one in inertias):
        sums = kinetic @ products
        entries, index = unique_entries(inertias[0])
        return (entries @ sums)[index, :]
    entries = ca.horzcat(*[ca.vertcat(*one.nonzeros()) for one in inertias])
    return (ca.repmat(kinetic, entries.shape[0], 1) * entries) @ products
