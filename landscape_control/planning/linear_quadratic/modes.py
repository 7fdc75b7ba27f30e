"""Which directions the loss depends on and which the control reaches.

The Kalman decomposition, by orthogonal staircases.
"""

from typing import NoReturn

import numpy as np
from scipy.linalg import eig

from ...support.errors import UnstabilisableError

# times the dimension: curvature or coupling below it is taken as zero
_ROUND_OFF = 100 * np.finfo(float).eps


def unseen_subspace(output: np.ndarray, dynamics: np.ndarray) -> np.ndarray:
    """Basis (n, d) of the largest A-invariant subspace in the kernel of ``output`` (·, n).

    The columns are orthonormal.
    """
    basis = _kernel(output, float(np.linalg.norm(output, 2)))
    while basis.shape[1]:
        # combinations of the basis that A keeps inside it; the next round looks at those alone
        image = dynamics @ basis
        leaving = image - basis @ (basis.T @ image)
        kept = _kernel(leaving, float(np.linalg.norm(dynamics, 2)))
        if kept.shape[1] == basis.shape[1]:
            break
        basis = basis @ kept
    return basis


def complement(basis: np.ndarray) -> np.ndarray:
    """Orthonormal basis of the orthogonal complement."""
    if basis.shape[1] == 0:
        return np.eye(len(basis))
    return np.linalg.qr(basis, mode="complete")[0][:, basis.shape[1] :]


def is_convex(hessian: np.ndarray) -> bool:
    """Whether a symmetric matrix is positive semidefinite up to round-off."""
    values = np.linalg.eigvalsh(hessian)
    if values.size == 0:
        return True
    return bool(values[0] >= -_ROUND_OFF * len(hessian) * np.abs(values).max())


def check_stabilisable(
    dynamics: np.ndarray, actuation: np.ndarray, discount: float, embedding: np.ndarray
) -> None:
    """Refuse modes of A - γ/2 I that the control does not reach and that do not decay.

    ``dynamics`` is A - γ/2 I on the directions the loss depends on, ``embedding`` (n, p) takes them
    to parameter space. Raises UnstabilisableError naming the eigenvalue of A and the combination
    v·θ it belongs to.
    """
    idle = unseen_subspace(actuation.T, dynamics.T)
    if not idle.shape[1]:
        return
    # left eigenvectors v of A with vᵀB = 0 (Popov-Belevitch-Hautus)
    values, lefts = eig(idle.T @ dynamics @ idle, left=True, right=False)
    worst = np.argmax(values.real)
    if values[worst].real < -_ROUND_OFF * len(dynamics) * np.linalg.norm(dynamics, 2):
        return
    _refuse(values[worst] + discount / 2, embedding @ idle @ lefts[:, worst].conj(), discount)


def _refuse(value: complex, direction: np.ndarray, discount: float) -> NoReturn:
    direction = direction / direction[np.argmax(np.abs(direction))]
    combination = _numbers(direction.real / np.linalg.norm(direction.real))
    if abs(value.imag) > 1e-12 * abs(value):
        combination = f"{_numbers(direction.real)} ± i {_numbers(direction.imag)}"
        rate = f"{_tidy(value.real):.6g} ± {abs(value.imag):.6g}i"
    else:
        rate = f"{_tidy(value.real):.6g}"
    raise UnstabilisableError(
        "drift and actuation at infinite horizon",
        expected=(
            "every mode the loss sees to be pushed by B, or to grow slower than γ/2 ="
            f" {discount / 2:.6g} by itself"
        ),
        received=(
            f"the mode v·θ with v = {combination}: eigenvalue {rate} of A, vᵀB = 0, and the loss depends"
            " on it"
        ),
        advice=(
            f"raise the discount above {max(2 * _tidy(value.real), 0):.6g}, use a finite horizon,"
            " let the drift damp that mode (weight decay), add a column to B with a component"
            " along v, or take the loss off it"
        ),
    )


def _tidy(value: float) -> float:
    return 0.0 if abs(value) < 1e-12 else value


def _numbers(vector: np.ndarray) -> str:
    return np.array2string(np.round(vector, 6) + 0.0, separator=", ", threshold=20)


def _kernel(matrix: np.ndarray, scale: float) -> np.ndarray:
    """Orthonormal basis of the null space; singular values below round-off of ``scale`` are zero."""
    size = matrix.shape[1]
    if scale == 0:
        return np.eye(size)
    _, values, rows = np.linalg.svd(matrix)
    padded = np.concatenate([values, np.zeros(size - len(values))])
    small = padded <= _ROUND_OFF * size * scale
    return rows[small].T
