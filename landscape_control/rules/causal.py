"""What a causal rule is: a family of updates from the gradients seen so far, with admissible
coefficients and a source.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ..arguments import checked
from ..errors import ProblemError
from ..problem import ControlProblem
from .candidate import Candidate
from .families import Clock, Coefficient, Family, Policy
from .sees import Sees


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class CausalRule(Candidate):
    """A learning rule Δθ_t = f(y_0 … y_t) with constant coefficients, weight by weight, at rest
    before the first gradient.

    Attributes
    ----------
    key, name, formula, source : as of a :class:`Rule`
    family : Family with constant coefficients, whose ``step`` is the rule
    sees : Sees.GRADIENT, with Sees.PARAMETERS for rules that pull the weights somewhere (θ is
    measured from there) contains : keys of rules that are limits or special cases of this one
    proportional : names of the coefficients in which the update is linear and homogeneous, the
    others given; none of them
        may be negative
    smooth : whether the update is differentiable in the other coefficients
    """

    key: str
    name: str
    formula: str
    source: str
    family: Family
    sees: frozenset[Sees] = frozenset({Sees.GRADIENT})
    contains: frozenset[str] = frozenset()
    proportional: tuple[str, ...] = ("learning_rate",)
    smooth: bool = True
    coefficients: tuple[Coefficient, ...] = field(init=False)

    def __post_init__(self):
        admissible = [
            replace(one, low=max(one.low, 0.0)) if one.name in self.proportional else one
            for one in self.family.coefficients
        ]
        if any(one.varies or one.size > 1 for one in admissible):
            raise ProblemError(
                f"causal rule {self.key!r}",
                expected="a family with constant coefficients",
                received=self.family.name,
                advice="build the family with constant=True",
            )
        object.__setattr__(self, "coefficients", tuple(admissible))

    def updates(
        self, coefficients: np.ndarray, gradients: np.ndarray, parameters: np.ndarray | None = None
    ) -> np.ndarray:
        """Δθ (B, T, R) for B sets of coefficients (B, c), all run on the same gradients (T, R) seen
        at parameters (T, R).
        """
        values = dict(
            zip(self.names, np.asarray(coefficients, dtype=float).T[:, :, None], strict=True)
        )
        steps, weights = gradients.shape
        result = np.empty((len(coefficients), steps, weights))
        state = tuple(np.zeros((len(coefficients), weights)) for _ in range(self.family.state_size))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for t in range(steps):
                place = None if parameters is None else parameters[t]
                result[:, t], state = self.family.step(
                    values, state, gradients[t], place, Clock(step=t, horizon=steps)
                )
        return result

    @checked
    def policy(self, coefficients: Mapping[str, object]) -> Policy:
        """The rule as a pure (init, update) pair; unknown, missing and inadmissible coefficients
        are refused.
        """
        self.vector(coefficients)
        return Policy(family=self.family, coefficients=dict(coefficients), horizon=1)

    @checked
    def objection(self, problem: ControlProblem) -> str:
        """Why a policy u(θ) cannot be this rule."""
        return "remembers gradients; a map u(θ) has no memory"
