"""A rule to run: a family with its coefficients fixed, as a pure (init, update) pair in NumPy."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Annotated

import numpy as np

from ...support.arguments import Count, Matrix, Numbers, Positive, Shape, Words, checked
from ...support.errors import ProblemError, shown
from ...support.results import Result
from .coefficient import Layout
from .elementwise import Value
from .family import Clock, Family, Values

History = Annotated[
    np.ndarray,
    Shape((1, 2, 3), scalar=False),
    Words(
        symbol="of gradients",
        expected="numbers of shape (t+1, n), (E, t+1, n) or (n,), with at least one gradient",
        advice="one weight that saw 0.3: policy([[0.3]])",
    ),
]


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Policy(Result):
    """A causal learning rule with fixed coefficients.

    ``init, update = policy`` are pure functions:

    * ``init(episodes, dimension) -> state``
    * ``update(state, observation (E, n), theta (E, n) = None, step = 1.0) -> (u (E, n), state)``,
      Δθ = u·step.

    ``policy(history)`` maps the gradients seen so far, (t+1, n) or (E, t+1, n), to the next update.

    Attributes
    ----------
    family : Family
    coefficients : {name: float or array}, by the family's :class:`Layout`
    horizon : steps T that the rule was planned for; coefficients that vary and schedules end there,
    and so does the rule

    Raises
    ------
    ProblemError
        What is no family, unknown or missing coefficients, coefficients that are not finite or
        outside the range that their family declares (:class:`Coefficient`, low and high).
    """

    family: Family
    coefficients: Mapping[str, float | Numbers]
    horizon: Count

    def __post_init__(self) -> None:
        coefficients = MappingProxyType(self._layout.split(self._entries))
        object.__setattr__(self, "coefficients", coefficients)

    def __reduce__(self) -> tuple:
        return _policy, (self.family, dict(self.coefficients), self.horizon)

    @cached_property
    def varies(self) -> bool:
        """Whether the rule depends on where in its horizon it stands, so that it ends with it."""
        return self._has_values_per_step or self.family.reads_clock

    def __iter__(self) -> Iterator[Callable]:
        return iter((self.init, self.update))

    # Kept, because every step needs them and a family would build and check them again.

    @cached_property
    def _layout(self) -> Layout:
        return self.family.layout(self.horizon)

    @cached_property
    def _entries(self) -> np.ndarray:
        entries = _finite(self._layout, self._layout.join(self.coefficients))
        return _admissible(self._layout, entries, self.family.name)

    @cached_property
    def _has_values_per_step(self) -> bool:
        return any(each.varies for each in self._layout.coefficients)

    @cached_property
    def _values_of_every_step(self) -> Values | None:
        """What the family is given at every step; None where that differs from step to step."""
        if self._has_values_per_step:
            return None
        return MappingProxyType(self._layout.at_step(self._entries, 0))

    @cached_property
    def _reads_parameters(self) -> bool:
        return self.family.reads_parameters

    @checked
    def init(self, episodes: Count, dimension: Count) -> tuple:
        """The state before the first observation: the step count and the family's state."""
        return 0, tuple(np.zeros((episodes, dimension)) for _ in range(self.family.state_size))

    @checked
    def update(
        self, state: tuple, observation: Matrix, theta: Matrix | None = None, step: Positive = 1.0
    ) -> tuple:
        """(u, next state), u = Δθ/step; θ is only read by families with weight decay.

        Raises ProblemError for what is not finite, and for gradients or θ of another shape than the
        state's.
        """
        _check_shapes(state, observation, theta)
        return self.advance(state, observation, theta, step)

    def advance(
        self, state: tuple, observation: Value, theta: Value = None, step: float = 1.0
    ) -> tuple:
        """What :meth:`update` does without its checks, for loops that watch for divergence."""
        count, inner = state
        if theta is None and self._reads_parameters:
            raise ProblemError(
                "theta",
                expected=f"the parameters, which {self.family.name} reads",
                received="None",
                advice=(
                    "call update(state, observation, theta); a history of gradients is not enough"
                ),
            )
        if self.varies and count >= self.horizon:
            raise ProblemError(
                "policy",
                expected=f"at most the {self.horizon} steps it was planned for",
                received=f"step {count + 1}",
                advice=(
                    "plan for a longer horizon, or use a family with constant coefficients and no"
                    " schedule"
                ),
            )
        clock = Clock(step=count, horizon=self.horizon)
        values = self._values_of_every_step
        if values is None:
            values = self._layout.at_step(self._entries, count)
        move, inner = self.family.step(values, inner, observation, theta, clock)
        return move / step, (count + 1, inner)

    @cached_property
    def has_readout(self) -> bool:
        """Whether it answers with other parameters than those where it takes gradients."""
        return self.family.has_readout

    def readout(self, state: tuple, theta: Value) -> Value:
        """What the rule answers with, from its state and θ after a step: θ, or an average of iterates.

        Before the first step it is θ.
        """
        count, inner = state
        if not count or not self.has_readout:
            return theta
        last = min(count, self.horizon) - 1 if self.varies else count - 1
        values = self._values_of_every_step
        if values is None:
            values = self._layout.at_step(self._entries, last)
        clock = Clock(step=last, horizon=self.horizon)
        return self.family.readout(values, inner, theta, clock)

    @checked
    def __call__(self, history: History) -> np.ndarray:
        """The update after the gradients ``history`` (t+1, n) or (E, t+1, n), oldest first.

        A single gradient (n,) is the first.
        """
        is_single = history.ndim < 3
        seen = history.reshape((1, -1, history.shape[-1])) if is_single else history
        state = self.init(len(seen), seen.shape[2])
        for gradient in seen.swapaxes(0, 1):
            move, state = self.advance(state, gradient)
        return move[0] if is_single else move


def _check_shapes(state: tuple, observation: np.ndarray, theta: np.ndarray | None) -> None:
    """Refuse a state that no ``init`` made, and rows of another number or length than it has."""
    if len(state) != 2 or not isinstance(state[0], int) or not isinstance(state[1], tuple):
        raise ProblemError(
            "state",
            expected="a state as init(episodes, dimension) or update returned it",
            received=shown(state),
            advice="state = init(1, 3); move, state = update(state, gradients)",
        )
    kept = next((np.shape(part) for part in state[1] if np.ndim(part) == 2), observation.shape)
    for name, given in {"observation": observation, "theta": theta}.items():
        if given is not None and given.shape != kept:
            raise ProblemError(
                name,
                expected=f"shape {kept}, a row per episode",
                received=f"shape {given.shape}",
                advice="make the state with init for as many episodes and weights",
            )


def _finite(layout: Layout, entries: np.ndarray) -> np.ndarray:
    """The vector of coefficients, if all of them are finite numbers."""
    wrong = np.flatnonzero(~np.isfinite(entries))
    if wrong.size:
        raise ProblemError(
            f"coefficient {layout.labels[wrong[0]]!r}",
            expected="a finite number",
            received=f"{entries[wrong[0]]:g}",
            advice="find where it was computed and why it is not finite",
        )
    return entries


def _admissible(layout: Layout, entries: np.ndarray, rule: str) -> np.ndarray:
    """The vector of coefficients, if all of them lie in their ranges, to rounding."""
    low, high = layout.bounds.T
    # what was computed in other units comes back to an edge to rounding
    slack = 4 * np.finfo(float).eps * np.abs(entries)
    wrong = np.flatnonzero((entries < low - slack) | (entries > high + slack))
    if wrong.size:
        first = wrong[0]
        raise ProblemError(
            f"{rule}: coefficient {layout.labels[first]!r}",
            expected=f"a number in [{low[first]:g}, {high[first]:g}], the range of the family",
            received=f"{entries[first]:.15g}",
            advice="give one inside the range: beyond it the rule is another one, or has no meaning",
        )
    return entries


def _policy(family: Family, coefficients: Mapping[str, float | Numbers], horizon: int) -> Policy:
    """What pickles of a policy call."""
    return Policy(family=family, coefficients=coefficients, horizon=horizon)
