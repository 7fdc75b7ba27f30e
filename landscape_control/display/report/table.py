"""Outcomes as tables: aligned text for the terminal, CSV for programs."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from ...claims import Check, Outcome
from ...support.arguments import checked
from .provenance import origin_words

_TEXT_COLUMNS = ("claim", "theory", "computed", "relation", "reference", "bound", "verdict")
_CSV_COLUMNS = (
    "claim",
    "quantity",
    "theory",
    "computed",
    "relation",
    "tolerance",
    "measure",
    "error",
    "reference",
    "bound",
    "kind",
    "standard_error",
    "effect",
    "verdict",
    "figure",
    "source",
    "seconds",
    "note",
)
# of cells in spreadsheets; the wide signs mean the same in some of them
_STARTS_A_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf|nan")


def relation_words(check: Check) -> str:
    """The relation with its tolerance, e.g. "equal ±1e-06", "at most +1e-08 relative"."""
    if check.tolerance == 0:
        return check.relation
    sign = {"at most": "+", "at least": "-"}.get(check.relation, "±")
    measure = " relative" if check.measure == "relative" else ""
    return f"{check.relation} {sign}{check.tolerance:g}{measure}"


def check_verdict(check: Check) -> str:
    """ "holds" or "fails"."""
    return "holds" if check.passed else "fails"


@checked
def text_table(outcomes: Iterable[Outcome]) -> str:
    """Aligned columns ``claim | theory | computed | relation | reference | bound | verdict``.

    There is one line per claim, and one below it per check.
    """
    rows: list[tuple[str, ...]] = [_TEXT_COLUMNS]
    notes: dict[int, str] = {}  # number of rows above it -> a line that has no columns
    for outcome in outcomes:
        rows.append((outcome.claim.name, "", "", "", "", "", str(outcome.verdict)))
        if outcome.evidence is None:
            notes[len(rows)] = f"  {first_line(outcome.error)}"
            continue
        rows += map(_check_row, outcome.evidence.checks)
    lines = align(rows)
    for count in sorted(notes, reverse=True):
        lines.insert(count + 1, notes[count])  # one further down for the rule below the header
    return "\n".join(lines)


@checked
def claim_lines(outcomes: Iterable[Outcome]) -> str:
    """One line per claim, ``claim | checks | seconds | verdict``; below it the checks that fail."""
    rows: list[tuple[str, ...]] = [("claim", "checks", "seconds", "verdict")]
    notes: dict[int, list[str]] = {}  # number of rows above them -> lines that have no columns
    for outcome in outcomes:
        checks = () if outcome.evidence is None else outcome.evidence.checks
        held = sum(check.passed for check in checks)
        rows.append(
            (
                outcome.claim.name,
                f"{held} of {len(checks)}",
                f"{outcome.seconds:.1f}",
                str(outcome.verdict),
            )
        )
        failed = [_failed(check) for check in checks if not check.passed]
        broken = [f"  {first_line(outcome.error)}"] if outcome.evidence is None else []
        notes[len(rows)] = [*failed, *broken]
    lines = align(rows)
    for count in sorted(notes, reverse=True):
        lines[count + 1 : count + 1] = notes[
            count
        ]  # one further down for the rule below the header
    return "\n".join(lines)


def _failed(check: Check) -> str:
    return f"  {check.quantity}: {check.computed:.8g} against {check.theory:.8g}, {relation_words(check)}"


def _check_row(check: Check) -> tuple[str, ...]:
    return (
        f"  {check.quantity}",
        f"{check.theory:.8g}",
        f"{check.computed:.8g}",
        relation_words(check),
        *origin_words(check),
        check_verdict(check),
    )


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of columns padded to equal width and joined by " | ", a rule below the first."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        padded = [cell + " " * (w - _width(cell)) for cell, w in zip(row, widths, strict=True)]
        lines.append(" | ".join(padded).rstrip())
    rule = "-+-".join("-" * width for width in widths)
    return [lines[0], rule, *lines[1:]]


@checked
def csv_table(outcomes: Iterable[Outcome]) -> str:
    """One line per check with full precision.

    A claim that could not be evaluated is one line with its error as note. Cells are data: words
    that a spreadsheet would take for a formula have an apostrophe in front of them. Numbers have
    not.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, _CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for outcome in outcomes:
        shared = {
            "claim": outcome.claim.name,
            "figure": outcome.claim.figure or "",
            "source": outcome.claim.source,
            "seconds": f"{outcome.seconds:.3f}",
        }
        if outcome.evidence is None:
            broken = {"verdict": str(outcome.verdict), "note": first_line(outcome.error)}
            writer.writerow(_cells(shared | broken))
            continue
        for check in outcome.evidence.checks:
            writer.writerow(_cells(shared | _check_cells(check)))
    return text.getvalue()


def _check_cells(check: Check) -> dict[str, str]:
    """What the CSV table says of one check; ``repr`` keeps every digit of a number."""
    return {
        "quantity": check.quantity,
        "theory": repr(check.theory),
        "computed": repr(check.computed),
        "relation": check.relation,
        "tolerance": repr(check.tolerance),
        "measure": check.measure,
        "error": repr(check.error),
        "reference": check.reference or "",
        "bound": check.bound or "",
        "kind": check.kind,
        "standard_error": repr(check.standard_error),
        "effect": "" if check.effect is None else repr(check.effect),
        "verdict": check_verdict(check),
    }


def _cells(row: Mapping[str, str]) -> dict[str, str]:
    return {name: csv_cell(value) for name, value in row.items()}


def csv_cell(words: str) -> str:
    """The words as the text of a cell that UTF-8 can hold; numbers stay as they are, -1.5 too.

    A lone carriage return, which ``csv`` does not put in quotes and which ends a row elsewhere,
    becomes a line feed.
    """
    words = words.encode("utf-8", "replace").decode("utf-8")
    words = words.replace("\r\n", "\n").replace("\r", "\n")
    is_formula = words.lstrip(" ").startswith(_STARTS_A_FORMULA) and not _NUMBER.fullmatch(words)
    return f"'{words}" if is_formula else words


def first_line(text: str) -> str:
    """The first line of a message, "" of an empty one."""
    return text.splitlines()[0] if text else ""


def _width(text: str) -> int:
    """Columns that a text takes in a terminal."""
    return sum(map(_width_of_sign, text))


def _width_of_sign(sign: str) -> int:
    if unicodedata.combining(sign):  # drawn over the sign before it
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1
