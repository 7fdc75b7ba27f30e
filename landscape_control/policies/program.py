"""What is asked: the best rule of a family, for a distribution of landscapes, a budget of steps and a price."""

import math
from dataclasses import dataclass

from ..errors import ProblemError, check_choice, named
from ..landscape import LandscapeDistribution
from ..objective import Objective
from ..recordable import Recordable
from ..sees import ExactGradient, Sees
from .describe import describe
from .family import Family

COSTS = ("terminal", "running", "both")


@named
@dataclass(frozen=True, kw_only=True, eq=False)
class PolicyProgram(Recordable):
    """Minimise over the coefficients of a rule the expected cost over landscapes, starts and gradient noise.

        J = E[ κ e^{-γT} L(θ_T)  and/or  k Σ_{t=1..T} e^{-γt} L(θ_t)  +  Σ_{t=0..T-1} e^{-γt} |Δθ_t|²/2η ]

    "terminal" is the first term, "running" the second, "both" their sum; the effort is in each, and η = ∞ makes movement
    free. Unit time step, start at rest.

    Attributes
    ----------
    task : LandscapeDistribution
    family : Family
    objective : Objective; its horizon T is a whole number of steps, its ``terminal`` field is not used (``cost`` says)
    sees : ExactGradient() or None, NoisyGradient(σ), CurvatureNoise(...): σ per step and component
    cost : "terminal", "running" or "both"
    """

    task: LandscapeDistribution
    family: Family
    objective: Objective
    sees: Sees | None = None
    cost: str = "terminal"

    def __post_init__(self):
        for name, kind in (("task", LandscapeDistribution), ("family", Family), ("objective", Objective)):
            if not isinstance(getattr(self, name), kind):
                raise ProblemError(name, expected=f"a {kind.__name__}", received=type(getattr(self, name)).__name__,
                                   advice="see landscape_control.optimize_policy for an example")
        check_choice("cost", self.cost, COSTS)
        if self.sees is None:
            object.__setattr__(self, "sees", ExactGradient())
        horizon = self.objective.horizon
        if not (math.isfinite(horizon) and horizon >= 1 and horizon == int(horizon)):
            raise ProblemError("horizon T", expected="a whole number of steps >= 1", received=f"{horizon:g}",
                               advice="a policy program counts steps of unit length; give horizon=100, say")
        if self.family.memory > horizon:
            raise ProblemError("memory", expected=f"at most the horizon of {int(horizon)} steps",
                               received=f"{self.family.memory}", advice="shorten the memory or lengthen the horizon")
        known = self.task.is_quadratic and self.task.minimum is None
        if self.family.reads_parameters and known and math.isinf(self.objective.learning_rate):
            raise ProblemError("family", expected="a hidden minimum, or a price of movement, where the rule reads θ",
                               received=f"{self.family.name}, with every minimum at 0 and movement free",
                               advice="decay w = 1 would be there in one step; give the task a minimum that moves")

    def describe(self) -> str:
        """The expected cost being minimised, in words and symbols, with all numbers."""
        return describe(self)

    @property
    def steps(self) -> int:
        """T as an integer."""
        return int(self.objective.horizon)
