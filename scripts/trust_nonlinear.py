"""Random non-linear problems in one and two parameters, held against ``trust_paths`` and against
their own paths' cost.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import casadi as ca
import numpy as np
from trust_edges import EDGES, NETWORKS
from trust_families import FAMILIES, Shape
from trust_judging import (
    FLAGGED,
    REFUSED,
    RIGHT,
    RIGHT_FLAG,
    RIGHT_REFUSAL,
    WRONG,
    Case,
    Verdict,
    first_words,
    timed_solve,
)
from trust_paths import FADED, PathProblem, cost_of, polished_twice
from trust_search import best_plan

import landscape_control as lc

NAME = "non-linear"


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

        drift = (
            None if shape.drift is None else lambda theta: ca.vertcat(*traced(shape.drift)(theta))
        )
        return lc.ControlProblem(
            landscape=lc.Landscape.from_expression(traced(shape.loss), dimension=n),
            learner=lc.Learner(
                metric=square(shape.metric), actuation=square(shape.actuation), drift=drift
            ),
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
            u = velocity
            if drift is not None:
                u = velocity - np.stack([v + 0 * theta[:, 0] for v in drift(list(theta.T), np)], 1)
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
            horizon=(
                min(self.horizon, faded)
                if shape.terminal is None and shape.end is None
                else self.horizon
            ),
            discount=self.discount,
            start=np.array(shape.start, dtype=float),
            end=None if shape.end is None else np.array(shape.end, dtype=float),
            box=np.array(shape.box, dtype=float),
            terminal=(
                None if terminal is None else lambda theta: self.terminal_weight * terminal(theta)
            ),
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
            return Verdict(
                kind=RIGHT_REFUSAL if unbounded else REFUSED,
                note=first_words(refusal),
                seconds=seconds,
            )
        if unbounded:
            kind = WRONG if solution.status.ok else RIGHT_FLAG
            return Verdict(
                kind=kind,
                note=f"unbounded below; J = {solution.cost:.6g}, {solution.status}",
                seconds=seconds,
            )
        cost, scale, path, name = self.compared(solution)
        apart = solution.cost - cost
        said = f"{self.family}: J = {solution.cost:.8g}, best known {cost:.8g} ({name})"
        if not solution.status.ok:
            return Verdict(
                kind=FLAGGED,
                note=f"{said}; {solution.status}: {solution.message}"[:300],
                seconds=seconds,
            )
        tolerance = options.get("tolerance", 1e-6)
        own, allowed = self.own_cost(solution), tolerance * scale + self.floor
        if not abs(own - solution.cost) <= allowed:
            return Verdict(
                kind=WRONG, note=f"{said}; its own path costs {own:.8g}", seconds=seconds
            )
        if apart > allowed:
            said = f"{said}: cheaper plan exists, {apart / scale:.1e} of the scale"
            return Verdict(kind=WRONG, note=said, seconds=seconds)
        error, most = self.first_control_error(solution)
        if not error <= 10 * math.sqrt(tolerance) * most + 1e-6 * math.sqrt(
            2 * self.learning_rate * (scale + self.floor)
        ):
            return Verdict(
                kind=WRONG, note=f"{said}; u(0) off by {error / most:.1e}", seconds=seconds
            )
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
        return [
            (f"the plan itself, pushed by {by:g}", times, theta + by * width * shape)
            for by in (0.0, 1.0, -1.0)
        ]

    def own_cost(self, solution):
        """J along the plan's own nodes; an infinite horizon is continued by the reference's Newton
        started on the plan.
        """
        if math.isinf(self.horizon):
            return best_of(self.paths, self.own_starts(solution)[:1])[0]
        plan = solution.best
        return cost_of(self.whole, plan.vertices, plan.parameters, nodes=plan.positions)[0]

    @cached_property
    def whole(self):
        """The path problem on the whole horizon."""
        return replace(self.paths, horizon=self.horizon)

    def first_control_error(self, solution):
        """|B(θ₀)u(0) - (θ̇(0) - f)| of the plan, and the largest |θ̇ - f| on it, by the slope of
        its first polynomial.
        """
        plan, shape = solution.best, self.shape
        powers = np.polynomial.polynomial.polyvander(plan.positions, plan.degree)
        length = plan.vertices[1] - plan.vertices[0]
        slope = np.linalg.solve(powers, plan.parameters[: plan.degree + 1])[1] / length
        theta = plan.parameters[0]
        drift = (
            np.zeros_like(theta)
            if shape.drift is None
            else np.array([float(v) for v in shape.drift(list(theta), np)])
        )
        push = 1.0 if shape.actuation is None else float(shape.actuation(list(theta), np))
        error = np.linalg.norm(push * plan.controls[0] - (slope - drift))
        return error, max(np.linalg.norm(push * plan.controls, axis=1).max(), 1e-300)

    def show(self, options):
        """Print the reference's finding before the package's."""
        cost, scale, path, name = self.reference
        print(
            f"J = {cost:.10g}, scale {scale:.4g}, from {name}; ends at {path.values[-1]}\n",
            flush=True,
        )
        super().show(options)

    def describe(self):
        """The family and its numbers."""
        shape = self.shape
        return "\n".join(
            [
                f"{self.family}: {shape.numbers}, start {shape.start}, end {shape.end}",
                (
                    f"T = {self.horizon!r}, γ = {self.discount!r}, η = {self.learning_rate!r}, k ="
                    f" {self.loss_weight!r}, κ = {self.terminal_weight!r}"
                ),
            ]
        )


def best_of(p, candidates):
    """Like ``best_plan`` from these starts only."""
    found = []
    for name, times, values in candidates:
        cost, scale, path = polished_twice(p, times, values)
        found.append((cost, scale, path, name))
    return min(found, key=lambda item: item[0])


GROUPS = {NAME: (3, FAMILIES), "edges": (9, EDGES), "networks": (10, NETWORKS)}


def draw(name: str, seed: int, index: int) -> NonlinearCase:
    """The problem of this number: families in turn."""
    stream, families = GROUPS[name]
    rng = np.random.default_rng([seed, stream, index])
    family = families[index % len(families)]
    shape = family(rng)
    discount = (
        0.0 if rng.random() < 0.25 else float(np.exp(rng.uniform(math.log(0.02), math.log(5))))
    )
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
