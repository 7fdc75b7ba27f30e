"""The verdict: which rule is the policy, which rules cannot be told apart, or that none fits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ...rules import CausalRule, Rule
from ...rules.choice import Conclusion, Selection, basic, margin_between, select
from ...support.arguments import AnyNumber, Entries, checked
from ...support.drawable import drawn_by
from ...support.errors import check_choice
from ...support.results import Result
from ...support.short_repr import short_repr
from .criteria import Criteria
from .formatting import paragraph, table
from .running import Run


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class RuleFit:
    """One rule compared with the policy.

    Attributes
    ----------
    rule : Rule, or CausalRule for a policy with memory
    coefficients : {name: value}, shared by all samples
    intervals : {name: (low, high)}, 95 % bootstrap over starts
    predicted : {name: value or None}, what theory predicts
    error : relative policy error rms|u - û| / rms|u| on held-out starts
    fit_error : the same on the samples fitted
    condition : condition number of the scaled feature matrix
    identifiable : whether the coefficients are determined and no other rule, as simple, gives the
        same controls here
    equivalent_to : keys of the rules that give the same controls on this data, to within the
        resolution
    undefined : number of controls (out of ``Verdict.samples``) for which the rule gives no number
    at_bound : names of coefficients that the fit pushed to the end of their admissible range
    fitted : per problem (S, m), the rule's controls at the sampled points, NaN where undefined
    runs : per problem, what it costs to run the rule; empty when not asked for
    """

    rule: Rule | CausalRule
    coefficients: Mapping[str, AnyNumber]
    intervals: Mapping[str, tuple[AnyNumber, AnyNumber]]
    predicted: Mapping[str, AnyNumber | None]
    error: AnyNumber
    fit_error: AnyNumber
    condition: AnyNumber
    identifiable: bool
    equivalent_to: tuple[str, ...]
    undefined: int
    at_bound: tuple[str, ...]
    fitted: tuple[Entries, ...] = field(repr=False)
    runs: tuple[Run, ...] = ()

    def __repr__(self) -> str:
        numbers = ", ".join(f"{name} = {value:.4g}" for name, value in self.coefficients.items())
        return f"RuleFit({self.key}: {numbers or 'no coefficients'}; error {self.error:.3g})"

    @property
    def key(self) -> str:
        return self.rule.key

    @property
    def name(self) -> str:
        return self.rule.name

    @property
    def excess_cost(self) -> float | None:
        """J_rule/J* - 1 of the rule, the largest over the problems; None if one has none."""
        known = [run.excess for run in self.runs if run.excess is not None]
        if not known or len(known) < len(self.runs):
            return None
        return max(known)

    @property
    def excess_reason(self) -> str:
        """Why ``excess_cost`` is None, empty when it is a number."""
        if not self.runs:
            return "not run"
        return next((run.reason for run in self.runs if run.excess is None), "")


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Scatter:
    """The samples of one problem, for drawing.

    Points (S, n), controls (S, m), slopes Bᵀ∇L (S, m), starts (S,).
    """

    points: Entries
    controls: Entries
    slopes: Entries
    starts: Entries

    __repr__ = short_repr


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict(Result):
    """Which closed-form rule a policy is.

    Attributes
    ----------
    conclusion : Conclusion
    rows : tuple of RuleFit, the preferred rule first, then by held-out error
    equivalent : when not identifiable, keys of the rules that cannot be told apart, the preferred
        one first; else empty. (Limits and richer rules that give the same controls as a rule that
        *is* identified: ``best.equivalent_to``)
    refused : {key: reason} for rules that do not apply to these problems
    failures : (problem index, start, reason) for solves that failed and contribute no samples
    samples : number of controls fitted (points times controls)
    starts : number of starts that contributed
    criteria : Criteria
    sampling : how the starts were chosen, in words
    scatter : per problem, the samples
    """

    conclusion: Conclusion
    rows: tuple[RuleFit, ...]
    equivalent: tuple[str, ...]
    refused: Mapping[str, str]
    failures: tuple[tuple[int, Entries, str], ...]
    samples: int
    starts: int
    criteria: Criteria
    sampling: str = ""
    scatter: tuple[Scatter, ...] = field(repr=False, default=())

    plot = drawn_by("plot_verdict")

    @property
    def nouns(self) -> tuple[str, str]:
        """What was fitted, and what was held out in turn, in the plural."""
        return "controls", "starts"

    @property
    def remedy(self) -> str:
        """What would tell rules apart that this data does not."""
        return "add curvatures (several modes or several landscapes)"

    @property
    def none_fits(self) -> str:
        """That no rule fits, in words."""
        return "No rule in the library fits"

    @property
    def best(self) -> RuleFit | None:
        """The preferred rule, None when no rule fits.

        When not identifiable, the simplest of those that fit alike.
        """
        return None if self.conclusion is Conclusion.NONE_FITS else self.rows[0]

    @property
    def runner_up(self) -> RuleFit | None:
        """The best rule that the data tells apart from the preferred one."""
        alike = self.rows[0].equivalent_to
        return next((row for row in self.rows[1:] if row.key not in alike), None)

    @property
    def margin(self) -> float | None:
        """Error of the runner-up over that of the preferred rule; None without a runner-up.

        Both count as the resolution at least.
        """
        other = self.runner_up
        error = None if other is None else other.error
        return margin_between(self.rows[0].error, error, self.criteria.resolution)

    @property
    def selection(self) -> Selection:
        """The same in the form that all choices between rules have."""
        return Selection(
            conclusion=self.conclusion,
            name=self.rows[0].key,
            score=self.rows[0].error,
            margin=self.margin,
            candidates={row.key: row.error for row in self.rows},
            alike=self.equivalent,
        )

    @checked
    def row(self, key: str) -> RuleFit:
        """The row of one rule by its key; near matches when there is none."""
        check_choice("row of the verdict", key, [row.key for row in self.rows])
        return next(row for row in self.rows if row.key == key)

    def __repr__(self) -> str:
        first = ", ".join(row.rule.key for row in self.rows[:3])
        return f"Verdict({self.conclusion.value}: {first}, ...)"

    def __str__(self) -> str:
        return f"{paragraph(self)}\n\n{table(self)}"


Judgement = tuple[Conclusion, tuple[RuleFit, ...], tuple[str, ...]]


def judge(rows: Sequence[RuleFit], targets: np.ndarray, criteria: Criteria) -> Judgement:
    """(conclusion, rows in order, keys of the rules that cannot be told apart).

    :func:`landscape_control.rules.choice.select` decides.
    Two rules do the same here when their fitted controls differ by at most ``resolution`` · rms|u|.
    """
    rows = _mark_equivalent(rows, targets, criteria)
    selection = select(
        [row.rule for row in rows],
        [row.error for row in rows],
        threshold=criteria.threshold,
        resolution=criteria.resolution,
        margin=criteria.margin,
        same={row.key: row.equivalent_to for row in rows},
    )
    by_key = {row.key: row for row in rows}
    ordered = tuple(by_key[key] for key in selection.candidates)
    return selection.conclusion, ordered, selection.alike


def _mark_equivalent(
    rows: Sequence[RuleFit], targets: np.ndarray, criteria: Criteria
) -> list[RuleFit]:
    """The rows with ``equivalent_to`` and ``identifiable``."""
    controls = [np.concatenate([part.ravel() for part in row.fitted]) for row in rows]
    # a difference of controls, not of coefficients: two rules may do the same by other numbers
    largest = criteria.resolution * np.linalg.norm(targets)

    def same(i: int, j: int) -> bool:
        with np.errstate(invalid="ignore"):
            gap = np.linalg.norm(controls[i] - controls[j])
        return i != j and bool(gap <= largest)  # NaN (undefined somewhere) is never the same

    marked = []
    for i, row in enumerate(rows):
        alike = [j for j in range(len(rows)) if same(i, j)]
        rules = [other.rule for j, other in enumerate(rows) if j == i or j in alike]
        determined = row.condition <= 1 / criteria.resolution
        marked.append(
            replace(
                row,
                equivalent_to=tuple(rows[j].key for j in alike),
                identifiable=len(basic(rules)) == 1 and determined,
            )
        )
    return marked
