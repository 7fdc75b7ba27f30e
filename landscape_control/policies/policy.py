"""A rule to run: a family with its coefficients fixed, as a pure (init, update) pair in NumPy."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from ..arrays import whole
from ..errors import ProblemError
from ..recordable import Recordable
from .family import Clock, Family


@dataclass(frozen=True, kw_only=True, eq=False)
class Policy(Recordable):
    """A causal learning rule with fixed coefficients.

    ``init, update = policy`` are pure functions:

    * ``init(episodes, dimension) -> state``
    * ``update(state, observation (E, n), theta (E, n) = None, step = 1.0) -> (u (E, n), state)``, Δθ = u·step.

    ``policy(history)`` maps the gradients seen so far, (t+1, n) or (E, t+1, n), to the next update.

    Attributes
    ----------
    family : Family
    coefficients : {name: float or array}, by the family's :class:`Layout`
    horizon : steps T that the rule was planned for; coefficients that vary end there, and so does the rule
    """

    family: Family
    coefficients: Mapping[str, float | np.ndarray]
    horizon: int

    def __post_init__(self):
        horizon = whole("horizon", self.horizon)
        layout = self.family.layout(horizon)
        object.__setattr__(self, "_entries", layout.join(self.coefficients))
        object.__setattr__(self, "_layout", layout)
        object.__setattr__(self, "coefficients", MappingProxyType(layout.split(self._entries)))

    @property
    def varies(self) -> bool:
        """Whether the rule depends on the step, so that it ends with its horizon."""
        return any(one.varies for one in self.family.coefficients)

    def __iter__(self):
        return iter((self.init, self.update))

    def init(self, episodes: int, dimension: int) -> tuple:
        """The state before the first observation: the step count and the family's state."""
        return 0, tuple(np.zeros((episodes, dimension)) for _ in range(self.family.state_size))

    def update(self, state: tuple, observation, theta=None, step: float = 1.0) -> tuple:
        """(u, next state), u = Δθ/step; θ is only read by families with weight decay."""
        count, inner = state
        if theta is None and self.family.reads_parameters:
            raise ProblemError("theta", expected=f"the parameters, which {self.family.name} reads", received="None",
                               advice="call update(state, observation, theta); a history of gradients is not enough")
        if self.varies and count >= self.horizon:
            raise ProblemError(
                "policy",
                expected=f"at most the {self.horizon} steps it was planned for",
                received=f"step {count + 1}",
                advice="plan for a longer horizon, or use a family with constant coefficients",
            )
        clock = Clock(step=count, horizon=self.horizon)
        values = self._layout.at_step(self._entries, count)
        move, inner = self.family.step(values, inner, np.asarray(observation, dtype=float), theta, clock)
        return move / step, (count + 1, inner)

    def __call__(self, history):
        """The update after the gradients ``history`` (t+1, n) or (E, t+1, n), oldest first; a single (n,) is the first."""
        seen = np.asarray(history, dtype=float)
        one = seen.ndim < 3
        seen = seen.reshape((1, -1, seen.shape[-1])) if one else seen
        state = self.init(len(seen), seen.shape[2])
        for gradient in seen.swapaxes(0, 1):
            move, state = self.update(state, gradient)
        return move[0] if one else move
