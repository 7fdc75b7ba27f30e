"""The benchmark's yardstick: Newton on the discretised action in NumPy with SciPy's banded Cholesky solver.

Nothing of landscape_control is used, so that it also serves as an independent check of costs. Problem:
min ∫₀ᵀ e^{-γt} [|θ̇|²/2η + kL(θ)] dt with θ(0) given and θ(T) free; losses are written out by hand.
"""

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


class DoubleWell:
    """L = (θ₁² - 1)² + θ₂² - θ₁/2; its Hessian is diagonal."""

    dimension = 2

    def value(self, theta):
        x, y = theta[:, 0], theta[:, 1]
        return (x * x - 1) ** 2 + y * y - 0.5 * x

    def gradient(self, theta):
        x, y = theta[:, 0], theta[:, 1]
        slope = np.empty_like(theta)
        slope[:, 0] = 4 * x * (x * x - 1) - 0.5
        slope[:, 1] = 2 * y
        return slope

    def bands(self, theta):
        """Diagonals of ∇²L at points (S, n), from the main one downwards: (bands, S, n), unused ends zero."""
        curvature = np.empty((1, *theta.shape))
        curvature[0, :, 0] = 12 * theta[:, 0] ** 2 - 4
        curvature[0, :, 1] = 2.0
        return curvature


class Rosenbrock:
    """L = Σᵢ 2(θᵢ₊₁ - θᵢ²)² + ½(1 - θᵢ)²; its Hessian is tridiagonal."""

    def __init__(self, dimension):
        self.dimension = dimension

    def value(self, theta):
        head, tail = theta[:, :-1], theta[:, 1:]
        return (2 * (tail - head * head) ** 2 + 0.5 * (1 - head) ** 2).sum(1)

    def gradient(self, theta):
        head, tail = theta[:, :-1], theta[:, 1:]
        gap = 4 * (tail - head * head)
        slope = np.zeros_like(theta)
        slope[:, :-1] = -2 * head * gap - (1 - head)
        slope[:, 1:] += gap
        return slope

    def bands(self, theta):
        head, tail = theta[:, :-1], theta[:, 1:]
        curvature = np.zeros((2, *theta.shape))
        curvature[0, :, :-1] = 24 * head * head - 8 * tail + 1
        curvature[0, :, 1:] += 4
        curvature[1, :, :-1] = -8 * head
        return curvature


def lobatto(count):
    """Gauss-Lobatto points and weights on [0, 1] and the differentiation matrix of the polynomial through them."""
    basis = Legendre.basis(count - 1)
    points = np.concatenate([[-1.0], np.sort(basis.deriv().roots().real), [1.0]])
    weights = 1.0 / (count * (count - 1) * basis(points) ** 2)
    gap = points[:, None] - points + np.eye(count)
    scale = gap.prod(1)
    matrix = scale[:, None] / scale / gap
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, -matrix.sum(1))
    return (points + 1) / 2, weights, 2 * matrix


class BandedNewton:
    """Built once for a loss and a number of elements; θ at K·p nodes in time order, Hessian in lower banded storage.

    Newton with step halving (Armijo) and, where the Hessian is not positive definite, a growing multiple of the
    kinetic diagonal. It stops after the step whose predicted decrease of the cost is below ``tolerance``.
    """

    def __init__(self, loss, *, elements, degree, tolerance=1e-10, max_iterations=200):
        self.loss, self.tolerance, self.max_iterations = loss, tolerance, max_iterations
        self.points, self.weights, self.slopes = lobatto(degree + 1)
        self.elements, self.degree, self.nodes = elements, degree, elements * degree + 1
        first = np.arange(elements)[:, None] * degree
        self.of_element = first + np.arange(degree + 1)  # (K, p+1) node numbers
        rows, cols = np.tril_indices(degree + 1)
        self.lower = rows, cols
        width = self.nodes + 1
        self.scatter = ((rows - cols) * width + first + cols).ravel()  # into (p+1, nodes + 1), last column unused
        self.band_shape = degree + 1, width

    def mesh(self, vertices, numbers):
        """Node times and weights e^{-γt}w, and the kinetic matrices: per element, and in banded storage."""
        lengths = np.diff(vertices)
        times = vertices[:-1, None] + lengths[:, None] * self.points
        fading = self.weights * np.exp(-numbers.discount * times)
        kinetic = np.matmul(self.slopes.T * fading[:, None], self.slopes) / (lengths * numbers.learning_rate)[:, None, None]
        weights = np.zeros(self.nodes)
        weights[:-1] = (lengths[:, None] * fading)[:, :-1].ravel()
        weights[self.degree::self.degree] += lengths * fading[:, -1]
        rows, columns = self.band_shape
        entries = kinetic[:, self.lower[0], self.lower[1]].ravel()
        banded = np.bincount(self.scatter, entries, minlength=rows * columns).reshape(rows, columns)[:, 1:self.nodes]
        return weights * numbers.loss_weight, kinetic, banded

    def storage(self, banded):
        """The kinetic part of the Hessian in the lower banded storage of all K·p·n unknowns."""
        n = self.loss.dimension
        hessian = np.zeros((self.degree * n + 1, banded.shape[1], n))
        hessian[::n] = banded[:, :, None]
        return hessian.reshape(len(hessian), -1)

    def solve(self, vertices, numbers, guess):
        """(cost, θ (nodes, n), iterations) from a guess (nodes, n) whose first row is the start."""
        weights, kinetic, banded = self.mesh(vertices, numbers)
        fixed, theta = self.storage(banded), guess.copy()
        theta[0] = numbers.start
        cost, pull = self._value(theta, weights, kinetic)
        for iteration in range(1, self.max_iterations + 1):  # noqa: B007
            gradient = self._gradient(theta, pull, weights)
            step = self._step(theta, gradient, weights, fixed)
            decrease = gradient.ravel() @ step.ravel()
            cost, theta, pull = self._search(theta, step, decrease, cost, weights, kinetic)
            if decrease / 2 <= self.tolerance:
                return cost, theta, iteration
        raise RuntimeError(f"the reference Newton did not converge in {self.max_iterations} iterations")

    def _value(self, theta, weights, kinetic):
        local = theta[self.of_element]
        pull = np.matmul(kinetic, local)
        return 0.5 * np.vdot(local, pull) + weights @ self.loss.value(theta), pull

    def _gradient(self, theta, pull, weights):
        gradient = weights[1:, None] * self.loss.gradient(theta[1:])
        gradient += pull[:, 1:].reshape(gradient.shape)
        gradient[self.degree - 1:-1:self.degree] += pull[1:, 0]
        return gradient

    def _step(self, theta, gradient, weights, fixed):
        bands = weights[1:, None] * self.loss.bands(theta[1:])
        shift = 0.0
        while True:
            hessian = fixed.copy()
            hessian[:len(bands)] += bands.reshape(len(bands), -1)
            hessian[0] += shift * fixed[0]
            try:
                return solveh_banded(hessian, gradient.ravel(), overwrite_ab=True, lower=True,
                                     check_finite=False).reshape(gradient.shape)
            except LinAlgError:
                shift = max(10 * shift, 1e-2)

    def _search(self, theta, step, decrease, cost, weights, kinetic):
        length = 1.0
        while True:
            trial = theta.copy()
            trial[1:] -= length * step
            value, pull = self._value(trial, weights, kinetic)
            if value <= cost - 1e-4 * length * decrease or decrease <= 1e-12 or length < 1e-10:
                return value, trial, pull
            length /= 2


def node_times(newton, vertices):
    """Times of all nodes, shared ends once."""
    inner = vertices[:-1, None] + np.diff(vertices)[:, None] * newton.points[:-1]
    return np.append(inner.ravel(), vertices[-1])


def fine_cost(loss, numbers, path, *, elements=32, degree=8):
    """Cost on a mesh far finer than any contestant's, of the stationary path next to ``path``: times -> (S, n)."""
    newton = BandedNewton(loss, elements=elements, degree=degree, tolerance=1e-14)
    vertices = numbers.horizon * np.linspace(0, 1, elements + 1) ** 1.5
    return newton.solve(vertices, numbers, path(node_times(newton, vertices)))[0]
