"""What a rule is: a direction per coefficient, what it must see, where it comes from, and how to
run it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ..arguments import NonNegative, Points, Positive, Range, checked
from ..errors import ProblemError, check_options
from ..problem import ControlProblem
from .sees import Observation, Sees, observation, seen_at

Limit = Annotated[float, Range(allow_inf=True)]


@checked
@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """One free number of a rule: its name, symbol and admissible range [low, high]."""

    name: str
    symbol: str
    low: Limit = 0.0
    high: Limit = math.inf


def _no_objection(problem):
    return None


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Rule:
    """A closed-form learning rule u(θ) = Σⱼ coefficientⱼ · directionⱼ(what it sees at θ).

    Attributes
    ----------
    key : stable identifier, e.g. "gradient_descent"
    name, formula, source : words, the formula with symbols, and where it comes from
    sees : kinds of information the rule must be given; reading any other is refused
    coefficients : the free numbers, shared by all landscapes
    directions : Observation of S points -> (S, m, c), one direction per coefficient; NaN where the
    rule is undefined theory : (problem, hold) -> {name: number or None}, see :meth:`predicted`
    objection : problem -> reason why the rule cannot be evaluated there, or None contains : keys of
    rules that are limits or special cases of this one
    """

    key: str
    name: str
    formula: str
    source: str
    sees: frozenset[Sees]
    coefficients: tuple[Coefficient, ...]
    directions: Callable[[Observation], np.ndarray]
    theory: Callable
    objection: Callable[..., str | None] = _no_objection
    contains: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients, in the order of ``features``."""
        return tuple(c.name for c in self.coefficients)

    @property
    def admissible(self) -> dict[str, tuple[float, float]]:
        """Allowed range of each coefficient."""
        return {c.name: (c.low, c.high) for c in self.coefficients}

    @property
    def richness(self) -> tuple[int, int, int]:
        """(coefficients, rules contained, kinds of information), counted: the parsimony order."""
        return len(self.coefficients), len(self.contains), len(self.sees)

    @checked
    def look(self, seen: Observation) -> np.ndarray:
        """Directions (S, m, c) from an observation, which must hold what the rule sees and is read
        for nothing else.
        """
        return self.directions(seen.for_rule(self.name, self.sees))

    @checked
    def features(
        self,
        problem: ControlProblem,
        points: Points,
        *,
        elapsed: NonNegative = 0.0,
    ) -> np.ndarray:
        """Directions (S, m, c) at points (S, n); NaN rows where the rule is undefined. Raises
        ProblemError on objection.
        """
        self.check(problem)
        return self.look(seen_at(problem, points, self.sees, elapsed))

    @checked
    def predicted(
        self, problem: ControlProblem, *, hold: NonNegative = 0.0
    ) -> dict[str, float | None]:
        """What theory predicts for each coefficient, None where it predicts nothing.

        ``hold`` is the time over which the policy is averaged (a plan held for Δt); 0 is the
        instantaneous policy.
        """
        return {**dict.fromkeys(self.names), **self.theory(problem, hold)}

    @checked
    def check(self, problem: ControlProblem) -> None:
        """Raise ProblemError if the rule cannot be evaluated on ``problem``."""
        reason = self.objection(problem)
        if reason:
            raise ProblemError(
                self.name,
                expected="a problem where the rule is defined",
                received=reason,
                advice="leave this rule out, or change the problem",
            )

    @checked
    def control(self, problem: ControlProblem, coefficients: Mapping[str, object]) -> Callable:
        """The rule as a policy: (θ, t=0) -> u, θ of shape (n,) or (S, n); t only matters to rules
        that see the horizon.
        """
        self.check(problem)
        vector = self.vector(coefficients)

        def policy(theta, t: float = 0.0):
            points = np.atleast_2d(np.asarray(theta, dtype=float))
            u = self.look(seen_at(problem, points, self.sees, t)) @ vector
            return u[0] if np.ndim(theta) == 1 else u

        return policy

    @checked
    def stepper(
        self,
        coefficients: Mapping[str, object],
        *,
        step: Positive,
    ) -> tuple[Callable, Callable]:
        """(init, update) pair of pure functions for time steps ``step``, as in optax.

        ``init(parameters) -> state``;  ``update(seen, state) -> (change, state)``: ``seen`` is the
        gradient of one point, (m,), or an :func:`observation`; ``change`` = step·u, (m,), is to be
        added to the parameters (as B·change when there is an actuation; a drift is the learner's
        own and not included). The state counts the time, which is taken off the horizon of an
        objective that is seen.
        """
        vector, step = self.vector(coefficients), step

        def init(parameters):
            return {"time": 0.0}

        def update(seen, state):
            if not isinstance(seen, Observation):
                seen = observation(gradient=seen)
            change = step * (self.look(seen.later(state["time"])) @ vector)[0]
            return change, {"time": state["time"] + step}

        return init, update

    @checked
    def vector(self, coefficients: Mapping[str, object]) -> np.ndarray:
        """Coefficients by name as (c,); unknown, missing and inadmissible ones are refused."""
        check_options(f"{self.name} coefficient", coefficients, self.names)
        for c in self.coefficients:
            value = coefficients.get(c.name)
            if value is None or not c.low <= value <= c.high or not np.isfinite(value):
                raise ProblemError(
                    f"{self.name}: {c.name} {c.symbol}",
                    expected=f"a number in [{c.low:g}, {c.high:g}]",
                    received=repr(value),
                    advice=f"give {', '.join(self.names)} inside their ranges",
                )
        return np.array([float(coefficients[name]) for name in self.names])
