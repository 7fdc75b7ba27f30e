"""What every transcription offers: a stage of the program, a guess for it, and the way back.

A transcription cuts normalised time [0, 1] into elements. On each it introduces stage variables w
beside the state x at the left vertex; one CasADi function gives the state at the right vertex, the
element's cost and the equations that w must satisfy. ``program`` chains the stages; no other module
knows how variables are laid out.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Protocol

import casadi as ca
import numpy as np

from ...model.problem import Model
from ...support.arguments import Whole
from ...support.interpolation import lagrange_matrix
from .numbers import NumberLayout, ProgramNumbers

MOST_ELEMENTS, MOST_DEGREE = 20_000, 50
Elements = Annotated[int, Whole(low=1, high=MOST_ELEMENTS)]
Degree = Annotated[int, Whole(low=1, high=MOST_DEGREE)]
_NOTHING = 1e-300  # times anything finite, beside anything else


@dataclass(frozen=True, kw_only=True, eq=False)
class Path:
    """θ, u and λ (current-value) at the nodes of a mesh, in user units; NumPy only."""

    times: np.ndarray
    vertices: np.ndarray
    positions: np.ndarray
    parameters: np.ndarray
    controls: np.ndarray
    costates: np.ndarray
    # (K,), by the transcription's own quadrature where that is at hand
    element_costs: np.ndarray | None = None

    @property
    def degree(self) -> int:
        """Intervals between the nodes of one element."""
        return len(self.positions) - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """One element as a function (x, w, τ₀, τ₁, numbers) -> (x_next, cost, path equations).

    All of them are scaled.
    """

    function: ca.Function
    width: int
    path_size: int
    next_is_last_block: bool  # x_next is the last n entries of w: needs no variables of its own


@dataclass(frozen=True, kw_only=True)
class Transcription:
    """Common options: how many elements, and how they are spread.

    Attributes
    ----------
    elements : int
    degree : int, of the polynomials on each element
    """

    elements: Elements = 12
    degree: Degree = 4

    name = "transcription"

    @property
    @abstractmethod
    def order(self) -> int:
        """Declared order p: on smooth problems the error of the cost falls like h^p."""

    @property
    @abstractmethod
    def positions(self) -> np.ndarray:
        """Nodes of one element on [0, 1], first 0 and last 1."""

    @abstractmethod
    def stage(self, model: Model, layout: NumberLayout) -> Stage:
        """The element as a CasADi function."""

    def element_derivatives(self, model: Model, layout: NumberLayout) -> ca.Function | None:
        """(x and w, τ₀, τ₁, numbers) -> gradient and Hessian of an element's cost.

        Where they are known in a shorter form than differentiating the cost gives, else None.
        """
        return None

    @abstractmethod
    def guess(
        self, model: Model, states: np.ndarray, lengths: np.ndarray, scales: ProgramNumbers
    ) -> np.ndarray:
        """Stage variables (K, width) for states (K, degree + 1, n) at ``positions``.

        ``lengths`` (K,) are those of the elements in time.
        """

    @abstractmethod
    def recover(
        self,
        model: Model,
        variables: tuple[np.ndarray, np.ndarray],
        multipliers: Mapping[str, np.ndarray],
        numbers: ProgramNumbers,
    ) -> Path:
        """The path in user units from the program's variables (x, w) and multipliers."""

    def accepts(self, model: Model) -> str | None:
        """None if this transcription can represent the problem, else the reason why not."""
        return None

    def refined(self, elements: int) -> "Transcription":
        """The same method on another number of elements."""
        return replace(self, elements=elements)


class CostNumbers(Protocol):
    """The two numbers that the running cost needs, as expressions."""

    @property
    def learning_rate(self) -> Any: ...

    @property
    def loss_weight(self) -> Any: ...


def node_times(vertices: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Times (K, degree + 1) of the nodes of every element."""
    return vertices[:-1, None] + (vertices[1:] - vertices[:-1])[:, None] * positions


def flatten(per_element: np.ndarray) -> np.ndarray:
    """(K, degree + 1, …) with shared ends -> (K·degree + 1, …)."""
    count, nodes = per_element.shape[:2]
    body = per_element[:, :-1].reshape(count * (nodes - 1), *per_element.shape[2:])
    return np.concatenate([body, per_element[-1:, -1]])


def control_unit(model: Model) -> float:
    """The unit of the controls in programs that keep them: 1/|B|₂ for a constant B.

    Their effect is then of order one.
    """
    if not model.constant["actuation"]:
        return 1.0
    if "control unit" not in model.cache:
        actuation = model.actuation(np.zeros(model.dimension))[0]
        model.cache["control unit"] = 1.0 / float(np.linalg.norm(actuation, 2))
    return model.cache["control unit"]


def running_cost(model: Model, theta: ca.SX, control: ca.SX, numbers: CostNumbers) -> ca.SX:
    """uᵀGu/2η + kL at one point, as an expression.

    Where functions have singular points a metric may change its sign across one, as 1/θ does.
    Behind it the cost is not a number here, so that no optimiser steps across: the logarithms of
    G's pivots, too small to count, see to that.
    """
    metric = model.metric_at(theta)
    effort = ca.dot(control, metric @ control) / (2 * numbers.learning_rate)
    if not model.is_total and not model.constant["metric"]:
        effort += _NOTHING * ca.sum1(ca.log(ca.ldl(metric)[0]))
    return effort + numbers.loss_weight * model.loss_at(theta)


def resample(positions: np.ndarray, wanted: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values (K, q, …) at ``positions`` of every element, interpolated to the positions ``wanted``."""
    return np.einsum("ij,kj...->ki...", lagrange_matrix(positions, wanted), values)
