"""What an atlas page holds: a sweep as one plain document, its paths as 16-bit integers."""

import base64
import math
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from ...model.landscape import Landscape
from ...support.errors import ProblemError
from ...sweeps.columns import NOTES
from ...sweeps.measures.verdicts import KEYS
from .documents import plain

PATH, TIMES, RULE_PATHS = "trajectory.parameters", "trajectory.times", "rule_trajectories"
_MISSING, _MOST = -32768, 32767  # of 16-bit integers
Document = dict[str, Any]  # what JSON can hold
Dims = tuple[str, str]  # names of the axes up and across
_HIDDEN = {*NOTES, PATH, TIMES, RULE_PATHS}
_RULES = {"policy_rule", "cheapest_rule", "best_rule"}  # what maps are mostly asked for
_GRID = (161, 121)  # points of the landscape behind the paths
_LEVELS = 12  # of its loss, each covering the same area


def atlas_data(
    dataset: Any,
    *,
    variables: Sequence[str] | None = None,
    x: str | None = None,
    y: str | None = None,
    at: Mapping | None = None,
    landscape: Landscape | None = None,
) -> Document:
    """The document embedded in the page; see
    :func:`~landscape_control.display.report.atlas.atlas_page` for the parameters.
    """
    from ..plotting import sweep_data

    same: Mapping[str, object] = {}
    if variables is None:
        names, same = _shown(dataset)
    else:
        names = list(variables)
    maps = {name: sweep_data.read_map(dataset, name, x=x, y=y, at=at) for name in names}
    if not maps:
        raise ProblemError(
            "atlas",
            expected="at least one variable with one value per cell",
            received="none",
            advice="measure 'cost' or 'policy_rule' in the sweep",
        )
    first = next(iter(maps.values()))
    y_name, x_name = first.dims
    document = {
        "axes": [_axis(first.x, first.x_label, x_name), _axis(first.y, first.y_label, y_name)],
        "variables": [_variable(dataset, name, data) for name, data in maps.items()],
        "failed": first.failed.astype(int).tolist(),
        "warned": first.warned.astype(int).tolist(),
        "status": _words(dataset, "status", first.dims, at),
        "message": _words(dataset, "message", first.dims, at),
        "rules": _rules(dataset, first.dims, at),
        "looks": _looks(maps),
        "constants": {sweep_data.title_of(dataset, name): value for name, value in same.items()},
    }
    path_names = [name for name in (PATH, TIMES, RULE_PATHS) if name in dataset]
    paths = {name: _on_axes(dataset, name, first.dims, at) for name in path_names}
    if PATH in paths and paths[PATH].ndim == 4:  # row, column, time, parameter
        document["paths"] = _paths(paths)
        document["landscape"] = _landscape(dataset, landscape, paths[PATH])
    return plain(document, _number_or_gap)


def _number_or_gap(value: float) -> float | None:
    """The page draws a gap where there is no number."""
    return value if math.isfinite(value) else None


def _shown(dataset: Any) -> tuple[list[str], dict[str, object]]:
    """(variables to offer, {name: value} of those that are the same in every cell).

    Those with one value per cell, the rules first, then words, then numbers. Regrets and
    coefficients of rules have a table of their own.
    """
    from ..plotting import sweep_choice, sweep_data

    axes = set(sweep_data.axes_of(dataset))
    stems = ("regret", "rule_coefficients", "certificate_residuals")

    def is_shown(name: str) -> bool:
        if name in _HIDDEN or name.partition(".")[0] in stems:
            return False
        dims = dataset[name].dims
        return len(dims) >= 2 and set(dims) <= axes

    def order(name: str) -> tuple[bool, bool]:
        return name not in _RULES, dataset[name].dtype.kind not in sweep_data.TEXT

    names = sorted(filter(is_shown, dataset.data_vars), key=order)
    same = sweep_choice.constants(dataset, names)
    varying = [name for name in names if name not in same]
    if not varying:  # a sweep in which nothing varies is shown as it is
        return names, {}
    return varying, same


def _on_axes(dataset: Any, name: str, dims: Dims, at: Mapping | None) -> np.ndarray:
    """A variable with its two axes first, at fixed values of the others."""
    from ..plotting import sweep_data

    array = sweep_data.fixed(dataset[name], at or {})
    if sweep_data.SEED in array.dims and sweep_data.SEED not in dims:
        array = array.isel({sweep_data.SEED: 0})
    return np.asarray(array.transpose(*dims, ...).values)


def _words(dataset: Any, name: str, dims: Dims, at: Mapping | None) -> list | None:
    if name not in dataset:
        return None
    return _on_axes(dataset, name, dims, at).astype(str).tolist()


def _axis(values: np.ndarray, label: str, name: str) -> Document:
    from ..plotting import grid_cells, sweep_data

    numeric = values.dtype.kind in "iuf"

    def plain_value(value: Any) -> Any:  # JSON has no infinity
        return value if numeric and math.isfinite(value) else str(value)

    return {
        "name": name,
        "label": label,
        "log": grid_cells.is_geometric(values),
        "numeric": numeric,
        "values": [plain_value(value) for value in values.tolist()],
        "words": [sweep_data.short(value).replace("inf", "∞") for value in values],
    }


def _variable(dataset: Any, name: str, data: SimpleNamespace) -> Document:
    """One map with its words; ``data`` is what was read of it."""
    from ..plotting import sweep_data
    from ..plotting.accuracies import lowest_colour

    if data.is_text:
        values, low, high, is_log = data.values.tolist(), 0.0, 1.0, False
    else:
        values = _numbers(data.values)
        low, high = _extent(data.values)
        begin = lowest_colour(low, high, data.floor)
        is_log = begin is not None
        low = low if begin is None else begin  # what is below has the lowest colour
    return {
        "name": name,
        "title": sweep_data.title_of(dataset, name),
        "text": data.is_text,
        "values": values,
        "low": low,
        "high": high,
        "log": is_log,
        "below": bool(is_log and (data.values < low).any()),
        "description": str(dataset[name].attrs.get("description", "")),
    }


def _extent(values: np.ndarray) -> tuple[float, float]:
    """Smallest and largest of the finite values, (0, 1) where there are none."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    return float(known.min()), float(known.max())


def _digits(value: float) -> float | str | None:
    """Six significant digits: what a page shows."""
    if math.isfinite(value):
        return float(f"{value:.6g}")
    return None if math.isnan(value) else str(value)


def _rules(dataset: Any, dims: Dims, at: Mapping | None) -> Document:
    """Regret (Y, X) and coefficients {name: (Y, X)} of every rule that was measured, by its key."""
    from ..plotting import style

    def numbers(name: str) -> list:
        return _numbers(_on_axes(dataset, name, dims, at))

    rules = {}
    for key in KEYS:
        regret, prefix = f"regret.{key}", f"rule_coefficients.{key}_"
        if regret not in dataset:
            continue
        names = [name for name in dataset.data_vars if name.startswith(prefix)]
        rules[key] = {
            "label": style.rule(key).label,
            "regret": numbers(regret),
            "coefficients": {name.removeprefix(prefix): numbers(name) for name in names},
        }
    return rules


def _numbers(array: np.ndarray) -> list[list[float | str | None]]:
    return [[_digits(value) for value in row] for row in array]


def _looks(maps: Mapping[str, SimpleNamespace]) -> Document:
    """Colours, dashes and labels of rules and of every word on the maps."""
    from ..plotting import phase_diagrams, style, sweep_data

    texts = [data.values.ravel() for data in maps.values() if data.is_text]
    words = sweep_data.kinds(np.concatenate(texts)) if texts else []
    names = [*words, *(key for key in ("optimal", *KEYS) if key not in words)]
    looks = {}
    for name, tone in zip(names, phase_diagrams.tones_of(names), strict=True):
        look = style.rule(name)
        looks[name] = {
            "label": look.label,
            "color": look.color,
            "tone": tone,
            "dash": _dash(look.line),
            "word": name in words,
        }
    return looks


def _dash(line: str | tuple) -> str:
    """A line style of matplotlib as a stroke-dasharray of SVG, in pixels."""
    if isinstance(line, tuple):
        return " ".join(f"{1.6 * part:g}" for part in line[1])
    return {":": "2 3", "--": "6 3"}.get(line, "")


def _paths(measured: Mapping[str, np.ndarray]) -> Document:
    """Optimal path first, then the rules', as 16-bit integers: low + step·(integer + 32767).

    Axes are (row, column, path, time, parameter). Rules that run far off are cut at twice the
    extent of the optimal paths beyond them.
    """
    optimal = measured[PATH][:, :, None]
    every = optimal
    if RULE_PATHS in measured:
        every = np.concatenate([optimal, measured[RULE_PATHS]], axis=2)
    low, high = _extent(optimal)
    low, high = low - 2 * (high - low), high + 2 * (high - low)
    step = (high - low) / (2 * _MOST) or 1.0
    with np.errstate(invalid="ignore"):
        integers = np.round((np.clip(every, low, high) - low) / step) - _MOST
    packed = np.where(np.isfinite(every), integers, _MISSING).astype("<i2").tobytes()
    rows, columns, count, moments, _ = every.shape
    times = np.broadcast_to(np.linspace(0, 1, moments), (rows, columns, moments))
    times = measured.get(TIMES, times)
    with np.errstate(invalid="ignore"):
        shares = np.nanmedian(times / times[:, :, -1:], axis=(0, 1))
    return {
        "shape": list(every.shape),
        "low": low,
        "step": step,
        "data": base64.b64encode(packed).decode("ascii"),
        "names": ["optimal", *KEYS][:count],
        "ends": _numbers(times[:, :, -1]),
        "shares": [round(float(share), 6) for share in shares],
    }


def _landscape(dataset: Any, landscape: Landscape | None, paths: np.ndarray) -> Document | None:
    """The loss on a grid behind paths (Y, X, N, 2), of the given landscape or the sweep's own."""
    from ..plotting.level_regions import below_levels
    from ..plotting.places import known_minima

    landscape = _own_landscape(dataset) if landscape is None else landscape
    if landscape is None or landscape.dimension != 2 or paths.shape[-1] != 2:
        return None
    known = paths[np.isfinite(paths).all(-1)]
    minima = known_minima(landscape)
    points = np.vstack([known, minima])
    low, high = points.min(0), points.max(0)
    extent = high - low
    margin = 0.18 * np.maximum(extent, 0.5 * extent.max())  # a straight path has no width
    left, bottom = low - margin
    right, top = high + margin
    x, y = np.linspace(left, right, _GRID[0]), np.linspace(bottom, top, _GRID[1])
    mesh = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    loss = landscape.loss(mesh).reshape(len(y), len(x))
    return {
        "box": [float(side) for side in (left, right, bottom, top)],
        "regions": below_levels(x, y, loss, _LEVELS),
        "minima": minima,
    }


def _own_landscape(dataset: Any) -> Landscape | None:
    """The landscape of the sweep's own problem, or None where an axis changes it."""
    text = dataset.attrs.get("specification")
    if not text or "landscape" in str(dataset.attrs.get("axes", "")):
        return None
    from ...records import from_specification

    problem = from_specification(text)
    landscape = getattr(problem, "landscape", None)
    if landscape is None or landscape.hidden is not None:
        return None
    return landscape
