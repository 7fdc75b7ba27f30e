"""The continuous Riccati equation of a linear filter, Ṗ = -ΛP - PΛᵀ + Q - PSP with S = CᵀR⁻¹C, in closed form.

Its flow over any time is P -> N + A P(I + M P)⁻¹Aᵀ; two flows compose to a flow, so doubling reaches t = ∞ in a few steps,
also where the algebraic equation has no stabilising solution (hidden variables at rest).
"""

import numpy as np
from scipy.linalg import expm

_DOUBLINGS = 60
_SETTLED, _STILL = 1e-15, 1e-9  # relative change over a doubling: no more to gain, small enough


def covariance_after(reversion, diffusion, information, covariance, time) -> np.ndarray:
    """P(t) from P(0) = covariance, by squaring a short exact step."""
    scale = max(np.abs(part).sum() for part in (reversion, diffusion, information)) * time
    doublings = max(0, int(np.ceil(np.log2(max(scale, 1e-300)))))
    flow = _short_flow(reversion, diffusion, information, time / 2**doublings)
    for _ in range(doublings):
        flow = _twice(*flow)
    return _follow(flow, covariance)


def limit(reversion, diffusion, information, covariance) -> np.ndarray | None:
    """P(∞) from P(0) = covariance; None where it does not settle because some variance grows for ever."""
    rate = max(np.abs(part).sum() for part in (reversion, diffusion, information))
    if rate == 0:
        return covariance
    flow = _short_flow(reversion, diffusion, information, 1 / rate)
    current = _follow(flow, covariance)
    for _ in range(_DOUBLINGS):
        flow = _twice(*flow)
        before, current = current, _follow(flow, covariance)
        change, size = np.abs(current - before).max(), max(np.abs(current).max(), np.abs(covariance).max())
        if change <= _SETTLED * size:
            return current
    return current if change <= _STILL * size else None


def _short_flow(reversion, diffusion, information, time):
    """(A, M, N) of the flow over ``time``, from the exponential of the Hamiltonian matrix."""
    p = len(reversion)
    blocks = expm(np.block([[reversion.T, information], [diffusion, -reversion]]) * time)
    inverse = np.linalg.inv(blocks[:p, :p])
    return inverse.T, inverse @ blocks[:p, p:], blocks[p:, :p] @ inverse


def _twice(step, information, gained):
    """The flow over twice the time: structured doubling."""
    inverse = np.linalg.inv(np.eye(len(step)) + gained @ information)
    more = gained + step @ inverse @ gained @ step.T
    less = information + step.T @ information @ inverse @ step
    return step @ inverse @ step, (less + less.T) / 2, (more + more.T) / 2


def _follow(flow, covariance):
    step, information, gained = flow
    after = gained + step @ covariance @ np.linalg.inv(np.eye(len(step)) + information @ covariance) @ step.T
    return (after + after.T) / 2
