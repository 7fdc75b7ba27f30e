"""A policy program in words and symbols."""

import numpy as np


def describe(program) -> str:
    """Text of the expected cost that is minimised, over which coefficients, landscapes, starts and
    noise.
    """
    family, task = program.family, program.task
    contained = "; ".join(f"{rule} at {where}" for rule, where in family.contains.items())
    lines = [
        f"minimise  J = E[ {' + '.join(_terms(program))} ]   over the coefficients of the rule",
        f"rule        {family.name}, {family.formula}   ({family.source})",
        f"coefficients {', '.join(map(_coefficient, family.coefficients)) or 'none'}",
        *([f"contains    {contained}"] if contained else []),
        f"task        {_task(task)}",
        f"sees        {_sees(program.sees)}; unit time steps, start at rest",
    ]
    return "\n".join(lines)


def _terms(program):
    objective, fade = program.objective, program.objective.discount
    last = f"e^(-{fade:g}·{program.steps})·" if fade else ""
    each = f"e^(-{fade:g} t)·" if fade else ""
    terms = []
    if program.cost != "running":
        terms.append(f"{objective.terminal_weight:g}·{last}L(θ_{program.steps})")
    if program.cost != "terminal":
        terms.append(f"{objective.loss_weight:g}·Σ_(t=1..{program.steps}) {each}L(θ_t)")
    if np.isfinite(objective.learning_rate):
        terms.append(f"Σ_(t<{program.steps}) {each}|Δθ_t|²/(2·{objective.learning_rate:g})")
    return terms


def _coefficient(coefficient):
    size = f", {coefficient.size} numbers" if coefficient.size > 1 else ""
    return (
        f"{coefficient.symbol} ({coefficient.name}{size}) in [{coefficient.low:g},"
        f" {coefficient.high:g}]{' at every step' if coefficient.varies else ''}"
    )


def _task(task):
    if not task.is_quadratic:
        return f"samples of landscapes with {task.dimension} parameter(s)"
    still = "0" if task.minimum is None else f"moving: {type(task.minimum).__name__}"
    return (
        f"L = ½h(θ-μ)², h ~ {task.curvatures}, θ_0 ~ N({task.start_mean:g},"
        f" {task.start_variance:g}), minimum μ {still}"
    )


def _sees(sees):
    kind = type(sees).__name__
    noise = getattr(sees, "noise", None)
    if kind == "ExactGradient":
        return "the gradient, without noise"
    return (
        f"the gradient with noise {noise:g} per step"
        if np.ndim(noise) == 0 and np.isscalar(noise)
        else f"through {sees}"
    )
