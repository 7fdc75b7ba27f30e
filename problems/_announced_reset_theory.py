"""What the costs at announced switches are held against: dynamic programming, and the price of a
reset.
"""

import numpy as np

from ._announced_resets import EFFORT_RATE, Setting

NODES, WEIGHTS = np.polynomial.legendre.leggauss(40)


def programmed_gains(setting: Setting, modes: int = 60) -> np.ndarray:
    """(g, f) of every time since a switch, (M, 2), by value iteration on V_τ(θ, m), nothing assumed
    of how V depends on τ; the last mode holds on.

    m does not move on average until a switch, which sets it to 0.
    """
    node, _, price = setting.weights
    fade, stays, step = setting.fade, setting.stays, setting.step
    stage = node * np.array([[1.0, -1.0], [-1.0, 1.0]])
    push, keep = np.array([step, 0.0]), np.diag([1.0, 0.0])
    following = np.minimum(np.arange(modes) + 1, modes - 1)
    value = np.zeros((modes, 2, 2))
    while True:
        ahead = fade * (stays * value[following] + (1 - stays) * keep @ value[0] @ keep)
        inner = price + ahead @ push @ push
        gains = (ahead @ push) / inner[:, None]
        updated = stage + ahead - np.einsum("m,mi,mj->mij", inner, gains, gains)
        if np.abs(updated - value).max() < 1e-13:
            return gains * [1.0, -1.0]
        value = updated


def ramp_excess(setting: Setting, span: float, square: float, entries: float) -> float:
    """The docstring's integral, summed over switches: D = ``square``, Σ ρᵏ P(switch) = ``entries``."""
    times, weights = span * (NODES + 1) / 2, span * WEIGHTS / 2
    rate, gamma, hazard = setting.relaxation, setting.discount, setting.hazard
    short = (rate + gamma) / (rate + gamma + hazard)
    seen = setting.use**2 * times / setting.noise**2
    known = setting.spread - 1 / (1 / setting.spread + seen)
    moved = square * (rate * (1 - times / span) - 1 / span) ** 2
    aimed = entries * (rate * short) ** 2 * known
    return float(weights @ (np.exp(-(gamma + hazard) * times) * (moved + aimed))) / (
        2 * EFFORT_RATE
    )
