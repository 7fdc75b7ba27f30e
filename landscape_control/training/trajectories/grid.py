"""The mesh in time and the two matrices of the discretised action on it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import solve_triangular

from ...model.objective import Objective
from ...planning.transcription.quadrature import lobatto, lobatto_matrices
from ...support.interpolation import lagrange_matrix, node_index

# Vertices are T (j/K)^p. A plan starts fast and ends at rest, so that early elements are shorter;
# with this exponent the costs of small networks were as exact as with any other between 1 and 3.
GRADING, STEEPEST = 1.5, 4.0
_RESOLVED = 8  # elements with which the first one is as long as the start


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeGrid:
    """θ is a polynomial on each of K elements, continuous; integrals are Gauss-Lobatto sums.

    With offsets x_i = θ_i - θ_0 at the nodes 0 … N the discretised action is

        J = ½ Σ_ij S_ij x_i·x_j + Σ_i c_i L(θ_i),

    S from e^{-γt}|θ̇|²/2η and c from e^{-γt}kL and the terminal cost. As in the package's discretised
    action for small problems, its order is twice the degree.

    Attributes
    ----------
    vertices : (K+1,), ends of the elements
    degree : of the polynomials
    times : (N+1,), nodes, N = K·degree
    stiffness : (N+1, N+1), S, in 1/(η·time)
    loss_weights : (N+1,), c, in k·time, with the terminal weight in the last
    quadrature : (N+1,), weights of ∫₀ᵀ e^{-γt} … dt
    objective : Objective
    """

    vertices: np.ndarray
    degree: int
    times: np.ndarray
    stiffness: np.ndarray
    loss_weights: np.ndarray
    quadrature: np.ndarray
    objective: Objective

    @cached_property
    def root(self) -> np.ndarray:
        """(N, N) R, upper triangular: R'R = S without the start, where x = 0."""
        lower: np.ndarray = np.linalg.cholesky(self.stiffness[1:, 1:])
        return lower.T

    @cached_property
    def inverse_root(self) -> np.ndarray:
        """(N, N) R⁻¹: the way from coordinates y = Rx, in which the first part of J is ½|y|²."""
        inverse: np.ndarray = solve_triangular(self.root, np.eye(len(self.root)))
        return inverse

    @property
    def elements(self) -> int:
        """K."""
        return len(self.vertices) - 1

    @property
    def positions(self) -> np.ndarray:
        """(degree+1,): nodes of one element as fractions of it."""
        return lobatto(self.degree + 1).points

    def at(self, times: np.ndarray) -> np.ndarray:
        """(S, N+1): from values at the nodes to those at other times in [0, T]."""
        place = np.searchsorted(self.vertices[1:-1], times, side="right")
        begin, end = self.vertices[place], self.vertices[place + 1]
        own = lagrange_matrix(self.positions, (times - begin) / (end - begin))
        matrix = np.zeros((len(times), len(self.times)))
        rows = np.arange(len(times))[:, None]
        matrix[rows, node_index(self.elements, self.degree)[place]] = own
        return matrix


def time_of_start(objective: Objective, loss: float, slope: float) -> float:
    """How long a plan takes for the first fall of the loss: ℓ/v, ℓ = L/|∇L|, v = √(2ηk L).

    v is the speed at which the kinetic energy |θ̇|²/2η is all that the loss kL can give.
    """
    weight = max(objective.loss_weight, objective.terminal_weight / objective.horizon)
    speed = np.sqrt(2 * objective.learning_rate * weight * abs(loss))
    return float(abs(loss) / slope / speed) if speed > 0 else objective.horizon


def grading_of(objective: Objective, start: float) -> float:
    """p, larger where the start takes a small part of the horizon."""
    if not start < objective.horizon:
        return GRADING
    wanted = np.log(objective.horizon / start) / np.log(_RESOLVED)
    return float(np.clip(wanted, GRADING, STEEPEST))


def time_grid(
    objective: Objective, elements: int, degree: int, grading: float = GRADING
) -> TimeGrid:
    """The mesh of ``elements`` elements; that of twice as many has all of its vertices."""
    vertices = objective.horizon * (np.arange(elements + 1) / elements) ** grading
    nodes = lobatto(degree + 1)
    derivative, _ = lobatto_matrices(degree + 1)
    count = elements * degree + 1
    times, quadrature, stiffness = np.zeros(count), np.zeros(count), np.zeros((count, count))
    index = node_index(elements, degree)
    for own, begin, end in zip(index, vertices[:-1], vertices[1:], strict=True):
        width = end - begin
        times[own] = begin + width * nodes.points
        weights = width * nodes.weights * np.exp(-objective.discount * times[own])
        velocity = derivative / width
        stiffness[np.ix_(own, own)] += velocity.T @ (weights[:, None] * velocity)
        quadrature[own] += weights
    loss_weights = objective.loss_weight * quadrature
    if objective.terminal is not None:
        fade = np.exp(-objective.discount * objective.horizon)
        loss_weights[-1] += objective.terminal_weight * fade
    return TimeGrid(
        vertices=vertices,
        degree=degree,
        times=times,
        stiffness=stiffness / objective.learning_rate,
        loss_weights=loss_weights,
        quadrature=quadrature,
        objective=objective,
    )
