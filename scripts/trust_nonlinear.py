"""Random non-linear problems in one and two parameters, held against ``trust_paths`` and against their own paths' cost."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import casadi as ca
import numpy as np
from trust_judging import FLAGGED, REFUSED, RIGHT, RIGHT_FLAG, RIGHT_REFUSAL, WRONG, Case, Verdict, first_words, timed_solve
from trust_paths import FADED, PathProblem, best_plan, cost_of

import landscape_control as lc

NAME = "non-linear"


@dataclass(frozen=True, kw_only=True, eq=False)
class Family:
    """A loss with everything else that makes it a kind of problem; functions take a list of components and a module.

    draw(rng) -> Shape
    """

    name: str
    draw: Callable


@dataclass(frozen=True, kw_only=True, eq=False)
class Shape:
    """One drawn loss: ``loss(x, xp)`` with x the components and xp numpy or casadi; likewise the optional others."""

    loss: Callable
    box: tuple
    start: tuple
    terminal: Callable | None = None
    metric: Callable | None = None  # scalar of x (one parameter only)
    actuation: Callable | None = None  # scalar of x (one parameter only)
    drift: Callable | None = None  # list of components
    end: tuple | None = None
    unbounded: bool = False
    longest: float = 100.0
    numbers: dict | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class NonlinearCase(Case):
    """A drawn problem."""

    family: str
    shape: Shape
    horizon: float
    discount: float
    learning_rate: float
    loss_weight: float
    terminal_weight: float

    @cached_property
    def problem(self):
        """The package's problem."""
        shape, n = self.shape, len(self.shape.start)

        def traced(function):
            return lambda theta: function([theta[i] for i in range(n)], ca)

        def square(function):
            return None if function is None else lambda theta: traced(function)(theta)

        drift = None if shape.drift is None else lambda theta: ca.vertcat(*traced(shape.drift)(theta))
        return lc.ControlProblem(
            landscape=lc.Landscape.from_expression(traced(shape.loss), dimension=n),
            learner=lc.Learner(metric=square(shape.metric), actuation=square(shape.actuation), drift=drift),
            objective=lc.Objective(
                horizon=self.horizon,
                discount=self.discount,
                learning_rate=self.learning_rate,
                loss_weight=self.loss_weight,
                terminal=None if shape.terminal is None else traced(shape.terminal),
                terminal_weight=self.terminal_weight,
            ),
            start=shape.start,
            end=shape.end,
        )

    @cached_property
    def paths(self) -> PathProblem:
        """The same in numbers, for the reference; an infinite horizon is cut where it has faded."""
        shape = self.shape

        def of(function):
            return lambda theta: function(list(theta.T), np) + 0 * theta[:, 0]

        loss, drift = of(shape.loss), shape.drift
        price = None if shape.metric is None else of(shape.metric)
        push = None if shape.actuation is None else of(shape.actuation)

        def running(theta, velocity):
            u = velocity if drift is None else velocity - np.stack([v + 0 * theta[:, 0] for v in drift(list(theta.T), np)], 1)
            effort = (u * u).sum(1)
            if push is not None:
                effort = effort / push(theta) ** 2
            if price is not None:
                effort = effort * price(theta)
            return effort / (2 * self.learning_rate) + self.loss_weight * loss(theta)

        terminal = None if shape.terminal is None else of(shape.terminal)
        faded = FADED / self.discount if self.discount > 0 else math.inf
        return PathProblem(
            running=running,
            loss=lambda theta: self.loss_weight * loss(theta),
            horizon=min(self.horizon, faded) if shape.terminal is None and shape.end is None else self.horizon,
            discount=self.discount,
            start=np.array(shape.start, dtype=float),
            end=None if shape.end is None else np.array(shape.end, dtype=float),
            box=np.array(shape.box, dtype=float),
            terminal=None if terminal is None else lambda theta: self.terminal_weight * terminal(theta),
        )

    @cached_property
    def reference(self):
        """(J, scale, path, how it was found) without any knowledge of the package's answer."""
        return best_plan(self.paths)

    def judge(self, options):
        """Solve, integrate the cost along the plan anew, and look for cheaper plans."""
        solution, refusal, seconds = timed_solve(lambda: self.problem, options)
        unbounded = self.shape.unbounded
        if refusal is not None:
            return Verdict(kind=RIGHT_REFUSAL if unbounded else REFUSED, note=first_words(refusal), seconds=seconds)
        if unbounded:
            kind = WRONG if solution.status.ok else RIGHT_FLAG
            return Verdict(kind=kind, note=f"unbounded below; J = {solution.cost:.6g}, {solution.status}", seconds=seconds)
        cost, scale, path, name = self.compared(solution)
        apart = solution.cost - cost
        said = f"{self.family}: J = {solution.cost:.8g}, best known {cost:.8g} ({name})"
        if not solution.status.ok:
            return Verdict(kind=FLAGGED, note=f"{said}; {solution.status}: {solution.message}"[:300], seconds=seconds)
        tolerance = options.get("tolerance", 1e-6)
        own, allowed = self.own_cost(solution), tolerance * scale + self.floor
        if not abs(own - solution.cost) <= allowed:
            return Verdict(kind=WRONG, note=f"{said}; its own path costs {own:.8g}", seconds=seconds)
        if apart > allowed:
            said = f"{said}: cheaper plan exists, {apart / scale:.1e} of the scale"
            return Verdict(kind=WRONG, note=said, seconds=seconds)
        error, most = self.first_control_error(solution)
        if not error <= 10 * math.sqrt(tolerance) * most + 1e-6 * math.sqrt(2 * self.learning_rate * (scale + self.floor)):
            return Verdict(kind=WRONG, note=f"{said}; u(0) off by {error / most:.1e}", seconds=seconds)
        return Verdict(kind=RIGHT, note=said, seconds=seconds)

    @cached_property
    def floor(self):
        """Round-off of losses as they are met around, over the effective horizon."""
        p = self.paths
        points = np.random.default_rng(0).uniform(p.box[:, 0], p.box[:, 1], (200, len(p.box)))
        span = p.horizon if p.discount == 0 else min(p.horizon, 1 / p.discount)
        return 1e-14 * float(np.nanmedian(np.abs(p.loss(points)))) * max(span, 1.0)

    def compared(self, solution):
        """The reference, with the package's own path as a further start, plain and pushed aside."""
        cost, scale, path, name = self.reference
        own = self.own_starts(solution)
        again = best_of(self.paths, own)
        return min((cost, scale, path, name), again, key=lambda item: item[0])

    def own_starts(self, solution):
        """The plan as a start of the reference's Newton, also with a bump to either side."""
        times, theta = solution.times, solution.parameters
        inside = times <= self.paths.horizon * (1 + 1e-12)
        times, theta = times[inside], theta[inside]
        width = 0.05 * np.ptp(self.paths.box, axis=1)
        shape = np.sin(np.pi * np.arange(len(times)) / len(times))[:, None]
        return [(f"the plan itself, pushed by {by:g}", times, theta + by * width * shape) for by in (0.0, 1.0, -1.0)]

    def own_cost(self, solution):
        """J along the plan's own nodes; an infinite horizon is continued by the reference's Newton started on the plan."""
        if math.isinf(self.horizon):
            return best_of(self.paths, self.own_starts(solution)[:1])[0]
        plan = solution.best
        return cost_of(self.whole, plan.vertices, plan.parameters, nodes=plan.positions)[0]

    @cached_property
    def whole(self):
        """The path problem on the whole horizon."""
        from dataclasses import replace

        return replace(self.paths, horizon=self.horizon)

    def first_control_error(self, solution):
        """|B(θ₀)u(0) - (θ̇(0) - f)| of the plan, and the largest |θ̇ - f| on it, by the slope of its first polynomial."""
        plan, shape = solution.best, self.shape
        powers = np.polynomial.polynomial.polyvander(plan.positions, plan.degree)
        length = plan.vertices[1] - plan.vertices[0]
        slope = np.linalg.solve(powers, plan.parameters[: plan.degree + 1])[1] / length
        theta = plan.parameters[0]
        drift = np.zeros_like(theta) if shape.drift is None else np.array([float(v) for v in shape.drift(list(theta), np)])
        push = 1.0 if shape.actuation is None else float(shape.actuation(list(theta), np))
        error = np.linalg.norm(push * plan.controls[0] - (slope - drift))
        return error, max(np.linalg.norm(push * plan.controls, axis=1).max(), 1e-300)

    def show(self, options):
        """Print the reference's finding before the package's."""
        cost, scale, path, name = self.reference
        print(f"J = {cost:.10g}, scale {scale:.4g}, from {name}; ends at {path.values[-1]}\n", flush=True)
        super().show(options)

    def describe(self):
        """The family and its numbers."""
        shape = self.shape
        return "\n".join(
            [
                f"{self.family}: {shape.numbers}, start {shape.start}, end {shape.end}",
                f"T = {self.horizon!r}, γ = {self.discount!r}, η = {self.learning_rate!r}, k = {self.loss_weight!r}, "
                f"κ = {self.terminal_weight!r}",
            ]
        )


def best_of(p, candidates):
    """Like ``best_plan`` from these starts only."""
    from trust_paths import polished_twice

    found = []
    for name, times, values in candidates:
        cost, scale, path = polished_twice(p, times, values)
        found.append((cost, scale, path, name))
    return min(found, key=lambda item: item[0])


# --- families


def double_well(rng):
    """(x² - 1)² - tilt·x."""
    tilt = rng.uniform(-1, 1)
    return Shape(
        loss=lambda x, xp: (x[0] ** 2 - 1) ** 2 - tilt * x[0],
        box=((-2.2, 2.2),),
        start=(rng.choice([0.0, 1.0, -1.0, rng.uniform(-2, 2)]),),
        numbers={"tilt": tilt},
    )


def quartic(rng):
    """a x⁴ + b x² + c x."""
    a, b, c = rng.uniform(0.05, 1), rng.choice([0.0, rng.uniform(-1, 1)]), rng.choice([0.0, rng.uniform(-1, 1)])
    return Shape(
        loss=lambda x, xp: a * x[0] ** 4 + b * x[0] ** 2 + c * x[0],
        box=((-5, 5),),
        start=(rng.choice([0.0, rng.uniform(-3, 3)]),),
        numbers={"a": a, "b": b, "c": c},
    )


def plateau(rng):
    """tanh²(x/s)."""
    s = rng.choice([0.5, 1.0, 2.0])
    return Shape(
        loss=lambda x, xp: xp.tanh(x[0] / s) ** 2,
        box=((-8, 25),),
        start=(rng.choice([0.3, 3.0, 8.0, 20.0]),),
        numbers={"s": s},
    )


def far_well(rng):
    """A shallow saturating bowl and a deep narrow well away from it."""
    depth, centre, width = rng.uniform(1, 100), rng.uniform(3, 20), rng.uniform(0.7, 3)
    return Shape(
        loss=lambda x, xp: (
            0.01 * x[0] ** 2 / (1 + x[0] ** 2) + depth * (1 - xp.exp(-((x[0] - centre) ** 2) / (2 * width**2)))
        ),
        box=((-3, centre + 4 * width),),
        start=(rng.choice([0.0, 0.5]),),
        numbers={"depth": depth, "centre": centre, "width": width},
    )


def ripples(rng):
    """Wells of a sine on a bowl."""
    height, pitch, bowl = rng.uniform(0.3, 2), rng.uniform(1.5, 4), rng.uniform(0.02, 0.2)
    return Shape(
        loss=lambda x, xp: height * xp.sin(pitch * x[0]) + bowl * x[0] ** 2,
        box=((-7, 7),),
        start=(rng.uniform(-5, 5),),
        numbers={"height": height, "pitch": pitch, "bowl": bowl},
    )


def soft(rng):
    """√(1 + x²), or log(1 + eˣ) + a bowl: bounded slopes."""
    root, bowl = rng.random() < 0.5, rng.uniform(0.01, 0.3)
    return Shape(
        loss=lambda x, xp: xp.sqrt(1 + x[0] ** 2) if root else xp.log(1 + xp.exp(x[0])) + bowl * x[0] ** 2,
        box=((-12, 12),),
        start=(rng.uniform(-8, 8),),
        numbers={"root": root, "bowl": bowl},
    )


def terminal_wells(rng):
    """A plain bowl with a double well paid at the end."""
    h, tilt, centre = rng.uniform(0.05, 1), rng.uniform(-1.5, 1.5), rng.choice([0.0, -1.0, 1.0])
    return Shape(
        loss=lambda x, xp: h * (x[0] - centre) ** 2 / 2,
        terminal=lambda x, xp: (x[0] ** 2 - 1) ** 2 - tilt * x[0],
        box=((-2.5, 2.5),),
        start=(rng.choice([0.0, -1.0, 1.0, rng.uniform(-2, 2)]),),
        longest=10.0,
        numbers={"h": h, "tilt": tilt, "centre": centre},
    )


def scale_geometry(rng):
    """½(x-c)² for a positive x with the geometry of a scale."""
    kind = int(rng.integers(0, 4))
    centre = rng.choice([0.3, 1.0, 2.0])
    extras = [
        {"metric": lambda x, xp: 1 / x[0] ** 2},
        {"metric": lambda x, xp: 1 / x[0]},
        {"actuation": lambda x, xp: x[0]},
        {"metric": lambda x, xp: 1 + x[0] ** 2, "drift": lambda x, xp: [-0.3 * x[0]]},
    ][kind]
    return Shape(
        loss=lambda x, xp: (x[0] - centre) ** 2 / 2,
        box=((0.02, 6),),
        start=(rng.uniform(0.2, 4),),
        longest=15.0,
        numbers={"centre": centre, "geometry": ("G = 1/x²", "G = 1/x", "B = x", "G = 1 + x², f = -0.3x")[kind]},
        **extras,
    )


def falling(rng):
    """x³ or -x⁴: no plan is best."""
    power = int(rng.choice([3, 4]))
    sign = 1.0 if power == 3 else -1.0
    return Shape(
        loss=lambda x, xp: sign * x[0] ** power,
        box=((-3, 3),),
        start=(rng.uniform(0.3, 1.5),),
        unbounded=True,
        longest=10.0,
        numbers={"power": power},
    )


def tilted_wells(rng):
    """(x² - 1)² + y² - tilt·x, the first figure's."""
    tilt = rng.uniform(-0.8, 0.8)
    return Shape(
        loss=lambda x, xp: (x[0] ** 2 - 1) ** 2 + x[1] ** 2 - tilt * x[0],
        box=((-2, 2), (-1, 1)),
        start=(rng.choice([-1.0, 1.0, rng.uniform(-1.5, 1.5)]), rng.choice([0.0, rng.uniform(-0.8, 0.8)])),
        longest=400.0,
        numbers={"tilt": tilt},
    )


def rosenbrock(rng):
    """(1-x)² + s(y - x²)²."""
    s = rng.choice([1.0, 10.0, 100.0])
    return Shape(
        loss=lambda x, xp: (1 - x[0]) ** 2 + s * (x[1] - x[0] ** 2) ** 2,
        box=((-2, 2), (-1, 3)),
        start=(rng.uniform(-1.5, 1.5), rng.uniform(-0.5, 2)),
        longest=30.0,
        numbers={"s": s},
    )


def mueller_brown(rng):
    """The Müller-Brown surface over 100."""
    heights, a = (-200.0, -100.0, -170.0, 15.0), (-1.0, -1.0, -6.5, 0.7)
    b, c = (0.0, 0.0, 11.0, 0.6), (-10.0, -10.0, -6.5, 0.7)
    x0, y0 = (1.0, 0.0, -0.5, -1.0), (0.0, 0.5, 1.5, 1.0)

    def loss(x, xp):
        total = 0.0
        for i in range(4):
            u, v = x[0] - x0[i], x[1] - y0[i]
            total = total + heights[i] / 100 * xp.exp(a[i] * u**2 + b[i] * u * v + c[i] * v**2)
        return total

    starts = [(0.623, 0.028), (-0.05, 0.467), (-0.558, 1.442), (rng.uniform(-1, 1), rng.uniform(0, 1.5))]
    return Shape(
        loss=loss, box=((-1.6, 1.2), (-0.3, 2)), start=starts[rng.integers(4)], longest=100.0, numbers={}
    )


def deep_linear(rng):
    """½(w₁w₂ - 1)²: a saddle and two curves of minima."""
    start = [(0.0, 0.0), (0.1, -0.1), (rng.uniform(-1.5, 1.5), rng.uniform(-1.5, 1.5))][rng.integers(3)]
    return Shape(
        loss=lambda x, xp: (x[0] * x[1] - 1) ** 2 / 2, box=((-2.5, 2.5),) * 2, start=start, longest=30.0, numbers={}
    )


def ring(rng):
    """(|θ|² - 1)² - hθ₁: a valley that closes on itself."""
    tilt = rng.choice([0.0, rng.uniform(0, 0.5)])
    start = [(0.0, 0.0), (-1.0, 0.0), (rng.uniform(-1.5, 1.5), rng.uniform(-1.5, 1.5))][rng.integers(3)]
    return Shape(
        loss=lambda x, xp: (x[0] ** 2 + x[1] ** 2 - 1) ** 2 - tilt * x[0],
        box=((-1.8, 1.8),) * 2,
        start=start,
        longest=30.0,
        numbers={"tilt": tilt},
    )


def wells(rng):
    """Gaussian wells on a bowl in the plane."""
    count = int(rng.integers(2, 5))
    centres, depths, widths = rng.uniform(-2.5, 2.5, (count, 2)), rng.uniform(0.5, 3, count), rng.uniform(0.4, 1, count)

    def loss(x, xp):
        total = 0.05 * (x[0] ** 2 + x[1] ** 2)
        for centre, depth, width in zip(centres.tolist(), depths.tolist(), widths.tolist(), strict=True):
            total = total - depth * xp.exp(-((x[0] - centre[0]) ** 2 + (x[1] - centre[1]) ** 2) / (2 * width**2))
        return total

    return Shape(
        loss=loss,
        box=((-3.2, 3.2),) * 2,
        start=tuple(rng.uniform(-2.5, 2.5, 2)),
        numbers={"centres": centres.tolist(), "depths": depths.tolist(), "widths": widths.tolist()},
    )


def hill_between(rng):
    """A hill exactly between start and a fixed end: it is passed on either side."""
    height, width = rng.uniform(1, 10), rng.uniform(0.3, 0.8)
    return Shape(
        loss=lambda x, xp: height * xp.exp(-(x[0] ** 2 + x[1] ** 2) / (2 * width**2)),
        box=((-2, 2),) * 2,
        start=(-1.0, 0.0),
        end=(1.0, 0.0),
        longest=8.0,
        numbers={"height": height, "width": width},
    )


def curl(rng):
    """Maier and Stein's drift towards a well, a flat loss, a fixed end at the saddle."""
    strength = rng.uniform(1, 10)
    return Shape(
        loss=lambda x, xp: 0.1 * (x[0] ** 2 + x[1] ** 2),
        drift=lambda x, xp: [x[0] - x[0] ** 3 - strength * x[0] * x[1] ** 2, -(1 + x[0] ** 2) * x[1]],
        box=((-1.6, 1.6), (-1, 1)),
        start=(-1.0, 0.0),
        end=(0.0, 0.0),
        longest=12.0,
        numbers={"strength": strength},
    )


# --- losses that are not defined everywhere, or not smooth where they are least


def power(rng):
    """x^p with 1 < p < 2: infinite curvature at the minimum."""
    p = rng.choice([1.25, 1.5, 1.75])
    return Shape(
        loss=lambda x, xp: x[0] ** p,
        box=((1e-6, 3),),
        start=(rng.uniform(0.3, 2),),
        longest=3.0,
        numbers={"p": p},
    )


def reciprocal(rng):
    """1/x² + a x²: a wall at zero."""
    a = rng.uniform(0.2, 2)
    return Shape(
        loss=lambda x, xp: 1 / x[0] ** 2 + a * x[0] ** 2,
        box=((0.2, 4),),
        start=(rng.uniform(0.25, 3),),
        longest=10.0,
        numbers={"a": a},
    )


def barrier(rng):
    """-log x + a x: a logarithmic wall."""
    a = rng.uniform(0.3, 3)
    return Shape(
        loss=lambda x, xp: a * x[0] - xp.log(x[0]),
        box=((0.02, 5),),
        start=(rng.uniform(0.05, 4),),
        longest=10.0,
        numbers={"a": a},
    )


def terminal_power(rng):
    """½(x-1)² with x^1.5 paid at the end."""
    return Shape(
        loss=lambda x, xp: (x[0] - 1) ** 2 / 2,
        terminal=lambda x, xp: x[0] ** 1.5,
        box=((1e-3, 3),),
        start=(rng.uniform(0.3, 2),),
        longest=5.0,
        numbers={},
    )


def rounded_cone(rng):
    """√(|θ - c|² + ε²): nearly a kink at the minimum, where half of the starts are."""
    width, centre = rng.choice([1e-3, 1e-2, 0.1]), rng.uniform(-1, 1, 2)
    start = centre if rng.random() < 0.5 else rng.uniform(-2, 2, 2)
    return Shape(
        loss=lambda x, xp: xp.sqrt((x[0] - float(centre[0])) ** 2 + (x[1] - float(centre[1])) ** 2 + width**2),
        box=((-2.5, 2.5),) * 2,
        start=tuple(start),
        longest=8.0,
        numbers={"width": width, "centre": centre.tolist()},
    )


def at_rest(rng):
    """Exactly at a minimum, a saddle or a flat minimum, with nothing to gain or everything."""
    kind = int(rng.integers(0, 4))
    losses = (
        lambda x, xp: (x[0] ** 2 - 1) ** 2,
        lambda x, xp: x[0] ** 4,
        lambda x, xp: (x[0] ** 2 - 1) ** 2 - 0.3 * x[0],
        lambda x, xp: 1 - xp.exp(-(x[0] ** 2)),
    )
    starts = ((1.0, 0.0), (0.0,), (0.0,), (0.0,))
    return Shape(
        loss=losses[kind],
        box=((-2.5, 2.5),),
        start=(float(rng.choice(starts[kind])),),
        longest=40.0,
        numbers={"kind": kind},
    )


# --- networks


def chain(rng):
    """½(w₁w₂…w_d - 1)²: a deep linear network of width one, often from its saddle."""
    depth = int(rng.integers(3, 5))
    start = np.zeros(depth) if rng.random() < 0.4 else 0.5 * rng.standard_normal(depth)

    def loss(x, xp):
        product = 1.0
        for factor in x:
            product = product * factor
        return (product - 1) ** 2 / 2

    return Shape(
        loss=loss, box=((-2, 2),) * depth, start=tuple(start), longest=20.0, numbers={"depth": depth}
    )


def exclusive_or(rng):
    """A tanh network with two hidden units on the four points of XOR: 9 parameters."""
    start = np.zeros(9) if rng.random() < 0.4 else 0.5 * rng.standard_normal(9)
    points = ((-1, -1, -1), (-1, 1, 1), (1, -1, 1), (1, 1, -1))

    def loss(x, xp):
        total = 0.0
        for a, b, target in points:
            first, second = xp.tanh(x[0] * a + x[1] * b + x[2]), xp.tanh(x[3] * a + x[4] * b + x[5])
            total = total + (x[6] * first + x[7] * second + x[8] - target) ** 2 / 8
        return total

    return Shape(loss=loss, box=((-2, 2),) * 9, start=tuple(start), longest=20.0, numbers={})


def factors(rng):
    """½|uvᵀ - M|² for a 2 x 2 matrix of rank one: two vectors with a scale between them that is free."""
    target = np.outer(rng.standard_normal(2), rng.standard_normal(2)).tolist()
    start = np.zeros(4) if rng.random() < 0.4 else 0.5 * rng.standard_normal(4)
    return Shape(
        loss=lambda x, xp: sum((x[i] * x[2 + j] - target[i][j]) ** 2 for i in range(2) for j in range(2)) / 2,
        box=((-2, 2),) * 4,
        start=tuple(start),
        longest=20.0,
        numbers={"target": target},
    )


FAMILIES = (
    double_well,
    quartic,
    plateau,
    far_well,
    ripples,
    soft,
    terminal_wells,
    scale_geometry,
    falling,
    tilted_wells,
    rosenbrock,
    mueller_brown,
    deep_linear,
    ring,
    wells,
    hill_between,
    curl,
)


EDGES = (power, reciprocal, barrier, terminal_power, rounded_cone, at_rest)
NETWORKS = (chain, exclusive_or, factors)
GROUPS = {NAME: (3, FAMILIES), "edges": (9, EDGES), "networks": (10, NETWORKS)}


def draw(name: str, seed: int, index: int) -> NonlinearCase:
    """The problem of this number: families in turn."""
    stream, families = GROUPS[name]
    rng = np.random.default_rng([seed, stream, index])
    family = families[index % len(families)]
    shape = family(rng)
    discount = 0.0 if rng.random() < 0.25 else float(np.exp(rng.uniform(math.log(0.02), math.log(5))))
    horizon = float(np.exp(rng.uniform(math.log(0.3), math.log(shape.longest))))
    free = shape.terminal is None and shape.end is None
    if free and discount > 0.04 and not shape.unbounded and rng.random() < 0.2:
        horizon = math.inf
    if not free:
        discount = min(discount, 8 / horizon)
    return NonlinearCase(
        family=family.__name__,
        shape=shape,
        horizon=horizon,
        discount=discount,
        learning_rate=float(rng.choice([1.0, rng.uniform(0.2, 3)])),
        loss_weight=float(rng.choice([1.0, rng.uniform(0.2, 3)])),
        terminal_weight=float(rng.choice([1.0, rng.uniform(0.3, 5)])),
    )
