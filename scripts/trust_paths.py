"""Non-linear plans without the package: Newton on a path's own values.

A path's cost is an integral of ℓ(θ, θ̇) = effort of the velocity + k L(θ), so that every path
bounds the optimal cost from above, exact up to quadrature, however it was found. Slopes come from
complex steps, curvatures from differences of them.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solveh_banded

DEGREE = 3
NODES = np.array([0.0, (1 - 1 / math.sqrt(5)) / 2, (1 + 1 / math.sqrt(5)) / 2, 1.0])
ELEMENTS = {1: 60, 2: 60}  # by number of parameters; MANY_ELEMENTS beyond
MANY_ELEMENTS = 16
MOST_STEPS = 120
FADED = 25.0  # γt after which nothing shows in the cost any more


@dataclass(frozen=True, kw_only=True, eq=False)
class PathProblem:
    """J = ∫ e^{-γt} ℓ(θ, θ̇) dt + e^{-γT} Φ(θ(T)); functions of (P, n) arrays, complex ones too.

    horizon is finite: an infinite one is cut where it has faded. ``box`` (n, 2) is where brute
    force looks.
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
    """Continuous piecewise cubics.

    Values (3K+1, n) at the Lobatto points between vertices (K+1,).
    """

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
    """(J, ∫ e^{-γt}(effort + k|L|) dt + |terminal|) of a piecewise polynomial path on given nodes
    of its elements.
    """
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
        apart = gradient(function, *np.split(higher, widths, 1)) - gradient(
            function, *np.split(lower, widths, 1)
        )
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
        slope = (self.fade.reshape(-1, 1) * gradient(self.p.running, theta, velocity)).reshape(
            count, per, 2 * n
        )
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
    """A local minimum of the cost near a path: Newton with a growing multiple of the companion
    where it must.
    """
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
            step = _damped_step(
                bands[:, first:last], positive[:, first:last], slope[first:last], damping
            )
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
    parts = [
        fine / fine[-1],
        faded / faded[-1],
        np.log1p(fine / (1e-3 * p.horizon)) / math.log1p(1e3),
    ]
    if moved[-1] > 0:
        parts += [moved / moved[-1]] * 2
    measure = np.mean(parts, axis=0)
    vertices = np.interp(np.linspace(0, 1, elements + 1), measure, fine)
    vertices[0], vertices[-1] = 0.0, p.horizon
    empty = TestPath(vertices=vertices, values=np.zeros((DEGREE * elements + 1, len(p.start))))
    nodes = np.stack(
        [np.interp(empty.times, times, column) for column in np.transpose(values)], axis=1
    )
    nodes[0] = p.start
    if p.end is not None:
        nodes[-1] = p.end
    return TestPath(vertices=vertices, values=nodes)


def polished_twice(p: PathProblem, times, values):
    """Polish, put the result on a finer mesh of its own, polish again: (J, scale, path)."""
    cost, path = polish(p, on_mesh(p, times, values))
    if not np.isfinite(cost):
        return math.inf, math.nan, path
    finer = 2 if len(p.start) in ELEMENTS else 6
    _, path = polish(p, on_mesh(p, path.times, path.values, finer))
    return *cost_of(p, path.vertices, path.values), path
