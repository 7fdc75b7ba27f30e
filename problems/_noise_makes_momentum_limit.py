"""Long horizons of noise_makes_momentum: the problem that is left as T → ∞ with σ/√T held.

With α = a/T², β = 1 - b/T and σ = s√T, the heavy ball on a mode h tends to
    ẍ + bẋ + ahx = -a s Ẇ,  x(0) = 1, ẋ(0) = 0,
on [0, 1]: T steps of length 1/T, whose T noises of variance σ² = s²T make white noise. So
    J(a, b; s) = E ½h[φ(1)² + a²s² ∫₀¹ g(u)² du],  φ = ġ + bg,
with g the answer to a unit kick, (e^{λ₊u} - e^{λ₋u})/(λ₊ - λ₋), λ± = -b/2 ± √(b²/4 - ah). Then
T(1 - β*) → b*(s): where β* has its peak over σ, b* has its minimum over s.
"""

from functools import cache

import numpy as np
from scipy.optimize import minimize, minimize_scalar

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
CURVATURES = 0.05 + 0.95 * (_NODES + 1) / 2  # uniform on [0.05, 1]
_STARTS = ((0.0, 0.0), (2.0, 1.0), (4.0, 2.0))  # log(a, b): where no answer is known
_RANGE = 0.05, 3.0  # of s, in which the peak is looked for


def limit_cost(logs, s) -> float:
    """J at log(a, b)."""
    a, b = np.exp(logs)
    half_gap = np.sqrt(b**2 / 4 - a * CURVATURES + 0j)
    faster, slower = -b / 2 - half_gap, -b / 2 + half_gap
    kick = (np.exp(slower) - np.exp(faster)) / (2 * half_gap)
    kick_rate = (slower * np.exp(slower) - faster * np.exp(faster)) / (2 * half_gap)
    integrals = _integral(2 * slower) + _integral(2 * faster) - 2 * _integral(slower + faster)
    squares = (integrals / (4 * half_gap**2)).real
    place = (kick_rate + b * kick).real
    return _WEIGHTS / 2 @ (CURVATURES / 2 * (place**2 + (a * s) ** 2 * squares))


def _integral(rate):
    """∫₀¹ e^{rate·u} du; 1 where a rate has underflowed, as at b → ∞."""
    safe = np.where(rate == 0, 1.0, rate)
    return np.where(rate == 0, 1.0, np.expm1(safe) / safe)


@cache
def limit_friction(s) -> float:
    """b*(s), the best of searches from three fixed starts."""
    found = [
        minimize(
            limit_cost,
            start,
            args=(s,),
            method="Nelder-Mead",
            options={"xatol": 1e-6, "fatol": 1e-14},
        )
        for start in _STARTS
    ]
    return float(np.exp(min(found, key=lambda one: one.fun).x[1]))


@cache
def limit_peak() -> tuple[float, float]:
    """(s, b*(s)) at the peak of β* over σ, as T → ∞: about 0.3116 and 5.018."""
    found = minimize_scalar(
        lambda log_s: limit_friction(np.exp(log_s)),
        bounds=np.log(_RANGE),
        method="bounded",
        options={"xatol": 1e-5},
    )
    return float(np.exp(found.x)), float(found.fun)
