"""Random linear-quadratic problems, in plain numbers and in units far from one, held against
``trust_linear_reference``.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import casadi as ca
import numpy as np
from trust_judging import Case, judge_plan
from trust_linear_draws import Units, draw_extreme, draw_numbers, draw_units
from trust_linear_reference import LinearNumbers, UndecidedError, solve_exactly

import landscape_control as lc

PLAIN, SCALED, EXTREME = "linear-quadratic", "scaled-linear-quadratic", "extreme-linear-quadratic"
CLASSES = {PLAIN: 1, SCALED: 2, EXTREME: 8}


def rescaled(p: LinearNumbers, by: Units) -> LinearNumbers:
    """The same problem in other units: its optimal cost is multiplied by ``by.cost``, its controls
    by ``by.control``.
    """
    terminal = None
    if p.terminal is not None:
        curvature, centre, slope = p.terminal
        terminal = (
            curvature * by.terminal / by.length**2,
            centre * by.length,
            slope * by.terminal / by.length,
        )
    return replace(
        p,
        hessian=p.hessian * by.hessian,
        minimum=p.minimum * by.length,
        metric=p.metric * by.metric,
        matrix=p.matrix / by.time,
        offset=p.offset * by.length / by.time,
        actuation=p.actuation * by.length / (by.time * by.control),
        start=p.start * by.length,
        end=None if p.end is None else p.end * by.length,
        horizon=p.horizon * by.time,
        discount=p.discount / by.time,
        learning_rate=p.learning_rate * by.metric * by.control**2 * by.time / by.cost,
        loss_weight=p.loss_weight * by.cost / (by.time * by.hessian * by.length**2),
        terminal_weight=p.terminal_weight * by.cost / by.terminal,
        terminal=terminal,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearCase(Case):
    """A drawn problem; the reference is that of the plain numbers, transformed."""

    plain: LinearNumbers
    units: Units
    tags: tuple[str, ...]

    @cached_property
    def problem(self):
        """The package's problem, in the units of this case."""
        return as_problem(rescaled(self.plain, self.units))

    @cached_property
    def reference(self):
        """The exact answer in the units of this case."""
        exact, by = solve_exactly(self.plain), self.units
        if exact.kind != "finite":
            return exact
        return replace(
            exact,
            cost=exact.cost * by.cost,
            scale=exact.scale * by.cost,
            floor=exact.floor * by.cost,
            control=exact.control * by.control,
            control_scale=exact.control_scale * by.control * math.sqrt(by.metric),
            control_floor=exact.control_floor * by.control * math.sqrt(by.metric),
        )

    def judge(self, options):
        """Solve with the public call and compare."""
        return judge_plan(
            lambda: self.problem,
            self.reference,
            options,
            metric=self.plain.metric * self.units.metric,
        )

    def show(self, options):
        """Print the exact answer before the package's."""
        print(f"reference: {self.reference}\n", flush=True)
        super().show(options)

    def describe(self):
        """Every number, ready to paste."""
        rows = [
            f"{name} = {value!r}" for name, value in vars(rescaled(self.plain, self.units)).items()
        ]
        return "\n".join([", ".join(self.tags), *rows, f"units {self.units}"])


def as_problem(p: LinearNumbers) -> lc.ControlProblem:
    """These numbers through the public interface; what is not there is left out."""
    n = len(p.start)
    plain_push = p.actuation.shape == (n, n) and (p.actuation == np.eye(n)).all()
    plain_metric = (p.metric == np.eye(len(p.metric))).all()
    drifts = p.matrix.any() or p.offset.any()
    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=p.hessian, minimum=p.minimum),
        learner=lc.Learner(
            metric=None if plain_metric else p.metric,
            drift=lc.linear_drift(p.matrix, p.offset) if drifts else None,
            actuation=None if plain_push else p.actuation,
        ),
        objective=lc.Objective(
            horizon=p.horizon,
            discount=p.discount,
            learning_rate=p.learning_rate,
            loss_weight=p.loss_weight,
            terminal=None if p.terminal is None else quadratic_terminal(*p.terminal),
            terminal_weight=p.terminal_weight,
        ),
        start=p.start,
        end=p.end,
    )


def quadratic_terminal(curvature, centre, slope):
    """Φ(θ) = ½(θ-ν)ᵀF(θ-ν) + qᵀθ as a traceable function."""
    curvature, centre, slope = ca.DM(curvature), ca.DM(centre), ca.DM(slope)

    def cost(theta):
        away = theta - centre
        return ca.dot(away, curvature @ away) / 2 + ca.dot(slope, theta)

    return cost


def draw(name: str, seed: int, index: int) -> LinearCase:
    """The problem of this number; ones at the edge of having an answer are drawn again."""
    rng = np.random.default_rng([seed, CLASSES[name], index])
    while True:
        plain, tags = draw_numbers(rng)
        if name == EXTREME:
            plain, tags = draw_extreme(rng, plain, tags)
        units = draw_units(rng) if name == SCALED else Units()
        case = LinearCase(plain=plain, units=units, tags=tags)
        try:
            case.reference  # noqa: B018  (kept for judging)
        except UndecidedError:
            continue
        return case
