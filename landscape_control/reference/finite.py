"""The exact finite-horizon policy with a free end."""

from dataclasses import dataclass, field

import numpy as np

from ..support.arguments import AnyNumber, Entries, NonNegative, Numbers, Vector, checked
from ..support.arrays import number, vector
from ..support.errors import ProblemError
from .hamiltonian import LinearSystem
from .riccati import EscapeError, Quadratic, backwards


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class FinitePolicy:
    """The optimal policy and value with time-to-go s = T - t ∈ [0, T], free end; current values, λ
    = ∂V/∂θ.

        V(s, θ) = ½(θ-μ)ᵀS(s)(θ-μ) + g(s)ᵀ(θ-μ) + v(s),    u(s, θ) = -ηG⁻¹Bᵀ[S(s)(θ-μ) + g(s)]

    S solves dS/ds = Q + AᵀS + SA - γS - S B(ηG⁻¹)Bᵀ S, S(0) = P, by exact exponentials of
    Pontryagin's linear equations over short steps: the error is round-off at every horizon.

    Attributes
    ----------
    horizon : float, T
    minimum : (n,), μ, the point the value is expanded about
    """

    horizon: AnyNumber
    minimum: Entries
    _system: LinearSystem = field(repr=False)
    _end: Quadratic = field(repr=False)

    @checked
    def value_hessian(self, time_to_go: Numbers) -> np.ndarray:
        """S(s): (n, n) for a number s, (K, n, n) for an array (K,)."""
        times = np.asarray(time_to_go, dtype=float)
        hessians = [value.hessian for value in self._values(np.atleast_1d(times))]
        return np.array(hessians) if times.ndim else hessians[0]

    @checked
    def gain(self, time_to_go: Numbers) -> np.ndarray:
        """ηG⁻¹BᵀS(s), so that ∂u/∂θ = -gain: (m, n), or (K, m, n) for an array of times."""
        return self._system.push @ self.value_hessian(time_to_go)

    @checked
    def costate(self, time_to_go: NonNegative, theta: Numbers) -> np.ndarray:
        """λ = ∂V/∂θ at one time-to-go and θ (n,) or (N, n)."""
        value = self._value(number("time_to_go", time_to_go, low=0))
        return (np.asarray(theta, dtype=float) - self.minimum) @ value.hessian + value.gradient

    @checked
    def control(self, time_to_go: NonNegative, theta: Numbers) -> np.ndarray:
        """u = -ηG⁻¹Bᵀλ at one time-to-go and θ (n,) or (N, n): (m,) or (N, m)."""
        return -self.costate(time_to_go, theta) @ self._system.push.T

    @checked
    def value(self, time_to_go: NonNegative, theta: Numbers) -> float | np.ndarray:
        """The optimal cost to go, measured from now, at one time-to-go: a float for θ (n,), (N,)
        for θ (N, n).
        """
        value = self._value(number("time_to_go", time_to_go, low=0))
        return value.at(np.asarray(theta, dtype=float) - self.minimum)

    @checked
    def path(self, start: Vector, times: Vector) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(θ, u, λ) of shapes (N, n), (N, m), (N, n) at ascending times in [0, T], from θ(0) =
        start.
        """
        deviation = vector("start", start, len(self.minimum)) - self.minimum
        times = path_times(times, self.horizon)
        left = self.horizon - times
        ascending = np.unique(np.append(left, self.horizon))
        nodes = backwards(self._system, ascending, self._end)
        along = {}
        for node in reversed(nodes):
            costate = node.value.hessian @ deviation + node.value.gradient
            along[node.time_to_go] = deviation, costate
            if node.ahead is not None:
                deviation = node.ahead @ deviation + node.drift
        shape = (len(times), len(self.minimum))
        deviations = np.reshape([along[s][0] for s in left], shape)
        costates = np.reshape([along[s][1] for s in left], shape)
        return self.minimum + deviations, -costates @ self._system.push.T, costates

    def _values(self, times: np.ndarray) -> list[Quadratic]:
        """V at times-to-go (K,), in any order."""
        if not ((times >= 0) & (times <= self.horizon * (1 + 1e-12))).all():
            raise ProblemError(
                "time_to_go",
                expected=f"s = T - t in [0, {self.horizon:g}]",
                received=f"{times}",
                advice="ask inside the horizon, or build the policy with a longer one",
            )
        nodes = backwards(self._system, np.unique(times), self._end)
        at = {node.time_to_go: node.value for node in nodes}
        return [at[time] for time in times]

    def _value(self, time_to_go: float) -> Quadratic:
        known = self.__dict__.setdefault("_known", {})
        if time_to_go not in known:
            known[time_to_go] = self._values(np.array([time_to_go]))[0]
        return known[time_to_go]


def finite_policy(system: LinearSystem, horizon: float, end: Quadratic) -> FinitePolicy:
    """Build the policy after checking that the cost is bounded below over the whole horizon."""
    if not is_bounded(system, horizon, end):
        raise ProblemError(
            "horizon T",
            expected="a horizon over which the cost is bounded below",
            received=(
                f"T = {horizon:g}, but a concave direction pays for any effort beyond T ≈ "
                f"{_escape_time(system, horizon, end):.6g}"
            ),
            advice=(
                "shorten the horizon, raise the discount, fix the end, or give the terminal cost"
                " more curvature"
            ),
        )
    return FinitePolicy(horizon=horizon, minimum=system.centre, _system=system, _end=end)


def is_bounded(system: LinearSystem, horizon: float, end: Quadratic) -> bool:
    """Whether the cost is bounded below from every time-to-go up to ``horizon`` on."""
    try:
        backwards(system, [horizon], end)
    except EscapeError:
        return False
    return True


def _escape_time(system: LinearSystem, horizon: float, end: Quadratic) -> float:
    """The conjugate point, by bisection."""
    low, high = 0.0, horizon
    for _ in range(40):
        middle = (low + high) / 2
        if is_bounded(system, middle, end):
            low = middle
        else:
            high = middle
    return high


def path_times(times: Vector, horizon: float) -> np.ndarray:
    """Checked times of a path: ascending, inside [0, T]."""
    times = vector("times", times)
    ascending = not (np.diff(times) < 0).any()
    if times.size and (times[0] < 0 or times[-1] > horizon * (1 + 1e-12) or not ascending):
        order = "" if ascending else ", not ascending"
        raise ProblemError(
            "times",
            expected=f"ascending times in [0, {horizon:g}]",
            received=f"{times.min():g} … {times.max():g}{order}",
            advice="sort them and stay inside the horizon",
        )
    return np.minimum(times, horizon)
