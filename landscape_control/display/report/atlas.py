"""The atlas page: a sweep as one HTML file; every cell shows its path against classic rules."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...model.landscape import Landscape
from ...support.arguments import Path as PathName
from ...support.arguments import checked
from ...support.errors import ProblemError
from ...sweeps.summary import check_dataset
from .atlas_data import Document, atlas_data
from .markup import data_block, description_list, table_head, text
from .static_files import filled, html_document
from .versions import versions

if TYPE_CHECKING:
    from xarray import Dataset as DatasetLike
else:
    DatasetLike = object  # check_dataset says what is wrong; xarray takes long to import

_REGRET = (
    "regret: what the rule costs beyond the optimum, (J - J*)/S, S = ∫ e^(-γt) (effort + k|L|) dt of"
    " the optimal plan; hidden landscapes: (J - J*)/|J*|, expected"
)
_MOST_ROWS = 2500  # cells listed in the table that needs no script


@checked
def atlas_page(
    dataset: DatasetLike,
    *,
    variables: Sequence[str] | None = None,
    x: str | None = None,
    y: str | None = None,
    at: Mapping | None = None,
    landscape: Landscape | None = None,
    title: str = "Atlas of optimal learning rules",
    lead: str = "",
) -> str:
    """One self-contained HTML document of a sweep; it needs no network, its tables no script.

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
def write_atlas(dataset: DatasetLike, path: PathName, **options: Any) -> Path:
    """Write :func:`atlas_page` with ``options`` to ``path`` (``.html``); returns the path.

    The folder is made if needed.
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


def _lead(document: Document) -> str:
    """The paragraph below the heading, of a page that was given none."""
    x, y = document["axes"]
    cells = len(x["values"]) * len(y["values"])
    failed = sum(map(sum, document["failed"]))
    sentence = (
        f"Each of {cells} cells is one problem solved, at its own {x['label']} and {y['label']}"
    )
    if failed:
        sentence += f"; {failed} of them have no number"
    if document.get("paths"):
        shown = (
            "its trajectory beside the classic rules, each with the coefficients that suit it best"
        )
    else:
        shown = "what was measured there"
    return f"{sentence}. Point at a cell to see {shown}."


def _plates(document: Document) -> str:
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
    return filled(
        "atlas.html",
        paths=paths,
        rules_hidden=rules_hidden,
        regret=text(_REGRET),
        constants=_constants(document),
    )


def _constants(document: Document) -> str:
    """What is the same in every cell: no map shows it."""
    same = [f"{name} {_word(value)}" for name, value in document["constants"].items()]
    return f'<p class="source">In every cell: {text("; ".join(same))}.</p>' if same else ""


def _table(document: Document) -> str:
    """Every cell as a row: the page without its script."""
    x, y = document["axes"]
    columns, lines = range(len(x["values"])), range(len(y["values"]))
    cells = [(i, j) for j in lines for i in columns]
    if len(cells) > _MOST_ROWS:
        return (
            f'<p class="source">{len(cells)} cells are too many for a table; the sweep itself holds'
            " all numbers.</p>\n"
        )
    measured = [variable["title"] for variable in document["variables"]]
    head = table_head([text(title) for title in (x["label"], y["label"], *measured, "status")])
    body = "\n".join(_row(document, i, j) for i, j in cells)
    return (
        "<details><summary>All cells as a table</summary>"
        f'<div class="scroll"><table>{head}\n'
        f"<tbody>{body}</tbody></table></div></details>\n"
    )


def _row(document: Document, i: int, j: int) -> str:
    """The cell in column i and row j of the map as a row of the table."""
    x, y = document["axes"]
    values = [_word(variable["values"][j][i]) for variable in document["variables"]]
    status = document["status"][j][i] if document["status"] else ""
    entries = [x["words"][i], y["words"][j], *values, status]
    cells = "".join(f'<td class="number">{text(entry)}</td>' for entry in entries)
    return f"<tr>{cells}</tr>"


def _word(value: object) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "−")
    return str(value).replace("_", " ")


def _colophon(dataset: DatasetLike) -> str:
    notes = {
        "seed": dataset.attrs.get("seed"),
        "problem": str(dataset.attrs.get("fingerprint", ""))[:16],
        **versions(),
    }
    known = {name: value for name, value in notes.items() if value not in (None, "")}
    items = description_list(known)
    return f"<article><h2>How this was made</h2>\n{items}</article>\n"
