"""The discretised action of a network's path in coordinates in which its kinetic part is ½|y|²."""

from dataclasses import dataclass

import numpy as np

from .grid import TimeGrid
from .network_loss import NetworkLoss


@dataclass(frozen=True, kw_only=True, eq=False)
class Reached:
    """The action at a path.

    Attributes
    ----------
    point : (N·P,) y
    kinetic, potential : the two parts of J, the second with the terminal cost
    size : kinetic + Σ c_i |L_i|, what accuracies are relative to
    gradient : (N·P,) ∂J/∂y
    losses : (N+1,) L at the nodes
    """

    point: np.ndarray
    kinetic: float
    potential: float
    size: float
    gradient: np.ndarray
    losses: np.ndarray

    @property
    def cost(self) -> float:
        """J."""
        return self.kinetic + self.potential

    @property
    def squared_residual(self) -> float:
        """|∂J/∂y|², the squared length of ∂J/∂x in the inverse kinetic operator."""
        return float(self.gradient @ self.gradient)


class Action:
    """J(y) = ½|y|² + Σ c_i L(θ_0 + (R⁻¹y)_i), its gradient, and products with its Hessian.

    y = Rx with S = R'R is what makes a limited-memory method independent of the mesh: its multiple
    of the identity as first inverse Hessian is, for x, that multiple of S⁻¹.
    """

    def __init__(self, loss: NetworkLoss, grid: TimeGrid, start_loss: float):
        self.loss, self.grid, self.start_loss = loss, grid, start_loss

    def offsets(self, point: np.ndarray) -> np.ndarray:
        """(N, P): x = R⁻¹y at the nodes behind the start."""
        offsets: np.ndarray = self.grid.inverse_root @ point.reshape(-1, self.loss.count)
        return offsets

    def point(self, offsets: np.ndarray) -> np.ndarray:
        """(N·P,): y = Rx."""
        point: np.ndarray = self.grid.root @ offsets
        return point.ravel()

    def __call__(self, point: np.ndarray) -> Reached:
        offsets = self.offsets(point)
        losses, weights = [self.start_loss], self.grid.loss_weights
        # offsets become gradients row by row: one array of the path's size less
        for offset, weight in zip(offsets, weights[1:], strict=True):
            value, gradient = self.loss.at(offset)
            losses.append(value)
            np.multiply(gradient, weight, out=offset)
        force = (self.grid.inverse_root.T @ offsets).ravel()
        force += point
        return Reached(
            point=point,
            kinetic=0.5 * float(point @ point),
            potential=float(weights @ losses),
            size=0.5 * float(point @ point) + float(weights @ np.abs(losses)),
            gradient=force,
            losses=np.array(losses),
        )

    def product(self, offsets: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """(∂²J/∂y²) d at a path given by its offsets."""
        along = self.offsets(direction)
        weights = self.grid.loss_weights[1:]
        for offset, part, weight in zip(offsets, along, weights, strict=True):
            np.multiply(self.loss.product(offset, part.copy()), weight, out=part)
        curved: np.ndarray = (self.grid.inverse_root.T @ along).ravel() + direction
        return curved
