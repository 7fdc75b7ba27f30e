"""What a closed-form rule is: directions, coefficients, what it must see, and how to run it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..model.problem import ControlProblem
from ..support.arguments import NonNegative, Points, Positive, checked
from ..support.errors import ProblemError
from .candidate import Candidate
from .families.coefficient import Coefficient
from .information import Information, Observation, observation, seen_at

Step = tuple[np.ndarray, dict[str, float]]  # (change of the parameters, next state)


def _no_objection(problem: ControlProblem) -> str | None:
    return None


@checked
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Rule(Candidate):
    """A closed-form learning rule u(θ) = Σⱼ coefficientⱼ · directionⱼ(what it sees at θ).

    Attributes
    ----------
    key : stable identifier, e.g. "gradient_descent"
    name, formula, source : words, the formula with symbols, and where it comes from
    sees : kinds of information the rule must be given; reading any other is refused
    coefficients : the free numbers, shared by all landscapes
    directions : Observation of S points -> (S, m, c), one direction per coefficient; NaN where the
        rule is undefined
    theory : (problem, hold) -> {name: number or None}, see :meth:`predicted`
    objection : problem -> reason why the rule cannot be evaluated there, or None
    contains : keys of rules that are limits or special cases of this one
    """

    key: str
    name: str
    formula: str
    source: str
    sees: frozenset[Information]
    coefficients: tuple[Coefficient, ...]
    directions: Callable[[Observation], np.ndarray]
    theory: Callable[[ControlProblem, float], Mapping[str, float | None]]
    objection: Callable[..., str | None] = _no_objection
    contains: frozenset[str] = frozenset()

    @checked
    def look(self, seen: Observation) -> np.ndarray:
        """Directions (S, m, c) from an observation, which must hold what the rule sees.

        It is read for nothing else.
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
        """Directions (S, m, c) at points (S, n); NaN rows where the rule is undefined.

        Raises ProblemError on objection.
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
        """The rule as a policy: (θ, t=0) -> u, θ of shape (n,) or (S, n).

        The time t only matters to rules that see the horizon.
        """
        self.check(problem)
        vector = self.vector(coefficients)

        def policy(theta: np.ndarray, t: float = 0.0) -> np.ndarray:
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
        vector = self.vector(coefficients)

        def init(parameters: np.ndarray) -> dict[str, float]:
            return {"time": 0.0}

        def update(seen: np.ndarray | Observation, state: dict[str, float]) -> Step:
            if not isinstance(seen, Observation):
                seen = observation(gradient=seen)
            change = step * (self.look(seen.later(state["time"])) @ vector)[0]
            return change, {"time": state["time"] + step}

        return init, update
