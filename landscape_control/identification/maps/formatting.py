"""A verdict in words: one paragraph and a table."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...rules.choice import Conclusion

if TYPE_CHECKING:
    from ...rules.families import Coefficient
    from .verdict import RuleFit, Verdict

_GOOD_TO = 1e-7  # of J*, what the costs of rules and of the optimum are computed to
_SINGULAR = {"starts": "start", "histories": "history"}


def paragraph(verdict: "Verdict") -> str:
    """What the comparison concludes, from how much data, and what stands in the way."""
    opening = {
        Conclusion.RULE: _rule,
        Conclusion.NOT_IDENTIFIABLE: _not_identifiable,
        Conclusion.NONE_FITS: _none_fits,
    }
    parts = [opening[verdict.conclusion](verdict), _data(verdict)]
    return " ".join(part for part in parts if part)


def table(verdict: "Verdict") -> str:
    """One line per rule: error, coefficients against theory, condition, cost of running it."""
    header = [
        "rule",
        f"error of the {verdict.nouns[0]}",
        "coefficients [95 % interval] (theory, in its limit)",
        "condition number",
        "identifiable",
        "extra cost J/J* - 1",
    ]
    lines = [header, *(_cells(row) for row in verdict.rows)]
    if verdict.nouns[0] != "controls":  # causal rules are not run here: no cost of running them
        lines = [line[:-1] for line in lines]
    refused = [
        f"not applicable: {key.replace('_', ' ')}: {reason}"
        for key, reason in verdict.refused.items()
    ]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    text.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(text + refused)


def coefficient_words(row: "RuleFit") -> str:
    """Every coefficient with interval, prediction and whether it sits on its bound."""
    return ", ".join(_coefficient(row, c) for c in row.rule.coefficients)


def _rule(verdict: "Verdict") -> str:
    row, other = verdict.rows[0], verdict.runner_up
    text = (
        f"The policy is {row.name}, {row.rule.formula}, with {coefficient_words(row)}: relative"
        f" error of the {verdict.nouns[0]} {percent(row.error)} on held-out {verdict.nouns[1]}"
        f" ({row.rule.source})."
    )
    if row.condition > 1 / verdict.criteria.resolution:
        text += (
            " Its coefficients are not determined by this data (condition number"
            f" {row.condition:.1e})."
        )
    if row.equivalent_to:
        text += (
            f" The same {verdict.nouns[0]} come from {_names(verdict, row.equivalent_to)}: richer,"
            " or with it as a limit."
        )
    if other is not None:
        text += f" Next comes {other.name} with {percent(other.error)}."
    return text


def _not_identifiable(verdict: "Verdict") -> str:
    row = verdict.rows[0]
    if len(verdict.equivalent) > 1:
        reason = (
            f"{_names(verdict, verdict.equivalent)} cannot be told apart on this data"
            f" ({row.name} is within {percent(row.error)} of the policy, and the others of it)"
        )
    else:
        reason = (
            f"{row.name} is within {percent(row.error)} of the policy, but this data cannot show"
            " that it is its rule"
        )
    return f"Not identifiable: {reason}; {verdict.remedy}."


def _none_fits(verdict: "Verdict") -> str:
    row = verdict.rows[0]
    text = (
        f"{verdict.none_fits}: the nearest, {row.name}, is {percent(row.error)} off on"
        f" held-out {verdict.nouns[1]}, above the threshold of"
        f" {percent(verdict.criteria.threshold)}."
    )
    if row.undefined:
        text += f" It is undefined for {row.undefined} of {verdict.samples} {verdict.nouns[0]}."
    return text


def _data(verdict: "Verdict") -> str:
    landscapes = len(verdict.scatter)
    controls, starts = verdict.nouns
    where = ""
    if controls == "controls":  # histories are no landscapes
        where = f" on {landscapes} landscape{'s' * (landscapes != 1)}"
    if verdict.starts == 1:
        starts = _SINGULAR[starts]
    text = f"Fitted to {verdict.samples} {controls} from {verdict.starts} {starts}{where}"
    text += f" ({verdict.sampling})." if verdict.sampling else "."
    if verdict.failures:
        text += (
            f" {len(verdict.failures)} solves failed and are left out, the first with:"
            f" {verdict.failures[0][2]}"
        )
    return text


def _cells(row: "RuleFit") -> list[str]:
    condition = f"{row.condition:.1e}" if row.condition >= 1e4 else f"{row.condition:.3g}"
    excess = row.excess_reason if row.excess_cost is None else _excess(row.excess_cost)
    undefined = f" ({row.undefined} undefined)" if row.undefined else ""
    identifiable = "yes" if row.identifiable else "no"
    return [
        row.name,
        percent(row.error) + undefined,
        coefficient_words(row),
        condition,
        identifiable,
        excess,
    ]


def _excess(value: float) -> str:
    """What running a rule costs beyond the optimum; what costs are good to is not told from 0."""
    return "0" if abs(value) < _GOOD_TO else f"{value:+.3g}"


def _coefficient(row: "RuleFit", coefficient: "Coefficient") -> str:
    name = coefficient.name
    low, high = row.intervals[name]
    text = f"{coefficient.symbol} = {row.coefficients[name]:.4g} [{low:.4g}, {high:.4g}]"
    if row.predicted[name] is not None:
        text += f" (theory {row.predicted[name]:.4g})"
    return text + (" at its bound" if name in row.at_bound else "")


def percent(value: float) -> str:
    """A share as a percentage of three digits; round-off counts as nothing."""
    if value < 1e-13:
        return "0 %"
    return f"{100 * value:.3g} %" if value >= 1e-4 else f"{100 * value:.1e} %"


def _names(verdict: "Verdict", keys: Iterable[str]) -> str:
    """Rules as the table calls them; one that is not in it by its key."""
    known = {row.key: row.name for row in verdict.rows}
    return ", ".join(known.get(key, key.replace("_", " ")) for key in keys)
