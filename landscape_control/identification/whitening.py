"""Updates read off noisy weights: what covariance their errors have, and how it is divided out.

Weights recorded as w_t = θ_t + e_t, e white with standard deviation σ, give the updates
w_{t+1} - w_t = Δθ_t + e_{t+1} - e_t. Neighbouring errors have one e in common and are correlated
-½, which looks like negative momentum. With errors s of each update by itself,

    C_tt = s_t² + 2σ²,    C_{t,t-1} = -σ²,

and with C = ℓℓᵀ the residuals ℓ⁻¹r are white: their sum of squares is the likelihood's, and least
squares of them is generalised least squares (A. C. Aitken, *On least squares and linear combination
of observations*, 1935). ℓ has two diagonals, so that a solve is one pass over the steps.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Whitening:
    """ℓ of each column of updates (T, R).

    Attributes
    ----------
    inverse : (T, R), 1/ℓ_tt, 0 for updates that do not count
    below : (T, R), ℓ beside the diagonal: how much of the white residual before it stays in this one
    counted : (T, R) bool
    """

    inverse: np.ndarray
    below: np.ndarray
    counted: np.ndarray

    def __call__(self, columns: np.ndarray) -> np.ndarray:
        """ℓ⁻¹ of (…, T, R), 0 where nothing counts."""
        white = np.empty(columns.shape)
        every = np.asarray(self.counted.all(axis=1))
        before = np.zeros(columns[..., 0, :].shape)
        for t in range(columns.shape[-2]):
            now = (columns[..., t, :] - self.below[t] * before) * self.inverse[t]
            before = now if every[t] else np.where(self.counted[t], now, before)
            white[..., t, :] = now
        return white

    @property
    def log_determinant(self) -> float:
        """log det C = 2Σ log ℓ_tt over what counts."""
        return float(-2 * np.log(self.inverse[self.counted]).sum())


def whitening(
    own: np.ndarray, weight_errors: np.ndarray, spans: np.ndarray, counted: np.ndarray
) -> Whitening:
    """Of updates (T, R) with errors of their own and those of the weights on both sides of them.

    Parameters
    ----------
    own : standard deviation of what each update is off by itself
    weight_errors : σ, standard deviation of the noise of the weights as it enters each update
    spans : number of steps that each update covers
    counted : which updates count
    """
    inverse, below = np.zeros(own.shape), np.zeros(own.shape)
    weights = own.shape[1]
    diagonal = np.ones(weights)  # ℓ_tt of the update before
    ended = np.full(weights, -1)  # its step
    error = np.zeros(weights)  # its σ
    for t in range(len(own)):
        shares_a_weight = (ended >= 0) & (ended == t - spans[t])
        common = np.where(shares_a_weight, -error * weight_errors[t], 0.0)
        beside = common / diagonal
        variance = own[t] ** 2 + 2 * weight_errors[t] ** 2 - beside**2
        here = np.sqrt(np.where(counted[t], variance, 1.0))
        inverse[t] = np.where(counted[t], 1 / here, 0.0)
        below[t] = np.where(counted[t], beside, 0.0)
        diagonal = np.where(counted[t], here, diagonal)
        ended = np.where(counted[t], t, ended)
        error = np.where(counted[t], weight_errors[t], error)
    return Whitening(inverse=inverse, below=below, counted=counted)


def covered(columns: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Sums of (…, T, R) over the steps that each update covers, spans (T, R), up to its own."""
    if (spans == 1).all():
        return columns
    steps = columns.shape[-2]
    sums = np.cumsum(columns, axis=-2)
    first = np.arange(steps)[:, None] - spans  # the step before the first that is covered
    weights = np.arange(spans.shape[1])
    earlier = np.where(first >= 0, sums[..., np.maximum(first, 0), weights], 0.0)
    exact = np.where(spans == 1, columns, sums - earlier)  # no round-off where nothing is summed
    return np.asarray(exact)
