"""Where the optimisation of a policy starts: even draws from each coefficient's own range."""

from collections.abc import Callable, Mapping

import numpy as np

from ..errors import ProblemError, check_options
from ..policies import Layout

JITTER = 0.2  # steps of one start differ by ±10 %: equal steps are a saddle of every program that is symmetric in its steps


def draw_starts(layout: Layout, count: int, seed: int) -> np.ndarray:
    """(count, n): a Latin hypercube (McKay, Beckman & Conover 1979) through :meth:`Coefficient.draw`.

    Coefficients that vary start near one level for all steps.
    """
    rng, width = np.random.default_rng(seed), sum(one.size for one in layout.coefficients)
    points = (rng.permuted(np.tile(np.arange(count), (width, 1)), axis=1).T + rng.random((count, width))) / count
    starts, column = np.empty((count, layout.size)), 0
    for one, place in zip(layout.coefficients, layout.slices.values(), strict=True):
        level = one.draw(points[:, column:column + one.size])
        column += one.size
        entries = np.tile(level, (1, layout.blocks(one)))
        if one.varies:
            entries = entries * (1 + JITTER * (rng.random(entries.shape) - 0.5))
        starts[:, place] = np.clip(entries, one.low, one.high)
    return starts


def settled_starts(layout: Layout, count: int, seed: int, objective: Callable, limit: float) -> np.ndarray:
    """``count`` draws whose objective is finite and at most ``limit``; if there are too few, those with the lowest.

    Four times as many are drawn: a rule that diverges over the spectrum is no place to start from.
    """
    drawn = draw_starts(layout, 4 * count, seed)
    found = np.array([objective(one) for one in drawn])
    found[~np.isfinite(found)] = np.inf
    order = np.argsort(np.where(found <= limit, limit, found), kind="stable")[:count]
    return drawn[order[np.isfinite(found[order])]]


def guess_entries(layout: Layout, guess) -> np.ndarray | None:
    """The vector (n,) of a guess: None, coefficients by name, or an earlier result (of any horizon).

    Steps beyond an earlier result's horizon repeat its last ones.
    """
    if guess is None:
        return None
    values = getattr(guess, "coefficients", guess)
    if not isinstance(values, Mapping):
        raise ProblemError("guess", expected="a PolicyResult, or coefficients by name", received=type(guess).__name__,
                           advice="e.g. guess={'learning_rate': 0.1, 'momentum': 0.9}")
    found = {name: np.asarray(value, dtype=float) for name, value in values.items()}
    for one in layout.coefficients:
        if one.varies and one.name in found and found[one.name].ndim == (one.size > 1) + 1:
            steps = np.minimum(np.arange(layout.horizon), len(found[one.name]) - 1)
            found[one.name] = found[one.name][steps]
    entries = layout.join(found)
    if not np.isfinite(entries).all():
        raise ProblemError("guess", expected="finite coefficients", received="NaN or infinity", advice="check the guess")
    return entries


def bounds_with(layout: Layout, fixed: Mapping | None, within: Mapping | None = None) -> np.ndarray:
    """(n, 2), the admissible ranges, narrowed to ``within`` {name: (low, high)}, of no width for ``fixed`` {name: value}."""
    bounds = layout.bounds
    check_options("fixed", dict(fixed or {}), layout.slices)
    check_options("within", dict(within or {}), layout.slices)
    for name, pair in (within or {}).items():
        if np.shape(pair) != (2,) or not pair[0] < pair[1]:
            raise ProblemError(f"within[{name!r}]", expected="(low, high) with low < high", received=repr(pair),
                               advice="to hold a coefficient where it is, use fixed")
        place = layout.slices[name]
        bounds[place] = np.clip(bounds[place], *(float(edge) for edge in pair))
    values = layout.join({one.name: (fixed or {}).get(one.name, 0.0) for one in layout.coefficients})
    for one in layout.coefficients:
        if fixed and one.name in fixed:
            bounds[layout.slices[one.name]] = values[layout.slices[one.name], None]
    return bounds


def held(layout: Layout, bounds: np.ndarray) -> tuple[str, ...]:
    """Labels of entries whose range has no width."""
    return tuple(label for label, (low, high) in zip(layout.labels, bounds, strict=True) if low == high)


def at_bound(layout: Layout, entries: np.ndarray, bounds: np.ndarray) -> tuple[str, ...]:
    """Labels of entries at an edge of a range that has a width."""
    edges = np.where(np.isfinite(bounds), bounds, np.nan)
    close = (np.abs(entries[:, None] - edges) <= 1e-6 * (1 + np.abs(edges))).any(1) & (bounds[:, 0] < bounds[:, 1])
    return tuple(label for label, edge in zip(layout.labels, close, strict=True) if edge)


def escaping(layout: Layout, entries: np.ndarray) -> str:
    """Names of the coefficients that have run more than a hundred times beyond where they were drawn, in words, or ""."""
    reach = np.concatenate([np.full(layout.blocks(one) * one.size, max(abs(one.least), abs(one.most), 1.0))
                            for one in layout.coefficients])
    far = [f"{layout.labels[i]} = {entries[i]:.3g}" for i in np.flatnonzero(np.abs(entries) > 100 * reach)]
    return f"; running away: {', '.join(far[:4])}" if far else ""
