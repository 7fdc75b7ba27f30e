"""Learners on raw observations: (init, update) pairs of pure functions.

They see observed gradients and nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..rules.families.coefficient import Coefficient, Limit, Scale
from ..support.arguments import checked
from ..support.arrays import number
from ..support.errors import ProblemError, check_options


@checked
@dataclass(frozen=True, kw_only=True)
class Bound(Coefficient):
    """A coefficient of a learner, with the range [least, most] in which it is tuned.

    It has the name of the field that holds it.

    It is positive, and tuned on a logarithmic scale, unless said otherwise.
    """

    name: str = ""
    symbol: str = ""
    least: float = field()  # no default: it hides that of a coefficient
    most: float = field()
    scale: Scale = "log"
    low: Limit = 0.0


class LearnerPair(NamedTuple):
    """Two functions, init and update, that are a learner together."""

    init: Callable
    update: Callable

    @property
    def policy_name(self) -> str:
        """What a rollout calls it."""
        return "(init, update) pair"


def with_methods(given: Any) -> Any:
    """A learner as an object with ``init`` and ``update``, where it is a pair of functions."""
    is_pair = isinstance(given, tuple) and len(given) == 2 and all(map(callable, given))
    return LearnerPair(*given) if is_pair else given


@checked
@dataclass(frozen=True, kw_only=True)
class RawLearner:
    """A learner that sees raw observations y_t (E, q) of E episodes.

    Never the landscape, the belief or the true loss.

    ``init(episodes, dimension) -> state`` and ``update(state, observation, theta, step) -> (u,
    state)`` are pure: u (E, n) is the rate of change of θ over the coming step, Δθ = u·step, so
    that an optimiser's step size is learning_rate·step. The observation is the one taken at θ at
    the start of that step. Feeding y through to u makes the effort of a step grow as noise²/step:
    with an effort price 1/η, unfiltered learners have a finite cost only at a finite step.

    Learners that want more say so: with ``draws`` the simulation calls ``init(episodes, dimension,
    rng)`` with the policy's own random stream; with ``told_of_switches`` it calls ``update(...,
    switched)`` with a mask (E,) of the episodes whose task has changed since the last step.

    Class attributes: ``formula`` and ``source`` in words, ``bounds`` {coefficient: Bound}.
    """

    formula: ClassVar[str]
    source: ClassVar[str]
    bounds: ClassVar[Mapping[str, Coefficient]] = {}
    draws: ClassVar[bool] = False

    def __post_init__(self):
        for name, bound in self.own_bounds.items():
            what = f"{type(self).__name__} {name}"
            value = number(what, getattr(self, name), low=bound.low, high=bound.high)
            object.__setattr__(self, name, value)

    @property
    def own_bounds(self) -> Mapping[str, Coefficient]:
        """Bounds of the coefficients of this learner, without those of a learner that it wraps."""
        return self.bounds

    @property
    def told_of_switches(self) -> bool:
        """Whether ``update`` must be given the mask of episodes whose task has just changed."""
        return False

    @property
    def own_step(self) -> float | None:
        """The time between two updates where the rule is made for one; else None.

        Its own, or that of a learner it wraps.
        """
        return None if self.inner is None else self.inner.own_step

    def init(self, episodes: int, dimension: int) -> Any:  # the state is each learner's own
        """The state before the first observation."""
        raise NotImplementedError(f"{type(self).__name__}.init")

    def update(
        self, state: Any, observation: np.ndarray, theta: np.ndarray, step: float
    ) -> tuple[np.ndarray, Any]:
        """(u (E, n), the next state) from the observation (E, q) at θ (E, n)."""
        raise NotImplementedError

    @property
    def has_answer(self) -> bool:
        """Whether it answers with other parameters than those where it takes gradients."""
        return False

    def answer(self, state: Any, theta: np.ndarray) -> np.ndarray:
        """What it answers with (E, n), after an update from θ: its losses are taken there."""
        return theta

    @property
    def inner(self) -> "RawLearner | None":
        """The learner that this one wraps, if any."""
        for own in fields(self):
            value = getattr(self, own.name)
            if isinstance(value, RawLearner):
                return value
        return None

    @property
    def coefficients(self) -> dict[str, float]:
        """Its own coefficients and those of the learner it wraps, by name.

        Wrapped ones are called "learner.β".
        """
        own = {name: getattr(self, name) for name in self.own_bounds}
        wrapped = {} if self.inner is None else self.inner.coefficients
        return own | {f"learner.{name}": value for name, value in wrapped.items()}

    @property
    def all_bounds(self) -> dict[str, Coefficient]:
        """Bounds of :attr:`coefficients`, by the same names."""
        wrapped = {} if self.inner is None else self.inner.all_bounds
        return {**self.own_bounds, **{f"learner.{name}": bound for name, bound in wrapped.items()}}

    @checked
    def with_coefficients(self, values: Mapping[str, float]) -> "RawLearner":
        """A copy with some coefficients changed, by the names of :attr:`coefficients`."""
        check_options(f"{type(self).__name__} coefficient", dict(values), self.coefficients)
        changes: dict[str, Any] = {}
        wrapped = {}
        for name, value in values.items():
            if "." in name:
                wrapped[name.removeprefix("learner.")] = value
            else:
                changes[name] = value
        if wrapped and self.inner is not None:
            changes["learner"] = self.inner.with_coefficients(wrapped)
        return replace(self, **changes)


def check_learner(what: str, value: object) -> None:
    """Refuse what cannot be wrapped.

    No learner, or one that needs a random stream or news of switches: wrappers pass none on.
    """
    advice = "build the learner to be wrapped first, e.g. SGD(learning_rate=0.1)"
    if not isinstance(value, RawLearner):
        raise ProblemError(
            what, expected="a RawLearner", received=type(value).__name__, advice=advice
        )
    if value.has_answer:
        raise ProblemError(
            what,
            expected="a learner that answers with θ itself",
            received=f"{type(value).__name__}, which averages its iterates",
            advice="simulate it alone: nobody would move its average along",
        )
    if value.draws or value.told_of_switches:
        raise ProblemError(
            what,
            expected="a learner that neither draws random numbers nor is told of switches",
            received=type(value).__name__,
            advice="wrap the other way round: the reset outside, decay and momentum inside",
        )
