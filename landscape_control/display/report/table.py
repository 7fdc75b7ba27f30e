"""Outcomes as tables: aligned text for the terminal, CSV for programs."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

from ...claims import Check, Outcome
from ...support.arguments import checked

_TEXT_COLUMNS = ("claim", "theory", "computed", "relation", "verdict")
_CSV_COLUMNS = (
    "claim",
    "quantity",
    "theory",
    "computed",
    "relation",
    "tolerance",
    "measure",
    "error",
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
    """The relation with its tolerance, e.g. "equal ±1e-06", "at most +1e-08 relative", "limit
    ±0.05", "at least".
    """
    if check.tolerance == 0:
        return check.relation
    sign = {"at most": "+", "at least": "-"}.get(check.relation, "±")
    return (
        f"{check.relation}"
        f" {sign}{check.tolerance:g}{' relative' if check.measure == 'relative' else ''}"
    )


def check_verdict(check: Check) -> str:
    """ "holds" or "fails"."""
    return "holds" if check.passed else "fails"


@checked
def text_table(outcomes: Iterable[Outcome]) -> str:
    """Aligned columns ``claim | theory | computed | relation | verdict``: one line per claim, one
    below it per check.
    """
    rows, notes = [_TEXT_COLUMNS], {}
    for outcome in outcomes:
        rows.append((outcome.claim.name, "", "", "", str(outcome.verdict)))
        if outcome.evidence is None:
            notes[len(rows)] = f"  {first_line(outcome.error)}"
            continue
        rows += [
            (
                f"  {check.quantity}",
                f"{check.theory:.8g}",
                f"{check.computed:.8g}",
                relation_words(check),
                check_verdict(check),
            )
            for check in outcome.evidence.checks
        ]
    lines = align(rows)
    for count in sorted(notes, reverse=True):
        lines.insert(count + 1, notes[count])  # one further down for the rule below the header
    return "\n".join(lines)


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of columns padded to equal width and joined by " | ", a rule below the first (combining
    marks have no width).
    """
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = [
        " | ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    return [lines[0], "-+-".join("-" * width for width in widths), *lines[1:]]


@checked
def csv_table(outcomes: Iterable[Outcome]) -> str:
    """One line per check with full precision; a claim that could not be evaluated is one line with
    its error as note.

    Cells are data: words that a spreadsheet would take for a formula have an apostrophe in front of
    them. Numbers have not.
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
            writer.writerow(
                _cells(
                    {**shared, "verdict": str(outcome.verdict), "note": first_line(outcome.error)}
                )
            )
            continue
        for check in outcome.evidence.checks:
            words = {
                "quantity": check.quantity,
                "relation": check.relation,
                "measure": check.measure,
                "verdict": check_verdict(check),
            }
            numbers = {
                name: repr(getattr(check, name))
                for name in ("theory", "computed", "tolerance", "error")
            }
            writer.writerow(_cells(shared | words | numbers))
    return text.getvalue()


def _cells(row):
    return {name: csv_cell(value) for name, value in row.items()}


def csv_cell(words: str) -> str:
    """The words as the text of a cell; numbers stay as they are, -1.5 too, and UTF-8 can hold what
    comes back.

    A lone carriage return, which ``csv`` does not put in quotes and which ends a row elsewhere,
    becomes a line feed.
    """
    words = (
        words.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    )
    is_formula = words.lstrip(" ").startswith(_STARTS_A_FORMULA) and not _NUMBER.fullmatch(words)
    return f"'{words}" if is_formula else words


def first_line(text: str) -> str:
    """The first line of a message, "" of an empty one."""
    return text.splitlines()[0] if text else ""


def _width(text):
    """Columns that a text takes in a terminal."""
    return sum(map(_width_of_sign, text))


def _width_of_sign(sign):
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1
