"""Spectra that the tests of the best rules without noise use."""

import numpy as np
from scipy.special import roots_legendre

GRID = np.linspace(0.05, 1.0, 4001)  # holds both ends, where all these polynomials are worst
RANGE = (0.05, 1.0)
MIXED = np.array([0.11, 0.3, 0.42, 0.8, 1.3, 2.0]), np.array([0.1, 0.3, 0.05, 0.25, 0.2, 0.1])


def unit_interval():
    """Uniform curvatures on [0, 1], exact to high degree; the weight h² is then that of Jacobi
    polynomials P^(0,2).
    """
    points, weights = roots_legendre(60)
    return (points + 1) / 2, weights / 2
