"""The closed loops θ̇ = f + B û(θ) of many candidate rules, side by side."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ...model.problem import ControlProblem
from ...rules import Information, Rule
from ...rules.gain import step_of_modes
from ...rules.information import Observation, seen_at
from ...rules.spectral import positive

_ROUNDED = 1e-8  # of the coordinates: what moves by less is round-off to nearly half of its digits
_FAR = 1e4  # a path this many problem sizes away from the origin has run off

# u = -c V φ(h) Vᵀg for G = I, as the rules of that name in rules/spectral.py and
# rules/linear_quadratic.py
_FACTORS = {
    "newton": lambda seen, h: 1 / positive(h),
    "ballistic": lambda seen, h: 1 / np.sqrt(positive(h)),
    "linear_quadratic": lambda seen, h: step_of_modes(h, seen[Information.OBJECTIVE]),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Ending:
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

    def __str__(self) -> str:
        words = self.what.format(t=f"{self.time:.3g}")
        if self.theta is None or len(self.theta) > 3:
            return words
        return f"{words}, θ = {np.array2string(self.theta, precision=3, separator=', ')}"


class ClosedLoops:
    """Closed loops θ̇ = f + Bû of S candidates, each a rule with coefficients; and running costs.

    Parameters
    ----------
    rules : (Rule, coefficients (K, c)) each: the candidates of one rule stand together

    Attributes
    ----------
    places : per rule, the slice of its candidates
    dead : (S,) bool, candidates that were given up, ran off, or met a point where the rule is
        undefined
    lost : {candidate: Ending}, why, where it was not for its cost
    size : of what a path covers, wherever the origin is: the length of the step down the gradient
        at the start that a quadratic loss would make, at most the largest coordinate there
    """

    def __init__(self, problem: ControlProblem, rules: Sequence[tuple[Rule, np.ndarray]]) -> None:
        self.problem, self.model, self.objective = problem, problem.model, problem.objective
        self.rules = rules
        edges = np.cumsum([0, *(len(values) for _, values in rules)])
        self.places = [slice(a, b) for a, b in zip(edges, edges[1:], strict=False)]
        self.count = int(edges[-1])
        self.dead = np.zeros(self.count, dtype=bool)
        self.lost: dict[int, Ending] = {}
        self.shared = self._share_modes()
        self.spectral = self._spectral_candidates()
        self.sees = self._needed()
        extent = np.abs(problem.start).max()
        self.size = _size(problem, extent)
        # not in units of the start alone: a path from the origin has somewhere to go, too
        self.far = _FAR * (1 + extent)

    def _share_modes(self) -> frozenset[str]:
        """Keys of the rules that share one eigen-decomposition; it is worth it for two candidates."""
        # _FACTORS hold for G = I, and for the linear-quadratic optimum without drift
        plain = self.problem.learner.metric is None and self.problem.learner.drift is None
        if not plain or self.count < 2:
            return frozenset()
        return frozenset(rule.key for rule, _ in self.rules if rule.key in _FACTORS)

    def _spectral_candidates(self) -> np.ndarray:
        chosen = [
            np.arange(place.start, place.stop)
            for (rule, _), place in zip(self.rules, self.places, strict=True)
            if rule.key in self.shared
        ]
        return np.concatenate(chosen) if chosen else np.empty(0, dtype=int)

    def _needed(self) -> frozenset[Information]:
        """What is observed at each point, for all rules together."""
        needed = {Information.GRADIENT}
        if self.shared:
            needed |= {Information.HESSIAN, Information.OBJECTIVE}
        others = (rule.sees for rule, _ in self.rules if rule.key not in self.shared)
        return frozenset(needed.union(*others))

    def velocity(self, t: float, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(θ̇ (S, n), running cost (S,)).

        Candidates whose rule is undefined or that run off are dead from then on.
        """
        if self.dead.any():  # they stay at the start, where every rule was defined
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

    def _mark_lost(self, t: float, theta: np.ndarray, fresh: np.ndarray) -> None:
        near = np.abs(theta).max(1) < self.far
        for i in np.flatnonzero(fresh):
            what = "the rule is undefined" if near[i] else "the path runs off"
            self.lost[int(i)] = Ending(what=f"{what} at t = {{t}}", time=t, theta=theta[i].copy())
        self.dead |= fresh

    def _controls(self, t: float, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(u (S, m), loss (S,))."""
        horizon = self.objective.horizon
        elapsed = 0.0
        if math.isfinite(horizon):  # some rules have no gain at T itself
            elapsed = min(t, horizon * (1 - 1e-9))
        seen = seen_at(self.problem, theta, self.sees, elapsed)
        u = np.empty((self.count, self.model.controls))
        if len(self.spectral):
            u[self.spectral] = self._along_modes(seen)
        for (rule, values), place in zip(self.rules, self.places, strict=True):
            if rule.key not in self.shared:
                part = seen if len(self.rules) == 1 else _part(seen, place)
                u[place] = np.einsum("smc,sc->sm", rule.look(part), values)
        if Information.LOSS in seen.values:  # observed with the Hessian
            return u, seen[Information.LOSS]
        return u, self.problem.landscape.loss(theta)

    def _along_modes(self, seen: Observation) -> np.ndarray:
        """Controls of the rules that scale each mode of the curvature, from one decomposition."""
        chosen = self.spectral
        gradient = seen[Information.GRADIENT][chosen]
        hessian = seen[Information.HESSIAN][chosen]
        good = np.isfinite(gradient).all(1) & np.isfinite(hessian).all((1, 2))
        curvature, modes = np.linalg.eigh(np.where(good[:, None, None], hessian, 0.0))
        along = np.einsum("skj,sk->sj", modes, gradient)
        for factor, values, rows in self._scalings(seen):
            along[rows] *= -values * factor(curvature[rows])
        return np.where(good[:, None], np.einsum("sij,sj->si", modes, along), np.nan)

    def _scalings(self, seen: Observation) -> Iterator[tuple[Callable, np.ndarray, slice]]:
        """(φ, coefficients (K, 1), rows among the spectral candidates) of each of these rules."""
        begin = 0
        for rule, values in self.rules:
            if rule.key in self.shared:
                yield partial(_FACTORS[rule.key], seen), values, slice(begin, begin + len(values))
                begin += len(values)

    def give_up(self, t: float, given_up: np.ndarray) -> None:
        """Mark candidates (S,) bool as too rough to follow beyond t."""
        what = "the path is too rough to follow beyond t = {t} (near where the rule is undefined)"
        for i in np.flatnonzero(given_up & ~self.dead):
            self.lost[int(i)] = Ending(what=what, time=t, rough=True)
        self.dead |= given_up


def _size(problem: ControlProblem, extent: float) -> float:
    """|g|³/|g'Hg| at the start, at most ``extent`` and, as coordinates are rounded, not far below."""
    gradient = problem.landscape.gradient(problem.start)[0]
    hessian = problem.landscape.hessian(problem.start)[0]
    length = np.linalg.norm(gradient)
    with np.errstate(all="ignore"):
        step = length**3 / abs(gradient @ hessian @ gradient)
    sizes = [size for size in (step, extent) if math.isfinite(size) and size > 0]
    return float(max(min(sizes, default=1e-3), _ROUNDED * extent))


def _part(seen: Observation, place: slice) -> Observation:
    """The observation of some of the points."""
    values = {
        kind: value[place] if isinstance(value, np.ndarray) else value
        for kind, value in seen.values.items()
    }
    return type(seen)(values=values)
