"""What an atlas page knows: a sweep as one plain document, its paths packed into 16-bit integers."""

import base64
import math
from collections.abc import Mapping, Sequence

import numpy as np

from ...support.errors import ProblemError
from ...sweeps.measures.verdicts import KEYS
from .documents import plain

PATH, TIMES, RULE_PATHS = "trajectory.parameters", "trajectory.times", "rule_trajectories"
_MISSING, _MOST = -32768, 32767
_HIDDEN = {"status", "message", "traceback", "found_from", PATH, TIMES, RULE_PATHS}
_RULES = {"policy_rule", "cheapest_rule", "best_rule"}  # what maps are mostly asked for
_GRID = (56, 42)  # points of the landscape behind the paths


def atlas_data(
    dataset,
    *,
    variables: Sequence[str] | None = None,
    x: str | None = None,
    y: str | None = None,
    at: Mapping | None = None,
    landscape=None,
) -> dict:
    """The document embedded in the page; see :func:`~landscape_control.display.report.atlas.atlas_page` for
    the parameters.
    """
    from ..plotting import sweep_data

    names = _shown(dataset) if variables is None else list(variables)
    maps = {name: sweep_data.read_map(dataset, name, x=x, y=y, at=at) for name in names}
    if not maps:
        raise ProblemError(
            "atlas",
            expected="at least one variable with one value per cell",
            received="none",
            advice="measure 'cost' or 'policy_rule' in the sweep",
        )
    first = next(iter(maps.values()))
    cut = {
        name: _cut(dataset, name, first.dims, at)
        for name in (PATH, TIMES, RULE_PATHS, "message")
        if name in dataset
    }
    document = {
        "axes": [
            _axis(first.x, first.x_label, first.dims[1]),
            _axis(first.y, first.y_label, first.dims[0]),
        ],
        "variables": [_variable(dataset, name, data) for name, data in maps.items()],
        "failed": first.failed.astype(int).tolist(),
        "warned": first.warned.astype(int).tolist(),
        "status": _words(dataset, "status", first.dims, at),
        "message": _words(dataset, "message", first.dims, at),
        "rules": _rules(dataset, first.dims, at),
        "looks": _looks(maps),
    }
    if PATH in cut and cut[PATH].ndim == 4:
        document["paths"] = _paths(cut)
        document["landscape"] = _landscape(dataset, landscape, cut, first.dims)
    return plain(document)


def _shown(dataset):
    """Variables with one value per cell; rules' regrets and coefficients have a table of their own."""
    from ..plotting import sweep_data

    axes = set(sweep_data.axes_of(dataset))
    stems = ("regret", "rule_coefficients", "certificate_residuals")
    names = [
        name
        for name in dataset.data_vars
        if name not in _HIDDEN
        and set(dataset[name].dims) <= axes
        and name.partition(".")[0] not in stems
    ]
    names = [name for name in names if len(dataset[name].dims) >= 2]
    return sorted(
        names, key=lambda name: (name not in _RULES, dataset[name].dtype.kind not in "UOS")
    )


def _cut(dataset, name, dims, at):
    """A variable with its two axes first, at fixed values of the others."""
    from ..plotting import sweep_data

    array = sweep_data.fixed(dataset[name], at or {})
    if sweep_data.SEED in array.dims and sweep_data.SEED not in dims:
        array = array.isel({sweep_data.SEED: 0})
    return np.asarray(array.transpose(*dims, ...).values)


def _words(dataset, name, dims, at):
    if name not in dataset:
        return None
    return _cut(dataset, name, dims, at).astype(str).tolist()


def _axis(values, label, name):
    from ..plotting import grid_cells, sweep_data

    numeric = values.dtype.kind in "iuf"
    return {
        "name": name,
        "label": label,
        "log": grid_cells.is_geometric(values),
        "numeric": numeric,
        "values": [
            value if numeric and math.isfinite(value) else str(value) for value in values.tolist()
        ],
        "words": [sweep_data.short(value).replace("inf", "∞") for value in values],
    }


def _variable(dataset, name, data):
    from ..plotting import sweep_data

    values = (
        data.values.tolist() if data.is_text else [[_digits(v) for v in row] for row in data.values]
    )
    known = data.values[np.isfinite(data.values)] if not data.is_text else np.empty(0)
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    return {
        "name": name,
        "title": sweep_data.title_of(dataset, name),
        "text": data.is_text,
        "truth": dataset[name].dtype.kind == "b",
        "values": values,
        "low": low,
        "high": high,
        "log": not data.is_text and low > 0 and high > 100 * low,
        "description": str(dataset[name].attrs.get("description", "")),
    }


def _digits(value):
    """Six significant digits: what a page shows."""
    if math.isfinite(value):
        return float(f"{value:.6g}")
    return None if math.isnan(value) else str(value)


def _rules(dataset, dims, at):
    """Regret and coefficients of every rule that was measured: {key: {regret: (Y, X), coefficients:
    {name: (Y, X)}}}.
    """
    from ..plotting import style

    found = {}
    for key in KEYS:
        if f"regret.{key}" not in dataset:
            continue
        prefix = f"rule_coefficients.{key}_"
        coefficients = {
            name.removeprefix(prefix): _numbers(_cut(dataset, name, dims, at))
            for name in dataset.data_vars
            if name.startswith(prefix)
        }
        found[key] = {
            "label": style.rule(key).label,
            "regret": _numbers(_cut(dataset, f"regret.{key}", dims, at)),
            "coefficients": coefficients,
        }
    return found


def _numbers(array):
    return [[_digits(value) for value in row] for row in array]


def _looks(maps):
    """Colours, dashes and labels of rules and of every word on the maps."""
    from ..plotting import phase_diagrams, style, sweep_data

    texts = [data.values.ravel() for data in maps.values() if data.is_text]
    words = sweep_data.kinds(np.concatenate(texts)) if texts else []
    names = [*words, *(key for key in ("optimal", *KEYS) if key not in words)]
    looks = [style.rule(name) for name in names]
    return {
        name: {
            "label": look.label,
            "color": look.color,
            "tone": tone,
            "dash": _dash(look.line),
            "word": name in words,
        }
        for name, look, tone in zip(names, looks, phase_diagrams.tones_of(names), strict=True)
    }


def _dash(line):
    if isinstance(line, tuple):
        return " ".join(f"{1.6 * part:g}" for part in line[1])
    return {":": "2 3", "--": "6 3"}.get(line, "")


def _paths(cut):
    """Optimal path first, then the rules': one block of 16-bit integers, value = low +
    step·(integer + 32767).

    Rules that run far off are cut at twice the extent of the optimal paths beyond them.
    """
    optimal = cut[PATH][:, :, None]
    every = np.concatenate([optimal, cut[RULE_PATHS]], axis=2) if RULE_PATHS in cut else optimal
    known = optimal[np.isfinite(optimal)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    low, high = low - 2 * (high - low), high + 2 * (high - low)
    step = (high - low) / (2 * _MOST) or 1.0
    with np.errstate(invalid="ignore"):
        numbers = np.round((np.clip(every, low, high) - low) / step) - _MOST
    data = np.where(np.isfinite(every), numbers, _MISSING).astype("<i2").tobytes()
    moments = every.shape[3]
    times = (
        cut[TIMES]
        if TIMES in cut
        else np.broadcast_to(np.linspace(0, 1, moments), (*every.shape[:2], moments))
    )
    with np.errstate(invalid="ignore"):
        shares = np.nanmedian(times / times[:, :, -1:], axis=(0, 1))
    return {
        "shape": list(every.shape),
        "low": low,
        "step": step,
        "data": base64.b64encode(data).decode("ascii"),
        "names": ["optimal", *KEYS][: every.shape[2]],
        "ends": _numbers(times[:, :, -1]),
        "shares": [round(float(share), 6) for share in shares],
    }


def _landscape(dataset, landscape, cut, dims):
    """The loss on a grid behind paths of two parameters: given, or that of the sweep's own problem
    if no axis changes it.
    """
    paths = cut[PATH]
    landscape = _own_landscape(dataset) if landscape is None else landscape
    if landscape is None or landscape.dimension != 2 or paths.shape[-1] != 2:
        return None
    known = paths[np.isfinite(paths).all(-1)]
    minima = landscape.minima if landscape.minima is not None else np.empty((0, 2))
    points = np.vstack([known, minima])
    low, high = points.min(0), points.max(0)
    margin = 0.18 * np.maximum(high - low, 0.5 * (high - low).max())
    (left, right), (bottom, top) = zip(low - margin, high + margin, strict=True)
    x, y = np.linspace(left, right, _GRID[0]), np.linspace(bottom, top, _GRID[1])
    loss = landscape.loss(np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)).reshape(
        len(y), len(x)
    )
    rank = np.empty(loss.size)
    rank[np.argsort(loss, axis=None, kind="stable")] = np.arange(loss.size)  # shades of equal area
    box = [float(side) for side in (left, right, bottom, top)]
    return {
        "box": box,
        "shade": np.floor(12 * rank / loss.size).astype(int).reshape(loss.shape),
        "minima": minima,
    }


def _own_landscape(dataset):
    text = dataset.attrs.get("specification")
    if not text or "landscape" in str(dataset.attrs.get("axes", "")):
        return None
    from ...records import from_specification

    problem = from_specification(text)
    landscape = getattr(problem, "landscape", None)
    return landscape if landscape is not None and landscape.hidden is None else None
