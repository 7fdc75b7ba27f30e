"""A problem in words and symbols."""

from dataclasses import fields

import numpy as np

from ..observation import ExactGradient


def describe(problem) -> str:
    """Text of the functional being minimised, the dynamics, the ends, and every number in them."""
    learner, objective = problem.learner, problem.objective
    upper = "∞" if np.isinf(objective.horizon) else f"{objective.horizon:g}"
    weight = "" if objective.discount == 0 else f"e^(-{objective.discount:g} t) "
    effort = f"uᵀ{'' if learner.metric is None else 'G'}u / (2·{objective.learning_rate:g})"
    loss = "L(θ)" if problem.is_known else "L(θ, φ)"
    running = f"∫₀^{upper} {weight}[ {effort} + {objective.loss_weight:g}·{loss} ] dt"
    lines = [
        f"minimise  J = {'' if problem.is_known else 'E '}{running}{_terminal(objective)}",
        (
            f"subject to  θ̇ = {_dynamics(learner)},   θ(0) = {_array(problem.start)},   "
            f"θ({upper}) {'free' if problem.end is None else '= ' + _array(problem.end)}"
        ),
        (
            f"loss        {loss} = {problem.landscape.formula}   ({problem.landscape.name}, n ="
            f" {problem.dimension} parameters)"
        ),
        (
            "effort     "
            f" {_matrix('metric G', learner.metric, 'the identity: every direction costs the same')};"
            f" learning rate η = {objective.learning_rate:g} (how cheap it is to move)"
        ),
        f"weights     loss weight k = {objective.loss_weight:g}, discount γ ="
        f" {objective.discount:g}"
        + (
            f" (planning horizon 1/γ = {1 / objective.discount:g})"
            if objective.discount
            else " (no discount)"
        ),
        f"drift       {_matrix('f', learner.drift, 'none: parameters rest when nobody pushes')}",
        (
            "actuation  "
            f" {_matrix('B', learner.actuation, 'the identity: every direction can be pushed')} (m"
            f" = {problem.controls} of n = {problem.dimension})"
        ),
    ]
    if not problem.is_known:
        lines += _hidden(problem.landscape.hidden, learner.sees)
    return "\n".join(lines)


def _hidden(hidden, sees):
    """What is not known, how it moves, and through which noise it is seen."""
    numbers = {field.name: getattr(hidden, field.name) for field in fields(hidden)}
    law = ", ".join(
        f"{name} = {_array(value)}" for name, value in numbers.items() if value is not None
    )
    seen = "" if isinstance(sees, ExactGradient) else f", noise {_noise(sees)} per √time"
    return [
        f"hidden      φ (p = {hidden.dimension}): {type(hidden).__name__}, {law}",
        f"seen        {type(sees).__name__}{seen}",
    ]


def _noise(sees):
    noise = getattr(sees, "noise", 0.0)
    return "depends on θ" if callable(noise) else _array(noise)


def _terminal(objective):
    if objective.terminal is None:
        return ""
    discount = (
        "" if objective.discount == 0 else f"e^(-{objective.discount:g}·{objective.horizon:g}) "
    )
    name = "L" if objective.terminal == "loss" else "Φ"
    return f" + {discount}{objective.terminal_weight:g}·{name}(θ({objective.horizon:g}))"


def _dynamics(learner):
    push = "u" if learner.actuation is None else "B u"
    return push if learner.drift is None else f"f(θ) + {push}"


def _matrix(name, value, default):
    if value is None:
        return f"{name} is {default}" if "metric" in name or name == "B" else default
    if hasattr(value, "offset"):
        return f"{name} = Aθ + c with A = {_array(value.matrix)}, c = {_array(value.offset)}"
    return f"{name} depends on θ" if callable(value) else f"{name} = {_array(value)}"


def _array(value):
    value = np.asarray(value)
    if value.size > 16:
        return f"array of shape {value.shape}"
    return np.array2string(value, precision=6, separator=", ", suppress_small=True).replace(
        "\n", ""
    )
