"""What the command show draws: a page, maps, curves."""

import math
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...support.errors import ProblemError, check_choice
from .common import check_output

_OTHER_PICTURES = (".svg", ".jpg", ".jpeg", ".gif", ".eps", ".ps", ".webp", ".tif", ".html")


def written(dataset: Any, options: Namespace) -> list[Path]:
    """Write the page and the pictures that were asked for; returns their paths."""
    at = dict(_fixed(dataset, text) for text in options.at)
    files: list[Path] = []
    for name in options.variable or ():
        check_choice("--variable", name, map(str, dataset.data_vars))
    _check_files(options)
    if options.html:
        with _writing("--html"):
            files.append(_page(dataset, options.html, options.variable, at))
    if options.picture:
        with _writing("--picture"):
            files += _picture(dataset, options.picture, options.variable, at)
    return files


def _check_files(options: Namespace) -> None:
    """Refuse what cannot be written before anything is drawn; folders that are missing are made."""
    files = [("--html", options.html)] if options.html else []
    if options.html and options.html.parent.exists():
        check_output("--html", options.html, endings=(".html", ".htm"))
    if options.picture and options.picture.suffix.lower() in _OTHER_PICTURES:
        raise ProblemError(
            "--picture",
            expected="a name that ends in .png or .pdf, or has no ending: both are written",
            received=options.picture.name,
            advice=f"e.g. --picture {options.picture.with_suffix('.pdf')}",
        )
    if options.picture:
        if options.picture.name in ("", ".."):  # no suffix can be put behind it
            check_output("--picture", options.picture)
        else:
            files += [("--picture", options.picture.with_suffix(end)) for end in (".png", ".pdf")]
    for option, path in files:
        if path.parent.exists():
            check_output(option, path)


def _fixed(dataset: Any, text: str) -> tuple[str, str | float]:
    """(axis, value) of AXIS=VALUE: one of its words, or a number, to which the nearest is taken."""
    name, sign, value = (part.strip() for part in text.partition("="))
    if not (sign and value):
        raise ProblemError(
            "--at", expected="AXIS=VALUE", received=repr(text), advice="e.g. --at horizon=2"
        )
    points = dataset[check_choice("axis of --at", name, dataset.dims)].values
    if points.dtype.kind in "UOS":
        return name, check_choice(f"--at {name}", value, map(str, points))
    truth = {"true": "1", "false": "0"}
    try:
        number = float(truth.get(value.lower(), value))
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise ProblemError(
            f"--at {name}",
            expected="a number",
            received=repr(value),
            advice=f"e.g. {name}={points[0]:g}",
        )
    return name, number


@contextmanager
def _writing(option: str) -> Iterator[None]:
    """Say which option to change where the system refuses a file."""
    try:
        yield
    except OSError as error:
        raise ProblemError(
            "output",
            expected="a file that can be written",
            received=str(error),
            advice=f"choose another with {option}",
        ) from error


def _page(dataset: Any, path: Path, variables: list[str] | None, at: dict) -> Path:
    from ..report import write_atlas

    axes = _drawn(dataset, at, "--html")
    if len(axes) < 2:
        raise ProblemError(
            "--html",
            expected="two axes to draw along",
            received=", ".join(axes),
            advice="draw curves with --picture",
        )
    return write_atlas(dataset, path, variables=variables, at=at)


def _picture(dataset: Any, path: Path, variables: list[str] | None, at: dict) -> tuple[Path, Path]:
    """Maps over two axes, curves over one, as FILE.png and .pdf: a suffix of FILE is dropped."""
    from .. import plotting

    if path.suffix.lower() in (".png", ".pdf"):
        path = path.with_suffix("")
    axes = _drawn(dataset, at, "--picture")
    if len(axes) == 1:
        numbers = variables or _measured(dataset, "fiub")
        figure = plotting.sweep_slices(dataset, numbers, along=axes[0], at=at)
    else:
        figure = plotting.sweep_maps(dataset, variables or _measured(dataset, "fiubUOS"), at=at)
    return plotting.save(figure, path)


def _drawn(dataset: Any, at: dict, option: str) -> list[str]:
    """One or two axes to draw along: those not fixed; seeds are averaged over."""
    from ..plotting import sweep_data

    fixed = {*at, sweep_data.SEED}
    axes = [name for name in sweep_data.axes_of(dataset) if name not in fixed]
    if not 1 <= len(axes) <= 2:
        raise ProblemError(
            option,
            expected="one or two axes to draw along",
            received=", ".join(axes) or "none",
            advice=f"fix the others, e.g. --at {axes[-1]}=…" if axes else "leave out --at",
        )
    return axes


def _measured(dataset: Any, kinds: str) -> list[str]:
    """What was measured with one value per cell and varies, words first; all if nothing does.

    ``kinds`` are those of NumPy's types: "fiub" for numbers, "UOS" for words.
    """
    from ..plotting import sweep_choice

    names = sweep_choice.measured(dataset, kinds) or sweep_choice.of_cells(dataset, kinds)
    if not names:
        raise ProblemError(
            "--picture",
            expected="a measure with one value per cell",
            received="none",
            advice="sweep with --measure cost, say",
        )
    return names
