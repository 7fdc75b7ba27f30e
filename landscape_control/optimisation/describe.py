"""A policy program in words and symbols."""

from collections import Counter
from typing import Protocol

import numpy as np

from ..model.landscape import Discrete, LandscapeDistribution, Spectrum
from ..model.objective import Objective
from ..model.observation import ExactGradient, NoisyGradient, Sees
from ..rules.families import Coefficient, Family
from ..support.number_words import array_in_words
from ..support.short_repr import value_in_short

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
        return _population(task)
    still = "0" if task.minimum is None else f"moving: {value_in_short(task.minimum)}"
    return (
        f"L = ½h(θ-μ)², h ~ {_spectrum(task.curvatures)}, θ_0 ~ N({task.start_mean:g},"
        f" {_variance(task.start_variance)}), minimum μ {still}"
    )


def _spectrum(curvatures: Spectrum | None) -> str:
    """A spectrum with its numbers; of many curvatures their range."""
    if not isinstance(curvatures, Discrete):
        return str(curvatures)
    values, weights = np.asarray(curvatures.values), np.asarray(curvatures.weights)
    even = np.ptp(weights) == 0
    shares = "equal weights" if even else f"weights {array_in_words(weights, digits=6)}"
    return f"{len(values)} curvatures {array_in_words(values, digits=6)}, {shares}"


def _variance(variance: float | np.ndarray) -> str:
    array = np.asarray(variance, dtype=float)
    return f"{array.item():g}" if array.ndim == 0 else array_in_words(array, digits=6)


def _population(task: LandscapeDistribution) -> str:
    """How many landscapes of which kinds, how often, and where the learner starts."""
    kinds = Counter(landscape.name for landscape in task.population)
    names = ", ".join(name if count == 1 else f"{count} x {name}" for name, count in kinds.items())
    weights = task.weights
    shares = ""
    if weights is not None and np.ptp(weights) > 0:
        shares = f", weights {array_in_words(np.asarray(weights), digits=6)}"
    starts = task.starts
    if isinstance(starts, np.ndarray):
        begins = f"{len(starts)} start(s) {array_in_words(starts, digits=6)}"
    else:
        begins = f"starts {value_in_short(starts)}"
    hidden = "" if task.hidden is None else f"; hidden variables {value_in_short(task.hidden)}"
    return (
        f"samples of {len(task.population)} landscape(s) with {task.dimension} parameter(s):"
        f" {names}{shares}; {begins}{hidden}"
    )


def _sees(sees: Sees | None) -> str:
    if isinstance(sees, ExactGradient):
        return "the gradient, without noise"
    if isinstance(sees, NoisyGradient) and isinstance(sees.noise, float):
        return f"the gradient with noise {sees.noise:g} per step"
    return f"through {sees}"
