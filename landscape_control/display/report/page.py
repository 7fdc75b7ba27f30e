"""One self-contained HTML page: verdicts, statements, checks, pictures, versions; no script,
nothing fetched.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ...claims import Outcome, Verdict
from ...support.arguments import Count, NonNegative, checked
from .markup import text
from .pictures import OVERVIEW, Picture
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
    """The report as one HTML document; pictures (by claim name) are embedded as PNG, so the file
    can be sent alone.
    """
    articles = "".join(_article(outcome, pictures.get(outcome.claim.name)) for outcome in outcomes)
    overview = _overview(outcomes, pictures.get(OVERVIEW))
    return html_document(
        title=_TITLE,
        lead=_LEAD,
        below=f"\n<p>{_tally(outcomes, seconds)}</p>",
        main=f"{overview}{articles}{_colophon(seconds, workers)}",
    )


def _tally(outcomes, seconds):
    held = sum(outcome.verdict is Verdict.HOLDS for outcome in outcomes)
    checks = [
        check for outcome in outcomes if outcome.evidence for check in outcome.evidence.checks
    ]
    passed = sum(check.passed for check in checks)
    return (
        f"<strong>{held} of {len(outcomes)} claims hold</strong>, with {passed} of {len(checks)}"
        f" checks inside their tolerance, in {seconds:.0f} seconds."
    )


def _overview(outcomes, picture):
    rows = [
        [
            f'<td><a href="#{text(outcome.claim.name)}">{text(outcome.claim.title)}</a></td>',
            f'<td class="word">{text(outcome.claim.figure or "")}</td>',
            f'<td class="word">{text(", ".join(outcome.claim.relations))}</td>',
            f'<td class="word {outcome.verdict}">{outcome.verdict}</td>',
            f'<td class="number">{outcome.seconds:.1f}</td>',
        ]
        for outcome in outcomes
    ]
    return (
        f"<nav>{_grid(('claim', 'figure', 'relation', 'verdict', 'seconds'), rows)}</nav>\n"
        f"{_picture('How much of its tolerance each claim uses', picture)}"
    )


def _article(outcome, picture):
    claim = outcome.claim
    kicker = " · ".join(text(part) for part in (claim.figure, claim.name) if part)
    body = (
        _failure(outcome.error, outcome.traceback)
        if outcome.evidence is None
        else _checks(outcome.evidence.checks)
    )
    kind = outcome.verdict
    head = f'<h2>{text(claim.title)}</h2><span class="verdict {kind}">{kind}</span>'
    source = f'<p class="source">Source: {text(claim.source)}</p>'
    return (
        f'<article id="{text(claim.name)}"><p class="kicker">{kicker}</p>\n'
        f'<div class="head">{head}</div>\n'
        f"<p>{text(claim.statement)}</p>\n"
        f"{_picture(claim.title, picture)}{body}{source}</article>\n"
    )


def _checks(checks):
    rows = [
        [
            f"<td>{text(check.quantity)}</td>",
            f'<td class="number">{_number(check.theory)}</td>',
            f'<td class="number">{_number(check.computed)}</td>',
            f'<td class="number">{_number(check.error, 2)}</td>',
            f'<td class="word">{text(relation_words(check))}</td>',
            f'<td class="word {check_verdict(check)}">{check_verdict(check)}</td>',
        ]
        for check in checks
    ]
    return _grid(("quantity", "theory", "computed", "error", "relation", "verdict"), rows)


def _grid(titles, rows):
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    body = "\n".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return (
        "<div"
        f' class="scroll"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>\n'
    )


def _picture(title, picture):
    if picture is None:
        return ""
    if picture.png is None:
        return _failure(f"The picture could not be drawn: {picture.error}", picture.traceback)
    code = base64.b64encode(picture.png.read_bytes()).decode("ascii")
    names = " and ".join(text(path.name) for path in picture.files)
    return (
        f'<figure><img alt="{text(title)}" src="data:image/png;base64,{code}">'
        f"<figcaption>Also saved as {names}.</figcaption></figure>\n"
    )


def _failure(error, traceback):
    return (
        f'<p class="broken">{text(first_line(error))}</p>\n<details><summary>Where it'
        f" happened</summary><pre>{text(traceback)}</pre></details>\n"
    )


def _colophon(seconds, workers):
    made = datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC")
    taken = f"{seconds:.1f} s with {workers} worker process{'es' if workers > 1 else ''}"
    rows = {"made": made, "run time": taken, **versions()}
    items = "".join(f"<dt>{text(name)}</dt><dd>{text(value)}</dd>" for name, value in rows.items())
    return (
        "<article><h2>How this was made</h2>\n<p>Run <code>make reproduce</code>, or "
        "<code>landscape-control reproduce</code> in any folder. "
        f"The same table with full precision is in claims.csv.</p>\n<dl>{items}</dl></article>\n"
    )


def _number(value, digits=8):
    return text(f"{value:.{digits}g}".replace("-", "−"))
