"""Covariances of a rule's state, as factors F with S = F Fᵀ or as they are.

A second moment r S rᵀ that cancels, as where a transient grows and an average of it is small, is lost
in round-off relative to the largest entry of S; Σ_k (rF)_k² only in its square. This is the square
root form of filters.

Source: G. J. Bierman, *Factorization methods for discrete sequential estimation*, 1977.
"""

import numpy as np

COLUMNS = 8  # times the dimension: how wide a factor may become before it is made square again


class Factors:
    """S = F Fᵀ of modes, F (…, N, d, k), whose columns are independent sources."""

    def __init__(self, variances: np.ndarray):
        """Independent entries of x with these variances (N, d); those without any have no column."""
        moving = np.flatnonzero(variances.any(axis=0))
        self.factor = (np.sqrt(variances)[:, :, None] * np.eye(variances.shape[-1]))[..., moving]

    def square(self, row: np.ndarray) -> np.ndarray:
        """r S rᵀ (…, N) of a row (…, 1, d)."""
        return ((row @ self.factor) ** 2).sum(axis=(-2, -1))

    def move(
        self, matrix: np.ndarray, gain: np.ndarray, variance: np.ndarray, drift: np.ndarray
    ) -> None:
        """S ← A S Aᵀ + n v nᵀ + diag(drift), with A (…, N, d, d), n (…, N, d), v (…, N)."""
        parts = [matrix @ self.factor]
        if variance.any():
            parts.append((gain * np.sqrt(variance)[..., None])[..., None])
        if drift.any():
            parts.append(np.sqrt(drift)[:, None] * np.eye(len(drift))[:, drift > 0])
        self.factor = _joined(parts)
        if self.factor.shape[-1] > COLUMNS * matrix.shape[-1]:
            self.factor = np.swapaxes(np.linalg.qr(np.swapaxes(self.factor, -1, -2), "r"), -1, -2)


class Covariances:
    """S itself, for complex numbers, of which factors with noise have no analytic continuation."""

    def __init__(self, variances: np.ndarray):
        self.spread = variances[:, :, None] * np.eye(variances.shape[-1])

    def square(self, row: np.ndarray) -> np.ndarray:
        """r S rᵀ (…, N) of a row (…, 1, d)."""
        return (row @ self.spread @ np.swapaxes(row, -1, -2))[..., 0, 0]

    def move(
        self, matrix: np.ndarray, gain: np.ndarray, variance: np.ndarray, drift: np.ndarray
    ) -> None:
        """S ← A S Aᵀ + n v nᵀ + diag(drift)."""
        gained = gain[..., :, None] * gain[..., None, :] * variance[..., None, None]
        moved = matrix @ self.spread @ np.swapaxes(matrix, -1, -2)
        self.spread = moved + gained + np.diag(drift)


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """Columns side by side, whatever the leading axes."""
    leading = np.broadcast_shapes(*(part.shape[:-1] for part in parts))
    return np.concatenate(
        [np.broadcast_to(part, (*leading, part.shape[-1])) for part in parts], axis=-1
    )
