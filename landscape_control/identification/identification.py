"""What identify returns: a verdict on a policy of any kind, and the shape of what no rule explains."""

from dataclasses import dataclass, field, fields
from typing import Any

from ..support.arguments import AnyNumber, checked
from .kernels.read_kernel import KernelReading
from .maps import Conclusion, RuleFit, Verdict
from .maps.formatting import paragraph, percent, table
from .randomness import RandomUpdates
from .residual import Schedule
from .scheduled_rule import ScheduledRule

MAP, CAUSAL = "a map u(θ)", "a causal rule"
_SCHEDULE = "A schedule?"
_GUESSES = {
    "time": _SCHEDULE,
    "the parameters": "A pull on the weights?",
    "the gradient's recent size": "A normalisation by it?",
    "the gradient's direction alone": "Steps of a fixed length?",
    "the way to the lowest minimum": "A plan that looks beyond the slope it stands on?",
}


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Identification(Verdict):
    """The rule that a policy is, with numbers, or why none can be named. Printing it gives a
    paragraph and a table.

    Everything of a :class:`landscape_control.identification.maps.Verdict` (``conclusion``, ``best``,
    ``runner_up``, ``equivalent``, ``rows`` with coefficients, intervals, errors and condition
    numbers, ``refused``, ``sampling``), where for causal rules ``samples`` counts updates and
    ``starts`` histories, errors are relative to rms|Δθ|, ``scatter`` holds updates against
    gradients, and

    Attributes
    ----------
    subject : what was identified, in words
    kind : "a map u(θ)" (closed forms of a learner that knows the landscape) or "a causal rule" (of
        gradients seen so far)
    residual : ((what, share), ...), largest first: how much of what the first row leaves unexplained
        goes with the current gradient, the previous update, the parameters, time, ... (for maps the
        gradient, its direction alone, the way to the lowest minimum, ...) once the rule's own
        coefficients have taken their part
    schedule : Schedule or None: heavy ball with coefficients of each step, where no rule fits and
        that does
    kernel : KernelReading or None: where no rule fits and the updates are linear in past gradients,
        the kernel, and the linear rule that has it
    scheduled : ScheduledRule or None: where no rule fits and one does with a learning rate of each
        step's own, that rule and the name of the schedule
    random : RandomUpdates or None: where no rule fits, nor one with a kernel or a schedule, the rule
        that the updates follow but for noise, with tests of what they are beside it
    notes : sentences on what limits the answer
    weight_noise : standard deviation of the white noise of recorded weights that the verdict allows
        for, given or estimated; 0 without
    """

    subject: str
    kind: str
    residual: tuple[tuple[str, AnyNumber], ...] = ()
    schedule: Schedule | None = None
    kernel: KernelReading | None = field(default=None, metadata={"later": True})
    scheduled: ScheduledRule | None = field(default=None, metadata={"later": True})
    random: RandomUpdates | None = field(default=None, metadata={"later": True})
    notes: tuple[str, ...] = ()
    weight_noise: AnyNumber = field(default=0.0, metadata={"later": True})

    @property
    def runner_up(self) -> RuleFit | None:
        """The best rule that the data tells apart from the preferred one.

        None that fits by containing it as a limit.
        """
        first = self.rows[0]
        alike = (*first.equivalent_to, *self.equivalent)

        def its_limit(row: RuleFit) -> bool:
            return first.key in row.rule.contains and row.error <= self.criteria.threshold

        others = (row for row in self.rows[1:] if row.key not in alike)
        return next((row for row in others if not its_limit(row)), None)

    @property
    def nouns(self) -> tuple[str, str]:
        return super().nouns if self.kind == MAP else ("updates", "histories")

    @property
    def remedy(self) -> str:
        if self.kind == MAP:
            return super().remedy
        if self.starts == 1:
            return "add noise on the gradients, or histories from more starts"
        return "add noise on the gradients, or landscapes of several curvatures"

    @property
    def none_fits(self) -> str:
        if self.headline:
            return "With numbers that stay the same no rule in the library fits"
        return super().none_fits

    @property
    def headline(self) -> str:
        """What it is where no rule with constant numbers fits: one with a schedule, a kernel, noise.

        Empty where a rule fits, or where nothing is known.
        """
        if self.best is not None:
            return ""
        if self.scheduled is not None:
            return self.scheduled.headline
        if self.kernel is not None and self.kernel.equivalent is not None:
            return str(self.kernel.equivalent).split(" (held-out")[0]
        if self.random is not None and self.random.is_white:
            return f"{self.random.fit.name} plus white noise in the updates"
        return ""

    def __repr__(self) -> str:
        if self.headline:
            return f"Identification({self.subject}: {self.headline})"
        return (
            f"Identification({self.subject}: {self.conclusion.value}:"
            f" {', '.join(row.key for row in self.rows[:3])}, ...)"
        )

    def __str__(self) -> str:
        parts = [
            f"{self.subject[:1].upper()}{self.subject[1:]}, read as {self.kind}.",
            f"It is {self.headline}." if self.headline else "",
            paragraph(self),
            self._left(),
            "" if self.kernel is None else str(self.kernel),
            "" if self.scheduled is None else str(self.scheduled),
            str(self.random) if self.random is not None and self.random.is_telling else "",
            *self.notes,
        ]
        return f"{' '.join(part for part in parts if part)}\n\n{table(self)}"

    def _left(self) -> str:
        """What is left over goes with what, where no rule fits or the one that does is not exact."""
        row = self.rows[0]
        if (
            self.conclusion is Conclusion.NOT_IDENTIFIABLE
            or not self.residual
            or row.error <= self.criteria.resolution
        ):
            return ""
        shown = [f"{what} ({percent(share)})" for what, share in self.residual if share >= 0.1][:3]
        if not shown:
            return "What it leaves unexplained goes with nothing that was looked at."
        guess = _GUESSES.get(self.residual[0][0], "")
        if guess == _SCHEDULE and self.schedule:
            guess = f"A schedule: heavy ball with {self.schedule}."
        return f"What it leaves unexplained goes with {', '.join(shown)}. {guess}".rstrip()


def of_verdict(verdict: Verdict, **extra: Any) -> Identification:
    """A verdict with what identify knows beyond it."""
    known: dict[str, Any] = {field.name: getattr(verdict, field.name) for field in fields(Verdict)}
    return Identification(**known, **extra)
