"""Discrete Kalman arithmetic, vectorised over episodes: conditioning on what was seen, and the
exact hidden transition.

Covariances are (p, p), shared by all episodes, or (E, p, p); they stay symmetric and positive
semidefinite by Joseph's form.
"""

import numpy as np
from scipy.linalg import expm

_DEPENDENT = (
    1e-12  # an exact component whose variance fell to this share of its prior one says nothing new
)


def transition(reversion, diffusion, step) -> tuple[np.ndarray, np.ndarray]:
    """e^{-Λ step} and the covariance gained over the step, exactly (Van Loan 1978)."""
    p = len(reversion)
    blocks = expm(np.block([[-reversion, diffusion], [np.zeros((p, p)), reversion.T]]) * step)
    gained = blocks[:p, p:] @ blocks[:p, :p].T
    return blocks[:p, :p], (gained + gained.T) / 2


def carried(covariance, factor):
    """A P Aᵀ for one factor A (p, p) and covariances (..., p, p)."""
    p = len(factor)
    half = np.swapaxes((covariance.reshape(-1, p) @ factor.T).reshape(covariance.shape), -1, -2)
    return (half.reshape(-1, p) @ factor.T).reshape(covariance.shape)


def condition_together(mean, covariance, slope, residual, variance):
    """Mean (E, p) and shared covariance (p, p) after residuals (E, q) = C(φ - mean) + noise of
    ``variance``.
    """
    cross = covariance @ slope.T
    spread = slope @ cross + variance * np.eye(len(slope))
    gain = cross @ _inverse(spread, variance)
    kept = np.eye(len(covariance)) - gain @ slope
    after = kept @ covariance @ kept.T + variance * gain @ gain.T
    return mean + residual @ gain.T, (after + after.T) / 2


def condition(mean, covariance, slope, residual, variance):
    """Mean (E, p) and covariance after residuals (E, q) = C(φ - mean) + noise of ``variance``,
    components in turn.

    Independent components may be used one after the other, which needs no inverse; slope C is (q,
    p) or (E, q, p).
    """
    start, prior = mean, covariance
    for j in range(residual.shape[-1]):
        row = slope[..., j, :]
        cross = _times(covariance, row)
        total = _dot(row, cross) + variance
        useless = total <= (_DEPENDENT * _dot(row, _times(prior, row)) if variance == 0 else 0.0)
        gain = np.where(useless[..., None], 0.0, cross / np.where(useless, 1.0, total)[..., None])
        surprise = residual[:, j] - _dot(mean - start, row) if j else residual[:, j]
        mean = mean + gain * surprise[:, None]
        covariance = _joseph(covariance, cross, gain, row, variance)
    return mean, covariance


def _joseph(covariance, cross, gain, row, variance):
    """(I - kcᵀ)P(I - ckᵀ) + variance·kkᵀ for gain k and row c, one side after the other."""
    half = covariance - _outer(gain, cross)
    result = half + _outer(variance * gain - _times(half, row), gain)
    return (result + np.swapaxes(result, -1, -2)) / 2


def _times(covariance, row):
    return np.einsum("...ij,...j->...i", covariance, row)


def _dot(first, second):
    return np.einsum("...i,...i->...", first, second)


def _outer(first, second):
    return np.einsum("...i,...j->...ij", first, second)


def sigma_points(mean, covariance) -> tuple[np.ndarray, np.ndarray]:
    """Points (E, 2p+1, p) and weights (2p+1,) >= 0 with these moments (Julier and Uhlmann 1997, κ =
    max(3 - p, 0)).
    """
    p = mean.shape[-1]
    spread = max(3.0, p)
    root = np.sqrt(spread) * np.swapaxes(_root(covariance), -1, -2)
    offsets = np.broadcast_to(
        np.concatenate([0 * root[..., :1, :], root, -root], axis=-2), (len(mean), 2 * p + 1, p)
    )
    weights = np.full(2 * p + 1, 1 / (2 * spread))
    weights[0] = 1 - p / spread
    return mean[:, None] + offsets, weights


def _root(covariance):
    """A square root of each covariance: Cholesky's, or the spectral one where some are singular."""
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
        return vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]


def unscented(mean, points, weights, seen, observation, variance):
    """Mean and covariance after ``observation`` (E, q) that had expected values ``seen`` (E, S, q)
    at the sigma points.
    """
    expected = np.einsum("s,esq->eq", weights, seen)
    offset, gap = points - mean[:, None], seen - expected[:, None]
    weighted = np.swapaxes(gap * weights[:, None], -1, -2)
    spread = weighted @ gap + variance * np.eye(seen.shape[-1])
    gain = np.swapaxes(weighted @ offset, -1, -2) @ _inverse(spread, variance)
    left = offset - gap @ np.swapaxes(gain, -1, -2)
    covariance = np.swapaxes(
        left * weights[:, None], -1, -2
    ) @ left + variance * gain @ np.swapaxes(gain, -1, -2)
    return (
        mean + np.einsum("epq,eq->ep", gain, observation - expected),
        (covariance + np.swapaxes(covariance, -1, -2)) / 2,
    )


def _inverse(spread, variance):
    """Inverse of innovation covariances; without noise some components may repeat others, and count
    once.
    """
    if not variance:
        return np.linalg.pinv(spread, rcond=_DEPENDENT, hermitian=True)
    return 1 / spread if spread.shape[-1] == 1 else np.linalg.inv(spread)
