"""The cheapest of many plans: brute force on a grid (one and two parameters), lines to low points,
polished by Newton.
"""

import math

import numpy as np
from scipy.optimize import minimize
from trust_paths import PathProblem, gauss, gradient, on_mesh, polish, polished_twice


def lattice(box, points):
    """(P, n) grid points of the box."""
    axes = [np.linspace(low, high, points) for low, high in box]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(box))


def brute_force(p: PathProblem):
    """(times, path): the best piecewise straight path between grid points, by dynamic programming
    over all pairs.
    """
    grid = lattice(p.box, 201 if len(p.start) == 1 else 23)
    grid = np.vstack([grid, p.start, *([p.end] if p.end is not None else [])])
    steps = _steps(p)
    times = np.append(0.0, np.cumsum(steps))
    pairs = {length: _pair_costs(p, grid, length) for length in set(steps)}
    value = np.zeros(len(grid)) if p.terminal is None else p.terminal(grid)
    if p.end is not None:
        value = np.full(len(grid), np.inf)
        value[-1] = 0.0
    choices = []
    for length in reversed(steps):
        total = pairs[length] + math.exp(-p.discount * length) * value[None]
        choice = total.argmin(1)
        value = total[np.arange(len(grid)), choice]
        choices.append(choice)
    at = len(grid) - (2 if p.end is not None else 1)
    visited = [at]
    for choice in reversed(choices):
        at = choice[at]
        visited.append(at)
    return times, grid[visited]


def _steps(p):
    """Short steps where things happen: at the start, and at the end where one is paid for it."""
    tiers = [(16, 1 / 640), (12, 1 / 160), (8, 1 / 40)]
    fine = [share for count, share in tiers for _ in range(count)]
    both = p.terminal is not None or p.end is not None
    shares = [*fine, *[1 / 20] * 8, *reversed(fine)] if both else [*fine, *[1 / 20] * 14]
    return [share * p.horizon / sum(shares) for share in shares]


@np.errstate(all="ignore")
def _pair_costs(p, grid, length):
    """(P, P): cost of the straight move from one grid point to another within a time."""
    at, weights = gauss(3)
    total, count = np.zeros((len(grid), len(grid))), len(grid)
    velocity = ((grid[None] - grid[:, None]) / length).reshape(count**2, -1)
    for s, w in zip(at, weights, strict=True):
        theta = ((1 - s) * grid[:, None] + s * grid[None]).reshape(count**2, -1)
        running = p.running(theta, velocity).reshape(count, count)
        total += w * length * math.exp(-p.discount * s * length) * running
    return np.where(np.isfinite(total), total, np.inf)


def aims(p: PathProblem, most=6):
    """Grid points lowest among their neighbours, in k L and in Φ, the lowest first; searched beyond
    two parameters.
    """
    if len(p.start) > 2:
        return _searched_aims(p, most)
    n, count = len(p.start), 161 if len(p.start) == 1 else 61
    grid = lattice(p.box, count)
    found = []
    for height in (p.loss, p.terminal):
        if height is None:
            continue
        levels = height(grid).reshape((count,) * n)
        lowest = np.ones_like(levels, dtype=bool)
        for axis in range(n):
            for shift in (1, -1):
                lowest &= levels <= np.roll(levels, shift, axis)
        for axis in range(n):
            index = [slice(None)] * n
            for edge in (0, -1):
                index[axis] = edge
                lowest[tuple(index)] = False
        chosen = np.flatnonzero(lowest)
        found.append(grid[chosen[np.argsort(levels.ravel()[chosen])][:most]])
    return np.vstack(found)


def _searched_aims(p, most):
    """Where descents from random points of the box end, and from around the start."""
    rng, low, high = np.random.default_rng(0), p.box[:, 0], p.box[:, 1]
    points = [rng.uniform(low, high) for _ in range(4 * most)]
    points += [
        p.start + 0.1 * (high - low) * rng.standard_normal(len(low)) for _ in range(2 * most)
    ]
    found = []
    for point in points:
        end = minimize(
            lambda x: float(p.loss(x[None])[0]),
            point,
            jac=lambda x: gradient(p.loss, x[None])[0],
            method="L-BFGS-B",
        )
        found.append((end.fun, end.x))
    # flat valleys: the near ones
    near = sorted(found, key=lambda item: np.linalg.norm(item[1] - p.start))[:most]
    return np.array([x for _, x in [*sorted(found, key=lambda item: item[0])[:most], *near]])


def best_plan(p: PathProblem, further=()):
    """(J, scale, path, name): the cheapest of many polished paths; ``further`` are (name, times,
    values) to try as well.
    """
    candidates = [*further]
    if len(p.start) <= 2:
        candidates.append(("brute force", *brute_force(p)))
    goals = aims(p) if p.end is None else p.end[None]
    for goal in goals:
        for share in (1.0, 0.3, 0.1, 0.03) if len(p.start) <= 2 else (1.0, 0.3, 0.05):
            times = (
                np.array([0.0, share, 1.0]) * p.horizon if share < 1 else np.array([0.0, p.horizon])
            )
            values = np.vstack([p.start, *[goal] * (len(times) - 1)])
            candidates.append((f"line to {np.round(goal, 3)} in {share:g} T", times, values))
    found = []
    for name, times, values in candidates:
        cost, path = polish(p, on_mesh(p, times, values))
        found.append((cost, name, path))
    found.sort(key=lambda item: item[0])
    cost, name, path = found[0]
    if not np.isfinite(cost):
        return math.inf, math.nan, path, name
    return *polished_twice(p, path.times, path.values), name
