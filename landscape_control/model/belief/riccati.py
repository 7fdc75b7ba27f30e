"""The Riccati equation of a linear filter in closed form: Ṗ = -ΛP - PΛᵀ + Q - PSP, S = CᵀR⁻¹C.

Its flow over any time is P -> N + A P(I + M P)⁻¹Aᵀ; two flows compose to a flow, so that doubling
reaches t = ∞ in a few steps where every hidden variable reverts. Without reversion the algebraic
equation has no stabilising solution, and the limit is taken by hand.
"""

import numpy as np
from scipy.linalg import expm

_DOUBLINGS = 60
_SETTLED = 1e-15  # relative change over a doubling
_AT_REST = 1e-12  # relative diffusion that counts as none

# (A, M, N) of P -> N + A P(I + M P)⁻¹Aᵀ
Flow = tuple[np.ndarray, np.ndarray, np.ndarray]


def covariance_after(
    reversion: np.ndarray,
    diffusion: np.ndarray,
    information: np.ndarray,
    covariance: np.ndarray,
    time: float,
) -> np.ndarray:
    """P(t) from P(0) = covariance, by squaring a short exact step."""
    scale = max(np.abs(part).sum() for part in (reversion, diffusion, information)) * time
    doublings = max(0, int(np.ceil(np.log2(max(scale, 1e-300)))))
    flow = _short_flow(reversion, diffusion, information, time / 2**doublings)
    for _ in range(doublings):
        flow = _twice(*flow)
    return _follow(flow, covariance)


def limit(
    reversion: np.ndarray,
    diffusion: np.ndarray,
    information: np.ndarray,
    covariance: np.ndarray,
) -> np.ndarray | None:
    """P(∞) from P(0) = covariance; None where some variance grows for ever."""
    if not reversion.any():
        return _limit_without_reversion(diffusion, information, covariance)
    rate = max(np.abs(part).sum() for part in (reversion, diffusion, information))
    flow = _short_flow(reversion, diffusion, information, 1 / rate)
    current = _follow(flow, covariance)
    for _ in range(_DOUBLINGS):
        flow = _twice(*flow)
        before, current = current, _follow(flow, covariance)
        if np.abs(current - before).max() <= _SETTLED * np.abs(current).max():
            break
    return current


def _limit_without_reversion(
    diffusion: np.ndarray, information: np.ndarray, covariance: np.ndarray
) -> np.ndarray | None:
    """P(∞) of Ṗ = Q - PSP, which depends on P(0).

    What is seen, z = Cφ, splits: its parts at rest are learned exactly; its driven parts Z, with
    diffusion D, keep the steady variance D^{1/2} and leave information D^{-1/2} about where they
    began. φ follows Z by regression; a walk of φ that Z does not show gathers variance for ever.
    """
    values, vectors = np.linalg.eigh(information)
    is_seen = values > _AT_REST * max(values[-1], 0.0)
    seen = (vectors * np.sqrt(np.maximum(values, 0.0))).T[is_seen]  # rows C, with CᵀC = S
    largest = np.abs(diffusion).max()

    driven, turn = np.linalg.eigh(seen @ diffusion @ seen.T)
    moves = driven > _AT_REST * np.abs(seen @ seen.T).max(initial=0.0) * largest
    resting, moving = turn[:, ~moves].T @ seen, turn[:, moves].T @ seen
    driven = driven[moves]  # the diagonal of D

    follow = diffusion @ moving.T / driven
    if np.abs(diffusion - follow * driven @ follow.T).max() > 1e-9 * largest:
        return None  # a walk that nothing shows
    learned = _conditioned(covariance, resting, np.zeros((len(resting), len(resting))))
    left = _conditioned(learned, moving, np.diag(np.sqrt(driven)))
    stays = np.eye(len(covariance)) - follow @ moving
    return stays @ left @ stays.T + follow * np.sqrt(driven) @ follow.T


def _conditioned(covariance: np.ndarray, rows: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """The covariance of φ once rows·φ was seen with this noise."""
    cross = covariance @ rows.T
    inverse = np.linalg.pinv(rows @ cross + noise, rcond=_AT_REST, hermitian=True)
    after = covariance - cross @ inverse @ cross.T
    return (after + after.T) / 2


def _short_flow(
    reversion: np.ndarray, diffusion: np.ndarray, information: np.ndarray, time: float
) -> Flow:
    """(A, M, N) of the flow over ``time``, from the exponential of the Hamiltonian matrix."""
    p = len(reversion)
    hamiltonian = np.block([[reversion.T, information], [diffusion, -reversion]])
    blocks = expm(hamiltonian * time)
    inverse = np.linalg.inv(blocks[:p, :p])
    return inverse.T, inverse @ blocks[:p, p:], blocks[p:, :p] @ inverse


def _twice(step: np.ndarray, information: np.ndarray, gained: np.ndarray) -> Flow:
    """The flow over twice the time, by structured doubling.

    Only matrices I + FᵀMF >= I are inverted.
    """
    shared = _softened(gained, information)
    once = step - shared @ information @ step  # (I + NM)⁻¹A
    more = gained + step @ shared @ step.T
    less = information + step.T @ _softened(information, gained) @ step
    return step @ once, (less + less.T) / 2, (more + more.T) / 2


def _softened(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """X(I + YX)⁻¹ for X = first, Y = second, both positive semidefinite.

    Computed as F(I + FᵀYF)⁻¹Fᵀ with X = FFᵀ, which stays symmetric.
    """
    values, vectors = np.linalg.eigh(first)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    weights, turn = np.linalg.eigh(root.T @ second @ root)
    root = root @ turn / np.sqrt(1 + np.maximum(weights, 0.0))
    return root @ root.T


def _follow(flow: Flow, covariance: np.ndarray) -> np.ndarray:
    step, information, gained = flow
    after = gained + step @ _softened(covariance, information) @ step.T
    return (after + after.T) / 2
