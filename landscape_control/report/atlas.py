"""The atlas page: a sweep as one HTML file, where every cell shows its trajectory against the
classic rules.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..arguments import Path as PathName
from ..arguments import checked
from ..errors import ProblemError
from ..landscape import Landscape
from ..sweeps.summary import check_dataset
from .atlas_data import atlas_data
from .atlas_script import SCRIPT
from .markup import data_block, security_policy, text
from .style import STYLE
from .versions import versions

_MOST_ROWS = 2500  # cells listed in the table that needs no script
_STYLE = """
main { max-width: 76rem; } [hidden] { display: none !important; }
.plates { display: grid; grid-template-columns: minmax(0, 1.05fr) minmax(0, 1fr); gap: 2rem; }
@media (max-width: 62rem) { .plates { grid-template-columns: minmax(0, 1fr); } }
section h2 { margin-bottom: 0.4rem; } svg.plate { display: block; width: 100%; height: auto; }
@media (min-width: 62rem) { .plates section:first-child { position: sticky; top: 1rem; align-self: start; } }
.cell { cursor: pointer; stroke: none; shape-rendering: crispEdges; } .cell:focus { outline: none; }
.cell:focus-visible { stroke: var(--accent); stroke-width: 3px; }
.frame { fill: none; stroke: #1f2933; stroke-width: 2.6px; pointer-events: none; filter: drop-shadow(0 0 1.5px #fff); }
.border { stroke: #1f2933; stroke-width: 1.3px; } .warning { fill: #1f2933; stroke: #fff; stroke-width: 0.8px; }
.tick, .box { stroke: var(--muted); fill: none; } .label { font: 11.5px system-ui, sans-serif; fill: var(--muted); }
.name { font: 12.5px system-ui, sans-serif; fill: var(--ink); }
.path { fill: none; stroke-width: 2px; stroke-linejoin: round; } .best { stroke-width: 3.6px; }
.start { fill: var(--paper); stroke: var(--ink); stroke-width: 2px; } .star { font-size: 15px; fill: var(--ink); }
.ground { fill: color-mix(in srgb, #93a9bd calc(100% - 100% * var(--height)), #fcfcfb); }
# legend { list-style: none; padding: 0; margin: 0.4rem 0 0; display: flex; flex-wrap: wrap; gap:
# 0.2rem 1.1rem;
  font: 0.8rem system-ui, sans-serif; } #legend li { display: flex; align-items: center; gap: 0.4rem; }
.chip { width: 1.1rem; height: 0.8rem; border: 1px solid #1f2933; display: inline-block; } .mark { font-size: 0.7rem; }
.hatched { background: repeating-linear-gradient(135deg, #a9b6c2 0 1px, #fff 1px 4px); }
.ramp { width: 8rem; height: 0.8rem; display: inline-block; border: 1px solid var(--line);
  background: linear-gradient(90deg, #fbfbfa, #f6dcc9, #e5a06a, #b5551f, #5f2408); }
.key { width: 1.7rem; height: 0.55rem; margin-right: 0.5rem; vertical-align: middle; } #here { font-weight: 600; }
label, select { font: 0.85rem system-ui, sans-serif; } select { padding: 0.15rem 0.3rem; color: var(--ink);
  background: var(--soft); border: 1px solid var(--line); border-radius: 4px; }
@media (prefers-color-scheme: dark) {
  .ground { fill: color-mix(in srgb, #1b2834 calc(100% - 100% * var(--height)), #79838b); }
  .path { filter: drop-shadow(0 0 1.2px #fff); } .key { background: #f2f3ee; border-radius: 2px; } }
"""


@checked
def atlas_page(
    dataset: object,
    *,
    variables: Sequence[str] | None = None,
    x: str | None = None,
    y: str | None = None,
    at: Mapping | None = None,
    landscape: Landscape | None = None,
    title: str = "Atlas of optimal learning rules",
    lead: str = "",
) -> str:
    """One self-contained HTML document of a sweep; it needs no network, and its tables no script
    either.

    The map shows one variable at a time, words as regions and numbers by colour. Pointing at a
    cell, or moving there with the arrow keys, shows its trajectory and what was measured; a click
    keeps it, and ``#cell=3,4&show=cost`` in the address opens the page there (counted from the
    lower left, from 0).

    Parameters
    ----------
    dataset : xarray.Dataset of a sweep; measured with ``trajectory`` and ``rule_trajectories`` it
    has paths to show, with
        ``regret`` and ``rule_coefficients`` the rules in numbers
    variables : which to offer, the first one first; None is everything with one value per cell, the
    rules first x, y, at : axes to draw along, and {axis: value} for the others, as for
    ``landscape_control.plotting.sweep_maps`` landscape : drawn behind paths of two parameters; None
    takes the sweep's own where no axis changes it title, lead : heading, and a paragraph below it

    Raises
    ------
    ProblemError
        A dataset without a variable over two axes; unknown names.
    """
    check_dataset(dataset)
    document = atlas_data(dataset, variables=variables, x=x, y=y, at=at, landscape=landscape)
    heading, words = text(title), text(lead or _lead(document))
    style = STYLE + _STYLE
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f"{security_policy(style=style, script=SCRIPT)}\n<title>{heading}</title>\n"
        '<meta name="viewport" content="width=device-width,'
        f' initial-scale=1">\n<style>{style}</style></head>\n'
        f'<body><main>\n<header><h1>{heading}</h1>\n<p class="lead">{words}</p></header>\n'
        f"{_plates(bool(document.get('paths')), bool(document['rules']))}{_table(document)}{_colophon(dataset)}"
        f"</main>\n{data_block(document, 'data')}\n<script>{SCRIPT}</script>\n"
        "</body></html>\n"
    )


@checked
def write_atlas(dataset: object, path: PathName, **options: object) -> Path:
    """Write :func:`atlas_page` to ``path`` (``.html``); the folder is made if needed. Returns the
    path.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ProblemError(
            "path of an atlas page",
            expected="a name that ends in .html",
            received=str(path),
            advice=f"write to {path.with_suffix('.html')}",
        )
    page = atlas_page(dataset, **options)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
    return path


def _lead(document):
    x, y = document["axes"]
    cells = len(x["values"]) * len(y["values"])
    failed = sum(map(sum, document["failed"]))
    lost = f"; {failed} of them have no number" if failed else ""
    seen = (
        "see its trajectory beside the classic rules, each with the coefficients that suit it best."
        if document.get("paths")
        else "see what was measured there."
    )
    return (
        f"Each of {cells} cells is one problem solved, at its own {x['label']} and"
        f" {y['label']}{lost}. Point at a cell to {seen}"
    )


def _plates(paths, rules):
    drawn = (
        '<svg id="paths" class="plate" role="img" aria-label="optimal path and the paths of the'
        ' rules"></svg>'
    )
    if not paths:
        drawn = (
            '<svg id="paths" class="plate" hidden></svg>'
            '<p class="source">Measure "trajectory" in the sweep to see paths.</p>'
        )
    head = "".join(
        f'<th scope="col">{words}</th>' for words in ("rule", "regret", "its best coefficients")
    )
    return f"""<div class="plates"><section aria-label="map">
<p><label>Show <select id="variable"></select></label></p><h2 id="map-title"></h2>
<svg id="map" class="plate"><defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"><rect width="6"
height="6" fill="#fff"/><path d="M-1 7L7 -1M-1 1L1 -1M5 7L7 5" stroke="#8b98a5" stroke-width="1"/></pattern></defs></svg>
<ul id="legend"></ul><p class="source" id="map-note"></p></section>
<section aria-label="one cell" aria-live="polite"><p id="here"></p><p class="source" id="state"></p>{drawn}
<div class="scroll"{"" if rules else " hidden"}><table><thead><tr>{head}</tr></thead><tbody id="rules"></tbody></table></div>
<div class="scroll"><table><tbody id="numbers"></tbody></table></div></section></div>
<noscript><p>The map needs a script, which is in this file; the numbers are in the table below.</p></noscript>
"""


def _table(document):
    """Every cell as a row: the page without its script."""
    x, y = document["axes"]
    cells = [(i, j) for j in range(len(y["values"])) for i in range(len(x["values"]))]
    if len(cells) > _MOST_ROWS:
        return (
            f'<p class="source">{len(cells)} cells are too many for a table; the sweep itself holds'
            " all numbers.</p>\n"
        )
    heads = [
        x["label"],
        y["label"],
        *(variable["title"] for variable in document["variables"]),
        "status",
    ]
    rows = [_row(document, i, j) for i, j in cells]
    head = "".join(f'<th scope="col">{text(words)}</th>' for words in heads)
    body = "\n".join(
        "<tr>" + "".join(f'<td class="number">{text(words)}</td>' for words in row) + "</tr>"
        for row in rows
    )
    return (
        "<details><summary>All cells as a table</summary><div"
        f' class="scroll"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div></details>\n"
    )


def _row(document, i, j):
    x, y = document["axes"]
    values = [_word(variable["values"][j][i]) for variable in document["variables"]]
    return [
        x["words"][i],
        y["words"][j],
        *values,
        document["status"][j][i] if document["status"] else "",
    ]


def _word(value):
    if value is None:
        return "—"
    return (
        f"{value:.4g}".replace("-", "−")
        if isinstance(value, float)
        else str(value).replace("_", " ")
    )


def _colophon(dataset):
    notes = {
        "seed": dataset.attrs.get("seed"),
        "problem": str(dataset.attrs.get("fingerprint", ""))[:16],
        **versions(),
    }
    items = "".join(
        f"<dt>{text(name)}</dt><dd>{text(value)}</dd>"
        for name, value in notes.items()
        if value not in (None, "")
    )
    return f"<article><h2>How this was made</h2>\n<dl>{items}</dl></article>\n"
