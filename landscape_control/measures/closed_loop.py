"""What many rules with many coefficients cost when they steer: all of them integrated side by side."""

import math
from functools import partial

import numpy as np
from scipy.integrate import LSODA

from ..rules import Sees, observe
from ..rules.gain import step_of_modes
from ..rules.spectral import positive

_FAR = 1e3  # a path this many problem sizes away from its start has run off
_SETTLED = (
    1e-6  # the rest of the cost moves by less than this fraction of it once everything stands still
)
# paths that would move by less than this fraction of the problem's size until the end stand still
_STILL = 1e-5
_LIMIT = 8000  # evaluations of one integration
_PATIENCE = 200  # evaluations in which the time must grow by 2 %
_UNSETTLED = 1e-2  # of the cost; T = ∞ without discount allows no more to be left
_STRETCHES = (
    1,
    4,
    16,
)  # computational horizons of T = ∞ that are followed, in units of the plan's own

# u = -c V φ(h) Vᵀg for G = I, as the rules of that name in rules/spectral.py and
# rules/linear_quadratic.py
_FACTORS = {
    "newton": lambda seen, h: 1 / positive(h),
    "ballistic": lambda seen, h: 1 / np.sqrt(positive(h)),
    "linear_quadratic": lambda seen, h: step_of_modes(h, seen[Sees.OBJECTIVE]),
}


class Batch:
    """Closed loops θ̇ = f + Bû of S candidates: a rule each, with coefficients; the running cost is
    integrated along.

    The candidates of one rule stand together: ``rules`` is a list of (Rule, coefficients (K, c)).
    Candidates are given up once their cost must exceed ``bound``, a number or (S,), when ``lowest``
    is the least loss there is (-inf: never).
    """

    def __init__(self, problem, rules, *, end: float, bound=math.inf, lowest: float = -math.inf):
        self.problem, self.model, self.objective = problem, problem.model, problem.objective
        self.rules, self.end, self.bound, self.lowest = rules, end, bound, lowest
        edges = np.cumsum([0, *(len(values) for _, values in rules)])
        self.places = [slice(a, b) for a, b in zip(edges, edges[1:], strict=False)]
        self.count = int(edges[-1])
        self.dead = np.zeros(self.count, dtype=bool)
        plain = problem.learner.metric is None and problem.learner.drift is None
        self.shared = {rule.key for rule, _ in rules if plain and rule.key in _FACTORS}
        chosen = [
            np.arange(place.start, place.stop)
            for (rule, _), place in zip(rules, self.places, strict=True)
            if rule.key in self.shared
        ]
        self.spectral = np.concatenate(chosen) if chosen else np.empty(0, dtype=int)
        self.sees = {Sees.GRADIENT, Sees.HESSIAN, Sees.OBJECTIVE} if chosen else {Sees.GRADIENT}
        self.sees = frozenset(
            self.sees.union(*(rule.sees for rule, _ in rules if rule.key not in self.shared))
        )
        self.size = 1e-3 + np.abs(problem.start).max()
        self.far = _FAR * self.size

    def velocity(self, t, theta):
        """(θ̇ (S, n), running cost (S,)); candidates whose rule is undefined or that run off are
        dead from then on.
        """
        theta = np.where(self.dead[:, None], self.problem.start, theta)
        u, loss = self._controls(t, theta)
        learner = self.problem.learner
        price = (
            u if learner.metric is None else np.einsum("sij,sj->si", self.model.metric(theta), u)
        )
        velocity = (
            u
            if learner.actuation is None
            else np.einsum("sij,sj->si", self.model.actuation(theta), u)
        )
        if learner.drift is not None:
            velocity = velocity + self.model.drift(theta)
        running = (u * price).sum(1) / (2 * self.objective.learning_rate)
        running = running + self.objective.loss_weight * loss
        lost = ~(
            np.isfinite(velocity).all(1) & np.isfinite(running) & (np.abs(theta).max(1) < self.far)
        )
        self.dead |= lost
        return np.where(self.dead[:, None], 0.0, velocity), np.where(self.dead, 0.0, running)

    def _controls(self, t, theta):
        """(u (S, m), loss (S,))."""
        horizon = self.objective.horizon
        elapsed = min(t, horizon * (1 - 1e-9)) if math.isfinite(horizon) else 0.0
        seen = observe(self.problem, theta, self.sees, elapsed=elapsed)
        u = np.empty((self.count, self.model.controls))
        if len(self.spectral):
            u[self.spectral] = self._along_modes(seen)
        for (rule, values), place in zip(self.rules, self.places, strict=True):
            if rule.key in self.shared:
                continue
            part = type(seen)(
                values={
                    kind: value if not isinstance(value, np.ndarray) else value[place]
                    for kind, value in seen.values.items()
                }
            )
            u[place] = np.einsum("smc,sc->sm", rule.look(part), values)
        loss = seen.values.get(Sees.LOSS)  # observed with the Hessian
        return u, self.problem.landscape.loss(theta) if loss is None else loss

    def _along_modes(self, seen):
        """Controls of the rules that scale each mode of the curvature: one eigen-decomposition for
        all of them.
        """
        chosen = self.spectral
        gradient, hessian = seen[Sees.GRADIENT][chosen], seen[Sees.HESSIAN][chosen]
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

    def costs(self, accuracy: float) -> np.ndarray:
        """J of every candidate (S,); inf where the rule is undefined on its way, runs off, or
        passes the bound.
        """
        state, t = (
            np.column_stack(
                [np.tile(self.problem.start, (self.count, 1)), np.zeros(self.count)]
            ).ravel(),
            0.0,
        )
        finite = math.isfinite(self.objective.horizon)
        for stop in [self.end] if finite else [self.end * factor for factor in _STRETCHES]:
            t, state = self._integrate(t, stop, state, accuracy)
            costs = self._finished(t, state.reshape(self.count, -1))
            if self._done:
                break
        if (
            not self._done and self.objective.discount == 0
        ):  # T = ∞ and nothing fades: what has not settled has no cost
            return np.where(self._left <= _UNSETTLED, costs, np.inf)
        return costs

    def _integrate(self, begin, end, state, accuracy):
        """LSODA steps (the Jacobian is a band: candidates do not feel each other) until the end or
        a standstill.
        """
        gamma, count = self.objective.discount, self.count

        def rate(t, y):
            rows = y.reshape(count, -1)
            velocity, running = self.velocity(t, rows[:, :-1])
            return np.column_stack([velocity, math.exp(-gamma * t) * running]).ravel()

        band, used, now, y = state.size // count - 1, 0, begin, state
        while now < end and used < _LIMIT:
            solver = LSODA(
                rate, now, y, end, rtol=accuracy, atol=accuracy * 1e-2, lband=band, uband=band
            )
            finished = self._march(solver, end)
            used, now, y = used + solver.nfev, solver.t, solver.y.copy()
            if finished:
                return now, y
            self._give_up(now, y)
        self.dead |= now < end
        return now, y

    def _march(self, solver, end):
        """Whether the end or a standstill was reached; False where the time no longer moves: one
        path is too rough.
        """
        checked, since = solver.t, 0
        while solver.status == "running":
            before, last = solver.y.reshape(self.count, -1)[:, :-1].copy(), solver.t
            solver.step()
            rows = solver.y.reshape(self.count, -1)
            self.dead |= rows[:, -1] + self._least(solver.t) > self.bound
            moved = np.abs(rows[:, :-1] - before).max(1)[~self.dead].max(initial=0.0)
            if moved * (end - solver.t) <= _STILL * self.size * (solver.t - last):
                return True
            if solver.nfev - since > _PATIENCE:
                if solver.t < 1.02 * checked:
                    return False
                checked, since = solver.t, solver.nfev
        return solver.status == "finished"

    def _give_up(self, t, y):
        """The fastest of the paths that are left is given up: near a place where its rule is
        undefined, it holds up all.
        """
        velocity = self.velocity(t, y.reshape(self.count, -1)[:, :-1])[0]
        speed = np.where(self.dead, -1.0, np.linalg.norm(velocity, axis=1))
        self.dead[int(np.argmax(speed))] = True

    def _least(self, t):
        """The least that can still come after t, given the lowest loss there is."""
        objective = self.objective
        if (
            not self.lowest
            or not math.isfinite(self.lowest)
            or objective.terminal not in (None, "loss")
        ):
            return (
                self.lowest
                if self.lowest == 0 and objective.terminal in (None, "loss")
                else -math.inf
            )
        gamma, horizon = objective.discount, objective.horizon
        left = (
            horizon - t
            if gamma == 0
            else (math.exp(-gamma * t) - math.exp(-gamma * horizon)) / gamma
        )
        final = (
            objective.terminal_weight * math.exp(-gamma * horizon) if objective.terminal else 0.0
        )
        return self.lowest * (objective.loss_weight * left + final)

    def _finished(self, t, rows):
        """Running cost so far, plus what is left: at a standstill until the end, and the terminal
        cost.
        """
        objective, theta = self.objective, rows[:, :-1]
        gamma, horizon = objective.discount, objective.horizon
        velocity, running = self.velocity(t, theta)
        fade = math.exp(-gamma * t)
        if math.isfinite(horizon):
            left = horizon - t if gamma == 0 else -math.expm1(-gamma * (horizon - t)) / gamma
            rest, self._done = fade * running * left, True
        else:
            rest = fade * running / (gamma + self._slowing(t, theta, velocity, running))
            self._left = np.abs(rest) / (np.abs(rows[:, -1]) + 1e-300)
            self._done = bool((self._left <= _SETTLED)[~self.dead].all())
        costs = rows[:, -1] + rest
        if objective.terminal is not None:
            final = objective.terminal_weight * self.model.terminal_cost(theta)
            costs = costs + math.exp(-gamma * horizon) * final
        return np.where(self.dead | ~np.isfinite(costs), np.inf, costs)

    def _slowing(self, t, theta, velocity, running):
        """Rate at which the running cost decays where the path is now, so that the rest is a
        geometric series.
        """
        speed = np.linalg.norm(velocity, axis=1)
        step = 1e-4 * (1 + np.abs(theta).max(1)) / np.maximum(speed, 1e-300)
        step = np.minimum(step, 1.0)
        ahead = self.velocity(t, theta + step[:, None] * velocity)[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (running - ahead) / (step * running)
        return np.where(np.isfinite(slope) & (running > 0), np.maximum(slope, 0.0), 0.0) + 1e-12
