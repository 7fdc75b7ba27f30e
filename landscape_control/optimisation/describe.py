"""A policy program in words and symbols."""

from typing import Protocol

import numpy as np

from ..model.landscape import LandscapeDistribution
from ..model.objective import Objective
from ..model.observation import ExactGradient, NoisyGradient, Sees
from ..rules.families import Coefficient, Family

# u is a movement per step here; y is what is seen, a gradient
_UNITS = {
    "u": "units of θ",
    "u/y": "units of θ/y",
    "y": "units of y",
    "y²": "units of y²",
}


class Program(Protocol):
    """What is read of a PolicyProgram, whose class comes after this module."""

    @property
    def task(self) -> LandscapeDistribution: ...
    @property
    def family(self) -> Family: ...
    @property
    def objective(self) -> Objective: ...
    @property
    def sees(self) -> Sees | None: ...
    @property
    def cost(self) -> str: ...
    @property
    def steps(self) -> int: ...


def describe(program: Program) -> str:
    """The expected cost that is minimised: coefficients, landscapes, starts and noise."""
    family = program.family
    coefficients = ", ".join(map(_coefficient, family.coefficients)) or "none"
    contained = "; ".join(f"{rule} at {where}" for rule, where in family.contains.items())
    lines = [
        f"minimise  J = E[ {' + '.join(_terms(program))} ]   over the coefficients of the rule",
        f"rule        {family.name}, {family.formula}   ({family.source})",
        f"coefficients {coefficients}",
    ]
    if contained:
        lines.append(f"contains    {contained}")
    lines += [
        f"task        {_task(program.task)}",
        f"sees        {_sees(program.sees)}; unit time steps, start at rest",
    ]
    return "\n".join(lines)


def _terms(program: Program) -> list[str]:
    """The terms of the cost."""
    objective, discount = program.objective, program.objective.discount
    last = f"e^(-{discount:g}·{program.steps})·" if discount else ""
    each = f"e^(-{discount:g} t)·" if discount else ""
    terms = []
    point = "x" if program.family.has_readout else "θ"  # what the rule answers with
    if program.cost != "running":
        terms.append(f"{objective.terminal_weight:g}·{last}L({point}_{program.steps})")
    if program.cost != "terminal":
        terms.append(f"{objective.loss_weight:g}·Σ_(t=1..{program.steps}) {each}L({point}_t)")
    if np.isfinite(objective.learning_rate):
        terms.append(f"Σ_(t<{program.steps}) {each}|Δθ_t|²/(2·{objective.learning_rate:g})")
    return terms


def _coefficient(coefficient: Coefficient) -> str:
    size = f", {coefficient.size} numbers" if coefficient.size > 1 else ""
    when = " at every step" if coefficient.varies else ""
    unit = (
        "" if coefficient.unit == "1" else f", in {_UNITS.get(coefficient.unit, coefficient.unit)}"
    )
    return f"{coefficient.symbol} ({coefficient.name}{unit}{size}) {_range(coefficient)}{when}"


def _range(coefficient: Coefficient) -> str:
    """What is admissible, in signs."""
    low, high = coefficient.low, coefficient.high
    if np.isinf(low) and np.isinf(high):
        return "of any size"
    if np.isinf(high):
        return f"≥ {low:g}"
    return f"≤ {high:g}" if np.isinf(low) else f"in [{low:g}, {high:g}]"


def _task(task: LandscapeDistribution) -> str:
    if not task.is_quadratic:
        return f"samples of landscapes with {task.dimension} parameter(s)"
    still = "0" if task.minimum is None else f"moving: {type(task.minimum).__name__}"
    variance = np.array2string(np.asarray(task.start_variance), precision=6, separator=", ")
    return (
        f"L = ½h(θ-μ)², h ~ {task.curvatures}, θ_0 ~ N({task.start_mean:g},"
        f" {variance}), minimum μ {still}"
    )


def _sees(sees: Sees | None) -> str:
    if isinstance(sees, ExactGradient):
        return "the gradient, without noise"
    if isinstance(sees, NoisyGradient) and isinstance(sees.noise, float):
        return f"the gradient with noise {sees.noise:g} per step"
    return f"through {sees}"
