"""Which displacements controls can bring about, for an affine drift and a constant actuation."""

import numpy as np

from .model import Model

_RANK = 1e-10  # of the largest singular value


def reachable_directions(model: Model) -> tuple[np.ndarray, np.ndarray] | None:
    """Orthonormal columns (n, r) that span [B, AB, …, A^{n-1}B], and (n, n-r) of the rest.

    None where f or B varies more. What lies in the rest coasts whatever the controls do (Kalman).
    """
    if model.drift_matrix is None or not model.constant["actuation"]:
        return None
    if "reachable" not in model.cache:
        n = model.dimension
        matrix, _ = model.drift_matrix
        columns = [model.actuation(np.zeros(n))[0]]
        scale = max(np.abs(matrix).max(), 1e-300)  # powers of A would overflow
        for _ in range(n - 1):
            columns.append(matrix @ columns[-1] / scale)
        left, values, _ = np.linalg.svd(np.hstack(columns))
        rank = int((values > _RANK * values[0]).sum())
        model.cache["reachable"] = left[:, :rank], left[:, rank:]
    return model.cache["reachable"]
