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
            _numbers(program),
            r"\begin{itemize}",
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


def _numbers(program: PolicyProgram) -> str:
    objective = program.objective
    said = [f"$T = {program.steps}$"]
    if program.cost != "running":
        said.append(rf"$\kappa = {latex.number(objective.terminal_weight)}$")
    if program.cost != "terminal":
        said.append(f"$k = {latex.number(objective.loss_weight)}$")
    if math.isfinite(objective.learning_rate):
        said.append(rf"$\eta = {latex.number(objective.learning_rate)}$")
    if objective.discount:
        said.append(rf"$\gamma = {latex.number(objective.discount)}$")
    return f"with {', '.join(said)}:"
