"""The step that a quadratic model takes under linear limits, by non-negative least squares.

min ½dᵀHd + gᵀd subject to A d ≤ b, H positive definite. With H = LLᵀ and z = Lᵀd + L⁻¹g it is the
least distance |z| with linear limits, whose dual is a non-negative least-squares problem (C. L.
Lawson, R. J. Hanson, *Solving least squares problems*, 1974, chapter 23).
"""

import numpy as np
from scipy.optimize import nnls

LEAST = 1e-6  # the smallest curvature of a model, as a share of the largest
EXCHANGES = 30  # of the active set, for each limit: SciPy's 3 are too few where all limits bind
RELAXED = 0.9  # what of a limit is asked for that cannot be met at once


def positive(hessian: np.ndarray) -> np.ndarray:
    """The same with its eigenvalues in modulus, none of them near zero."""
    values, vectors = np.linalg.eigh((hessian + hessian.T) / 2)
    size = np.abs(values)
    return vectors * np.maximum(size, max(LEAST * size.max(), 1e-9)) @ vectors.T


def step(
    hessian: np.ndarray, slope: np.ndarray, matrix: np.ndarray, limit: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(d, multipliers ≥ 0 of the limits) of a positive definite model.

    Where nothing meets all limits, the nearest to meeting them.
    """
    lower = np.linalg.cholesky(hessian)
    shift = np.linalg.solve(lower, slope)
    rows = np.linalg.solve(lower, matrix.T).T
    apart = limit + rows @ shift  # rows @ z <= apart
    stacked = np.vstack([-rows.T, -apart[None, :]])
    wanted = np.zeros(len(slope) + 1)
    wanted[-1] = 1.0
    dual, _ = nnls(stacked, wanted, maxiter=EXCHANGES * stacked.shape[1])
    left = wanted - stacked @ dual
    if left[-1] <= 1e-12:  # limits that exclude each other
        z = -np.linalg.lstsq(rows, np.maximum(-apart, 0.0), rcond=None)[0]
        return np.linalg.solve(lower.T, z - shift), np.zeros(len(limit))
    z = -left[:-1] / left[-1]
    return np.linalg.solve(lower.T, z - shift), dual / left[-1]
