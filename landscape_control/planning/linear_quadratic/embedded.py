"""The policy of a problem with growing directions that no loss depends on: solved without them."""

from dataclasses import dataclass, field

import numpy as np
from scipy.integrate import solve_ivp

from ...support.arguments import Entries, Numbers, Vector, checked
from ...support.arrays import vector
from .centred import Centred
from .finite import Expansion, FiniteHorizonPolicy, path_times


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddedPolicy(FiniteHorizonPolicy):
    """V on the directions W that a loss depends on, zero elsewhere: S = W S_r Wᵀ, g = W g_r.

    Carried along, an unseen direction that grows like e^{at} would turn round-off into a cost of
    e^{2at} times that.
    """

    _problem: Centred = field(repr=False)
    _seen: Entries = field(repr=False)

    @classmethod
    def of(
        cls, policy: FiniteHorizonPolicy, *, problem: Centred, seen: np.ndarray
    ) -> "EmbeddedPolicy":
        """The policy of the whole problem from the one on the directions ``seen`` (n, p)."""
        own = vars(policy) | {"minimum": problem.centre, "_problem": problem, "_seen": seen}
        return cls(**own)

    @property
    def _push(self) -> np.ndarray:
        return self._problem.push

    @checked
    def path(self, start: Vector, times: Vector) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(θ, u, λ), (N, n), (N, m), (N, n), at ascending times in [0, T], with θ(0) = start."""
        start = vector("start", start, len(self.minimum))
        # a time may be asked for twice, but solve_ivp takes ascending ones only
        times, index = np.unique(path_times(times, self.horizon), return_inverse=True)
        problem, n = self._problem, len(start)

        def rate(time: float, deviation: np.ndarray) -> np.ndarray:
            costate = self._costates(self.horizon - time, deviation)
            return problem.dynamics @ deviation + problem.offset - problem.spread @ costate

        if not times.size:
            return np.zeros((0, n)), np.zeros((0, self._push.shape[0])), np.zeros((0, n))
        last = max(times[-1], np.finfo(float).tiny)  # an interval without length is refused
        flow = solve_ivp(
            rate,
            (0.0, last),
            start - self.minimum,
            method="DOP853",
            t_eval=times,
            rtol=1e-11,
            atol=1e-13,
        )
        deviations = flow.y.T
        costates = np.array(
            [
                self._costates(self.horizon - time, deviation)
                for time, deviation in zip(times, deviations, strict=True)
            ]
        )
        path = self.minimum + deviations, -costates @ self._push.T, costates
        theta, control, costate = (part[index] for part in path)
        return theta, control, costate

    def _costates(self, time_to_go: float, deviation: np.ndarray) -> np.ndarray:
        hessian, gradient, _ = self._expansion(max(time_to_go, 0.0))
        return hessian @ deviation + gradient

    def _expansion(self, time_to_go: Numbers) -> Expansion:
        hessian, gradient, constant = super()._expansion(time_to_go)
        seen = self._seen
        return seen @ hessian @ seen.T, gradient @ seen.T, constant
