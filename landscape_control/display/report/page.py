"""One HTML page of all claims: verdicts, checks, pictures; no script, nothing fetched."""

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby

from ...claims import Check, Outcome, Verdict
from ...support.arguments import Count, NonNegative, checked
from .markup import description_list, table_head, text
from .pictures import OVERVIEW, Picture
from .provenance import origin_words, provenance, provenance_rows
from .static_files import html_document
from .table import check_verdict, first_line, relation_words
from .versions import versions

_TITLE = "Optimal learning trajectories: every claim against its reference"
_LEAD = (
    "Learning as optimal control of movement in a loss landscape. Each problem below was solved"
    " numerically and held against theory; a check holds when its error is within the tolerance"
    " stated beside it."
)


@checked
def html_page(
    outcomes: Sequence[Outcome],
    pictures: Mapping[str, Picture],
    *,
    seconds: NonNegative,
    workers: Count,
) -> str:
    """The report as one HTML document, by theme; pictures (by claim name) are embedded as WebP."""
    outcomes = sorted(outcomes, key=_place)
    articles = "".join(
        f"{_theme_head(theme)}{''.join(_article(each, pictures.get(each.claim.name)) for each in part)}"
        for theme, part in _by_theme(outcomes)
    )
    overview = _overview(outcomes, pictures.get(OVERVIEW))
    return html_document(
        title=_TITLE,
        lead=_LEAD,
        below=f"\n<p>{_tally(outcomes, seconds)}</p>",
        main=f"{overview}{_resting(outcomes)}{articles}{_colophon(seconds, workers)}",
    )


def _place(outcome: Outcome) -> tuple:
    """What the report is ordered by."""
    return outcome.claim.theme_order, outcome.claim.name


def _by_theme(outcomes: Sequence[Outcome]) -> list[tuple[str, list[Outcome]]]:
    """(theme, its outcomes) of outcomes that are in order."""
    groups = groupby(outcomes, key=lambda outcome: outcome.claim.theme_order)
    return [(theme, list(part)) for (_, theme), part in groups]


def _theme_head(theme: str) -> str:
    return f'<h2 class="theme">{text(theme[0].upper() + theme[1:])}</h2>\n'


def _tally(outcomes: Sequence[Outcome], seconds: float) -> str:
    held = sum(outcome.verdict is Verdict.HOLDS for outcome in outcomes)
    evidence = [outcome.evidence for outcome in outcomes if outcome.evidence]
    checks = [check for each in evidence for check in each.checks]
    passed = sum(check.passed for check in checks)
    return (
        f"<strong>{held} of {len(outcomes)} claims hold</strong>, with {passed} of {len(checks)}"
        f" checks inside their tolerance, in {seconds:.0f} seconds."
    )


def _overview(outcomes: Sequence[Outcome], picture: Picture | None) -> str:
    columns = ("claim", "figure", "relation", "verdict", "seconds")
    rows = []
    for theme, part in _by_theme(outcomes):
        rows.append([f'<th colspan="{len(columns)}" scope="rowgroup">{text(theme)}</th>'])
        rows += [_outcome_row(outcome) for outcome in part]
    table = _table(columns, rows)
    drawn = _picture("How much of its tolerance each claim uses", picture)
    return f"<nav>{table}</nav>\n{drawn}"


def _resting(outcomes: Sequence[Outcome]) -> str:
    """What the checks rest on, counted by kind."""
    items = description_list(dict(provenance_rows(provenance(outcomes))))
    return f"<article><h2>What the checks rest on</h2>\n{items}</article>\n"


def _outcome_row(outcome: Outcome) -> list[str]:
    claim, verdict = outcome.claim, outcome.verdict
    return [
        f'<td><a href="#{text(claim.name)}">{text(claim.title)}</a></td>',
        f'<td class="word">{text(claim.figure or "")}</td>',
        f'<td class="word">{text(", ".join(claim.relations))}</td>',
        f'<td class="word {verdict}">{verdict}</td>',
        f'<td class="number">{outcome.seconds:.1f}</td>',
    ]


def _article(outcome: Outcome, picture: Picture | None) -> str:
    claim, verdict = outcome.claim, outcome.verdict
    kicker = " · ".join(text(part) for part in (claim.figure, claim.name) if part)
    if outcome.evidence is None:
        body = _failure(outcome.error, outcome.traceback)
    else:
        rows = [_check_row(check) for check in outcome.evidence.checks]
        columns = (
            "quantity",
            "theory",
            "computed",
            "error",
            "relation",
            "reference",
            "bound",
            "verdict",
        )
        body = _table(columns, rows)
    head = f'<h2>{text(claim.title)}</h2><span class="verdict {verdict}">{verdict}</span>'
    source = f'<p class="source">Source: {text(claim.source)}</p>'
    return (
        f'<article id="{text(claim.name)}"><p class="kicker">{kicker}</p>\n'
        f'<div class="head">{head}</div>\n'
        f"<p>{text(claim.statement)}</p>\n"
        f"{_picture(claim.title, picture)}{body}{source}</article>\n"
    )


def _check_row(check: Check) -> list[str]:
    verdict, (reference, bound) = check_verdict(check), origin_words(check)
    return [
        f"<td>{text(check.quantity)}</td>",
        f'<td class="number">{_number(check.theory)}</td>',
        f'<td class="number">{_number(check.computed)}</td>',
        f'<td class="number">{_number(check.error, 2)}</td>',
        f'<td class="word">{text(relation_words(check))}</td>',
        f'<td class="word">{text(reference)}</td>',
        f'<td class="word">{text(bound)}</td>',
        f'<td class="word {verdict}">{verdict}</td>',
    ]


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table with these columns; the cells of the rows are markup already."""
    head = table_head(titles)
    body = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f'<div class="scroll"><table>{head}\n<tbody>{body}</tbody></table></div>\n'


def _picture(title: str, picture: Picture | None) -> str:
    """The picture inside the page, so that the file can be sent alone; or why there is none."""
    if picture is None:
        return ""
    if picture.png is None:
        return _failure(f"The picture could not be drawn: {picture.error}", picture.traceback)
    from ..plotting.saving import compact  # matplotlib takes a while: imported when drawing

    code = base64.b64encode(compact(picture.png)).decode("ascii")
    names = " and ".join(text(path.name) for path in picture.files)
    return (
        f'<figure><img alt="{text(title)}" src="data:image/webp;base64,{code}">'
        f"<figcaption>Also saved as {names}.</figcaption></figure>\n"
    )


def _failure(error: str, traceback: str) -> str:
    return (
        f'<p class="broken">{text(first_line(error))}</p>\n<details><summary>Where it'
        f" happened</summary><pre>{text(traceback)}</pre></details>\n"
    )


def _colophon(seconds: float, workers: int) -> str:
    made = datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC")
    processes = "process" if workers == 1 else "processes"
    taken = f"{seconds:.1f} s with {workers} worker {processes}"
    items = description_list({"made": made, "run time": taken, **versions()})
    return (
        "<article><h2>How this was made</h2>\n<p>Run <code>make reproduce</code>, or "
        "<code>landscape-control reproduce</code> in any folder. "
        f"The same table with full precision is in claims.csv.</p>\n{items}</article>\n"
    )


def _number(value: float, digits: int = 8) -> str:
    return text(f"{value:.{digits}g}".replace("-", "−"))
