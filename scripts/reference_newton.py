"""The benchmark's yardstick: Newton on the discretised action in NumPy with SciPy's banded Cholesky
solver.

Nothing of landscape_control is used, so that it also serves as an independent check of costs.
Problem: min ∫₀ᵀ e^{-γt} [|θ̇|²/2η + kL(θ)] dt with θ(0) given and θ(T) free.

Two of them share mesh, cost, gradient, step halving and the solver, and differ in what they know of
the landscape: GeneralNewton takes any L, ∇L, ∇²L as NumPy functions with full n x n blocks (targets
are held against it); LeanNewton has the sparsity of ∇²L written into it, a lower bound for
information.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import Legendre
from scipy.linalg import LinAlgError, solveh_banded


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What may change from solve to solve."""

    horizon: float
    discount: float
    start: np.ndarray
    learning_rate: float = 1.0
    loss_weight: float = 1.0


def lobatto(count):
    """Gauss-Lobatto points and weights on [0, 1] and the differentiation matrix of the polynomial
    through them.
    """
    basis = Legendre.basis(count - 1)
    points = np.concatenate([[-1.0], np.sort(basis.deriv().roots().real), [1.0]])
    weights = 1.0 / (count * (count - 1) * basis(points) ** 2)
    gap = points[:, None] - points + np.eye(count)
    scale = gap.prod(1)
    matrix = scale[:, None] / scale / gap
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(1))
    return (points + 1) / 2, weights, 2 * matrix


class BandedNewton(ABC):
    """Built once for a number of elements; θ at K·p nodes in time order.

    The Hessian lives in lower banded storage as LAPACK wants it, column by column: an array (K·p,
    n, bands) whose entry (s, i, b) couples unknown (s, i) with the one b places further on.

    Newton with step halving (Armijo) and, where the Hessian is not positive definite, a growing
    multiple of the kinetic diagonal. It stops after the step whose predicted decrease of the cost
    is below ``tolerance``.
    """

    def __init__(
        self, value, gradient, dimension, *, elements, degree, tolerance=1e-10, max_iterations=200
    ):
        self.value, self.gradient, self.dimension = value, gradient, dimension
        self.tolerance, self.max_iterations = tolerance, max_iterations
        self.points, self.weights, self.slopes = lobatto(degree + 1)
        self.elements, self.degree, self.nodes = elements, degree, elements * degree + 1
        first = np.arange(elements)[:, None] * degree
        self.of_element = first + np.arange(degree + 1)  # (K, p+1) node numbers
        self.lower = rows, cols = np.tril_indices(degree + 1)
        self.scatter = ((first + cols) * (degree + 1) + rows - cols).ravel()  # into (nodes, p+1)

    @abstractmethod
    def add_curvature(self, storage, theta, weights):
        """Add the blocks w∇²L of the nodes (S, n) to the Hessian's storage (S, n, bands)."""

    def mesh(self, vertices, numbers):
        """Weights e^{-γt}w of the nodes, and the kinetic matrices: per element, and in the
        Hessian's storage.
        """
        lengths = np.diff(vertices)
        times = vertices[:-1, None] + lengths[:, None] * self.points
        fading = self.weights * np.exp(-numbers.discount * times)
        kinetic = (
            np.matmul(self.slopes.T * fading[:, None], self.slopes)
            / (lengths * numbers.learning_rate)[:, None, None]
        )
        weights = np.zeros(self.nodes)
        weights[:-1] = (lengths[:, None] * fading)[:, :-1].ravel()
        weights[self.degree :: self.degree] += lengths * fading[:, -1]
        entries = kinetic[:, self.lower[0], self.lower[1]].ravel()
        bands = np.bincount(self.scatter, entries, minlength=self.nodes * (self.degree + 1))
        storage = np.zeros((self.nodes - 1, self.dimension, self.degree * self.dimension + 1))
        storage[:, :, :: self.dimension] = bands.reshape(self.nodes, 1, -1)[1:]
        return weights * numbers.loss_weight, kinetic, storage

    def solve(self, vertices, numbers, guess):
        """(cost, θ (nodes, n), iterations) from a guess (nodes, n) whose first row is the start."""
        weights, kinetic, storage = self.mesh(vertices, numbers)
        theta = guess.copy()
        theta[0] = numbers.start
        cost, pull = self._cost(theta, weights, kinetic)
        for iteration in range(1, self.max_iterations + 1):  # noqa: B007
            gradient = self._slope(theta, pull, weights)
            step = self._step(theta, gradient, weights, storage)
            decrease = np.vdot(gradient, step)
            cost, theta, pull = self._search(theta, step, decrease, cost, weights, kinetic)
            if decrease / 2 <= self.tolerance:
                return cost, theta, iteration
        raise RuntimeError(
            f"the reference Newton did not converge in {self.max_iterations} iterations"
        )

    def _cost(self, theta, weights, kinetic):
        local = theta[self.of_element]
        pull = np.matmul(kinetic, local)
        return 0.5 * np.vdot(local, pull) + weights @ self.value(theta), pull

    def _slope(self, theta, pull, weights):
        slope = weights[1:, None] * self.gradient(theta[1:])
        slope += pull[:, 1:].reshape(slope.shape)
        slope[self.degree - 1 : -1 : self.degree] += pull[1:, 0]
        return slope

    def _step(self, theta, slope, weights, kinetic):
        shift = 0.0
        while True:
            hessian = kinetic.copy()
            self.add_curvature(hessian, theta[1:], weights[1:])
            if shift:
                hessian[:, :, 0] += shift * kinetic[:, :, 0]
            try:
                return solveh_banded(
                    hessian.reshape(slope.size, -1).T,
                    slope.ravel(),
                    overwrite_ab=True,
                    lower=True,
                    check_finite=False,
                ).reshape(slope.shape)
            except LinAlgError:
                shift = max(10 * shift, 1e-2)

    def _search(self, theta, step, decrease, cost, weights, kinetic):
        length = 1.0
        while True:
            trial = theta.copy()
            trial[1:] -= length * step
            value, pull = self._cost(trial, weights, kinetic)
            if value <= cost - 1e-4 * length * decrease or decrease <= 1e-12 or length < 1e-10:
                return value, trial, pull
            length /= 2


class GeneralNewton(BandedNewton):
    """For any landscape: functions of points (S, n) that return L (S,), ∇L (S, n) and ∇²L (S, n,
    n).
    """

    def __init__(self, value, gradient, hessian, dimension, **options):
        super().__init__(value, gradient, dimension, **options)
        self.hessian = hessian
        rows, cols = np.tril_indices(dimension)
        bands = self.degree * dimension + 1
        nodes = np.arange(self.nodes - 1)[:, None]
        self.in_block = rows * dimension + cols
        self.in_storage = (nodes * dimension + cols) * bands + rows - cols

    def add_curvature(self, storage, theta, weights):
        entries = self.hessian(theta).reshape(len(theta), -1).take(self.in_block, axis=1)
        entries *= weights[:, None]
        storage.reshape(-1)[self.in_storage] += entries

    def solve_again(self, fractions, numbers, guess):
        """(cost, θ, iterations) on vertices at these fractions of the horizon.

        ``guess`` is an earlier path (nodes, n) on the same fractions, sheared to the new start, or
        the end (n,) of a straight line.
        """
        vertices = numbers.horizon * fractions
        done = node_times(self, fractions)[:, None]
        if guess.ndim == 1:
            path = numbers.start + done * (guess - numbers.start)
        else:
            path = guess + (1 - done) * (numbers.start - guess[0])
        return self.solve(vertices, numbers, path)


class LeanNewton(BandedNewton):
    """For losses that know which diagonals of ∇²L are not zero: mesh and guess are handed over
    ready-made as well.
    """

    def __init__(self, loss, **options):
        super().__init__(loss.value, loss.gradient, loss.dimension, **options)
        self.bands = loss.bands

    def add_curvature(self, storage, theta, weights):
        for below, diagonal in enumerate(self.bands(theta)):
            storage[:, :, below] += weights[:, None] * diagonal


def node_times(newton, vertices):
    """Times of all nodes, shared ends once."""
    inner = vertices[:-1, None] + np.diff(vertices)[:, None] * newton.points[:-1]
    return np.append(inner.ravel(), vertices[-1])


def fine_cost(loss, numbers, path, *, elements=32, degree=8):
    """Cost on a mesh far finer than any contestant's, of the stationary path next to ``path``:
    times -> (S, n).
    """
    newton = LeanNewton(loss, elements=elements, degree=degree, tolerance=1e-14)
    vertices = numbers.horizon * np.linspace(0, 1, elements + 1) ** 1.5
    return newton.solve(vertices, numbers, path(node_times(newton, vertices)))[0]
