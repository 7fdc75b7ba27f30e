"""Reading a sweep for pictures: maps and slices of an xarray.Dataset as plain arrays, with the words
for axes and variables.

The dataset is what ``landscape_control.sweep`` returns: a dimension per axis, a variable per
measure, and a ``status`` in every cell; cells that failed have no number.
"""

import difflib
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...support.errors import ProblemError
from . import style

FINE = ("converged", "computed")  # states of cells whose numbers count
SEED, WARNING = "seed", "hidden_basin"
AXIS_WORDS = {
    "horizon": "horizon T",
    "discount": "discount γ",
    "learning_rate": "learning rate η",
    "noise": "noise σ",
    "loss_weight": "loss weight k",
    "terminal_weight": "terminal weight κ",
    "tilt": "tilt",
}
# What a measure's name does not say by itself.
TITLES = {
    "policy_rule": "closed form that the optimal policy is",
    "policy_error": "error of the controls",
    "cheapest_rule": "rule that costs least on this path",
    "best_rule": "rule that costs least on this path",
    "best_regret": "least regret of a classic rule",
}


def axes_of(dataset: Any) -> tuple[str, ...]:
    """Names of the sweep's axes: the dimensions of ``status``, or of the first variable that has
    any.
    """
    if "status" in dataset:
        return tuple(dataset["status"].dims)
    return next((tuple(dataset[name].dims) for name in dataset.data_vars if dataset[name].dims), ())


def read_map(
    dataset: Any,
    variable: str,
    *,
    x: str | None = None,
    y: str | None = None,
    at: Mapping | None = None,
) -> SimpleNamespace:
    """One variable over two axes of a sweep.

    Parameters
    ----------
    x, y : axes to draw along; by default the first two that ``at`` leaves free
    at : {axis: value} for all others, the nearest value is taken; numbers are averaged over an axis
    "seed" left out

    Returns
    -------
    SimpleNamespace
        x (X,), y (Y,), values (Y, X) with NaN or "" in failed cells, is_text, failed (Y, X), warned
        (Y, X), x_label, y_label, title, dims (y name, x name).

    Raises
    ------
    ProblemError
        Unknown variables or axes (with the near matches); an axis that is neither drawn, nor fixed,
        nor averaged over.
    """
    array, at = _variable(dataset, variable), dict(at or {})
    x, y = _two_axes(dataset, array, x, y, at)
    array, failed, warned = (
        fixed(part, at) for part in (array, _failed(dataset), _warned(dataset))
    )
    values, failed, warned = (_flat(part, (y, x), variable) for part in (array, failed, warned))
    text = values.dtype.kind in "UOS"
    bad = failed > 0.5
    values = np.where(bad, "", values) if text else np.where(bad, np.nan, values.astype(float))
    along, up = values_of(dataset, x), values_of(dataset, y)
    return SimpleNamespace(
        x=along,
        y=up,
        values=values,
        is_text=text,
        failed=bad,
        warned=warned > 0,
        dims=(y, x),
        x_label=axis_label(dataset, x),
        y_label=axis_label(dataset, y),
        title=title_of(dataset, variable),
    )


def kinds(values: ArrayLike) -> list[str]:
    """Different words in an array, those the style sheet knows first and in its order; "none" last."""
    found = {str(value) for value in np.ravel(values)} - {""}
    order = [key for key in style.RULES if key in found and key != "none"]
    return order + sorted(found - set(order) - {"none"}) + ["none"] * ("none" in found)


def read_slices(
    dataset: Any,
    variable: str,
    *,
    along: str,
    by: str | None = None,
    at: Mapping | None = None,
    band: str = SEED,
) -> SimpleNamespace:
    """Curves over one axis: x (X,), mean and standard error (C, X) over the axis ``band``, labels
    (C,) by another axis.

    The error is NaN where ``band`` is no axis or has one value. Raises ProblemError as
    :func:`read_map`.
    """
    array, at = _variable(dataset, variable), dict(at or {})
    for name in (along, *([by] if by else [])):
        _check_axis(dataset, name)
    array = fixed(array.where(_failed(dataset) < 0.5) if array.dtype.kind in "fiub" else array, at)
    if array.dtype.kind in "UOS":
        raise ProblemError(
            f"slices of {variable!r}",
            expected="numbers",
            received="words",
            advice="draw a phase diagram",
        )
    free = [dim for dim in array.dims if dim not in (along, by, band)]
    if free:
        _refuse_free(variable, free)
    array = array.transpose(*([by] if by else []), along, *([band] if band in array.dims else []))
    values = np.asarray(array.values, dtype=float)
    values = values if by else values[None]
    values = values if band in array.dims else values[..., None]
    known = np.isfinite(values)
    count = known.sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, values, 0).sum(-1) / np.where(count, count, np.nan)
        spread = np.sqrt(
            np.where(known, (values - mean[..., None]) ** 2, 0).sum(-1) / (count - 1) / count
        )
    labels = (
        [""] if by is None else [f"{symbol_of(by)} = {short(v)}" for v in values_of(dataset, by)]
    )
    return SimpleNamespace(
        x=values_of(dataset, along),
        mean=mean,
        error=np.where(count > 1, spread, np.nan),
        labels=labels,
        x_label=axis_label(dataset, along),
        y_label=title_of(dataset, variable),
    )


def symbol_of(name: str) -> str:
    """An axis in one word: its symbol if it has one."""
    words = AXIS_WORDS.get(name, name.replace("_", " "))
    return words.split()[-1] if words.strip() else words


def axis_label(dataset: Any, name: str) -> str:
    """An axis in words, with units if it has any."""
    words = AXIS_WORDS.get(name, name.replace("_", " "))
    units = dataset[name].attrs.get("units", "") if name in dataset.coords else ""
    return f"{words} ({units})" if units else words


def title_of(dataset: Any, variable: str) -> str:
    """A variable in words, with units if it has any."""
    units = dataset[variable].attrs.get("units", "")
    stem, _, key = variable.partition(".")
    words = TITLES.get(stem, stem.replace("_", " "))
    if stem in ("regret", "policy_error"):
        words = f"{words} of {style.rule(key).label}"
    elif key:
        words = ", ".join([words, *key.replace("_", " ").split(".")])
    return f"{words} ({units})" if units else words


def _variable(dataset, name):
    _check_known("variable of the sweep", name, dataset.data_vars, "measure it in the sweep")
    return dataset[name]


def _check_axis(dataset, name):
    _check_known("axis of the sweep", name, dataset.dims, "choose one of them")


def _check_known(what, name, names, otherwise):
    """Refuse a name that is not among ``names``, with the near matches or what to do otherwise."""
    if name in names:
        return
    near = difflib.get_close_matches(str(name), list(names), n=2, cutoff=0.4)
    advice = f"did you mean {' or '.join(map(repr, near))}?" if near else otherwise
    raise ProblemError(
        what,
        expected=f"one of {', '.join(map(repr, names))}",
        received=repr(name),
        advice=advice,
    )


def _two_axes(dataset, array, x, y, at):
    for name in (*(part for part in (x, y) if part is not None), *at):
        _check_axis(dataset, name)
    free = [
        dim
        for dim in axes_of(dataset)
        if dim not in at and dim not in (x, y) and dim != SEED and dim in array.dims
    ]
    x = free.pop(0) if x is None and free else x
    y = free.pop(0) if y is None and free else y
    if x is None or y is None or x == y:
        raise ProblemError(
            "map of a sweep",
            expected="two different axes",
            received=f"{x!r} and {y!r}",
            advice="sweep over two parameters, or draw slices",
        )
    return x, y


def _failed(dataset):
    """1.0 in cells whose status says that their numbers do not count."""
    if "status" not in dataset:
        first = next(iter(dataset.data_vars.values()))
        return first.copy(data=np.zeros(first.shape))
    status = dataset["status"]
    return status.copy(data=(~np.isin(np.asarray(status.values).astype(str), FINE)).astype(float))


def _warned(dataset):
    if WARNING not in dataset:
        return _failed(dataset) * 0.0
    return dataset[WARNING].copy(
        data=np.nan_to_num(np.asarray(dataset[WARNING].values, dtype=float))
    )


def fixed(array: Any, at: Mapping) -> Any:
    """A variable at the coordinates nearest to ``at``."""
    for name, value in at.items():
        if name in array.dims:
            points = np.asarray(array[name].values)
            words = points.dtype.kind in "UOS"
            place = (
                list(map(str, points)).index(str(value))
                if words
                else int(np.abs(points - value).argmin())
            )
            array = array.isel({name: place})
    return array


def _flat(array, dims, variable):
    """The values with axes ``dims``; numbers are averaged over seeds."""
    free = [dim for dim in array.dims if dim not in dims]
    if free == [SEED] and array.dtype.kind in "fiub":
        array, free = array.mean(SEED), []
    if free:
        _refuse_free(variable, free)
    return np.asarray(array.transpose(*dims).values)


def _refuse_free(variable, free):
    raise ProblemError(
        f"axes of {variable!r}",
        expected="axes that are drawn, fixed, or seeds of numbers",
        received=f"{', '.join(map(repr, free))} left over",
        advice=f"pass at={{{free[0]!r}: value}}",
    )


def values_of(dataset: Any, name: str) -> np.ndarray:
    """The values of an axis."""
    _check_axis(dataset, name)
    return (
        np.asarray(dataset[name].values)
        if name in dataset.coords
        else np.arange(dataset.sizes[name])
    )


def short(value: object) -> str:
    """A coordinate in words."""
    return f"{float(value):.3g}" if isinstance(value, (int, float, np.number)) else str(value)
