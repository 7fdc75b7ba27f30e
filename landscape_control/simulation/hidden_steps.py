"""Hidden variables from one step of the simulation to the next, as far as second moments feel them.

Over a step of Δt a linear state obeys E[z'|z] = Az + b. What it gains in covariance, Cov z' - A Cov
z Aᵀ, is constant where the law is stationary; else it changes in time, linearly in features c with
c' = Hc: the second moments themselves, which obey a linear equation of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm

from ..planning.beliefs.hidden_moments import Moments
from ..support.errors import ProblemError

_CLOSED = 1e-9  # of their size, how far moments may be from a linear law that is taken for one


@dataclass(frozen=True, kw_only=True, eq=False)
class HiddenSteps:
    """One step of z (d,), and the covariance that it gains.

    Attributes
    ----------
    decay : (d, d), A
    push : (d,), b
    mean : (d,), E z at t = 0
    covariance : (d, d), Cov z at t = 0
    gained : (p, d, d), covariance gained per feature; in step k it is Σᵢ gainedᵢ cᵢ(k)
    features : (p,), c at t = 0; the last one is 1 at all times
    follows : (p, p), H
    """

    decay: np.ndarray
    push: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    gained: np.ndarray
    features: np.ndarray
    follows: np.ndarray


def hidden_steps(moments: Moments, step: float) -> HiddenSteps:
    """The steps of a linear state, exact at any length.

    Raises
    ------
    ProblemError
        A law of one's own whose second moments do not obey a linear equation.
    """
    size = len(moments.mean)
    zero = np.zeros((size, size))
    decay = expm(-moments.reversion * step)
    push = moments.centre - decay @ moments.centre
    if moments.is_stationary:  # Van Loan 1978
        blocks = expm(
            step * np.block([[-moments.reversion, moments.diffusion], [zero, moments.reversion.T]])
        )
        gained = blocks[:size, size:] @ blocks[:size, :size].T
        parts = gained[None], np.ones(1), np.eye(1)
    else:
        parts = _changing(moments, step, decay, push)
    return HiddenSteps(
        decay=decay,
        push=push,
        mean=moments.mean,
        covariance=moments.covariance,
        gained=parts[0],
        features=parts[1],
        follows=parts[2],
    )


def _changing(
    moments: Moments, step: float, decay: np.ndarray, push: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(gained, features, follows) where the features are (E zzᵀ, E z, 1)."""
    size = len(moments.mean)

    def pack(square: np.ndarray, mean: np.ndarray, last: float) -> np.ndarray:
        return np.concatenate([square.ravel(), mean, [last]])

    def unpack(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        square = features[: size * size].reshape(size, size)
        return (square + square.T) / 2, features[size * size : -1]

    def rate(features: np.ndarray) -> np.ndarray:
        square, mean = unpack(features)
        pulled, pushed = moments.reversion @ square, np.outer(moments.push, mean)
        spread = moments.spread(mean, square - np.outer(mean, mean))
        growth = pushed + pushed.T - pulled - pulled.T + spread
        return pack(growth, moments.push - moments.reversion @ mean, 0.0)

    def gain(features: np.ndarray) -> np.ndarray:
        """Cov z' - A Cov z Aᵀ; the products of means cancel, and E zzᵀ is left."""
        square, mean = unpack(features)
        after, _ = unpack(flow @ features)
        crossed = np.outer(decay @ mean, push)
        moved = decay @ square @ decay.T + crossed + crossed.T + np.outer(push, push) * features[-1]
        return after - moved

    start = pack(moments.covariance + np.outer(moments.mean, moments.mean), moments.mean, 1.0)
    flow = expm(step * _matrix_of(rate, start))
    units = np.eye(len(start))
    return np.array([gain(unit) for unit in units]), start, flow


def _matrix_of(rate: Callable[[np.ndarray], np.ndarray], start: np.ndarray) -> np.ndarray:
    """The matrix of a function that is affine in all features but the last, which is 1."""
    size = len(start)
    zero = np.eye(1, size, size - 1)[0]
    base = rate(zero)
    matrix = np.array([rate(zero + unit) - base for unit in np.eye(size)[:-1]] + [base]).T
    scale = max(np.abs(matrix).max(), 1e-300) * max(np.abs(start).max(), 1.0)
    if np.abs(matrix @ start - rate(start)).max() > _CLOSED * scale:
        raise ProblemError(
            "exact cost",
            expected="hidden variables whose second moments obey a linear equation",
            received="a spread that does not depend linearly on them",
            advice="use simulate",
        )
    return matrix
