"""What the command show draws: a page, maps, curves."""

import math
from contextlib import contextmanager

from ...support.errors import ProblemError, check_choice
from .common import check_output


def written(dataset, options) -> list:
    """Paths of the page and the pictures asked for, written."""
    at, files = dict(_fixed(dataset, text) for text in options.at), []
    _check_files(options)
    if options.html:
        with _writing("--html"):
            files.append(_page(dataset, options.html, options.variable, at))
    if options.picture:
        with _writing("--picture"):
            files += _picture(dataset, options.picture, options.variable, at)
    return files


def _check_files(options):
    """Refuse what cannot be written before anything is drawn; folders that are missing are made."""
    pictures = (
        [options.picture.with_suffix(suffix) for suffix in (".png", ".pdf")]
        if _named(options.picture)
        else []
    )
    if options.picture and not pictures:
        check_output("--picture", options.picture)
    for option, path in (("--html", options.html), *(("--picture", one) for one in pictures)):
        if path and (path.parent.is_dir() or path.parent.exists()):
            check_output(option, path)


def _named(path):
    return path is not None and path.name not in ("", "..")


def _fixed(dataset, text):
    """(axis, value) of AXIS=VALUE: one of its words, or a number, to which the nearest is taken."""
    name, sign, value = (part.strip() for part in text.partition("="))
    if not (sign and value):
        raise ProblemError(
            "--at", expected="AXIS=VALUE", received=repr(text), advice="e.g. --at horizon=2"
        )
    points = dataset[check_choice("axis of --at", name, dataset.dims)].values
    if points.dtype.kind in "UOS":
        return name, check_choice(f"--at {name}", value, map(str, points))
    try:
        number = float({"true": 1, "false": 0}.get(value.lower(), value))
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
def _writing(option):
    try:
        yield
    except OSError as error:
        raise ProblemError(
            "output",
            expected="a file that can be written",
            received=str(error),
            advice=f"choose another with {option}",
        ) from error


def _page(dataset, path, variables, at):
    from ..report import write_atlas

    if len(_drawn(dataset, at, "--html")) < 2:
        raise ProblemError(
            "--html",
            expected="two axes to draw along",
            received=", ".join(_drawn(dataset, at, "--html")),
            advice="draw curves with --picture",
        )
    return write_atlas(dataset, path, variables=variables, at=at)


def _picture(dataset, path, variables, at):
    """Maps over two axes, curves over one; a suffix of FILE is dropped, because both kinds of file
    are written.
    """
    from .. import plotting

    path = path.with_suffix("") if path.suffix.lower() in (".png", ".pdf") else path
    axes = _drawn(dataset, at, "--picture")
    if len(axes) == 1:
        figure = plotting.sweep_slices(
            dataset, variables or _measured(dataset, "fiub"), along=axes[0], at=at
        )
    else:
        figure = plotting.sweep_maps(dataset, variables or _measured(dataset, "fiubUOS"), at=at)
    return plotting.save(figure, path)


def _drawn(dataset, at, option):
    """One or two axes to draw along: those not fixed; seeds are averaged over."""
    from ..plotting import sweep_data

    axes = [
        name for name in sweep_data.axes_of(dataset) if name not in at and name != sweep_data.SEED
    ]
    if not 1 <= len(axes) <= 2:
        raise ProblemError(
            option,
            expected="one or two axes to draw along",
            received=", ".join(axes) or "none",
            advice=f"fix the others, e.g. --at {axes[-1]}=…" if axes else "leave out --at",
        )
    return axes


def _measured(dataset, kinds):
    """What was measured with one value per cell, words first, then numbers."""
    from ..plotting import sweep_data

    axes = set(sweep_data.axes_of(dataset))
    beside = {"status", "message", "traceback", "found_from"}
    names = [
        name
        for name in dataset.data_vars
        if name not in beside
        and set(dataset[name].dims) == axes
        and dataset[name].dtype.kind in kinds
    ]
    if not names:
        raise ProblemError(
            "--picture",
            expected="a measure with one value per cell",
            received="none",
            advice="sweep with --measure cost, say",
        )
    return sorted(names, key=lambda name: dataset[name].dtype.kind not in "UOS")
