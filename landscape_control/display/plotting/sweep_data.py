"""Reading a sweep for pictures: maps and slices of an xarray.Dataset as plain arrays and words.

The dataset is what ``landscape_control.sweep`` returns: a dimension per axis, a variable per
measure, and a ``status`` in every cell; cells that failed have no number.
"""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from ...support.errors import ProblemError, check_choice, shown
from ...sweeps.measures.verdicts import KEYS
from ...sweeps.summary import check_dataset
from . import style
from .accuracies import good_to

if TYPE_CHECKING:
    from xarray import Dataset as DatasetLike
else:
    DatasetLike = object  # anything with dimensions and variables; xarray takes long to import

FINE = ("converged", "computed")  # states of cells whose numbers count
SEED, WARNING = "seed", "hidden_basin"
TEXT, NUMBERS = "UOS", "fiub"  # kinds of NumPy's types
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
    "cost": "cost J of the optimum",
    "cost_error": "discretisation error of J",
    "policy_rule": "rule that the optimal policy is",
    "policy_error": "relative error of u",
    "cheapest_rule": "classic rule of least J, each tuned",
    "best_rule": "classic rule of least J, each tuned",
    "regret": "regret (J - J*)/S",
    "best_regret": "least regret (J - J*)/S of the classic rules",
}


def axes_of(dataset: Any) -> tuple[str, ...]:
    """Names of the sweep's axes: the dimensions of ``status``, or of the first with any."""
    check_dataset(dataset)
    if "status" in dataset:
        return tuple(dataset["status"].dims)
    for name in dataset.data_vars:
        if dataset[name].dims:
            return tuple(dataset[name].dims)
    return ()


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
        (Y, X), x_label, y_label, title, dims (y name, x name). Truth values are the words "yes" and
        "no", or shares where they are averaged over seeds. ``floor`` is what numbers are good to.

    Raises
    ------
    ProblemError
        Unknown variables or axes (with the near matches); an axis that is neither drawn, nor fixed,
        nor averaged over.
    """
    array, at = _variable(dataset, variable), dict(at or {})
    x, y = _two_axes(dataset, array, x, y, at)

    def on_map(part: Any) -> np.ndarray:
        return _flat(fixed(part, at), (y, x), variable)

    values = on_map(array)
    if values.dtype.kind == "b":
        values = np.where(values, "yes", "no")
    failed = on_map(_failed(dataset)) > 0.5  # averaged over seeds: where most of them failed
    warned = on_map(_warned(dataset)) > 0
    is_text = values.dtype.kind in TEXT
    if not is_text:
        values = values.astype(float)
    values = np.where(failed, "" if is_text else np.nan, values)
    return SimpleNamespace(
        x=values_of(dataset, x),
        y=values_of(dataset, y),
        values=values,
        is_text=is_text,
        failed=failed,
        warned=warned,
        dims=(y, x),
        x_label=axis_label(dataset, x),
        y_label=axis_label(dataset, y),
        title=title_of(dataset, variable),
        floor=0.0 if is_text else good_to(array),
    )


def kinds(values: ArrayLike) -> list[str]:
    """Different words in an array, those of the style sheet first, in its order; "none" last."""
    present = {str(value) for value in np.ravel(values)} - {""}
    known = [key for key in style.RULES if key in present and key != "none"]
    # "yes" has the stronger tone of the two
    others = sorted(present - set(known) - {"none"}, key=lambda word: (word == "no", word))
    last = ["none"] if "none" in present else []
    return known + others + last


def read_slices(
    dataset: Any,
    variable: str,
    *,
    along: str,
    by: str | None = None,
    at: Mapping | None = None,
    band: str = SEED,
) -> SimpleNamespace:
    """Curves over one axis: x (X,), mean and standard error (C, X), labels (C,).

    The mean is over the axis ``band``, the curves belong to the values of the axis ``by``. The
    error is NaN where ``band`` is no axis or has one value. Raises ProblemError as
    :func:`read_map`.
    """
    array, at = _variable(dataset, variable), dict(at or {})
    for name in (along, *([by] if by else []), *at):
        _check_axis(dataset, name)
    if array.dtype.kind in NUMBERS:
        array = array.where(_failed(dataset) < 0.5)
    array = fixed(array, at)
    if array.dtype.kind in TEXT:
        raise ProblemError(
            f"slices of {variable!r}",
            expected="numbers",
            received="words",
            advice="draw a phase diagram",
        )
    free = [dim for dim in array.dims if dim not in (along, by, band)]
    if free:
        _refuse_free(variable, free)
    mean, error = _over_band(_curves(array, along, by, band))
    labels = [""]
    if by is not None:
        labels = [f"{symbol_of(by)} = {short(value)}" for value in values_of(dataset, by)]
    return SimpleNamespace(
        x=values_of(dataset, along),
        mean=mean,
        error=error,
        labels=labels,
        x_label=axis_label(dataset, along),
        y_label=title_of(dataset, variable),
    )


def _curves(array: Any, along: str, by: str | None, band: str) -> np.ndarray:
    """Numbers (C, X, B) over the axes by, along and band; one that is missing has length one."""
    dims = [name for name in (by, along, band) if name in array.dims]
    values = np.asarray(array.transpose(*dims).values, dtype=float)
    if not by:
        values = values[None]
    return values if band in array.dims else values[..., None]


def _over_band(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard error (C, X) of what is known of (C, X, B); NaN of too few."""
    known = np.isfinite(values)
    count = known.sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, values, 0).sum(-1) / np.where(count, count, np.nan)
        squares = np.where(known, (values - mean[..., None]) ** 2, 0).sum(-1)
        error = np.sqrt(squares / (count - 1) / count)
    return mean, np.where(count > 1, error, np.nan)


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
    elif stem == "rule_coefficients":
        rule = max((each for each in KEYS if key.startswith(each)), key=len, default="")
        coefficient = key.removeprefix(rule).strip("_").replace("_", " ")
        words = f"{coefficient} of {style.rule(rule).label} at its best"
    elif key:
        words = ", ".join([words, *key.replace("_", " ").split(".")])
    return f"{words} ({units})" if units else words


def _variable(dataset: Any, name: str) -> Any:
    check_dataset(dataset)
    _check_known("variable of the sweep", name, dataset.data_vars, "measure it in the sweep")
    return dataset[name]


def _check_axis(dataset: Any, name: str) -> None:
    _check_known("axis of the sweep", name, dataset.dims, "choose one of them")


def _check_known(what: str, name: str, names: Iterable[str], otherwise: str) -> None:
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


def _two_axes(
    dataset: Any, array: Any, x: str | None, y: str | None, at: Mapping
) -> tuple[str, str]:
    """The axes to draw along: those asked for, and for the others the first ones that are free."""
    for name in (x, y, *at):
        if name is not None:
            _check_axis(dataset, name)
    taken = {x, y, SEED, *at}
    free = [dim for dim in axes_of(dataset) if dim not in taken and dim in array.dims]
    if x is None and free:
        x = free.pop(0)
    if y is None and free:
        y = free.pop(0)
    if x is None or y is None or x == y:
        raise ProblemError(
            "map of a sweep",
            expected="two different axes",
            received=f"{x!r} and {y!r}",
            advice="sweep over two parameters, or draw slices",
        )
    return x, y


def _failed(dataset: Any) -> Any:
    """1.0 in cells whose status says that their numbers do not count."""
    if "status" not in dataset:
        first = next(iter(dataset.data_vars.values()))
        return first.copy(data=np.zeros(first.shape))
    status = dataset["status"]
    words = np.asarray(status.values)
    if words.dtype.kind == "S":
        words = words.astype(str)
    fine = np.isin(words, FINE)
    return status.copy(data=(~fine).astype(float))


def _warned(dataset: Any) -> Any:
    """1.0 in cells that the measure of overlooked basins warns of."""
    if WARNING not in dataset:
        return _failed(dataset) * 0.0
    warning = dataset[WARNING]
    return warning.copy(data=np.nan_to_num(np.asarray(warning.values, dtype=float)))


def fixed(array: Any, at: Mapping) -> Any:
    """A variable at the coordinates nearest to ``at``."""
    for name, value in at.items():
        if name in array.dims:
            array = array.isel({name: _place(name, np.asarray(array[name].values), value)})
    return array


def _place(name: str, points: np.ndarray, value: Any) -> int:
    """Where on an axis a word stands, or the number nearest to the value."""
    if points.dtype.kind in TEXT:
        words = list(map(str, points))
        return words.index(check_choice(f"at[{name!r}]", str(value), words))
    is_number = isinstance(value, int | float | np.number) and np.isfinite(value)
    if not is_number:
        raise ProblemError(
            f"at[{name!r}]",
            expected="a number, to which the nearest value is taken",
            received=shown(value),
            advice=f"choose among {', '.join(map(short, points[:6]))}",
        )
    return int(np.abs(points.astype(float) - float(value)).argmin())


def _flat(array: Any, dims: tuple[str, str], variable: str) -> np.ndarray:
    """The values with axes ``dims``; numbers are averaged over seeds."""
    free = [dim for dim in array.dims if dim not in dims]
    if free == [SEED] and array.dtype.kind in NUMBERS:
        array, free = array.mean(SEED), []
    if free:
        _refuse_free(variable, free)
    return np.asarray(array.transpose(*dims).values)


def _refuse_free(variable: str, free: Sequence[str]) -> NoReturn:
    raise ProblemError(
        f"axes of {variable!r}",
        expected="axes that are drawn, fixed, or seeds of numbers",
        received=f"{', '.join(map(repr, free))} left over",
        advice=f"pass at={{{free[0]!r}: value}}",
    )


def values_of(dataset: Any, name: str) -> np.ndarray:
    """The values of an axis."""
    check_dataset(dataset)
    _check_axis(dataset, name)
    if name in dataset.coords:
        return np.asarray(dataset[name].values)
    return np.arange(dataset.sizes[name])


def short(value: object) -> str:
    """A coordinate in words."""
    if isinstance(value, (int, float, np.number)):
        return f"{float(value):.3g}"
    return str(value)
