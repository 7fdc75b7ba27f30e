"""Second moments of a closed loop over N steps or for ever, by doubling.

The loop x ← Φx + noise on x = (θ, s, z, 1), with the weights of the learner θ, its memory s and the
hidden state z, has M = E xxᵀ with

    M ← ΦMΦᵀ + Σᵢ Kᵢ cᵢ,   c ← Hc.

A cost Σ_k ρᵏ tr(W M_k) is tr(Y M₀) + y·c₀. For N steps (Y, y) follow from those of N/2 steps, so that
log₂ N products give them: the matrices of two stretches, one after the other, are those of both. For N
= ∞ the same doubling, of quadratic convergence, solves the discrete Lyapunov equation Y = W + ρΦᵀYΦ
(R. A. Smith, *Matrix equation XA + BX = C*, SIAM J. Appl. Math. 1968). Everything may have batches
(B,) in front, and be complex, which carries derivatives (see :mod:`.linear_forms`).
"""

from dataclasses import dataclass

import numpy as np

_MOST_DOUBLINGS = 60
_SETTLED = 1e-17  # what a further doubling may add, of what there is


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretch:
    """Some steps of a loop, taken together.

    Attributes
    ----------
    flow : (..., D, D), Φ of all the steps
    noise : (..., p, D, D), Kᵢ of all the steps
    follows : (p, p), H of all the steps
    fade : ρ of all the steps
    weight : (..., D, D), Y
    added : (..., p), y
    """

    flow: np.ndarray
    noise: np.ndarray
    follows: np.ndarray
    fade: float
    weight: np.ndarray
    added: np.ndarray

    def then(self, other: "Stretch") -> "Stretch":
        """These steps, and the other ones after them."""
        flow = self.flow
        turned = flow.swapaxes(-1, -2)
        mixed = other.noise  # with one feature, which is 1, H is 1
        if self.follows.size > 1:
            mixed = np.einsum("...jab,ji->...iab", other.noise, self.follows)
        carried = other.flow[..., None, :, :] @ self.noise @ _turned(other.flow)[..., None, :, :]
        felt = (other.weight[..., None, :, :] * self.noise).sum(axis=(-2, -1))
        return Stretch(
            flow=other.flow @ flow,
            noise=carried + mixed,
            follows=other.follows @ self.follows,
            fade=self.fade * other.fade,
            weight=self.weight + self.fade * (turned @ other.weight @ flow),
            added=self.added + self.fade * (felt + other.added @ self.follows),
        )

    def moments(self, start: np.ndarray, features: np.ndarray) -> np.ndarray:
        """M (..., D, D) after the steps, from M₀ (D, D) and c₀ (p,)."""
        return self.flow @ start @ _turned(self.flow) + np.einsum(
            "...iab,i->...ab", self.noise, features
        )

    def cost(self, start: np.ndarray, features: np.ndarray) -> np.ndarray:
        """Σ_k ρᵏ tr(W M_k) over the steps, (...)."""
        return np.einsum("...ab,ab->...", self.weight, start) + self.added @ features


def repeated(step: Stretch, count: int) -> Stretch:
    """``count`` >= 1 equal steps, by binary powers."""
    if count == 1:
        return step
    half = repeated(step, count // 2)
    whole = half.then(half)
    return whole.then(step) if count % 2 else whole


def endless_cost(step: Stretch, start: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Σ_k ρᵏ tr(W M_k) over all k (...), of a loop whose discounted moments die out.

    Y = W + ρΦᵀYΦ by doubling; then what the noise adds, y = ρ(I - ρHᵀ)⁻¹ tr(Y Kᵢ).
    """
    flow, weight, fade = step.flow, step.weight, step.fade
    for _ in range(_MOST_DOUBLINGS):
        later = fade * (_turned(flow) @ weight @ flow)
        weight = weight + later
        if _size(later) <= _SETTLED * _size(weight):
            break
        flow, fade = flow @ flow, fade * fade
    felt = step.fade * (weight[..., None, :, :] * step.noise).sum(axis=(-2, -1))
    onwards = np.eye(len(features)) - step.fade * step.follows
    added = felt @ np.linalg.solve(onwards, features)
    return np.einsum("...ab,ab->...", weight, start) + added


def _turned(matrix: np.ndarray) -> np.ndarray:
    return matrix.swapaxes(-1, -2)


def _size(array: np.ndarray) -> float:
    return float(np.abs(array).max(initial=0.0))
