"""A policy program as LaTeX: the expected cost, and a line for everything in it."""

import math

from ...optimisation.program import PolicyProgram
from ...support import latex


def program_in_latex(program: PolicyProgram) -> str:
    """The cost in display mathematics; the rule, its coefficients, the task and what is seen."""
    items = []
    for line in program.describe().splitlines()[1:]:
        name, _, said = line.partition(" ")
        items.append(rf"  \item {latex.words(name)}: {latex.words(' '.join(said.split()))}")
    return "\n".join(
        [
            "The coefficients of the rule minimise",
            rf"\[ J = \operatorname{{E}}\left[ {' + '.join(_terms(program))} \right], \]",
            "where",
            r"\begin{itemize}",
            *[rf"  \item {symbol}" for symbol in _symbols(program)],
            *items,
            r"\end{itemize}",
        ]
    )


def _terms(program: PolicyProgram) -> list[str]:
    """The terms of the cost, in symbols."""
    fades = bool(program.objective.discount)
    point = "x" if program.family.has_readout else r"\theta"
    terms = []
    if program.cost != "running":
        faded = r"e^{-\gamma T} " if fades else ""
        terms.append(rf"\kappa\, {faded}L({point}_{{T}})")
    if program.cost != "terminal":
        faded = r"e^{-\gamma t} " if fades else ""
        terms.append(rf"k \sum_{{t=1}}^{{T}} {faded}L({point}_{{t}})")
    if math.isfinite(program.objective.learning_rate):
        faded = r"e^{-\gamma t} " if fades else ""
        terms.append(rf"\sum_{{t=0}}^{{T-1}} {faded}\frac{{|\Delta\theta_{{t}}|^{{2}}}}{{2\eta}}")
    return terms


def _symbols(program: PolicyProgram) -> list[str]:
    """A line for every symbol of the cost and of the rule."""
    objective = program.objective
    lines = [
        r"$\theta_{t}$ are the parameters after $t$ steps, $\Delta\theta$ is their change in one, and"
        r" $y$ is what is seen before it",
        f"$T = {program.steps}$ is the number of steps",
    ]
    if program.family.has_readout:
        lines.append("$x_{t}$ are the parameters that the rule answers with")
    if program.task.is_quadratic:
        lines.append(r"$L$ is the loss, $h$ its curvature and $\mu$ its minimum")
    else:
        lines.append("$L$ is the loss")
    if program.cost != "running":
        weight = latex.number(objective.terminal_weight)
        lines.append(rf"$\kappa = {weight}$ is the weight of the loss after the last step")
    if program.cost != "terminal":
        weight = latex.number(objective.loss_weight)
        lines.append(f"$k = {weight}$ is the weight of the loss after each step")
    if math.isfinite(objective.learning_rate):
        rate = latex.number(objective.learning_rate)
        lines.append(rf"$\eta = {rate}$ is the learning rate (how cheap it is to move)")
    if objective.discount:
        lines.append(rf"$\gamma = {latex.number(objective.discount)}$ is the discount rate")
    lines.append(r"$\operatorname{E}$ is the mean over tasks, starts and noise")
    return lines
