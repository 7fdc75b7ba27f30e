"""What the checks of a run rest on: kinds of references, of relations, and when bounds were set."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...claims import BOUNDS, REFERENCES, RELATIONS, Check, Outcome
from ...support.arguments import checked

NOT_SAID = "not said"


@checked
@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The checks of a run, counted by kind.

    Attributes
    ----------
    checks : int, all of them
    references : mapping from REFERENCES and "not said" to counts, those that occur
    relations : mapping from RELATIONS to counts of the checks of numbers; labels are apart
    labels : int, checks that count or compare names or verdicts
    estimates : int, checks of estimates from random draws, which carry a standard error
    bounds : mapping from BOUNDS and "not said" to counts: tolerances and bounds set before or after
        a first look
    without_prediction : names of claims none of whose checks holds a number against a predicted one:
        labels and stated bounds only
    """

    checks: int
    references: Mapping[str, int]
    relations: Mapping[str, int]
    labels: int
    estimates: int
    bounds: Mapping[str, int]
    without_prediction: tuple[str, ...]


@checked
def provenance(outcomes: Sequence[Outcome]) -> Provenance:
    """Count the checks of all outcomes that have evidence."""
    checks_of = {
        outcome.claim.name: outcome.evidence.checks
        for outcome in outcomes
        if outcome.evidence is not None
    }
    checks = [check for own in checks_of.values() for check in own]
    return Provenance(
        checks=len(checks),
        references=_counted([check.reference or NOT_SAID for check in checks], REFERENCES),
        relations=_counted(
            [check.relation for check in checks if check.kind == "number"], RELATIONS
        ),
        labels=sum(check.kind == "label" for check in checks),
        estimates=sum(check.standard_error > 0 for check in checks),
        bounds=_counted([check.bound or NOT_SAID for check in checks], BOUNDS),
        without_prediction=tuple(
            name for name, own in checks_of.items() if not any(map(_predicts, own))
        ),
    )


def _predicts(check: Check) -> bool:
    """Whether the check holds a number against one that something predicts."""
    return check.kind == "number" and check.reference != "stated bound"


def _counted(found: Sequence[str], order: Sequence[str]) -> dict[str, int]:
    """How often each occurs, in the order given, what is not said last."""
    counts = Counter(found)
    return {name: counts[name] for name in (*order, NOT_SAID) if counts[name]}


@checked
def provenance_rows(found: Provenance) -> tuple[tuple[str, str], ...]:
    """(what is counted, the counts in words), for the terminal and the page."""
    rows = [
        (f"references of the {found.checks} checks", _listed(found.references)),
        ("relations of numbers", _listed(found.relations)),
        ("labels (names or verdicts, compared or counted)", str(found.labels)),
        ("estimates with a standard error", str(found.estimates)),
        ("tolerances and bounds, set before or after a first look", _listed(found.bounds)),
    ]
    if found.without_prediction:
        rows.append(
            (
                "claims that rest on labels and stated bounds only",
                ", ".join(found.without_prediction),
            )
        )
    return tuple(rows)


def _listed(counts: Mapping[str, int]) -> str:
    return "; ".join(f"{count} {name}" for name, count in counts.items()) or "none"


@checked
def origin_words(check: Check) -> tuple[str, str]:
    """(reference, bound) of a check as cells of a table; a label says that it is one."""
    reference = check.reference or NOT_SAID
    if check.kind == "label":
        reference += " (label)"
    return reference, check.bound or NOT_SAID
