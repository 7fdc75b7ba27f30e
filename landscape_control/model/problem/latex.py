"""A problem as LaTeX, for the methods section of a paper and for notebooks."""

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from ...support import latex
from ..landscape import Landscape
from ..observation import ExactGradient
from .traced_parts import traced_loss, traced_matrix

if TYPE_CHECKING:
    from .control_problem import ControlProblem


def functional(problem: "ControlProblem") -> str:
    r"""J = … in display mathematics, without delimiters; symbols, no numbers but the horizon."""
    objective, learner = problem.objective, problem.learner
    upper = latex.number(objective.horizon) if np.isinf(objective.horizon) else "T"
    metric = (
        "" if learner.metric is None else (r"G(\theta)\," if callable(learner.metric) else r"G\,")
    )
    effort = rf"\frac{{u^{{\top}} {metric}u}}{{2\eta}}"
    discount = r"e^{-\gamma t} " if objective.discount else ""
    running = rf"{discount}\left[ {effort} + k\, {_loss(problem)} \right] dt"
    terminal = ""
    if objective.terminal is not None:
        faded = r"e^{-\gamma T} " if objective.discount else ""
        name = "L" if objective.terminal == "loss" else r"\Phi"
        terminal = rf" + {faded}\kappa\, {name}(\theta(T))"
    integral = rf"\int_{{0}}^{{{upper}}} {running}{terminal}"
    if not problem.is_known:
        integral = rf"\operatorname{{E}}\left[ {integral} \right]"
    return f"J = {integral}"


def dynamics(problem: "ControlProblem") -> str:
    r"""θ̇ = …, start and end, in display mathematics, without delimiters."""
    learner = problem.learner
    push = "u"
    if learner.actuation is not None:
        push = r"B(\theta)\, u" if callable(learner.actuation) else r"B\, u"
    drift = "" if learner.drift is None else r"f(\theta) + "
    start = latex.array(problem.start) or r"\theta_0"
    ends = rf"\theta(0) = {start}"
    if problem.end is not None:
        end = latex.array(problem.end) or r"\theta_T"
        ends += rf", \qquad \theta(T) = {end}"
    return rf"\dot{{\theta}} = {drift}{push}, \qquad {ends}"


def describe_in_latex(problem: "ControlProblem") -> str:
    """The functional, the dynamics, and a sentence for every symbol in them, with its number."""
    lines = [
        "The learner minimises",
        rf"\[ {functional(problem)} \]",
        "subject to",
        rf"\[ {dynamics(problem)}. \]",
        "Here",
        r"\begin{itemize}",
        *[rf"  \item {line}" for line in _symbols(problem)],
        r"\end{itemize}",
    ]
    return "\n".join(lines)


def _loss(problem: "ControlProblem") -> str:
    return r"L(\theta)" if problem.is_known else r"L(\theta, \varphi)"


def _symbols(problem: "ControlProblem") -> list[str]:
    """One line per symbol."""
    objective, learner = problem.objective, problem.learner
    n, m = problem.dimension, problem.controls
    end = "is free" if problem.end is None else "is fixed"
    if np.isinf(objective.horizon):
        horizon = "the time $t$ has no end"
    else:
        horizon = rf"$T = {latex.number(objective.horizon)}$ is the horizon; $\theta(T)$ {end}"
    eta, k = latex.number(objective.learning_rate), latex.number(objective.loss_weight)
    lines = [
        rf"$\theta(t) \in \mathbb{{R}}^{{{n}}}$ are the parameters, with the time derivative"
        r" $\dot{\theta}$;",
        *_long_ends(problem),
        rf"$u(t) \in \mathbb{{R}}^{{{m}}}$ is the control;",
        f"{_landscape(problem)};",
        f"{horizon};",
        rf"$\eta = {eta}$ is the learning rate (how cheap it is to move);",
        rf"$k = {k}$ is the weight of the loss;",
    ]
    if objective.discount:
        lines.append(rf"$\gamma = {latex.number(objective.discount)}$ is the discount rate;")
    lines += _matrix("G", "the metric of the effort", learner.metric, problem, (m, m))
    lines += _drift(learner.drift, problem)
    lines += _matrix("B", "the actuation", learner.actuation, problem, (n, m))
    lines += _terminal(problem)
    lines += _hidden(problem)
    lines[-1] = f"{lines[-1].removesuffix(';')}."
    return lines


def _long_ends(problem: "ControlProblem") -> list[str]:
    """Ends with more entries than are written out have a symbol of their own."""
    lines = []
    for symbol, point in ((r"\theta_0", problem.start), (r"\theta_T", problem.end)):
        if point is not None and latex.array(point) is None:
            lines.append(rf"${symbol}$ is a given vector of {point.size} numbers;")
    return lines


def _names(symbol: str, size: int) -> list[str]:
    return [symbol] if size == 1 else [rf"{symbol}_{{{i + 1}}}" for i in range(size)]


def _landscape(problem: "ControlProblem") -> str:
    landscape = problem.landscape
    name = f"the loss ({latex.words(landscape.name)})"
    printed = _printed_loss(landscape)
    if printed is not None:
        return rf"${_loss(problem)} = {printed}$ is {name}"
    said = latex.words(landscape.formula)
    return f"${_loss(problem)}$ is {name}: {said}, evaluated in code"


def _printed_loss(landscape: Landscape) -> str | None:
    traced = traced_loss(landscape)
    if traced is None:
        return None
    loss, given = traced
    names = [_names(symbol, each.numel()) for symbol, each in zip(_VECTORS, given, strict=False)]
    return latex.expression(loss, given, names)


_VECTORS = (r"\theta", r"\varphi")


def _function_of_theta(
    function: Callable, problem: "ControlProblem", shape: tuple[int, int]
) -> str | None:
    """A user's function of θ, entry by entry; None where one of them is too long."""
    traced = traced_matrix(function, problem.dimension, shape)
    if traced is None:
        return None
    made, theta = traced
    names = [_names(r"\theta", problem.dimension)]
    rows = []
    for i in range(shape[0]):
        entries = [latex.expression(made[i, j], [theta], names) for j in range(shape[1])]
        if any(entry is None for entry in entries):
            return None
        rows.append(" & ".join(str(entry) for entry in entries))
    if made.numel() == 1:
        return rows[0]
    stacked = r" \\ ".join(rows)
    return rf"\begin{{pmatrix}} {stacked} \end{{pmatrix}}"


def _matrix(
    symbol: str, meaning: str, value: Any, problem: "ControlProblem", shape: tuple[int, int]
) -> list[str]:
    if value is None:
        return []
    if callable(value):
        name, printed = rf"{symbol}(\theta)", _function_of_theta(value, problem, shape)
    else:
        name, printed = symbol, latex.array(value)
    size = rf"a ${shape[0]} \times {shape[1]}$ matrix"
    if printed is None:
        return [rf"${name}$ is {meaning}, {size} given in code;"]
    return [rf"${name} = {printed}$ is {meaning};"]


def _drift(drift: Any, problem: "ControlProblem") -> list[str]:
    if drift is None:
        return []
    meaning = "is the drift, what the parameters do when nobody pushes;"
    if hasattr(drift, "offset"):
        matrix, offset = latex.array(drift.matrix), latex.array(drift.offset)
        if matrix is not None and offset is not None:
            return [rf"$f(\theta) = {matrix} \theta + {offset}$ {meaning}"]
        return [rf"$f(\theta)$, linear with matrices given in code, {meaning}"]
    printed = None
    if callable(drift):
        printed = _function_of_theta(drift, problem, (problem.dimension, 1))
    if not callable(drift):
        printed = latex.array(drift)
    equals = "" if printed is None else f" = {printed}"
    return [rf"$f(\theta){equals}$ {meaning}"]


def _terminal(problem: "ControlProblem") -> list[str]:
    objective = problem.objective
    if objective.terminal is None:
        return []
    weight = latex.number(objective.terminal_weight)
    lines = [rf"$\kappa = {weight}$ is the weight of the terminal cost;"]
    if callable(objective.terminal):
        printed = _function_of_theta(objective.terminal, problem, (1, 1))
        equals = "" if printed is None else f" = {printed}"
        lines.append(rf"$\Phi(\theta){equals}$ is the terminal cost;")
    return lines


def _hidden(problem: "ControlProblem") -> list[str]:
    hidden, sees = problem.landscape.hidden, problem.learner.sees
    if hidden is None:
        return []
    numbers = []
    for each in fields(hidden):
        value = getattr(hidden, each.name)
        try:
            printed = None if value is None else latex.array(value)
        except (TypeError, ValueError):  # no numbers
            printed = None
        if printed is not None:
            numbers.append(f"{latex.words(each.name.replace('_', ' '))} ${printed}$")
    law = f" with {', '.join(numbers)}" if numbers else ""
    noise = "" if isinstance(sees, ExactGradient) else _noise(sees)
    return [
        rf"$\varphi(t) \in \mathbb{{R}}^{{{hidden.dimension}}}$ are the hidden variables, of the kind"
        rf" {_kind(hidden)}{law}, and $\operatorname{{E}}$ is the mean over"
        " them and over what is seen;",
        f"the learner sees them through {_kind(sees)}{noise};",
    ]


def _kind(part: Any) -> str:
    """What the field calls a hidden process or an observation; a user's own by its class."""
    own = type(part).__name__
    return _KINDS.get(own) or latex.words(own)


_KINDS = {
    "GaussianPrior": r"Gaussian prior (drawn once, constant: $\varphi(t) = \varphi(0)$)",
    "RandomWalk": "random walk",
    "OrnsteinUhlenbeck": "Ornstein-Uhlenbeck process",
    "JumpProcess": "jump process (drawn afresh at Poisson times)",
    "TaskChain": "Markov chain of tasks",
    "ExactGradient": r"the exact gradient $\nabla_{\theta} L$",
    "NoisyGradient": r"the gradient $\nabla_{\theta} L$",
    "NoisyLoss": "the loss $L$",
    "Observe": r"a function of $\theta$ and $\varphi$",
}


def _noise(sees: Any) -> str:
    noise = getattr(sees, "noise", 0.0)
    if callable(noise):
        return r" with noise that depends on $\theta$"
    printed = latex.array(noise)
    said = rf" with white noise of standard deviation ${printed}$ per square root of time"
    return "" if printed is None else said
