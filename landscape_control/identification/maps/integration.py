"""What closed loops cost: LSODA along all of them side by side, the running cost as last state."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.integrate import LSODA

from .closed_loop import ClosedLoops

_UNSETTLED = 1e-2  # of the cost; T = ∞ without discount allows no more to be left
_GROWTH = 1.02  # factor by which the time must grow within ``Effort.patience`` evaluations
_NEVER = 1e-12  # 1/time, added to a rate that may vanish
# of the time left: over a shorter step a path may move by less than rounding and yet not rest
_TOO_SHORT = 1e-9


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How closely closed loops are followed, and when one is given up.

    Attributes
    ----------
    accuracy : relative tolerance of LSODA; the absolute one is a hundred times smaller, in units of
        the problem's size for θ and of (running cost at the start)·(end) for the cost
    still : paths that would move by less than this fraction of the problem's size until the end
        stand still; 0 follows every path to the end
    settled : T = ∞ ends once the estimated rest of each cost is below this fraction of it, or each
        cost, rest included, moved by less than that since the stop before
    stops : of T = ∞, in units of the first horizon
    patience : evaluations within which the time must grow by 2 %; else the fastest path is given up
    limit : evaluations between two stops
    """

    accuracy: float
    still: float = 1e-5
    settled: float = 1e-6
    stops: tuple[float, ...] = (1, 4, 16)
    patience: int = 200
    limit: int = 8000


class Integration:
    """Closed loops followed for a given effort.

    Parameters
    ----------
    loops : ClosedLoops of S candidates
    effort : Effort
    end : the horizon, or the first stop for T = ∞
    bound : a number or (S,); candidates are given up once their cost must exceed it
    lowest : the least loss there is, -inf where it is not known; ``bound`` needs it

    Attributes
    ----------
    settled : (S,) bool, whether the cost of T = ∞ no longer moved at the last stop
    stop : time of that
    """

    def __init__(
        self,
        loops: ClosedLoops,
        effort: Effort,
        *,
        end: float,
        bound: float | np.ndarray = math.inf,
        lowest: float = -math.inf,
    ) -> None:
        self.loops, self.effort, self.end = loops, effort, end
        self.bound, self.lowest = bound, lowest
        self.problem, self.objective, self.count = loops.problem, loops.objective, loops.count
        self.settled, self.stop = np.ones(self.count, dtype=bool), end

    def costs(self) -> np.ndarray:
        """J of every candidate (S,).

        inf where the rule is undefined on its way, runs off, or passes the bound.
        """
        t, state = 0.0, np.zeros(self.count * (self.problem.dimension + 1))
        if math.isfinite(self.objective.horizon):
            t, state = self._integrate(t, self.end, state)
            return self._at_the_end(t, state.reshape(self.count, -1))
        before = np.full(self.count, np.inf)
        for factor in self.effort.stops:
            t, state = self._integrate(t, factor * self.end, state)
            costs, left = self._with_rest(t, state.reshape(self.count, -1))
            self.stop = t
            self._settle(costs, before, left)
            if self.settled[~self.loops.dead].all():
                break
            before = costs
        if self.objective.discount == 0:  # nothing fades: what has not settled has no cost
            costs = np.where(left <= _UNSETTLED, costs, np.inf)
        return costs

    def _settle(self, costs: np.ndarray, before: np.ndarray, left: np.ndarray) -> None:
        """Which costs of T = ∞ no longer move; without discount a rest that stays is no cost."""
        with np.errstate(invalid="ignore"):
            moved = np.abs(costs - before)
        steady = moved <= self.effort.settled * np.abs(costs)
        if self.objective.discount == 0:
            steady &= left <= _UNSETTLED
        self.settled = steady | (left <= self.effort.settled)

    def _rate(self, t: float, y: np.ndarray) -> np.ndarray:
        """ẏ, where y holds θ - θ(0) and the cost so far of one candidate after the other.

        Counted from the start, tolerances do not depend on where the origin is.
        """
        velocity, running = self.loops.velocity(t, self._places(y))
        slopes = np.empty((self.count, velocity.shape[1] + 1))
        slopes[:, :-1] = velocity
        slopes[:, -1] = math.exp(-self.objective.discount * t) * running
        return slopes.ravel()

    def _places(self, y: np.ndarray) -> np.ndarray:
        """θ (S, n)."""
        return self.problem.start + y.reshape(self.count, -1)[:, :-1]

    def _integrate(self, begin: float, end: float, state: np.ndarray) -> tuple[float, np.ndarray]:
        """(t, state) after LSODA steps to the end or a standstill."""
        # no candidate depends on another, so that the Jacobian is a band
        band = state.size // self.count - 1 if self.count > 1 else None
        tolerance = {"rtol": self.effort.accuracy, "atol": self._absolute_tolerance()}
        used, now, y = 0, begin, state
        while now < end and used < self.effort.limit:
            solver = LSODA(self._rate, now, y, end, **tolerance, lband=band, uband=band)
            finished = self._march(solver, end)
            used += solver.nfev
            now, y = solver.t, solver.y.copy()
            if finished:
                return now, y
            self._give_up(now, y)
        if now < end:
            self.loops.give_up(now, ~self.loops.dead)
        return now, y

    def _absolute_tolerance(self) -> np.ndarray:
        """One per entry of the state: problems of any unit of θ and of the loss are alike."""
        start = self.problem.start
        running = np.abs(self.loops.velocity(0.0, np.tile(start, (self.count, 1)))[1])
        cost = running.min(where=running > 0, initial=math.inf) * self.end  # of the calmest
        units = np.full(len(start) + 1, self.loops.size)
        units[-1] = cost if 0 < cost < math.inf else 1.0
        return np.tile(self.effort.accuracy * 1e-2 * units, self.count)

    def _march(self, solver: LSODA, end: float) -> bool:
        """Whether the end or a standstill was reached.

        False where the time hardly moves because one path is too rough.
        """
        checked, since = solver.t, 0
        bounded = np.isfinite(self.bound).any() and math.isfinite(self.lowest)
        while solver.status == "running":
            before, last = solver.y, solver.t
            solver.step()
            if bounded:
                spent = solver.y.reshape(self.count, -1)[:, -1]
                self.loops.dead |= spent + self._least(solver.t) > self.bound
            # at its present speed no path would move by more than ``still`` of the size until the end
            allowed = self.effort.still * self.loops.size * (solver.t - last)
            rests = self._moved(before, solver.y) * (end - solver.t) <= allowed
            if rests and solver.t - last > _TOO_SHORT * (end - solver.t):
                return True
            if solver.nfev - since > self.effort.patience:
                if solver.t < _GROWTH * checked:
                    return False
                checked, since = solver.t, solver.nfev
            if solver.nfev > self.effort.limit:
                return False
        return solver.status == "finished"

    def _moved(self, before: np.ndarray, after: np.ndarray) -> float:
        """The largest change of a parameter of the candidates that are left."""
        change = np.abs(after - before).reshape(self.count, -1)[:, :-1]
        return change[~self.loops.dead].max(initial=0.0)

    def _give_up(self, t: float, y: np.ndarray) -> None:
        """Give up the fastest of the paths that are left.

        Near a place where its rule is undefined, it holds up all the others.
        """
        velocity = self.loops.velocity(t, self._places(y))[0]
        speed = np.where(self.loops.dead, -1.0, np.linalg.norm(velocity, axis=1))
        self.loops.give_up(t, np.arange(self.count) == np.argmax(speed))

    def _least(self, t: float) -> float:
        """The least that can still come after t, given the lowest loss there is."""
        objective, lowest = self.objective, self.lowest
        if not math.isfinite(lowest) or objective.terminal not in (None, "loss"):
            return -math.inf
        if lowest == 0:
            return 0.0
        gamma, horizon = objective.discount, objective.horizon
        left = horizon - t
        if gamma > 0:
            left = (math.exp(-gamma * t) - math.exp(-gamma * horizon)) / gamma
        final = 0.0
        if objective.terminal:
            final = objective.terminal_weight * math.exp(-gamma * horizon)
        return lowest * (objective.loss_weight * left + final)

    def _at_the_end(self, t, rows):
        """Costs (S,) of a finite horizon: running cost so far, the rest at a standstill where the
        integration ended before it, and the terminal cost.
        """
        objective, theta = self.objective, self._places(rows)
        gamma, horizon = objective.discount, objective.horizon
        running = self.loops.velocity(t, theta)[1]
        left = horizon - t
        if gamma > 0:
            left = -math.expm1(-gamma * (horizon - t)) / gamma
        costs = rows[:, -1] + math.exp(-gamma * t) * running * left
        if objective.terminal is not None:
            final = objective.terminal_weight * self.problem.model.terminal_cost(theta)
            costs = costs + math.exp(-gamma * horizon) * final
        return np.where(self.loops.dead | ~np.isfinite(costs), np.inf, costs)

    def _with_rest(self, t: float, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(costs (S,) of T = ∞, share of the rest (S,)): the rest is a geometric series."""
        theta, gamma = self._places(rows), self.objective.discount
        velocity, running = self.loops.velocity(t, theta)
        slowing = self._slowing(t, theta, velocity, running)
        rest = math.exp(-gamma * t) * running / (gamma + slowing)
        costs = rows[:, -1] + rest
        left = np.abs(rest) / (np.abs(rows[:, -1]) + 1e-300)
        return np.where(self.loops.dead | ~np.isfinite(costs), np.inf, costs), left

    def _slowing(
        self, t: float, theta: np.ndarray, velocity: np.ndarray, running: np.ndarray
    ) -> np.ndarray:
        """Rate at which the running cost decays where the path is now."""
        speed = np.linalg.norm(velocity, axis=1)
        # a step along the path that moves θ by 1e-4 of what a path covers
        step = 1e-4 * self.loops.size / np.maximum(speed, 1e-300)
        step = np.minimum(step, 1.0)
        ahead = self.loops.velocity(t, theta + step[:, None] * velocity)[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (running - ahead) / (step * running)
        decaying = np.isfinite(slope) & (running > 0)
        return np.where(decaying, np.maximum(slope, 0.0), 0.0) + _NEVER
