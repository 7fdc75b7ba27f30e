"""``Course``: a rule planned for T steps of measured quadratics, with what it is predicted to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ...rules.families import Family, Policy
from ...support.arguments import AnyNumber, Count, Entries, checked
from ...support.results import Result
from ..limits import CourseLimits
from ..program import PolicyProgram
from ..status import PolicyStatus


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Course(Result):
    """The coefficients of least predicted loss under limits, and the prediction at every step.

    Attributes
    ----------
    program : PolicyProgram, what was planned: task, noise, family, T
    limits : CourseLimits
    exponent : of the metric it was planned in; NaN where there was one task only
    coefficients : {name: number}
    cost : E L_T - floor of the rule's answer after the last step, by exact moments
    start_loss : L_0 - floor
    losses : (T+1,) predicted L_t where gradients are taken, floor included
    rates : (T,) -∂Δθ_t/∂y_t, by which the newest gradient is multiplied: α_t of heavy ball
    shares : (T,) h_max over the curvature at which the rule would flip, what ``cap`` limits
    binding : {limit: steps at which it binds}
    costs : {candidate: cost} of every family, and metric, that was planned; ∞ where none settles
    search_error : relative difference between the cost that the search saw and ``cost``, 0 where it
        saw single steps
    evaluations : courses evaluated
    seconds : it took, on the clock
    status : PolicyStatus
    """

    program: PolicyProgram
    limits: CourseLimits
    exponent: AnyNumber
    coefficients: Mapping[str, AnyNumber | Entries]
    cost: AnyNumber
    start_loss: AnyNumber
    losses: Entries
    rates: Entries
    shares: Entries
    binding: Mapping[str, AnyNumber]
    costs: Mapping[str, AnyNumber]
    search_error: AnyNumber
    evaluations: Count
    seconds: AnyNumber
    status: PolicyStatus

    def __post_init__(self) -> None:
        self.__setstate__(self.__dict__)

    def __getstate__(self) -> dict[str, Any]:
        """Plain data only, which pickles."""
        return {**self.__dict__, **{name: dict(getattr(self, name)) for name in _MAPPINGS}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name in _MAPPINGS:
            object.__setattr__(self, name, MappingProxyType(dict(state[name])))

    @property
    def family(self) -> Family:
        """The family that was chosen."""
        return self.program.family

    @property
    def steps(self) -> int:
        """T."""
        return self.program.steps

    @property
    def momentum(self) -> float:
        """β; 0 for a rule without."""
        value = self.coefficients.get("momentum", 0.0)
        return float(value) if isinstance(value, float) else float(value[-1])

    @property
    def final_loss(self) -> float:
        """E L_T of the rule's answer, floor included."""
        return self.limits.floor + self.cost

    @property
    def policy(self) -> Policy:
        """The rule to run, which ``lc.export`` takes."""
        return Policy(family=self.family, coefficients=self.coefficients, horizon=self.steps)

    @checked
    def summary(self) -> str:
        """One line: the rule, its prediction, the limits that bind."""
        begin = self.limits.floor + self.start_loss
        binding = ", ".join(self.binding) or "none"
        return (
            f"{self.family.name} for {self.steps} steps: predicted L {begin:.4g} → {self.final_loss:.4g},"
            f" α {self.rates[0]:.3g} → {self.rates[-1]:.3g}, β = {self.momentum:.3g}; binding"
            f" limits: {binding}; {self.status}, {self.evaluations} courses, {self.seconds:.2g} s"
        )

    @checked
    def describe(self) -> str:
        """The rule with its numbers, the prediction, the limits, what else was planned; then all
        numbers, one a line.
        """
        numbers = ", ".join(
            f"{name} = {_shown(value)}" for name, value in self.coefficients.items()
        )
        lines = [
            self.summary(),
            f"  {self.family.formula}",
            f"  {numbers}",
            f"  largest predicted loss {self.losses.max():.4g}, largest share of the edge of"
            f" stability {self.shares.max():.3g}",
        ]
        for limit, count in self.binding.items():
            lines.append(f"  {limit} binds at {count:g} of {self.steps} steps")
        if len(self.costs) > 1:
            lines.append("  predicted final excess losses:")
            lines += [f"    {cost:.6g}  {name}" for name, cost in self.costs.items()]
        return "\n".join([*lines, "", super().describe()])

    def __repr__(self) -> str:
        return f"Course({self.summary()})"


_MAPPINGS = ("coefficients", "binding", "costs")


def _shown(value: AnyNumber | Entries) -> str:
    return f"{value:.4g}" if isinstance(value, float) else f"{value[0]:.4g} … {value[-1]:.4g}"
