"""The exact finite-horizon policy with a free end."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...support.arguments import AnyNumber, Entries, NonNegative, Numbers, Vector, checked
from ...support.arrays import number, vector
from ...support.errors import ProblemError
from .augmented import Augmented
from .centred import quadratic_form
from .propagator import ConjugatePointError, Propagator

Expansion = tuple[np.ndarray, np.ndarray, Any]  # (S, g, v); v a float, or (K,) for several times


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class FiniteHorizonPolicy:
    """The optimal policy and value with time-to-go s = T - t ∈ [0, T] and a free end.

    All values are current values, λ = ∂V/∂θ.

        V(s, θ) = ½(θ-μ)ᵀS(s)(θ-μ) + g(s)ᵀ(θ-μ) + v(s),    u(s, θ) = -ηG⁻¹Bᵀ[S(s)(θ-μ) + g(s)]

    S solves dS/ds = Q + AᵀS + SA - γS - S B(ηG⁻¹)Bᵀ S, S(0) = P, by exponentials and doubling
    instead of steps in time: the error is round-off at every horizon.

    Attributes
    ----------
    horizon : float, T
    minimum : (n,), μ, the point the value is expanded about
    """

    horizon: AnyNumber
    minimum: Entries
    _augmented: Augmented = field(repr=False)
    _end: Propagator = field(repr=False)
    _terminal_constant: AnyNumber = field(repr=False)

    @checked
    def value_hessian(self, time_to_go: Numbers) -> np.ndarray:
        """S(s): (n, n) for a number s, (K, n, n) for an array (K,)."""
        return self._expansion(time_to_go)[0]

    @checked
    def gain(self, time_to_go: Numbers) -> np.ndarray:
        """ηG⁻¹BᵀS(s), so that ∂u/∂θ = -gain: (m, n), or (K, m, n) for an array of times."""
        return self._push @ self.value_hessian(time_to_go)

    @checked
    def costate(self, time_to_go: NonNegative, theta: Numbers) -> np.ndarray:
        """λ = ∂V/∂θ at one time-to-go and θ (n,) or (N, n)."""
        hessian, gradient, _ = self._expansion(_moment(time_to_go))
        return (np.asarray(theta, dtype=float) - self.minimum) @ hessian + gradient

    @checked
    def control(self, time_to_go: NonNegative, theta: Numbers) -> np.ndarray:
        """u = -ηG⁻¹Bᵀλ at one time-to-go and θ (n,) or (N, n): (m,) or (N, m)."""
        return -self.costate(time_to_go, theta) @ self._push.T

    @checked
    def value(self, time_to_go: NonNegative, theta: Numbers) -> float | np.ndarray:
        """The optimal cost to go, measured from now: a float for θ (n,), (N,) for θ (N, n)."""
        hessian, gradient, constant = self._expansion(_moment(time_to_go))
        deviation = np.asarray(theta, dtype=float) - self.minimum
        return quadratic_form(hessian, gradient, constant, deviation)

    @checked
    def path(self, start: Vector, times: Vector) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(θ, u, λ), (N, n), (N, m), (N, n), at ascending times in [0, T], with θ(0) = start."""
        state = self._augmented.state(vector("start", start, len(self.minimum)))
        # a time may be asked for twice, and is gone to once
        times, index = np.unique(path_times(times, self.horizon), return_inverse=True)
        path = self._augmented.path(state, times, self.horizon, self._end)
        theta, control, costate = (part[index] for part in path)
        return theta, control, costate

    @property
    def _push(self) -> np.ndarray:
        """ηG⁻¹Bᵀ (m, n)."""
        return self._augmented.problem.push

    def _expansion(self, time_to_go: Numbers) -> Expansion:
        """S, g and v of V(s, θ), stacked along a first axis where there are several times-to-go."""
        times = np.atleast_1d(np.asarray(time_to_go, dtype=float))
        if not ((times >= 0) & (times <= self.horizon * (1 + 1e-12))).all():
            raise ProblemError(
                "time_to_go",
                expected=f"s = T - t in [0, {self.horizon:g}]",
                received=f"{time_to_go}",
                advice="ask inside the horizon, or build the policy with a longer one",
            )
        hessian, gradient, constant = self._augmented.expansion(times, self._end)
        problem = self._augmented.problem
        constant = constant + self._terminal_constant * np.exp(-problem.discount * times)
        if np.ndim(time_to_go):
            return hessian, gradient, constant
        return hessian[0], gradient[0], constant[0]


def finite_horizon_policy(
    augmented: Augmented, horizon: float, end: Propagator, terminal_constant: float
) -> FiniteHorizonPolicy:
    """Build the policy after checking that the cost is bounded below over the whole horizon."""
    try:
        augmented.flow.before(horizon, end)
    except ConjugatePointError:
        raise ProblemError(
            "horizon T",
            expected="a horizon over which the cost is bounded below",
            received=(
                f"T = {horizon:g}, but a concave direction pays for any effort beyond T ≈ "
                f"{_escape_time(augmented, horizon, end):.6g}"
            ),
            advice=(
                "shorten the horizon, raise the discount, fix the end, or give the terminal cost"
                " more curvature"
            ),
        ) from None
    return FiniteHorizonPolicy(
        horizon=horizon,
        minimum=augmented.problem.centre,
        _augmented=augmented,
        _end=end,
        _terminal_constant=terminal_constant,
    )


def path_times(times: Vector, horizon: float) -> np.ndarray:
    """Checked times of a path: ascending, inside [0, T]."""
    times = vector("times", times)
    if not times.size:
        return times
    descends = bool((np.diff(times) < 0).any())
    if times[0] < 0 or times[-1] > horizon * (1 + 1e-12) or descends:
        span = f"{times.min():g} … {times.max():g}"
        raise ProblemError(
            "times",
            expected=f"ascending times in [0, {horizon:g}]",
            received=f"{span}, not ascending" if descends else span,
            advice="sort them and stay inside the horizon",
        )
    return np.minimum(times, horizon)


def _moment(time_to_go: float) -> float:
    return number("time_to_go", time_to_go, low=0)


def _escape_time(augmented: Augmented, horizon: float, end: Propagator) -> float:
    """The horizon from which on the cost is unbounded below, by bisection."""
    low, high = 0.0, horizon
    for _ in range(40):
        middle = (low + high) / 2
        try:
            augmented.flow.before(middle, end)
            low = middle
        except ConjugatePointError:
            high = middle
    return high
