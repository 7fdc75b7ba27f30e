"""What is computed of a path that the optimiser did not: energy law and second variation."""

from dataclasses import dataclass

import numpy as np
import torch

from ...planning.transcription.quadrature import lobatto, lobatto_matrices
from ...support.interpolation import node_index
from ..measuring.lanczos import lanczos
from .action import Action, Reached
from .geometry import kinetic_integrals
from .grid import TimeGrid

_RANDOM_SHARE = 0.1  # of a random vector beside the residual
PRODUCTS = 24  # with the second variation; by then its lowest values outside 1 had settled


@dataclass(frozen=True, kw_only=True, eq=False)
class Variation:
    """The second variation A = ∂²J/∂y² in a Krylov space of the residual r = ∂J/∂y.

    Attributes
    ----------
    lowest : its lowest Ritz value relative to the kinetic part, which alone has 1; ≥ its lowest
        eigenvalue, so that a negative one proves a direction of negative curvature
    remaining : ½ r'A⁻¹r in the part where A is positive, by how much a Newton step would lower J
    direction : (N·P,) unit vector with a lowest value ≤ 0, in y
    """

    lowest: float
    remaining: float
    direction: np.ndarray | None = None


def second_variation(action: Action, reached: Reached, products: int = PRODUCTS) -> Variation:
    """Lanczos on A from r: Gauss quadrature of r'A⁻¹r.

    The sum is at most r'A⁻¹r for a positive A, and close to it where A has few eigenvalues away from
    1, as it has when few directions are curved. To r a random vector of a tenth of its length is
    added, without which directions that a symmetry hides from the gradient would stay hidden; it
    makes ½ r'A⁻¹r larger by about a hundredth of ½|r|².
    """
    residual = torch.from_numpy(reached.gradient)
    length = float(residual.norm())
    if not length > 0:
        return Variation(lowest=1.0, remaining=0.0)
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randn(residual.shape, generator=generator, dtype=residual.dtype)
    start = residual + drawn * (_RANDOM_SHARE * length / float(drawn.norm()))
    offsets = action.offsets(reached.point)

    def product(direction: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(action.product(offsets, direction.numpy()))

    space = lanczos(product, start, min(products, len(start)))
    lowest, is_positive = float(space.values[-1]), space.values > 0
    newton = float((space.masses[is_positive] / space.values[is_positive]).sum() / 2)
    direction = None if lowest > 0 else space.ritz(np.array([-1]))[0].numpy()
    return Variation(lowest=lowest, remaining=newton, direction=direction)


def energy_error(
    grid: TimeGrid, offsets: np.ndarray, gradients: np.ndarray, losses: np.ndarray
) -> float:
    """How far the energy law is violated at the vertices, relative to the largest |θ̇|²/2η + k|L|.

    Along a stationary path E(t) = |θ̇|²/2η - kL - γ∫₀ᵗ |θ̇|²/η is constant: L is the same function at
    all times, and θ̈ = γθ̇ + ηk∇L. Velocities at the vertices are η e^{γt} times the discrete momenta
    -∂(cost of the element behind)/∂θ, as exact as the cost itself.

    offsets, gradients : (N+1, P), x and ∇L at the nodes; losses : (N+1,)
    """
    objective = grid.objective
    squares = np.square(vertex_velocities(grid, offsets, gradients)).sum(axis=1)
    kinetic = squares / (2 * objective.learning_rate)
    potential = objective.loss_weight * losses[:: grid.degree]
    paid = kinetic_integrals(grid, offsets)
    spent = 2 * objective.discount * np.append(0.0, np.cumsum(paid)) / objective.learning_rate
    energies = kinetic - potential - spent
    size = float((kinetic + np.abs(potential)).max())
    return float(np.abs(energies - energies.mean()).max() / size) if size > 0 else 0.0


def vertex_velocities(grid: TimeGrid, offsets: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """(K+1, P): θ̇ at the vertices from the element behind each, of the last one from that before."""
    objective, degree = grid.objective, grid.degree
    derivative, _ = lobatto_matrices(degree + 1)
    found = np.empty((grid.elements + 1, offsets.shape[1]))
    index = node_index(grid.elements, degree)
    for place, own in enumerate(index):
        width = grid.vertices[place + 1] - grid.vertices[place]
        weights = (
            width * lobatto(degree + 1).weights * np.exp(-objective.discount * grid.times[own])
        )
        velocity = derivative / width
        rows = velocity.T @ (weights[:, None] * velocity) / objective.learning_rate
        forces = objective.loss_weight * weights
        found[place] = -(rows[0] @ offsets[own] + forces[0] * gradients[own[0]])
    found[-1] = rows[-1] @ offsets[own] + forces[-1] * gradients[own[-1]]
    growth = np.exp(objective.discount * grid.vertices)
    found *= objective.learning_rate * growth[:, None]
    return found
