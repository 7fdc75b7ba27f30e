"""What rules cost when they steer: closed loops θ̇ = f + B û(θ), all of them integrated side by side."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.integrate import LSODA

from ..problem import ControlProblem
from ..rules import Information, Rule, optimal_step
from ..rules.information import seen_at
from ..rules.spectral import positive

_FAR = 1e4  # a path this many problem sizes away from the origin has run off
_UNSETTLED = 1e-2  # of the cost; T = ∞ without discount allows no more to be left
_GROWTH = 1.02  # factor by which the time must grow within ``Effort.patience`` evaluations
_NEVER = 1e-12  # 1/time, added to a rate that may vanish

# u = -c V φ(h) Vᵀg for G = I, as the rules of that name in rules/spectral.py and
# rules/linear_quadratic.py
_FACTORS = {
    "newton": lambda seen, h: 1 / positive(h),
    "ballistic": lambda seen, h: 1 / np.sqrt(positive(h)),
    "linear_quadratic": lambda seen, h: optimal_step(h, seen[Information.OBJECTIVE]),
}


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How closely closed loops are followed, and when one is given up.

    Attributes
    ----------
    accuracy : relative tolerance of LSODA; the absolute one is a hundred times smaller
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Loss:
    """Where a closed loop ended before its time.

    Attributes
    ----------
    what : what happened there
    time : t
    theta : (n,), None where the place says nothing
    rough : whether the path was given up because it moves too little per evaluation
    """

    what: str
    time: float
    theta: np.ndarray | None = None
    rough: bool = False

    def __str__(self):
        if self.theta is None or len(self.theta) > 3:
            return self.what.format(t=f"{self.time:.3g}")
        place = np.array2string(self.theta, precision=3, separator=", ")
        return f"{self.what.format(t=f'{self.time:.3g}')}, θ = {place}"


class ClosedLoops:
    """Closed loops θ̇ = f + Bû of S candidates, each a rule with coefficients; the running cost is
    integrated along.

    Parameters
    ----------
    rules : (Rule, coefficients (K, c)) each: the candidates of one rule stand together
    end : where the integration ends for a finite horizon, its first stop for T = ∞
    bound : a number or (S,); candidates are given up once their cost must exceed it
    lowest : the least loss there is, -inf where it is not known; ``bound`` needs it

    Attributes
    ----------
    places : per rule, the slice of its candidates
    dead : (S,) bool, candidates that were given up, ran off, or met a point where the rule is
        undefined
    lost : {candidate: Loss}, why
    settled : (S,) bool, whether the cost of T = ∞ no longer moved at the last ``stop``
    """

    def __init__(
        self,
        problem: ControlProblem,
        rules: Sequence[tuple[Rule, np.ndarray]],
        *,
        end: float,
        bound: float | np.ndarray = math.inf,
        lowest: float = -math.inf,
    ):
        self.problem, self.model, self.objective = problem, problem.model, problem.objective
        self.rules, self.end, self.bound, self.lowest = rules, end, bound, lowest
        edges = np.cumsum([0, *(len(values) for _, values in rules)])
        self.places = [slice(a, b) for a, b in zip(edges, edges[1:], strict=False)]
        self.count = int(edges[-1])
        self.dead = np.zeros(self.count, dtype=bool)
        self.lost: dict[int, Loss] = {}
        self.settled, self.stop = np.ones(self.count, dtype=bool), 0.0
        self.shared = self._share_modes()
        self.spectral = self._spectral_candidates()
        self.sees = self._needed()
        extent = np.abs(problem.start).max()
        self.size = 1e-3 + extent
        # not in units of the start alone: a path from the origin has somewhere to go, too
        self.far = _FAR * (1 + extent)

    def _share_modes(self):
        """Keys of the rules that share one eigen-decomposition; it is worth it for two candidates."""
        plain = self.problem.learner.metric is None and self.problem.learner.drift is None
        if not plain or self.count < 2:
            return frozenset()
        return frozenset(rule.key for rule, _ in self.rules if rule.key in _FACTORS)

    def _spectral_candidates(self):
        chosen = [
            np.arange(place.start, place.stop)
            for (rule, _), place in zip(self.rules, self.places, strict=True)
            if rule.key in self.shared
        ]
        return np.concatenate(chosen) if chosen else np.empty(0, dtype=int)

    def _needed(self):
        """What is observed at each point, for all rules together."""
        needed = {Information.GRADIENT}
        if self.shared:
            needed |= {Information.HESSIAN, Information.OBJECTIVE}
        others = (rule.sees for rule, _ in self.rules if rule.key not in self.shared)
        return frozenset(needed.union(*others))

    # ---- the right-hand side

    def velocity(self, t: float, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(θ̇ (S, n), running cost (S,)); candidates whose rule is undefined or that run off are
        dead from then on.
        """
        if self.dead.any():
            theta = np.where(self.dead[:, None], self.problem.start, theta)
        u, loss = self._controls(t, theta)
        learner = self.problem.learner
        price = velocity = u
        if learner.metric is not None:
            price = np.einsum("sij,sj->si", self.model.metric(theta), u)
        if learner.actuation is not None:
            velocity = np.einsum("sij,sj->si", self.model.actuation(theta), u)
        if learner.drift is not None:
            velocity = velocity + self.model.drift(theta)
        effort = np.einsum("sm,sm->s", u, price) / (2 * self.objective.learning_rate)
        running = effort + self.objective.loss_weight * loss
        good = np.isfinite(velocity).all(1) & np.isfinite(running)
        good &= np.abs(theta).max(1) < self.far
        if not good.all():
            self._mark_lost(t, theta, ~good & ~self.dead)
        if not self.dead.any():
            return velocity, running
        return np.where(self.dead[:, None], 0.0, velocity), np.where(self.dead, 0.0, running)

    def _mark_lost(self, t, theta, fresh):
        near = np.abs(theta).max(1) < self.far
        for i in np.flatnonzero(fresh):
            what = "the rule is undefined" if near[i] else "the path runs off"
            self.lost[int(i)] = Loss(what=f"{what} at t = {{t}}", time=t, theta=theta[i].copy())
        self.dead |= fresh

    def _controls(self, t, theta):
        """(u (S, m), loss (S,))."""
        horizon = self.objective.horizon
        elapsed = min(t, horizon * (1 - 1e-9)) if math.isfinite(horizon) else 0.0
        seen = seen_at(self.problem, theta, self.sees, elapsed)
        u = np.empty((self.count, self.model.controls))
        if len(self.spectral):
            u[self.spectral] = self._along_modes(seen)
        for (rule, values), place in zip(self.rules, self.places, strict=True):
            if rule.key not in self.shared:
                part = seen if len(self.rules) == 1 else _part(seen, place)
                u[place] = np.einsum("smc,sc->sm", rule.look(part), values)
        loss = seen.values.get(Information.LOSS)  # observed with the Hessian
        return u, self.problem.landscape.loss(theta) if loss is None else loss

    def _along_modes(self, seen):
        """Controls of the rules that scale each mode of the curvature: one eigen-decomposition for
        all of them.
        """
        chosen = self.spectral
        gradient = seen[Information.GRADIENT][chosen]
        hessian = seen[Information.HESSIAN][chosen]
        good = np.isfinite(gradient).all(1) & np.isfinite(hessian).all((1, 2))
        curvature, modes = np.linalg.eigh(np.where(good[:, None, None], hessian, 0.0))
        along = np.einsum("skj,sk->sj", modes, gradient)
        for factor, values, rows in self._scalings(seen):
            along[rows] *= -values * factor(curvature[rows])
        return np.where(good[:, None], np.einsum("sij,sj->si", modes, along), np.nan)

    def _scalings(self, seen):
        """(φ, coefficients (K, 1), rows among the spectral candidates) of each of these rules."""
        begin = 0
        for rule, values in self.rules:
            if rule.key in self.shared:
                yield partial(_FACTORS[rule.key], seen), values, slice(begin, begin + len(values))
                begin += len(values)

    # ---- integration

    def costs(self, effort: Effort) -> np.ndarray:
        """J of every candidate (S,); inf where the rule is undefined on its way, runs off, or
        passes the bound.
        """
        start = np.tile(self.problem.start, (self.count, 1))
        t, state = 0.0, np.column_stack([start, np.zeros(self.count)]).ravel()
        if math.isfinite(self.objective.horizon):
            t, state = self._integrate(t, self.end, state, effort)
            return self._at_the_end(t, state.reshape(self.count, -1))
        before = np.full(self.count, np.inf)
        for factor in effort.stops:
            t, state = self._integrate(t, factor * self.end, state, effort)
            costs, left = self._with_rest(t, state.reshape(self.count, -1))
            self.stop = t
            self._settle(costs, before, left, effort)
            if self.settled[~self.dead].all():
                break
            before = costs
        if self.objective.discount == 0:  # nothing fades: what has not settled has no cost
            costs = np.where(left <= _UNSETTLED, costs, np.inf)
        return costs

    def _settle(self, costs, before, left, effort):
        """Which costs of T = ∞ no longer move; without discount a rest that stays is no cost."""
        with np.errstate(invalid="ignore"):
            moved = np.abs(costs - before)
        steady = moved <= effort.settled * np.abs(costs)
        if self.objective.discount == 0:
            steady &= left <= _UNSETTLED
        self.settled = steady | (left <= effort.settled)

    def _integrate(self, begin, end, state, effort):
        """(t, state) after LSODA steps to the end or a standstill; the Jacobian is a band, since no
        candidate depends on another.
        """
        gamma, count = self.objective.discount, self.count

        def rate(t, y):
            velocity, running = self.velocity(t, y.reshape(count, -1)[:, :-1])
            slopes = np.empty((count, velocity.shape[1] + 1))
            slopes[:, :-1] = velocity
            slopes[:, -1] = math.exp(-gamma * t) * running
            return slopes.ravel()

        band = state.size // count - 1 if count > 1 else None
        tolerance = {"rtol": effort.accuracy, "atol": effort.accuracy * 1e-2}
        used, now, y = 0, begin, state
        while now < end and used < effort.limit:
            solver = LSODA(rate, now, y, end, **tolerance, lband=band, uband=band)
            finished = self._march(solver, end, effort)
            used, now, y = used + solver.nfev, solver.t, solver.y.copy()
            if finished:
                return now, y
            self._give_up(now, y)
        if now < end:
            self._mark_rough(now, ~self.dead)
        return now, y

    def _march(self, solver, end, effort):
        """Whether the end or a standstill was reached; False where the time hardly moves because one
        path is too rough.
        """
        checked, since = solver.t, 0
        bounded = np.isfinite(self.bound).any() and math.isfinite(self.lowest)
        while solver.status == "running":
            before, last = solver.y, solver.t
            solver.step()
            if bounded:
                spent = solver.y.reshape(self.count, -1)[:, -1]
                self.dead |= spent + self._least(solver.t) > self.bound
            allowed = effort.still * self.size * (solver.t - last)
            if self._moved(before, solver.y) * (end - solver.t) <= allowed:
                return True
            if solver.nfev - since > effort.patience:
                if solver.t < _GROWTH * checked:
                    return False
                checked, since = solver.t, solver.nfev
            if solver.nfev > effort.limit:
                return False
        return solver.status == "finished"

    def _moved(self, before, after):
        """The largest change of a parameter of the candidates that are left."""
        change = np.abs(after - before).reshape(self.count, -1)[:, :-1]
        return change[~self.dead].max(initial=0.0)

    def _give_up(self, t, y):
        """The fastest of the paths that are left is given up: near a place where its rule is
        undefined, it holds up all.
        """
        velocity = self.velocity(t, y.reshape(self.count, -1)[:, :-1])[0]
        speed = np.where(self.dead, -1.0, np.linalg.norm(velocity, axis=1))
        self._mark_rough(t, np.arange(self.count) == np.argmax(speed))

    def _mark_rough(self, t, given_up):
        what = "the path is too rough to follow beyond t = {t} (near where the rule is undefined)"
        for i in np.flatnonzero(given_up & ~self.dead):
            self.lost[int(i)] = Loss(what=what, time=t, rough=True)
        self.dead |= given_up

    # ---- what is left after the integration

    def _least(self, t):
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
        objective, theta = self.objective, rows[:, :-1]
        gamma, horizon = objective.discount, objective.horizon
        running = self.velocity(t, theta)[1]
        left = horizon - t
        if gamma > 0:
            left = -math.expm1(-gamma * (horizon - t)) / gamma
        costs = rows[:, -1] + math.exp(-gamma * t) * running * left
        if objective.terminal is not None:
            final = objective.terminal_weight * self.model.terminal_cost(theta)
            costs = costs + math.exp(-gamma * horizon) * final
        return np.where(self.dead | ~np.isfinite(costs), np.inf, costs)

    def _with_rest(self, t, rows):
        """(costs (S,) of T = ∞, share of the rest (S,)): the rest is a geometric series."""
        theta, gamma = rows[:, :-1], self.objective.discount
        velocity, running = self.velocity(t, theta)
        slowing = self._slowing(t, theta, velocity, running)
        rest = math.exp(-gamma * t) * running / (gamma + slowing)
        costs = rows[:, -1] + rest
        left = np.abs(rest) / (np.abs(rows[:, -1]) + 1e-300)
        return np.where(self.dead | ~np.isfinite(costs), np.inf, costs), left

    def _slowing(self, t, theta, velocity, running):
        """Rate at which the running cost decays where the path is now."""
        speed = np.linalg.norm(velocity, axis=1)
        step = 1e-4 * (1 + np.abs(theta).max(1)) / np.maximum(speed, 1e-300)
        step = np.minimum(step, 1.0)
        ahead = self.velocity(t, theta + step[:, None] * velocity)[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (running - ahead) / (step * running)
        decaying = np.isfinite(slope) & (running > 0)
        return np.where(decaying, np.maximum(slope, 0.0), 0.0) + _NEVER


def _part(seen, place):
    """The observation of some of the points."""
    values = {
        kind: value[place] if isinstance(value, np.ndarray) else value
        for kind, value in seen.values.items()
    }
    return type(seen)(values=values)
