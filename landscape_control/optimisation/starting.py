"""Where the optimisation of a policy starts: even draws from each coefficient's own range."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from ..rules.families import Layout
from ..support.arrays import number, real_array
from ..support.errors import ProblemError, check_options

# steps of one start differ by ±10 %: equal steps are a saddle of every program that is symmetric in
# its steps
JITTER = 0.2


def draw_starts(layout: Layout, count: int, seed: int, unit: float = 1.0) -> np.ndarray:
    """(count, n): a Latin hypercube through :meth:`Coefficient.draw`.

    Source: McKay, Beckman & Conover 1979. Learning rates and lags are in units of ``unit``, one
    over a curvature. Coefficients that vary start near one level for all steps.
    """
    rng = np.random.default_rng(seed)
    width = sum(coefficient.size for coefficient in layout.coefficients)
    strata = rng.permuted(np.tile(np.arange(count), (width, 1)), axis=1).T
    points = (strata + rng.random((count, width))) / count
    starts, units = np.empty((count, layout.size)), stretch(layout, unit)
    column = 0
    for coefficient, place in zip(layout.coefficients, layout.slices.values(), strict=True):
        level = coefficient.draw(points[:, column : column + coefficient.size])
        column += coefficient.size
        entries = np.tile(level, (1, layout.blocks(coefficient)))
        if coefficient.varies:
            entries = entries * (1 + JITTER * (rng.random(entries.shape) - 0.5))
        starts[:, place] = np.clip(entries * units[place], coefficient.low, coefficient.high)
    return starts


def stretch(layout: Layout, unit: float) -> np.ndarray:
    """(n,): ``unit`` for learning rates and lags, 1 for numbers like momentum.

    The former are lengths per gradient, which go as one over the curvature; the latter have no
    dimension.
    """
    units = np.ones(layout.size)
    for name, place in layout.slices.items():
        if name == "learning_rate" or name.startswith("lag_"):
            units[place] = unit
    return units


def coefficient_scales(layout: Layout, entries: np.ndarray, unit: float = 1.0) -> np.ndarray:
    """(n,): how far a change of order one moves each coefficient, also one that is zero.

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
    layout: Layout,
    count: int,
    seed: int,
    objective: Callable[[np.ndarray], float],
    limit: float,
    unit: float = 1.0,
) -> np.ndarray:
    """``count`` draws whose objective is finite and at most ``limit``.

    If there are too few, those with the lowest.
    """
    drawn = drawn_around(layout, count, seed, unit)
    return settled(drawn, np.array([objective(point) for point in drawn]), count, limit)


def drawn_around(layout: Layout, count: int, seed: int, unit: float = 1.0) -> np.ndarray:
    """Four times as many draws as are wanted.

    A rule that diverges over the spectrum is no place to start from.
    """
    return draw_starts(layout, 4 * count, seed, unit)


def settled(drawn: np.ndarray, costs: np.ndarray, count: int, limit: float) -> np.ndarray:
    """The first ``count`` of some draws that cost at most ``limit``, then the cheapest others."""
    costs = np.where(np.isfinite(costs), costs, np.inf)
    order = np.argsort(np.where(costs <= limit, limit, costs), kind="stable")[:count]
    return drawn[order[np.isfinite(costs[order])]]


def nearby_starts(
    layout: Layout, entries: np.ndarray, count: int, rng: np.random.Generator, unit: float = 1.0
) -> np.ndarray:
    """(count, n): 10 % down to 0.1 % away from an optimum.

    Costs with many optima side by side have better ones there.
    """
    width = 10.0 ** -rng.uniform(1, 3, (count, 1))
    reach = coefficient_scales(layout, entries, unit) * width
    return entries + reach * rng.standard_normal((count, len(entries)))


def guess_entries(layout: Layout, guess: object, starts: int) -> np.ndarray | None:
    """The vector (n,) of a guess: None, coefficients by name, or an earlier result.

    The result may have any horizon: steps beyond an earlier result's horizon repeat its last ones.
    Without a guess, ``starts`` to draw are needed.
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


def _numbers(name: str, value: object) -> np.ndarray:
    return real_array(f"guess[{name!r}]", value, "numbers")


def bounds_with(layout: Layout, fixed: object, within: object = None) -> np.ndarray:
    """(n, 2), the admissible ranges narrowed to ``within`` {name: (low, high)}.

    They have no width for ``fixed`` {name: value}. Raises ProblemError for names that are no
    coefficients, and for numbers outside the admissible range.
    """
    held_at, ranges = _by_name("fixed", fixed, layout), _by_name("within", within, layout)
    bounds = layout.bounds
    for name, pair in ranges.items():
        bounds[layout.slices[name]] = _narrowed(name, pair, bounds[layout.slices[name]])
    # numbers per step and vectors are laid out as any others; those that are not held do not count
    values = layout.join({each.name: held_at.get(each.name, 0.0) for each in layout.coefficients})
    for name in held_at:
        place = layout.slices[name]
        held_values, (low, high) = values[place], bounds[place].T
        outside = ~((held_values >= low) & (held_values <= high))  # NaN is outside too
        if outside.any():
            raise ProblemError(
                f"fixed[{name!r}]",
                expected=_range(bounds[place][outside][0]),
                received=f"{held_values[outside][0]:g}",
                advice="hold it inside its admissible range",
            )
        bounds[place] = held_values[:, None]
    return bounds


def _by_name(what: str, given: object, layout: Layout) -> dict:
    """The option as a dictionary; refuses other objects and names that are no coefficients."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        form = "(low, high)" if what == "within" else "value"
        raise ProblemError(
            what,
            expected=f"{{name: {form}}}",
            received=repr(given),
            advice=f"the names are {', '.join(layout.slices)}",
        )
    check_options(what, dict(given), layout.slices)
    return dict(given)


def _narrowed(name: str, pair: Iterable, bounds: np.ndarray) -> np.ndarray:
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


def _range(pair: Sequence[float]) -> str:
    return f"[{pair[0]:g}, {pair[1]:g}]"


def held(layout: Layout, bounds: np.ndarray) -> tuple[str, ...]:
    """Labels of entries whose range has no width."""
    pairs = zip(layout.labels, bounds, strict=True)
    return tuple(label for label, (low, high) in pairs if low == high)


def at_bound(layout: Layout, entries: np.ndarray, bounds: np.ndarray) -> tuple[str, ...]:
    """Labels of entries at an edge of a range that has a width."""
    edges, width = np.where(np.isfinite(bounds), bounds, np.nan), np.ptp(bounds, axis=1)[:, None]
    allowed = 1e-6 * np.minimum(1 + np.abs(edges), width)
    close = (np.abs(entries[:, None] - edges) <= allowed).any(1) & (bounds[:, 0] < bounds[:, 1])
    return tuple(label for label, edge in zip(layout.labels, close, strict=True) if edge)


def far_limits(layout: Layout, unit: float = 1.0) -> np.ndarray:
    """(n,): a hundred times beyond where each coefficient is drawn.

    ``unit`` is one over the smallest curvature.
    """
    limits = np.ones(layout.size)
    for coefficient, place in zip(layout.coefficients, layout.slices.values(), strict=True):
        limits[place] = max(abs(coefficient.least), abs(coefficient.most), 1.0)
    return 100 * limits * stretch(layout, unit)


def escaping(layout: Layout, entries: np.ndarray, unit: float = 1.0) -> str:
    """Names of the coefficients beyond :func:`far_limits`, in words, or ""."""
    beyond = np.flatnonzero(np.abs(entries) > far_limits(layout, unit))
    if not len(beyond):
        return ""
    far = [f"{layout.labels[i]} = {entries[i]:.3g}" for i in beyond[:4]]
    return f"; running away: {', '.join(far)}"
