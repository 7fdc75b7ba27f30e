"""Which directions a loss ever sees, read off Kalman's observability matrix."""

import numpy as np

from .hamiltonian import LinearSystem

_ROUND_OFF = 100 * np.finfo(float).eps  # times the dimension: taken as zero


def seen_directions(system: LinearSystem, terminal: np.ndarray | None = None) -> np.ndarray:
    """Orthonormal basis (n, p) of what the loss, or a ``terminal`` Hessian, sees now or later.

    The row space of Q, QA, QA², …
    """
    n = system.size
    losses = [loss for loss in (system.loss, terminal) if loss is not None and loss.any()]
    if not losses:
        return np.zeros((n, 0))
    unit = max(np.linalg.norm(system.drift, 2), np.finfo(float).tiny)
    powers = [np.vstack([loss / np.linalg.norm(loss, 2) for loss in losses])]
    for _ in range(n - 1):
        powers.append(powers[-1] @ system.drift / unit)
    _, values, rows = np.linalg.svd(np.vstack(powers))
    rank = np.count_nonzero(values > _ROUND_OFF * n * values[0])
    return np.eye(n) if rank == n else rows[:rank].T
