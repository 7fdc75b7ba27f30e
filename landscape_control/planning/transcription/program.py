"""Stages chained into one nonlinear program, in the layout that the optimiser exploits."""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import casadi as ca
import numpy as np

from ...model.problem import Model
from .base import Stage, Transcription
from .condensed_action import effort_hessian, has_quadratic_effort, mapped_derivatives
from .entries import entrywise
from .numbers import NumberLayout, length_at


@dataclass(frozen=True, kw_only=True, eq=False)
class Program:
    """A nonlinear program for one problem structure on a mesh of K elements.

    ``staged`` programs have variables x₀, w₀, x₁, …, x_K and rows gap₀, path₀, start, gap₁, … (what
    Fatrop's structure detection reads). Condensed programs have variables w₀, …, w_{K-1} only,
    because x_{k+1} is part of w_k.

    Attributes
    ----------
    nlp : dict of CasADi expressions x, f, g, p
    options : derivative functions for the optimiser, empty if it shall differentiate by itself
    derivatives : gradient and Hessian of an element's cost, see
        ``Transcription.element_derivatives``, in staged programs where the transcription offers
        them
    rows : dict name -> integer array of constraint rows, shape (K, size) or (size,)
    lagrangian : for the other staged programs SX (σ, μ, slope, Hessian) of the Lagrangian σf + μᵀg
        in the variables
    """

    model: Model
    transcription: Transcription
    layout: NumberLayout
    stage: Stage
    staged: bool
    nlp: dict[str, Any]  # SX in staged programs, MX in condensed ones
    options: dict[str, ca.Function]
    rows: dict[str, np.ndarray]
    lagrangian: tuple[ca.SX, ca.SX, ca.SX, ca.SX] | None = None
    derivatives: ca.Function | None = None

    @property
    def elements(self) -> int:
        """K, the number of elements."""
        return self.transcription.elements

    def join(self, states: np.ndarray, stages: np.ndarray) -> np.ndarray:
        """Variables from scaled vertex states (K+1, n) and stage variables (K, width)."""
        if not self.staged:
            return stages.ravel()
        n, width = self.layout.dimension, self.stage.width
        variables = np.empty(self.elements * (n + width) + n)
        body = variables[:-n].reshape(self.elements, n + width)
        body[:, :n], body[:, n:], variables[-n:] = states[:-1], stages, states[-1]
        return variables

    def split(self, variables: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(states, stages) from the variables."""
        n, width = self.layout.dimension, self.stage.width
        if not self.staged:
            stages = variables.reshape(self.elements, width)
            return np.vstack([np.zeros(n), stages[:, -n:]]), stages
        body = variables[:-n].reshape(self.elements, n + width)
        states = np.empty((self.elements + 1, n))
        states[:-1], states[-1] = body[:, :n], variables[-n:]
        return states, body[:, n:]

    def cost_derivatives(
        self, factor: ca.SX, bounded: Callable[[ca.SX], ca.SX]
    ) -> tuple[ca.SX, ca.SX]:
        """Gradient of f, and ``factor`` times its Hessian, as expressions of a staged program.

        ``bounded`` is applied to the entries of the Hessian.
        """
        if self.derivatives is None:
            raise TypeError("a program without derivatives of its elements")
        n, count = self.layout.dimension, self.elements
        vector, vertices = self.nlp["p"][: self.layout.size], self.nlp["p"][self.layout.size :]
        variables: ca.SX = self.nlp["x"]
        last, size = variables[-n:], (variables.numel() - n) // count
        element = _scaled(self.derivatives, bounded)
        slopes, hessians = [], []
        for k in range(count):
            own = variables[k * size : (k + 1) * size]
            slope, hessian = element(own, vertices[k], vertices[k + 1], vector, factor)
            slopes.append(slope)
            hessians.append(hessian)

        ending = terminal_cost(self.model, self.layout.unpack(vector), last)
        end_hessian, end_slope = ca.hessian(ending, last)
        end_hessian = entrywise(lambda entries: bounded(factor * entries), end_hessian)
        return ca.vertcat(*slopes, end_slope), ca.diagcat(*hessians, end_hessian)

    def multipliers(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """Multipliers by block name."""
        return {name: values[rows] for name, rows in self.rows.items()}


def build_program(
    model: Model, transcription: Transcription, layout: NumberLayout, *, staged: bool
) -> Program:
    """Chain the stages of ``transcription``.

    The program is condensed where the stage allows it and ``staged`` is False.
    """
    stage = transcription.stage(model, layout)
    staged = staged or not stage.next_is_last_block
    derivatives, lagrangian = None, None
    if not staged and not stage.path_size:
        nlp, options, rows = mapped_derivatives(model, transcription, stage, layout, terminal_cost)
    else:
        nlp, rows = _chain(model, transcription, stage, layout, staged)
        options = {}
        if staged:
            derivatives = transcription.element_derivatives(model, layout)
        if staged and derivatives is None:
            lagrangian = _lagrangian(model, transcription, stage, layout, nlp, rows)
    return Program(
        model=model,
        transcription=transcription,
        layout=layout,
        stage=stage,
        staged=staged,
        nlp=nlp,
        options=options,
        rows=rows,
        lagrangian=lagrangian,
        derivatives=derivatives,
    )


def terminal_cost(model: Model, numbers: SimpleNamespace, state: ca.SX) -> ca.SX:
    """e^{-γT} [κΦ(θ_T) + tail], scaled, at the scaled end state."""
    theta = numbers.start + length_at(numbers, 1.0) * state
    value = numbers.terminal_weight * model.terminal_at(theta)
    if hasattr(numbers, "tail_centre"):
        offset = theta - numbers.tail_centre
        slope = ca.dot(numbers.tail_costate, offset)
        bend = ca.dot(offset, numbers.tail_hessian @ offset) / 2
        value += numbers.tail_value + slope + bend
    return ca.exp(-numbers.discount * numbers.horizon) * value / numbers.cost


def _chain(
    model: Model, transcription: Transcription, stage: Stage, layout: NumberLayout, staged: bool
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """(nlp, rows) of the stages one after another; without states of their own unless ``staged``."""
    n, count = layout.dimension, transcription.elements
    vector, vertices = ca.SX.sym("numbers", layout.size), ca.SX.sym("vertices", count + 1)
    numbers = layout.unpack(vector)
    if staged:
        state = ca.SX.sym("x0", n)
        variables = [state]
    else:  # the start itself, in the program's units
        state = ca.SX(n, 1)
        variables = []
    rows, cost = _Rows(), ca.SX(0)
    for k in range(count):
        w = ca.SX.sym(f"w{k}", stage.width)
        following, part, path = stage.function(state, w, vertices[k], vertices[k + 1], vector)
        cost += part
        variables.append(w)
        if staged:
            right = ca.SX.sym(f"x{k + 1}", n)
            variables.append(right)
            rows.add("gap", right - following)  # this sign is what the structure detection expects
        else:
            right = following
        if stage.path_size:
            rows.add("path", path)
        if k == 0 and staged:
            rows.add("start", state)
        state = right
    if layout.fixed_end:
        rows.add("end", state - (numbers.end - numbers.start) / length_at(numbers, 1.0))
    cost += terminal_cost(model, numbers, state)
    nlp = {
        "x": ca.vertcat(*variables),
        "f": cost,
        "g": rows.expression(),
        "p": ca.vertcat(vector, vertices),
    }
    return nlp, rows.numbers()


def _lagrangian(
    model: Model,
    transcription: Transcription,
    stage: Stage,
    layout: NumberLayout,
    nlp: dict[str, Any],
    rows: dict[str, np.ndarray],
) -> tuple[ca.SX, ca.SX, ca.SX, ca.SX]:
    """σ, μ, and slope and Hessian of σf + μᵀg in the variables of a staged program.

    They are assembled from one element's.
    The state behind an element enters its rows linearly, so the Hessian has one block for every (x,
    w), and one for the last state. Differentiating the whole graph instead takes ten times as long.
    """
    n, width, size = layout.dimension, stage.width, stage.path_size
    y, left, right = ca.SX.sym("y", n + width), ca.SX.sym("left"), ca.SX.sym("right")
    vector, factor = ca.SX.sym("numbers", layout.size), ca.SX.sym("lam_f")
    gap, path = ca.SX.sym("lam_gap", n), ca.SX.sym("lam_path", size)
    following, cost, equations = stage.function(y[:n], y[n:], left, right, vector)
    value = factor * cost - ca.dot(gap, following) + ca.dot(path, equations)
    is_action = stage.next_is_last_block and not size
    if is_action and has_quadratic_effort(model):
        block = factor * effort_hessian(model, transcription, layout, [y, left, right, vector])
        slope = ca.gradient(value, y)
    else:
        block, slope = ca.hessian(value, y)
    arguments = [y, left, right, vector, factor, gap, path]
    element = ca.Function("element_lagrangian", arguments, [slope, block])

    x, p = nlp["x"], nlp["p"]
    numbers, vertices = p[: layout.size], p[layout.size :]
    multipliers = ca.SX.sym("lam_g", nlp["g"].numel())
    count = vertices.numel() - 1
    slopes, blocks, carried = [], [], ca.SX(n, 1)
    for k in range(count):
        own = x[k * (n + width) : (k + 1) * (n + width)]
        behind = multipliers[rows["gap"][k].tolist()]
        equal = multipliers[rows["path"][k].tolist()] if size else ca.SX(0, 1)
        slope, block = element(own, vertices[k], vertices[k + 1], numbers, factor, behind, equal)
        entering = multipliers[rows["start"].tolist()] if k == 0 else carried
        slopes.append(slope + ca.vertcat(entering, ca.SX(width, 1)))
        blocks.append(block)
        carried = behind
    last = x[-n:]
    block, slope = ca.hessian(factor * terminal_cost(model, layout.unpack(numbers), last), last)
    ending = multipliers[rows["end"].tolist()] if layout.fixed_end else ca.SX(n, 1)
    slopes.append(slope + carried + ending)
    blocks.append(block)
    return factor, multipliers, ca.vertcat(*slopes), ca.diagcat(*blocks)


def _scaled(derivatives: ca.Function, bounded: Callable[[ca.SX], ca.SX]) -> ca.Function:
    """The same function with a factor as last argument, which multiplies the Hessian."""
    arguments, factor = derivatives.sx_in(), ca.SX.sym("factor")
    gradient, hessian = derivatives(*arguments)
    hessian = entrywise(lambda entries: bounded(factor * entries), hessian)
    return ca.Function("scaled", [*arguments, factor], [gradient, hessian])


class _Rows:
    """Constraint rows in order, with the numbers of each named block."""

    def __init__(self) -> None:
        self.parts: list[ca.SX] = []
        self.blocks: dict[str, list[np.ndarray]] = {}
        self.count = 0

    def add(self, name: str, expression: ca.SX) -> None:
        size = expression.numel()
        self.parts.append(expression)
        self.blocks.setdefault(name, []).append(np.arange(self.count, self.count + size))
        self.count += size

    def expression(self) -> ca.SX:
        return ca.vertcat(*self.parts) if self.parts else ca.SX(0, 1)

    def numbers(self) -> dict[str, np.ndarray]:
        """Row numbers by block: (K, size) of what every element has, (size,) of the rest."""
        per_element = ("gap", "path")
        return {
            name: np.array(rows) if name in per_element else rows[0]
            for name, rows in self.blocks.items()
        }
