"""Non-linear plans in one and two parameters without the package: brute force on a grid, then Newton on the path itself.

A path's cost is an integral of ℓ(θ, θ̇) = effort of the velocity + k L(θ), so that every path gives an upper bound of the optimal
cost, exact up to quadrature, however it was found. Slopes come from complex steps, curvatures from differences of them.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solveh_banded
from scipy.optimize import minimize

DEGREE = 3
NODES = np.array([0.0, (1 - 1 / math.sqrt(5)) / 2, (1 + 1 / math.sqrt(5)) / 2, 1.0])
ELEMENTS = {1: 60, 2: 60}  # by number of parameters; MANY_ELEMENTS beyond
MANY_ELEMENTS = 16
MOST_STEPS = 120
FADED = 25.0  # γt after which nothing shows in the cost any more


@dataclass(frozen=True, kw_only=True, eq=False)
class PathProblem:
    """J = ∫ e^{-γt} ℓ(θ, θ̇) dt + e^{-γT} Φ(θ(T)); functions of (P, n) arrays, complex ones too.

    horizon is finite: an infinite one is cut where it has faded. ``box`` (n, 2) is where brute force looks.
    """

    running: Callable  # ℓ(θ, θ̇) -> (P,)
    loss: Callable  # kL(θ) -> (P,)
    horizon: float
    discount: float
    start: np.ndarray
    box: np.ndarray
    end: np.ndarray | None = None
    terminal: Callable | None = None  # κΦ(θ) -> (P,)


@dataclass(frozen=True, kw_only=True, eq=False)
class TestPath:
    """Continuous piecewise cubics: values (3K+1, n) at the Lobatto points between vertices (K+1,)."""

    __test__ = False
    vertices: np.ndarray
    values: np.ndarray

    @property
    def times(self):
        """Of all nodes."""
        lengths = np.diff(self.vertices)
        inner = self.vertices[:-1, None] + lengths[:, None] * NODES[:-1]
        return np.append(inner.ravel(), self.vertices[-1])


# --- the cost of a path


def lagrange(nodes, points):
    """Values and slopes at the points of the polynomials that are one at one node."""
    powers = np.vander(nodes, increasing=True)
    values = np.vander(points, len(nodes), increasing=True)
    exponents = np.arange(len(nodes))
    slopes = np.zeros_like(values)
    slopes[:, 1:] = values[:, :-1] * exponents[1:]
    inverse = np.linalg.inv(powers)
    return values @ inverse, slopes @ inverse


def gauss(count):
    """Points and weights on [0, 1]."""
    points, weights = np.polynomial.legendre.leggauss(count)
    return (points + 1) / 2, weights / 2


def element_values(values, degree):
    """(K, degree + 1, n) from (K·degree + 1, n)."""
    count = (len(values) - 1) // degree
    return values[np.arange(count)[:, None] * degree + np.arange(degree + 1)]


def cost_of(p: PathProblem, vertices, values, nodes=NODES, points=8):
    """(J, ∫ e^{-γt}(effort + k|L|) dt + |terminal|) of a piecewise polynomial path on given nodes of its elements."""
    at, weights = gauss(points)
    to_values, to_slopes = lagrange(nodes, at)
    inside, lengths = element_values(values, len(nodes) - 1), np.diff(vertices)
    n = values.shape[1]
    theta = np.einsum("qp,kpn->kqn", to_values, inside).reshape(-1, n)
    velocity = (np.einsum("qp,kpn->kqn", to_slopes, inside) / lengths[:, None, None]).reshape(-1, n)
    times = vertices[:-1, None] + lengths[:, None] * at
    fade = (np.exp(-p.discount * times) * lengths[:, None] * weights).ravel()
    running, loss = p.running(theta, velocity), p.loss(theta)
    final = 0.0
    if p.terminal is not None:
        final = math.exp(-p.discount * p.horizon) * float(p.terminal(values[-1:])[0])
    return float(fade @ running + final), float(fade @ (running - loss + np.abs(loss)) + abs(final))


def gradient(function, *arguments):
    """(P, sum of n) by complex steps."""
    columns = []
    for k, argument in enumerate(arguments):
        for i in range(argument.shape[1]):
            moved = argument.astype(complex)
            moved[:, i] += 1e-30j
            columns.append(function(*arguments[:k], moved, *arguments[k + 1 :]).imag / 1e-30)
    return np.stack(columns, axis=1)


def curvature(function, *arguments):
    """(P, N, N): central differences of :func:`gradient`."""
    joined, widths = np.hstack(arguments), np.cumsum([a.shape[1] for a in arguments])[:-1]
    columns = []
    for i in range(joined.shape[1]):
        step = 1e-5 * (1 + np.abs(joined[:, i]))
        higher, lower = joined.copy(), joined.copy()
        higher[:, i] += step
        lower[:, i] -= step
        apart = gradient(function, *np.split(higher, widths, 1)) - gradient(function, *np.split(lower, widths, 1))
        columns.append(apart / (2 * step[:, None]))
    found = np.stack(columns, axis=2)
    return (found + found.transpose(0, 2, 1)) / 2


# --- Newton on the path


class PathNewton:
    """Cost, gradient and banded Hessian in the node values of a fixed mesh."""

    def __init__(self, p: PathProblem, vertices):
        self.p, self.vertices, self.lengths = p, vertices, np.diff(vertices)
        at, weights = gauss(5)
        self.to_values, to_slopes = lagrange(NODES, at)
        self.slopes = to_slopes[None] / self.lengths[:, None, None]  # (K, q, 4)
        times = vertices[:-1, None] + self.lengths[:, None] * at
        self.fade = np.exp(-p.discount * times) * self.lengths[:, None] * weights
        self.n = len(p.start)

    def points(self, values):
        """(θ, θ̇) at the quadrature points."""
        inside = element_values(values, DEGREE)
        theta = np.einsum("qp,kpn->kqn", self.to_values, inside)
        velocity = np.einsum("kqp,kpn->kqn", self.slopes, inside)
        return theta.reshape(-1, self.n), velocity.reshape(-1, self.n)

    def cost(self, values):
        """J by the mesh's own quadrature."""
        final = 0.0
        if self.p.terminal is not None:
            final = self._last_fade() * float(self.p.terminal(values[-1:])[0])
        return float(self.fade.ravel() @ self.p.running(*self.points(values)) + final)

    def derivatives(self, values):
        """Gradient (3K+1, n), Hessian and a positive definite companion as lower bands."""
        theta, velocity = self.points(values)
        n, count, per = self.n, len(self.lengths), self.fade.shape[1]
        slope = (self.fade.reshape(-1, 1) * gradient(self.p.running, theta, velocity)).reshape(count, per, 2 * n)
        bend = self.fade.reshape(-1, 1, 1) * curvature(self.p.running, theta, velocity)
        bend = bend.reshape(count, per, 2 * n, 2 * n)
        to_both = self._to_both()
        local = np.einsum("kqas,kqa->ks", to_both, slope)
        blocks = np.einsum("kqas,kqab,kqbt->kst", to_both, bend, to_both, optimize=True)
        stiff = np.zeros_like(bend)
        span = 0.1 * self.p.horizon
        speed = np.abs(np.einsum("kqaa->kqa", bend)[..., n:]).mean(-1)
        for i in range(n):
            stiff[..., n + i, n + i], stiff[..., i, i] = speed, speed / span**2
        companion = np.einsum("kqas,kqab,kqbt->kst", to_both, stiff, to_both, optimize=True)
        gathered = np.zeros(values.size)
        index = np.arange(count)[:, None] * DEGREE * n + np.arange(4 * n)
        np.add.at(gathered, index, local)
        bands, positive = self._bands(blocks, index), self._bands(companion, index)
        if self.p.terminal is not None:
            last = values[-1:]
            gathered[-n:] += self._last_fade() * gradient(self.p.terminal, last)[0]
            corner = self._last_fade() * curvature(self.p.terminal, last)[0]
            for i in range(n):
                for j in range(i + 1):
                    bands[i - j, values.size - n + j] += corner[i, j]
        return gathered, bands, positive

    def _last_fade(self):
        return math.exp(-self.p.discount * self.p.horizon)

    def _to_both(self):
        """(K, q, 2n, 4n): node values of an element -> (θ, θ̇) at its points."""
        n, (count, per) = self.n, self.fade.shape
        matrix = np.zeros((count, per, 2 * n, 4 * n))
        for i in range(n):
            matrix[:, :, i, i::n] = self.to_values
            matrix[:, :, n + i, i::n] = self.slopes
        return matrix

    def _bands(self, blocks, index):
        width = blocks.shape[1]
        bands = np.zeros((width, index[-1, -1] + 1))
        for i in range(width):
            for j in range(i + 1):
                np.add.at(bands[i - j], index[:, j], blocks[:, i, j])
        return bands


@np.errstate(all="ignore")
def polish(p: PathProblem, path: TestPath) -> tuple[float, TestPath]:
    """A local minimum of the cost near a path: Newton with a growing multiple of the companion where it must."""
    newton = PathNewton(p, path.vertices)
    values = path.values.copy()
    first, last = newton.n, values.size - (newton.n if p.end is not None else 0)
    cost, damping = newton.cost(values), 0.0
    if not np.isfinite(cost):
        return math.inf, path
    for _ in range(MOST_STEPS):
        slope, bands, positive = newton.derivatives(values)
        if not np.isfinite(bands).all():
            break
        while True:
            step = _damped_step(bands[:, first:last], positive[:, first:last], slope[first:last], damping)
            if step is not None:
                moved = values.copy().reshape(-1)
                moved[first:last] += step
                moved = moved.reshape(values.shape)
                tried, expected = newton.cost(moved), slope[first:last] @ step
                if tried <= cost + 0.1 * expected + 1e-14 * abs(cost):
                    break
            damping = max(4 * damping, 1e-3)
            if damping > 1e8:
                return cost, TestPath(vertices=path.vertices, values=values)
        values, gained, cost = moved, cost - tried, tried
        damping = 0.0 if damping < 2e-3 else damping / 8
        if gained <= 1e-13 * abs(cost) and damping == 0:
            break
        if cost < -1e9:  # falls without end
            break
    return cost, TestPath(vertices=path.vertices, values=values)


def _damped_step(bands, positive, slope, damping):
    try:
        return -solveh_banded(bands + damping * positive, slope, lower=True)
    except (np.linalg.LinAlgError, ValueError):
        return None


# --- meshes


def on_mesh(p: PathProblem, times, values, finer=1) -> TestPath:
    """A piecewise linear path on a mesh that resolves its moves, the discount and both ends."""
    elements = finer * ELEMENTS.get(len(p.start), MANY_ELEMENTS)
    fine = np.linspace(0, p.horizon, 4000)
    fine = np.unique(np.concatenate([fine, np.geomspace(1e-4, 1, 400) * p.horizon, times]))
    theta = np.stack([np.interp(fine, times, column) for column in np.transpose(values)], axis=1)
    moved = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(theta, axis=0), axis=1)))
    faded = 1 - np.exp(-p.discount * fine) if p.discount * p.horizon > 1e-3 else fine
    parts = [fine / fine[-1], faded / faded[-1], np.log1p(fine / (1e-3 * p.horizon)) / math.log1p(1e3)]
    if moved[-1] > 0:
        parts += [moved / moved[-1]] * 2
    measure = np.mean(parts, axis=0)
    vertices = np.interp(np.linspace(0, 1, elements + 1), measure, fine)
    vertices[0], vertices[-1] = 0.0, p.horizon
    empty = TestPath(vertices=vertices, values=np.zeros((DEGREE * elements + 1, len(p.start))))
    nodes = np.stack([np.interp(empty.times, times, column) for column in np.transpose(values)], axis=1)
    nodes[0] = p.start
    if p.end is not None:
        nodes[-1] = p.end
    return TestPath(vertices=vertices, values=nodes)


def polished_twice(p: PathProblem, times, values):
    """Polish, put the result on a finer mesh of its own, polish again: (J, scale, path)."""
    cost, path = polish(p, on_mesh(p, times, values))
    if not np.isfinite(cost):
        return math.inf, math.nan, path
    _, path = polish(p, on_mesh(p, path.times, path.values, finer=2))
    return *cost_of(p, path.vertices, path.values), path


# --- brute force


def lattice(box, points):
    """(P, n) grid points of the box."""
    axes = [np.linspace(low, high, points) for low, high in box]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(box))


def brute_force(p: PathProblem):
    """(times, path): the best piecewise straight path between grid points, by dynamic programming over all pairs."""
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
    """Grid points that are lowest among their neighbours, in k L and in Φ: the lowest first; beyond two parameters searched."""
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
    points += [p.start + 0.1 * (high - low) * rng.standard_normal(len(low)) for _ in range(2 * most)]
    found = []
    for point in points:
        end = minimize(
            lambda x: float(p.loss(x[None])[0]), point, jac=lambda x: gradient(p.loss, x[None])[0], method="L-BFGS-B"
        )
        found.append((end.fun, end.x))
    near = sorted(found, key=lambda item: np.linalg.norm(item[1] - p.start))[:most]  # flat valleys: the near ones
    return np.array([x for _, x in [*sorted(found, key=lambda item: item[0])[:most], *near]])


def best_plan(p: PathProblem, further=()):
    """(J, scale, path, name): the cheapest of many polished paths; ``further`` are (name, times, values) to try as well."""
    candidates = [*further]
    if len(p.start) <= 2:
        candidates.append(("brute force", *brute_force(p)))
    goals = aims(p) if p.end is None else p.end[None]
    for goal in goals:
        for share in (1.0, 0.3, 0.1, 0.03) if len(p.start) <= 2 else (1.0, 0.3, 0.05):
            times = np.array([0.0, share, 1.0]) * p.horizon if share < 1 else np.array([0.0, p.horizon])
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
