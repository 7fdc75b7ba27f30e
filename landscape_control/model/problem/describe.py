"""A problem in words and symbols."""

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...support.short_repr import value_in_short
from ..landscape import Hidden, Landscape
from ..learner import Learner
from ..objective import Objective
from ..observation import ExactGradient, Sees
from .functions_in_words import Functions, entries_of

if TYPE_CHECKING:
    from .control_problem import ControlProblem


def describe(problem: "ControlProblem") -> str:
    """Text of the functional being minimised, the dynamics, the ends, and every number in them."""
    landscape, learner, objective = problem.landscape, problem.learner, problem.objective
    upper = "∞" if np.isinf(objective.horizon) else f"{objective.horizon:g}"
    end = "free" if problem.end is None else f"= {entries_of(problem.end)}"
    expectation, loss = ("", "L(θ)") if problem.is_known else ("E ", "L(θ, φ)")
    n, m = problem.dimension, problem.controls
    functions = Functions(problem)
    metric = functions.matrix(
        "metric G", learner.metric, (m, m), "the identity: every direction costs the same"
    )
    drift = functions.matrix("f", learner.drift, (n, 1), "none: parameters rest when nobody pushes")
    actuation = functions.matrix(
        "B", learner.actuation, (n, m), "the identity: every direction can be pushed"
    )
    planning = "no discount"
    if objective.discount:
        planning = f"planning horizon 1/γ = {1 / objective.discount:g}"

    lines = [
        f"minimise  J = {expectation}∫₀^{upper} {_running(problem, loss)} dt{_terminal(objective)}",
        f"subject to  θ̇ = {_dynamics(learner)},   θ(0) = {entries_of(problem.start)},   θ({upper}) {end}",
        f"loss        {loss} = {functions.loss()}   "
        f"({landscape.name}, n = {problem.dimension} parameters)",
        *_numbers(landscape),
        f"effort      {metric}; "
        f"learning rate η = {objective.learning_rate:g} (how cheap it is to move)",
        f"weights     loss weight k = {objective.loss_weight:g}, "
        f"discount γ = {objective.discount:g} ({planning})",
        f"drift       {drift}",
        f"actuation   {actuation} (m = {problem.controls} of n = {problem.dimension})",
        *functions.terminal(),
    ]
    if landscape.hidden is not None:
        lines += _hidden(landscape.hidden, learner.sees)
    return "\n".join(lines)


def _running(problem: "ControlProblem", loss: str) -> str:
    """What is integrated."""
    learner, objective = problem.learner, problem.objective
    discount = "" if objective.discount == 0 else f"e^(-{objective.discount:g} t) "
    metric = "" if learner.metric is None else "G"
    effort = f"uᵀ{metric}u / (2·{objective.learning_rate:g})"
    return f"{discount}[ {effort} + {objective.loss_weight:g}·{loss} ]"


def _numbers(landscape: Landscape) -> list[str]:
    """The parameters that the formula does not show."""
    formula = landscape.formula
    shown = [
        f"{name} = {entries_of(value)}"
        for name, value in landscape.parameters.items()
        if np.size(value) > 1 or f"{np.asarray(value).item():g}" not in formula
    ]
    return [f"numbers     {', '.join(shown)}"] if shown else []


def _hidden(hidden: Hidden, sees: Sees | None) -> list[str]:
    """What is not known, how it moves, and through which noise it is seen."""
    noise = getattr(sees, "noise", 0.0)
    seen = "" if isinstance(sees, ExactGradient) else f", noise {_stated(noise)} per √time"
    others = _fields(sees, but=("noise", "function"))
    return [
        f"hidden      φ (p = {hidden.dimension}): {type(hidden).__name__}, {_fields(hidden)}",
        f"seen        {type(sees).__name__}{seen}{', ' if others else ''}{others}",
    ]


def _fields(value: Any, but: tuple[str, ...] = ()) -> str:
    """Every number of a small object, name by name."""
    numbers = {
        field.name: getattr(value, field.name)
        for field in fields(value)
        if field.name[0] != "_" and field.name not in but
    }
    stated = [f"{name} = {_stated(part)}" for name, part in numbers.items() if part is not None]
    return ", ".join(stated)


def _stated(value: Any) -> str:
    if callable(value):
        return "depends on θ"
    return (
        value_in_short(value)
        if is_dataclass(value) or isinstance(value, str)
        else entries_of(value)
    )


def _terminal(objective: Objective) -> str:
    if objective.terminal is None:
        return ""
    discount = (
        "" if objective.discount == 0 else f"e^(-{objective.discount:g}·{objective.horizon:g}) "
    )
    name = "L" if objective.terminal == "loss" else "Φ"
    return f" + {discount}{objective.terminal_weight:g}·{name}(θ({objective.horizon:g}))"


def _dynamics(learner: Learner) -> str:
    push = "u" if learner.actuation is None else "B u"
    return push if learner.drift is None else f"f(θ) + {push}"
