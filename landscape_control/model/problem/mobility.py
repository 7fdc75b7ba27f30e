"""B G⁻¹ Bᵀ: how far a unit push against the costate moves the parameters."""

import numpy as np


def mobility(actuation: np.ndarray, metric: np.ndarray) -> np.ndarray:
    """B G⁻¹ Bᵀ, (..., n, n), of actuations (..., n, m) and metrics (..., m, m)."""
    return actuation @ np.linalg.solve(metric, np.swapaxes(actuation, -1, -2))
