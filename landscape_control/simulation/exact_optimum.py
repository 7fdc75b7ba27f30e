"""The least cost that any linear rule of the observations has, in the discrete time of the simulation.

With x = (θ, z, 1), u_k chosen after y_k and held, the regulator of the known hidden state is u = -Lx̂
with the posterior mean in its place (certainty equivalence: H. A. Simon 1956; H. Theil 1957), and

    J = tr(V₀M₀) + Σ_k ρᵏ⁺¹ tr(V_{k+1}N_k) + Σ_k ρᵏ tr(Γ_k P_k),    Γ = Lᵀ(S + ρBᵀVB)L:

what perfect sight costs, what the hidden noise N adds, and what is left uncertain (P_k after y_k) makes
of it. K. J. Åström, *Introduction to stochastic control theory*, 1970, ch. 8.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_discrete_are

from ..model.problem import ControlProblem
from ..support.arguments import Positive, checked
from ..support.errors import ProblemError
from .actors import check_raw
from .linear_loop import LinearLoop, time_grid

_LEFT = 1e-16  # of ρᵏ, from which on steps no longer count
_SETTLED = 1e-14  # relative change of a covariance that is no change
_MOST_STEPS = 1_000_000


@checked
def exact_optimum(
    problem: ControlProblem, *, step: Positive | None = None, horizon: Positive | None = None
) -> float:
    """J of the best rule that is linear in all observations so far, at the steps of the simulation.

    A lower bound of :func:`exact_cost` of every linear learner at the same ``step`` and ``horizon``,
    without a term O(Δt) between them. Where all is Gaussian it is the optimum among all rules; with
    jumps or tasks a filter that is not linear may do better. As Δt → 0 it tends to the cost of exact
    LQG, from either side: the learner sees y before it moves, but holds u.

    Raises
    ------
    ProblemError
        As :func:`exact_cost`; a cost without lower bound, or (at T = ∞) a mode that no control
        damps.
    """
    check_raw(problem, None, "exact_optimum")
    grid = time_grid(problem, step, horizon, None)
    return optimum_on(LinearLoop(problem, grid))


def optimum_on(loop: LinearLoop) -> float:
    """The optimum on a problem that has been read already."""
    parts = _Parts(loop)
    return parts.endless() if loop.grid.count is None else parts.finite(loop.grid.count)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Regulator:
    """V (D, D) and Γ (D, D) at one step."""

    value: np.ndarray
    price: np.ndarray


class _Parts:
    """The matrices of the regulator and of the filter."""

    def __init__(self, loop: LinearLoop):
        objective, self.hidden, self.fade = loop.problem.objective, loop.hidden, loop.grid.fade
        n, _, d = loop.sizes
        self.place = slice(n, n + d)
        self.flow = np.zeros((n + d + 1, n + d + 1))
        self.flow[:n, :n], self.flow[:n, -1] = loop.drift, loop.offset
        self.flow[n:-1, n:-1], self.flow[n:-1, -1] = self.hidden.decay, self.hidden.push
        self.flow[-1, -1] = 1.0
        self.push = np.vstack([loop.push, np.zeros((d + 1, loop.push.shape[1]))])
        self.weight = objective.loss_weight * loop.grid.node * loop.loss
        self.effort = loop.grid.effort / (2 * objective.learning_rate) * loop.model.metric
        self.last = loop.last(0)
        self.sight = loop.model.sight[1]
        self.noise = loop.shake @ loop.shake.T if loop.shake.size else None
        self.start = loop.start(0)
        self.first = objective.loss_weight * loop.grid.first * float(np.sum(loop.loss * self.start))

    def finite(self, count: int) -> float:
        """J over ``count`` steps, back by Riccati's recursion and forth by the filter's."""
        regulators = [_Regulator(value=self.last, price=np.zeros_like(self.last))]
        for _ in range(count):
            regulators.append(self._before(regulators[-1].value))
        total, fade = np.sum(regulators[-1].value * self.start) - self.first, 1.0
        covariance, features = self.hidden.covariance, self.hidden.features
        for k in range(count):
            left = self._seen(covariance)
            total += fade * np.sum(regulators[count - k].price[self.place, self.place] * left)
            gained = np.einsum("iab,i->ab", self.hidden.gained, features)
            fade *= self.fade
            after = regulators[count - k - 1].value[self.place, self.place]
            total += fade * np.sum(after * gained)
            covariance = self.hidden.decay @ left @ self.hidden.decay.T + gained
            features = self.hidden.follows @ features
        return float(total)

    def endless(self) -> float:
        """J over all steps, by the algebraic equation."""
        regulator = self._steady()
        total = np.sum(regulator.value * self.start) - self.first
        covariance, features, fade = self.hidden.covariance, self.hidden.features, 1.0
        later, price = (
            matrix[self.place, self.place] for matrix in (regulator.value, regulator.price)
        )
        for _ in range(_MOST_STEPS):
            left = self._seen(covariance)
            gained = np.einsum("iab,i->ab", self.hidden.gained, features)
            added = np.sum(price * left) + self.fade * np.sum(later * gained)
            before, covariance = covariance, self.hidden.decay @ left @ self.hidden.decay.T + gained
            moved, features = features, self.hidden.follows @ features
            if fade < _LEFT:
                break
            if _same(before, covariance) and _same(moved, features):
                total += fade * added / (1 - self.fade)
                break
            total += fade * added
            fade *= self.fade
        return float(total)

    def _before(self, value: np.ndarray) -> _Regulator:
        """One step of Riccati's recursion back from V."""
        inner = self.effort + self.fade * self.push.T @ value @ self.push
        cross = self.fade * self.push.T @ value @ self.flow
        if np.linalg.eigvalsh(inner)[0] <= 0:
            raise ProblemError(
                "exact_optimum",
                expected="a cost that every control raises in the end",
                received="a direction of u that lowers it without bound, or costs nothing",
                advice="give movement a price (learning_rate < inf), or the loss more curvature",
            )
        gain = np.linalg.solve(inner, cross)
        value = self.weight + self.fade * self.flow.T @ value @ self.flow - cross.T @ gain
        return _Regulator(value=(value + value.T) / 2, price=gain.T @ inner @ gain)

    def _steady(self) -> _Regulator:
        root = math.sqrt(self.fade)
        try:
            value = solve_discrete_are(root * self.flow, root * self.push, self.weight, self.effort)
        except (np.linalg.LinAlgError, ValueError) as error:
            raise ProblemError(
                "exact_optimum",
                expected="an expected cost that is finite over T = ∞",
                received=f"a Riccati equation without a stabilising solution ({error})",
                advice="use a finite horizon, a larger discount, or a price of movement",
            ) from None
        return self._before(value)

    def _seen(self, covariance: np.ndarray) -> np.ndarray:
        """P after an observation, from P before it."""
        shown = self.sight @ covariance
        spread = shown @ self.sight.T + (0.0 if self.noise is None else self.noise)
        gain = (
            np.linalg.lstsq(spread, shown, rcond=1e-13)[0].T
            if self.noise is None
            else (np.linalg.solve(spread, shown).T)
        )
        left = covariance - gain @ shown
        return (left + left.T) / 2


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.abs(one - other).max(initial=0.0) <= _SETTLED * np.abs(one).max(initial=0.0))
