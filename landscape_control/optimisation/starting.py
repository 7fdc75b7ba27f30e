"""Where the optimisation of a policy starts: even draws from each coefficient's own range."""

from collections.abc import Callable, Mapping

import numpy as np

from ..rules.families import Layout
from ..support.arrays import number, real_array
from ..support.errors import ProblemError, check_options

# steps of one start differ by ±10 %: equal steps are a saddle of every program that is symmetric in
# its steps
JITTER = 0.2


def draw_starts(layout: Layout, count: int, seed: int, unit: float = 1.0) -> np.ndarray:
    """(count, n): a Latin hypercube (McKay, Beckman & Conover 1979) through
    :meth:`Coefficient.draw`.

    Learning rates and lags are in units of ``unit``, one over a curvature. Coefficients that vary
    start near one level for all steps.
    """
    rng, width = (
        np.random.default_rng(seed),
        sum(coefficient.size for coefficient in layout.coefficients),
    )
    points = (
        rng.permuted(np.tile(np.arange(count), (width, 1)), axis=1).T + rng.random((count, width))
    ) / count
    starts, column, units = np.empty((count, layout.size)), 0, stretch(layout, unit)
    for coefficient, place in zip(layout.coefficients, layout.slices.values(), strict=True):
        level = coefficient.draw(points[:, column : column + coefficient.size])
        column += coefficient.size
        entries = np.tile(level, (1, layout.blocks(coefficient)))
        if coefficient.varies:
            entries = entries * (1 + JITTER * (rng.random(entries.shape) - 0.5))
        starts[:, place] = np.clip(entries * units[place], coefficient.low, coefficient.high)
    return starts


def stretch(layout: Layout, unit: float) -> np.ndarray:
    """(n,): ``unit`` for learning rates and lags of linear families, lengths per gradient that go
    as one over the curvature.

    1 for numbers without a dimension, like momentum.
    """
    units = np.ones(layout.size)
    for name, place in layout.slices.items():
        if name == "learning_rate" or name.startswith("lag_"):
            units[place] = unit
    return units


def coefficient_scales(layout: Layout, entries: np.ndarray, unit: float = 1.0) -> np.ndarray:
    """(n,): how far a change of order one moves each coefficient, so that one at zero has a scale
    too.

    1 for momentum and its like; else the size of the coefficient, at least the smallest start of
    one that is positive, or the width of its starts.
    """
    units, scales = stretch(layout, unit), np.abs(np.asarray(entries, dtype=float))
    for coefficient, place in zip(layout.coefficients, layout.slices.values(), strict=True):
        if coefficient.scale == "one minus":
            scales[place] = 1.0
            continue
        least = coefficient.least
        if coefficient.scale == "linear":
            least = coefficient.most - coefficient.least
        scales[place] = np.maximum(scales[place], least * units[place])
    return scales


def settled_starts(
    layout: Layout, count: int, seed: int, objective: Callable, limit: float, unit: float = 1.0
) -> np.ndarray:
    """``count`` draws whose objective is finite and at most ``limit``; if there are too few, those
    with the lowest.

    Four times as many are drawn: a rule that diverges over the spectrum is no place to start from.
    """
    drawn = draw_starts(layout, 4 * count, seed, unit)
    costs = np.array([objective(point) for point in drawn])
    costs[~np.isfinite(costs)] = np.inf
    order = np.argsort(np.where(costs <= limit, limit, costs), kind="stable")[:count]
    return drawn[order[np.isfinite(costs[order])]]


def nearby_starts(
    layout: Layout, entries: np.ndarray, count: int, rng: np.random.Generator, unit: float = 1.0
) -> np.ndarray:
    """(count, n): 10 % down to 0.1 % away from an optimum, where costs with many optima side by
    side have better ones.
    """
    width = 10.0 ** -rng.uniform(1, 3, (count, 1))
    return entries + coefficient_scales(layout, entries, unit) * width * rng.standard_normal(
        (count, len(entries))
    )


def guess_entries(layout: Layout, guess: object, starts: int) -> np.ndarray | None:
    """The vector (n,) of a guess: None, coefficients by name, or an earlier result (of any
    horizon).

    Steps beyond an earlier result's horizon repeat its last ones. Without a guess, ``starts`` to
    draw are needed.
    """
    if guess is None and starts == 0:
        raise ProblemError(
            "starts",
            expected="at least one start, or a guess",
            received="starts = 0 and no guess",
            advice="give starts=8, or guess=an earlier result",
        )
    if guess is None:
        return None
    values = getattr(guess, "coefficients", guess)
    if not isinstance(values, Mapping):
        raise ProblemError(
            "guess",
            expected="a PolicyResult, or coefficients by name",
            received=type(guess).__name__,
            advice="e.g. guess={'learning_rate': 0.1, 'momentum': 0.9}",
        )
    coefficients = {name: _numbers(name, value) for name, value in values.items()}
    for coefficient in layout.coefficients:
        given = coefficients.get(coefficient.name)
        axes = 1 + (coefficient.size > 1)  # of one that is given step by step
        if coefficient.varies and given is not None and given.ndim == axes:
            steps = np.minimum(np.arange(layout.horizon), len(given) - 1)
            coefficients[coefficient.name] = given[steps]
    entries = layout.join(coefficients)
    if not np.isfinite(entries).all():
        raise ProblemError(
            "guess",
            expected="finite coefficients",
            received="NaN or infinity",
            advice="check the guess",
        )
    return entries


def _numbers(name, value):
    return real_array(f"guess[{name!r}]", value, "numbers")


def bounds_with(layout: Layout, fixed: object, within: object = None) -> np.ndarray:
    """(n, 2), the admissible ranges, narrowed to ``within`` {name: (low, high)}, of no width for
    ``fixed`` {name: value}.

    Raises ProblemError for names that are no coefficients, and for numbers outside the admissible
    range.
    """
    held_at, ranges = _by_name("fixed", fixed, layout), _by_name("within", within, layout)
    bounds = layout.bounds
    for name, pair in ranges.items():
        bounds[layout.slices[name]] = _narrowed(name, pair, bounds[layout.slices[name]])
    values = layout.join(
        {
            coefficient.name: held_at.get(coefficient.name, 0.0)
            for coefficient in layout.coefficients
        }
    )
    for name in held_at:
        place = layout.slices[name]
        outside = ~((values[place] >= bounds[place, 0]) & (values[place] <= bounds[place, 1]))
        if outside.any():
            raise ProblemError(
                f"fixed[{name!r}]",
                expected=_range(bounds[place][outside][0]),
                received=f"{values[place][outside][0]:g}",
                advice="hold it inside its admissible range",
            )
        bounds[place] = values[place, None]
    return bounds


def _by_name(what, given, layout):
    if given is not None and not isinstance(given, Mapping):
        form = "(low, high)" if what == "within" else "value"
        raise ProblemError(
            what,
            expected=f"{{name: {form}}}",
            received=repr(given),
            advice=f"the names are {', '.join(layout.slices)}",
        )
    check_options(what, dict(given or {}), layout.slices)
    return dict(given or {})


def _narrowed(name, pair, bounds):
    """The part of the admissible range (k, 2) that lies in a pair."""
    try:
        low, high = (
            number(f"within[{name!r}]", edge, low=-np.inf, allow_inf=True) for edge in pair
        )
    except (TypeError, ValueError):  # not two of them, or no numbers
        low = high = np.nan
    if not low < high:
        raise ProblemError(
            f"within[{name!r}]",
            expected="(low, high) with low < high",
            received=repr(pair),
            advice="to hold a coefficient where it is, use fixed",
        )
    narrowed = np.column_stack([np.maximum(bounds[:, 0], low), np.minimum(bounds[:, 1], high)])
    if not (narrowed[:, 0] < narrowed[:, 1]).all():
        raise ProblemError(
            f"within[{name!r}]",
            expected=f"a range that meets the admissible one, {_range(bounds[0])}",
            received=f"({low:g}, {high:g})",
            advice="choose a range inside: elsewhere no rule settles",
        )
    return narrowed


def _range(pair):
    return f"[{pair[0]:g}, {pair[1]:g}]"


def held(layout: Layout, bounds: np.ndarray) -> tuple[str, ...]:
    """Labels of entries whose range has no width."""
    return tuple(
        label for label, (low, high) in zip(layout.labels, bounds, strict=True) if low == high
    )


def at_bound(layout: Layout, entries: np.ndarray, bounds: np.ndarray) -> tuple[str, ...]:
    """Labels of entries at an edge of a range that has a width."""
    edges, width = np.where(np.isfinite(bounds), bounds, np.nan), np.ptp(bounds, axis=1)[:, None]
    allowed = 1e-6 * np.minimum(1 + np.abs(edges), width)
    close = (np.abs(entries[:, None] - edges) <= allowed).any(1) & (bounds[:, 0] < bounds[:, 1])
    return tuple(label for label, edge in zip(layout.labels, close, strict=True) if edge)


def far_limits(layout: Layout, unit: float = 1.0) -> np.ndarray:
    """(n,): a hundred times beyond where each coefficient is drawn, ``unit`` being one over the
    smallest curvature.
    """
    limits = np.ones(layout.size)
    for coefficient, place in zip(layout.coefficients, layout.slices.values(), strict=True):
        limits[place] = max(abs(coefficient.least), abs(coefficient.most), 1.0)
    return 100 * limits * stretch(layout, unit)


def escaping(layout: Layout, entries: np.ndarray, unit: float = 1.0) -> str:
    """Names of the coefficients beyond :func:`far_limits`, in words, or ""."""
    far = [
        f"{layout.labels[i]} = {entries[i]:.3g}"
        for i in np.flatnonzero(np.abs(entries) > far_limits(layout, unit))
    ]
    return f"; running away: {', '.join(far[:4])}" if far else ""
