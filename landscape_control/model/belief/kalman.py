"""Discrete Kalman arithmetic over many episodes: conditioning, and the exact hidden transition.

Covariances are (p, p), shared by all episodes, or (E, p, p); they stay symmetric and positive
semidefinite by Joseph's form.
"""

import numpy as np
from scipy.linalg import expm

# an exact component whose variance fell to this share of its prior one says nothing new
_DEPENDENT = 1e-12

Moments = tuple[np.ndarray, np.ndarray]  # mean (E, p) and covariance (p, p) or (E, p, p)


def transition(
    reversion: np.ndarray, diffusion: np.ndarray, step: float
) -> tuple[np.ndarray, np.ndarray]:
    """e^{-Λ step} and the covariance gained over the step, exactly (Van Loan 1978)."""
    p = len(reversion)
    generator = np.block([[-reversion, diffusion], [np.zeros((p, p)), reversion.T]])
    blocks = expm(generator * step)
    gained = blocks[:p, p:] @ blocks[:p, :p].T
    return blocks[:p, :p], (gained + gained.T) / 2


def carried(covariance: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """A P Aᵀ for one factor A (p, p) and covariances (..., p, p)."""
    p = len(factor)
    half = np.swapaxes((covariance.reshape(-1, p) @ factor.T).reshape(covariance.shape), -1, -2)
    return (half.reshape(-1, p) @ factor.T).reshape(covariance.shape)


def condition_together(
    mean: np.ndarray,
    covariance: np.ndarray,
    slope: np.ndarray,
    residual: np.ndarray,
    variance: float,
) -> Moments:
    """Mean (E, p) and shared covariance (p, p) after residuals (E, q) = C(φ - mean) + noise."""
    cross = covariance @ slope.T
    spread = slope @ cross + variance * np.eye(len(slope))
    gain = cross @ _inverse(spread, variance)
    kept = np.eye(len(covariance)) - gain @ slope
    after = kept @ covariance @ kept.T + variance * gain @ gain.T
    return mean + residual @ gain.T, (after + after.T) / 2


def condition(
    mean: np.ndarray,
    covariance: np.ndarray,
    slope: np.ndarray,
    residual: np.ndarray,
    variance: float,
) -> Moments:
    """Mean (E, p) and covariance after residuals (E, q) = C(φ - mean) + noise, component by
    component.

    Independent components may be used one after the other, which needs no inverse; slope C is (q,
    p) or (E, q, p).
    """
    start, prior = mean, covariance
    for j in range(residual.shape[-1]):
        row = slope[..., j, :]
        cross = _times(covariance, row)
        total = _dot(row, cross) + variance
        least = _DEPENDENT * _dot(row, _times(prior, row)) if variance == 0 else 0.0
        useless = total <= least
        gain = np.where(useless[..., None], 0.0, cross / np.where(useless, 1.0, total)[..., None])
        surprise = residual[:, j]
        if j:  # residuals are from the mean at the start, which the first ones have moved
            surprise = surprise - _dot(mean - start, row)
        mean = mean + gain * surprise[:, None]
        covariance = _joseph(covariance, cross, gain, row, variance)
    return mean, covariance


def _joseph(
    covariance: np.ndarray,
    cross: np.ndarray,
    gain: np.ndarray,
    row: np.ndarray,
    variance: float,
) -> np.ndarray:
    """(I - kcᵀ)P(I - ckᵀ) + variance·kkᵀ for gain k and row c, one side after the other."""
    half = covariance - _outer(gain, cross)
    result = half + _outer(variance * gain - _times(half, row), gain)
    return (result + np.swapaxes(result, -1, -2)) / 2


def _times(covariance: np.ndarray, row: np.ndarray) -> np.ndarray:
    return np.einsum("...ij,...j->...i", covariance, row)


def _dot(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.einsum("...i,...i->...", first, second)


def _outer(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.einsum("...i,...j->...ij", first, second)


def sigma_points(mean: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (E, 2p+1, p) and weights (2p+1,) >= 0 with these moments.

    Julier and Uhlmann 1997, with κ = max(3 - p, 0).
    """
    p = mean.shape[-1]
    spread = max(3.0, p)
    root = np.sqrt(spread) * np.swapaxes(_root(covariance), -1, -2)
    offsets = np.concatenate([0 * root[..., :1, :], root, -root], axis=-2)
    offsets = np.broadcast_to(offsets, (len(mean), 2 * p + 1, p))
    weights = np.full(2 * p + 1, 1 / (2 * spread))
    weights[0] = 1 - p / spread
    return mean[:, None] + offsets, weights


def _root(covariance: np.ndarray) -> np.ndarray:
    """A square root of each covariance: Cholesky's, or the spectral one where some are singular."""
    try:
        return np.linalg.cholesky(covariance)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
        return vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :]


def unscented(
    mean: np.ndarray,
    points: np.ndarray,
    weights: np.ndarray,
    seen: np.ndarray,
    observation: np.ndarray,
    variance: float,
) -> Moments:
    """Mean and covariance after ``observation`` (E, q).

    ``seen`` (E, S, q) are its expected values at the sigma points.
    """
    expected = np.einsum("s,esq->eq", weights, seen)
    offset, gap = points - mean[:, None], seen - expected[:, None]
    weighted = np.swapaxes(gap * weights[:, None], -1, -2)
    spread = weighted @ gap + variance * np.eye(seen.shape[-1])
    gain = np.swapaxes(weighted @ offset, -1, -2) @ _inverse(spread, variance)
    left = offset - gap @ np.swapaxes(gain, -1, -2)
    unexplained = np.swapaxes(left * weights[:, None], -1, -2) @ left
    covariance = unexplained + variance * gain @ np.swapaxes(gain, -1, -2)
    after = mean + np.einsum("epq,eq->ep", gain, observation - expected)
    return after, (covariance + np.swapaxes(covariance, -1, -2)) / 2


def _inverse(spread: np.ndarray, variance: float) -> np.ndarray:
    """Inverse of innovation covariances.

    Without noise some components may repeat others, and count once.
    """
    if not variance:
        return np.linalg.pinv(spread, rcond=_DEPENDENT, hermitian=True)
    return 1 / spread if spread.shape[-1] == 1 else np.linalg.inv(spread)
