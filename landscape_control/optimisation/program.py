"""What is asked: the best rule of a family for a distribution of landscapes, steps and a price."""

import math
from dataclasses import dataclass
from typing import Literal

import casadi as ca
import numpy as np

from ..model.landscape import Discrete, LandscapeDistribution, Spectrum
from ..model.objective import Objective
from ..model.observation import CurvatureNoise, ExactGradient, ModeNoise, NoisyGradient, Sees
from ..rules.families import Family
from ..rules.families.trial import check_steps
from ..support.arguments import checked
from ..support.errors import ProblemError
from ..support.posed import Posed
from ..support.recordable import Recordable
from .describe import describe

COSTS = ("terminal", "running", "both")
CostName = Literal["terminal", "running", "both"]


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class PolicyProgram(Recordable, Posed):
    """Minimise the expected cost of a rule over its coefficients.

    It is expected over landscapes, starts and the noise of gradients:

        J = E[ κ e^{-γT} L(θ_T)  and/or  k Σ_{t=1..T} e^{-γt} L(θ_t)  +  Σ_{t=0..T-1} e^{-γt}
        |Δθ_t|²/2η ]

    "terminal" is the first term, "running" the second, "both" their sum; the effort is in each, and
    η = ∞ makes movement free. Unit time step, start at rest.

    Attributes
    ----------
    task : LandscapeDistribution
    family : Family
    objective : Objective; its horizon T is a whole number of steps, its ``terminal`` field is not
        used (``cost`` says)
    sees : ExactGradient() or None, NoisyGradient(σ), CurvatureNoise(...), ModeNoise(...): σ per
        step and component
    cost : "terminal", "running" or "both"

    Raises ProblemError for other kinds of objects, a terminal cost other than the loss, a horizon
    that is no whole number of steps, a memory longer than that, rules that observe something else
    than gradients, noise of the wrong shape, rules that take the sign itself, and weight decay
    towards a minimum that is known; and for a user's family whose step
    does not return what it should.
    """

    task: LandscapeDistribution
    family: Family
    objective: Objective
    sees: Sees | None = None
    cost: CostName = "terminal"

    def __post_init__(self) -> None:
        object.__setattr__(self, "sees", _checked_sees(self.sees, self.task))
        _check_objective(self.objective)
        if self.family.memory > self.steps:
            raise ProblemError(
                "memory",
                expected=f"at most the horizon of {self.steps} steps",
                received=f"{self.family.memory}",
                advice="shorten the memory or lengthen the horizon",
            )
        if not self.family.differentiable:
            raise ProblemError(
                "family",
                expected="a rule that is differentiable in its gradients",
                received=f"{self.family.name}, with the sign itself",
                advice="give it a smoothing > 0, in units of the gradient",
            )
        known = self.task.is_quadratic and self.task.minimum is None
        if self.family.reads_parameters and known and math.isinf(self.objective.learning_rate):
            raise ProblemError(
                "family",
                expected="a hidden minimum, or a price of movement, where the rule reads θ",
                received=f"{self.family.name}, with every minimum at 0 and movement free",
                advice="decay w = 1 would be there in one step; give the task a minimum that moves",
            )
        _check_coupled(self.sees, self.family)
        check_steps(self.family, self.steps)

    @checked
    def describe(self) -> str:
        """The expected cost being minimised, in words and symbols, with all numbers."""
        return describe(self)

    @property
    def steps(self) -> int:
        """T as an integer."""
        return int(self.objective.horizon)


def spectrum_of(program: PolicyProgram) -> Spectrum:
    """The curvatures of random quadratics; refuses a population of landscapes, which has none."""
    curvatures = program.task.curvatures
    if curvatures is None:
        raise ProblemError(
            "task",
            expected="random quadratics, LandscapeDistribution.quadratic(...)",
            received="a population of landscapes",
            advice="optimize_policy turns to scenarios for these",
        )
    return curvatures


def _check_objective(objective: Objective) -> None:
    horizon = objective.horizon
    if not (math.isfinite(horizon) and horizon >= 1 and horizon == int(horizon)):
        raise ProblemError(
            "horizon T",
            expected="a whole number of steps >= 1",
            received=f"{horizon:g}",
            advice="a policy program counts steps of unit length; give horizon=100, say",
        )
    if callable(objective.terminal):
        raise ProblemError(
            "terminal cost Φ",
            expected="None or 'loss': a rule is judged by the loss itself",
            received="a function of θ",
            advice=(
                "say with cost='terminal', 'running' or 'both' when the loss counts, or make the"
                " function the landscape"
            ),
        )


def _checked_sees(sees: Sees | None, task: LandscapeDistribution) -> Sees:
    """The gradient, exactly or with noise of a shape that fits; a single number as a float."""
    if sees is None:
        return ExactGradient()
    kinds: tuple[type[Sees], ...] = (ExactGradient, NoisyGradient)
    if task.is_quadratic:
        kinds = (*kinds, CurvatureNoise, ModeNoise)
    if not isinstance(sees, kinds):
        raise ProblemError(
            "sees",
            expected=f"None, {', '.join(f'{kind.__name__}(...)' for kind in kinds)}",
            received=repr(sees) if isinstance(sees, type) else type(sees).__name__,
            advice=(
                "a policy maps gradients to updates; for noise that depends on where the learner"
                " stands give NoisyGradient a function of θ"
            ),
        )
    if isinstance(sees, ModeNoise):
        _check_modes(sees, task.curvatures)
    if isinstance(sees, NoisyGradient) and not callable(sees.noise):
        if isinstance(sees.noise, float):
            return sees
        if np.size(sees.noise) == 1:
            return NoisyGradient(np.asarray(sees.noise).item())
        if task.is_quadratic:
            raise ProblemError(
                "noise",
                expected="one standard deviation: every mode sees its own gradient",
                received=f"shape {np.shape(sees.noise)}",
                advice=(
                    "give one number, CurvatureNoise for noise that depends on the curvature, or"
                    " ModeNoise for one number for each curvature of a Discrete spectrum"
                ),
            )
        # refuses what does not fit; θ is not read, where the noise is no function of it
        sees.root(ca.SX.sym("theta", task.dimension), task.dimension)
    return sees


def _check_coupled(sees: Sees | None, family: Family) -> None:
    """Noise that follows the loss of all modes is known by exact moments only."""
    if getattr(sees, "follows_loss", False) and not family.linear:
        raise ProblemError(
            "family",
            expected="a linear family, where the noise follows the loss of all modes",
            received=family.name,
            advice="leave follows_loss False for costs that are averaged over scenarios",
        )


def _check_modes(sees: ModeNoise, curvatures: Spectrum | None) -> None:
    """One standard deviation for each curvature of a Discrete spectrum."""
    if isinstance(curvatures, Discrete) and len(sees.deviations) == len(curvatures.values):
        return
    modes = "a Discrete spectrum"
    if isinstance(curvatures, Discrete):
        modes = f"{len(curvatures.values)} numbers, one for each distinct curvature"
    raise ProblemError(
        "deviations",
        expected=modes,
        received=f"{len(sees.deviations)} deviations, {type(curvatures).__name__}",
        advice="give ModeNoise as many numbers as Discrete has values, in their order",
    )
