"""A problem in words and symbols."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from ...support.arguments import ArrayLike
from ..landscape import Hidden
from ..learner import Learner
from ..objective import Objective
from ..observation import ExactGradient, Sees

if TYPE_CHECKING:
    from .control_problem import ControlProblem


def describe(problem: "ControlProblem") -> str:
    """Text of the functional being minimised, the dynamics, the ends, and every number in them."""
    landscape, learner, objective = problem.landscape, problem.learner, problem.objective
    upper = "∞" if np.isinf(objective.horizon) else f"{objective.horizon:g}"
    end = "free" if problem.end is None else f"= {_array(problem.end)}"
    expectation, loss = ("", "L(θ)") if problem.is_known else ("E ", "L(θ, φ)")
    metric = _matrix("metric G", learner.metric, "the identity: every direction costs the same")
    drift = _matrix("f", learner.drift, "none: parameters rest when nobody pushes")
    actuation = _matrix("B", learner.actuation, "the identity: every direction can be pushed")
    planning = "no discount"
    if objective.discount:
        planning = f"planning horizon 1/γ = {1 / objective.discount:g}"

    lines = [
        f"minimise  J = {expectation}∫₀^{upper} {_running(problem, loss)} dt{_terminal(objective)}",
        f"subject to  θ̇ = {_dynamics(learner)},   θ(0) = {_array(problem.start)},   θ({upper}) {end}",
        f"loss        {loss} = {landscape.formula}   "
        f"({landscape.name}, n = {problem.dimension} parameters)",
        f"effort      {metric}; "
        f"learning rate η = {objective.learning_rate:g} (how cheap it is to move)",
        f"weights     loss weight k = {objective.loss_weight:g}, "
        f"discount γ = {objective.discount:g} ({planning})",
        f"drift       {drift}",
        f"actuation   {actuation} (m = {problem.controls} of n = {problem.dimension})",
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


def _hidden(hidden: Hidden, sees: Sees | None) -> list[str]:
    """What is not known, how it moves, and through which noise it is seen."""
    numbers = {field.name: getattr(hidden, field.name) for field in fields(hidden)}
    stated = [f"{name} = {_array(value)}" for name, value in numbers.items() if value is not None]
    law = ", ".join(stated)
    seen = "" if isinstance(sees, ExactGradient) else f", noise {_noise(sees)} per √time"
    return [
        f"hidden      φ (p = {hidden.dimension}): {type(hidden).__name__}, {law}",
        f"seen        {type(sees).__name__}{seen}",
    ]


def _noise(sees: Sees | None) -> str:
    noise = getattr(sees, "noise", 0.0)
    return "depends on θ" if callable(noise) else _array(noise)


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


def _matrix(name: str, value: Any, default: str) -> str:
    if value is None:
        return f"{name} is {default}" if "metric" in name or name == "B" else default
    if hasattr(value, "offset"):
        return f"{name} = Aθ + c with A = {_array(value.matrix)}, c = {_array(value.offset)}"
    return f"{name} depends on θ" if callable(value) else f"{name} = {_array(value)}"


def _array(value: ArrayLike) -> str:
    array = np.asarray(value)
    if array.size > 16:
        return f"array of shape {array.shape}"
    text = np.array2string(array, precision=6, separator=", ", suppress_small=True)
    return text.replace("\n", "")
