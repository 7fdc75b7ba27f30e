"""Losses written out by hand in NumPy, for the reference methods: value (S,), gradient (S, n) and
Hessian of points (S, n).

``hessian`` returns full n x n blocks (S, n, n), all that a general method may use; ``bands``
returns only the diagonals of ∇²L that are not zero, from the main one downwards, (bands, S, n) with
unused ends zero.
"""

import numpy as np


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

    def hessian(self, theta):
        curvature = np.zeros((len(theta), 2, 2))
        curvature[:, 0, 0] = 12 * theta[:, 0] ** 2 - 4
        curvature[:, 1, 1] = 2.0
        return curvature

    def bands(self, theta):
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

    def hessian(self, theta):
        count, n = theta.shape
        main, below = self.bands(theta)
        curvature = np.zeros((count, n * n))
        curvature[:, :: n + 1] = main
        curvature[:, n :: n + 1] = curvature[:, 1 :: n + 1] = below[:, :-1]
        return curvature.reshape(count, n, n)

    def bands(self, theta):
        head, tail = theta[:, :-1], theta[:, 1:]
        curvature = np.zeros((2, *theta.shape))
        curvature[0, :, :-1] = 24 * head * head - 8 * tail + 1
        curvature[0, :, 1:] += 4
        curvature[1, :, :-1] = -8 * head
        return curvature
