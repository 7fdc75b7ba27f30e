"""What an exact filter leaves uncertain about two tasks (Wonham 1965).

In the mean over all that it may see.

With p the probability of the first task, rates a out of it and b into it, and s² = (Δh)ᵀR⁻¹Δh,

    dp = [b - (a + b)p] dt + p(1 - p)s dI,

whose distribution does not depend on the learner where both tasks' observations depend on θ in the
same way. The expected variance E[p(1-p)] and the expected intensity E[s²p²(1-p)²] of the belief's
motion obey Kolmogorov's backward equation. In x = log p/(1-p) the noise is constant; the equation
becomes a birth-death process with exponentially fitted rates (Scharfetter & Gummel 1969), of second
order in its spacing, and two spacings are extrapolated.
"""

from functools import cached_property

import numpy as np
from scipy.integrate import solve_ivp

from .expected_cost import Uncertainty

_EDGE = 24.0  # largest |x| of a node: p(1 - p) is 4e-11 there
_TAIL = 20.0  # e^{-40} of the density is left out
_NODES = 241  # of the coarser grid
_ACCURACY = 1e-8  # of the integration in time


def expected_uncertainty(
    rates: np.ndarray, probability: float, signal: float, times: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """(E[p(1-p)] (N,), E[s²p²(1-p)²] (N,), error) at ascending times (N,) >= 0.

    From ``probability`` at t = 0.

    Parameters
    ----------
    rates : (2, 2), the generator
    probability : of the first task
    signal : s², information per unit time that tells the tasks apart
    times : (N,)

    ``error`` is the larger of the two grids' differences that extrapolation removes, an upper
    estimate.
    """
    times, place = np.asarray(times, dtype=float), _log_odds(probability)
    low, high = _ends(rates, place, signal)
    coarse, fine = (
        _on_grid(rates, signal, times, place, np.linspace(low, high, nodes))
        for nodes in (_NODES, 2 * _NODES - 1)
    )
    # of second order: halving the spacing leaves a third of the difference (Richardson)
    correction = (fine - coarse) / 3
    variance, intensity = fine + correction
    return variance, intensity, float(np.abs(fine - coarse).max() / 3)


def _log_odds(probability: float) -> float:
    """log p/(1-p), at most ``_EDGE`` in size."""
    odds = np.log(max(probability, 1e-300)) - np.log(max(1 - probability, 1e-300))
    return float(np.clip(odds, -_EDGE, _EDGE))


def _ends(rates: np.ndarray, place: float, signal: float) -> tuple[float, float]:
    """The least and the largest x that matter.

    The start, the resting place, and the tails, which fall as exp(-2b/s²p).
    """
    leave, enter = -rates[0, 0], -rates[1, 1]
    total = leave + enter
    resting = _log_odds(enter / total) if total else place
    # where exp(-2b/s²p) has fallen to e^{-2·_TAIL}, from either end
    low, high = (_log_odds(min(rate / (_TAIL * signal), 0.5)) for rate in (enter, leave))
    least, most = min(place, resting, low), max(place, resting, -high)
    return max(least - 1, -_EDGE), min(most + 1, _EDGE)


def _on_grid(
    rates: np.ndarray, signal: float, times: np.ndarray, place: float, x: np.ndarray
) -> np.ndarray:
    """Both expectations at the times, (2, N), from x = ``place``."""
    nodes = len(x)
    p, q = 1 / (1 + np.exp(-x)), 1 / (1 + np.exp(x))
    up, down = _hops(rates, signal, x)

    def slope(_, values):
        """Kolmogorov's backward equation: what hops to the right and to the left bring."""
        both = values.reshape(nodes, 2)
        flow = np.zeros_like(both)
        step = np.diff(both, axis=0)
        flow[:-1] += up[:, None] * step
        flow[1:] -= down[:, None] * step
        return flow.ravel()

    start = np.column_stack([p * q, signal * (p * q) ** 2])
    scale = start.max(axis=0)
    flow = solve_ivp(
        slope,
        (0.0, max(times[-1], 1e-300)),
        (start / scale).ravel(),
        "LSODA",
        t_eval=times,
        lband=2,
        uband=2,
        rtol=_ACCURACY,
        atol=_ACCURACY,
    )
    values = flow.y.reshape(nodes, 2, -1)
    return scale[:, None] * np.array([_between(x, values[:, k], place) for k in range(2)])


def _hops(rates, signal, x):
    """Rates of the hops to the right and to the left.

    From all nodes but the last, and from all but the first.
    """
    width, middle = x[1] - x[0], (x[1:] + x[:-1]) / 2
    p = 1 / (1 + np.exp(-middle))
    leave, enter = -rates[0, 0], -rates[1, 1]
    # Itô's formula for x = log p/(1-p) gives the drift and dx = … + s dI
    drift = enter * (1 + np.exp(-middle)) - leave * (1 + np.exp(middle)) + signal * (p - 0.5)
    diffusion = signal / 2
    lean = drift * width / diffusion
    hop = diffusion / width**2
    return hop * _bernoulli(-lean), hop * _bernoulli(lean)


def _bernoulli(z: np.ndarray) -> np.ndarray:
    """z/(e^z - 1)."""
    small = np.abs(z) < 1e-6
    safe = np.clip(np.where(small, 1.0, z), -700, 700)  # e^710 overflows
    exact = np.where(z < -700, -z, safe / np.expm1(safe))
    return np.where(small, 1 - z / 2, exact)


def _between(x: np.ndarray, values: np.ndarray, place: float) -> np.ndarray:
    """Values (N,) at ``place`` by the cubic through the four nodes about it, (nodes, N) -> (N,)."""
    first = int(np.clip(np.searchsorted(x, place) - 2, 0, len(x) - 4))
    near = x[first : first + 4]
    weights = [np.prod([(place - b) / (a - b) for b in near if b != a]) for a in near]
    return np.array(weights) @ values[first : first + 4]


class TwoTaskUncertainty(Uncertainty):
    """As :class:`Uncertainty`, with the exact filter of two tasks in place of the best linear one."""

    @property
    def signal(self) -> float:
        """s²."""
        return float(self.information[0, 0])

    def covariance(self, times: np.ndarray) -> np.ndarray:
        """E[p(1-p)] at ascending times (N,): (N, 1, 1)."""
        variance, _, _ = self._expected(times)
        return variance[:, None, None]

    def innovation(self, covariances: np.ndarray, times: np.ndarray) -> np.ndarray:
        """E[s²p²(1-p)²] at ascending times (N,): (N, 1, 1)."""
        _, intensity, _ = self._expected(times)
        return intensity[:, None, None]

    @property
    def accuracy(self) -> float:
        """Largest estimated error of either so far, relative to the largest variance 1/4."""
        return max((4 * error for _, _, error in self._known.values()), default=0.0)

    def _expected(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        times = np.asarray(times, dtype=float)
        key = times.tobytes()
        if key not in self._known:
            self._known[key] = expected_uncertainty(
                self.rates, self.moments.mean[0], self.signal, times
            )
        return self._known[key]

    @cached_property
    def rates(self) -> np.ndarray:
        """The generator, from dp = (ν - Λp)dt: ν = b and Λ = a + b."""
        enter, total = float(self.moments.push[0]), float(self.moments.reversion[0, 0])
        return np.array([[enter - total, total - enter], [enter, -enter]])

    @cached_property
    def _known(self) -> dict[bytes, tuple[np.ndarray, np.ndarray, float]]:
        """What was computed, by the bytes of the times."""
        return {}
