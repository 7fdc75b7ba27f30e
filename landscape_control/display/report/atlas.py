"""The atlas page: a sweep as one HTML file, where every cell shows its trajectory against the
classic rules.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...model.landscape import Landscape
from ...support.arguments import Path as PathName
from ...support.arguments import checked
from ...support.errors import ProblemError
from ...sweeps.summary import check_dataset
from .atlas_data import atlas_data
from .markup import data_block, text
from .static_files import filled, html_document
from .versions import versions

_MOST_ROWS = 2500  # cells listed in the table that needs no script


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
        has paths to show, with ``regret`` and ``rule_coefficients`` the rules in numbers
    variables : which to offer, the first one first; None is everything with one value per cell, the
        rules first
    x, y, at : axes to draw along, and {axis: value} for the others, as for
        ``landscape_control.display.plotting.sweep_maps``
    landscape : drawn behind paths of two parameters; None takes the sweep's own where no axis
        changes it
    title, lead : heading, and a paragraph below it

    Raises
    ------
    ProblemError
        A dataset without a variable over two axes; unknown names.
    """
    check_dataset(dataset)
    document = atlas_data(dataset, variables=variables, x=x, y=y, at=at, landscape=landscape)
    return html_document(
        title=text(title),
        lead=text(lead or _lead(document)),
        main=f"{_plates(document)}{_table(document)}{_colophon(dataset)}",
        styles=("atlas.css",),
        data=data_block(document, "data"),
        script="atlas.js",
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
    document = atlas_page(dataset, **options)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document, encoding="utf-8")
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


def _plates(document):
    """The map, and beside it paths and numbers of one cell: empty, the script fills them."""
    if document.get("paths"):
        label = "optimal path and the paths of the rules"
        paths = f'<svg id="paths" class="plate" role="img" aria-label="{label}"></svg>'
    else:
        paths = (
            '<svg id="paths" class="plate" hidden></svg>'
            '<p class="source">Measure "trajectory" in the sweep to see paths.</p>'
        )
    rules_hidden = "" if document["rules"] else " hidden"
    return filled("atlas.html", paths=paths, rules_hidden=rules_hidden)


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
