"""Direct collocation at Legendre-Gauss-Radau or Gauss points."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import Literal

import casadi as ca
import numpy as np

from ...model.problem import Model, hamiltonian_derivatives, implied_control, optimal_control
from ...support.arguments import checked
from ...support.errors import ProblemError
from ...support.interpolation import differentiation_matrix, integration_matrix, lagrange_matrix
from .base import Path, Stage, Transcription, control_unit, flatten, node_times, running_cost
from .numbers import NumberLayout, ProgramNumbers, length_at, lengths_at
from .quadrature import Nodes, gauss, radau


@checked
@dataclass(frozen=True, kw_only=True)
class Collocation(Transcription):
    """θ is a polynomial of ``degree`` on each element, and obeys θ̇ = f + Bu at ``degree`` points.

    The variables are u and θ at these points. Order 2·degree - 1 at Radau points (the last point is
    the right end), 2·degree at Gauss points. Costates follow from the multipliers (covector
    mapping, Garg et al. 2010).
    """

    points: Literal["radau", "gauss"] = "radau"

    name = "collocation"

    def __post_init__(self) -> None:
        if self.degree > 9:
            raise ProblemError(
                "collocation degree",
                expected="at most 9",
                received=str(self.degree),
                advice="use more elements, or the discretised action, which has no such limit",
            )

    @property
    def order(self) -> int:
        return 2 * self.degree - (self.points == "radau")

    @property
    def nodes(self) -> Nodes:
        """The collocation points of one element."""
        return radau(self.degree) if self.points == "radau" else gauss(self.degree)

    @property
    def positions(self) -> np.ndarray:
        inner = self.nodes.points
        if self.points == "radau":  # the last of them is the right end
            return np.concatenate([[0.0], inner])
        return np.concatenate([[0.0], inner, [1.0]])

    @property
    def _matrices(self) -> SimpleNamespace:
        return _matrices(self.points, self.degree)

    def stage(self, model: Model, layout: NumberLayout) -> Stage:
        n, m, p = model.dimension, model.controls, self.degree
        x, w = ca.SX.sym("x", n), ca.SX.sym("w", p * (m + n))
        left, right = ca.SX.sym("left"), ca.SX.sym("right")
        vector = ca.SX.sym("numbers", layout.size)
        numbers = layout.unpack(vector)
        pushes, inner = ca.reshape(w[: p * m], m, p), ca.reshape(w[p * m :], n, p)
        fractions = [left + (right - left) * position for position in self.nodes.points]
        begin = length_at(numbers, left)
        units = [length_at(numbers, fraction) for fraction in fractions]
        # θ - start at the left end and at the collocation points
        moved = ca.horzcat(begin * x, *[unit * inner[:, j] for j, unit in enumerate(units)])
        slopes = moved @ ca.DM(self._matrices.slopes.T)
        width = numbers.horizon * (right - left)
        cost, defects, push_unit = 0, [], control_unit(model)
        for j, (fraction, weight) in enumerate(zip(fractions, self.nodes.weights, strict=True)):
            theta = numbers.start + moved[:, j + 1]
            u = pushes[:, j] * push_unit * units[j] / numbers.horizon
            fade = ca.exp(-numbers.discount * (numbers.horizon * fraction))
            running = running_cost(model, theta, u, numbers)
            cost += weight * width * fade * running / numbers.cost
            velocity = model.drift_at(theta) + model.actuation_at(theta) @ u
            defects.append((slopes[:, j] - width * velocity) / units[j])
        extrapolated = moved @ ca.DM(self._matrices.end) / length_at(numbers, right)
        end = extrapolated if self.points == "gauss" else inner[:, -1]
        outputs = [end, cost, ca.vertcat(*defects)]
        function = ca.Function("stage", [x, w, left, right, vector], outputs)
        return Stage(
            function=function,
            width=p * (m + n),
            path_size=p * n,
            next_is_last_block=self.points == "radau",
        )

    def guess(
        self, model: Model, states: np.ndarray, lengths: np.ndarray, scales: ProgramNumbers
    ) -> np.ndarray:
        n, count = model.dimension, len(states)
        velocity = (self._matrices.everywhere @ states) / lengths[:, None, None]
        inner = slice(1, self.degree + 1)
        points = states[:, inner].reshape(-1, n)
        units = lengths_at(scales, node_times(scales["vertices"], self.nodes.points))
        pushes = implied_control(model, points, velocity[:, inner].reshape(-1, n))
        pushes = pushes.reshape(count, self.degree, -1)
        pushes = pushes * scales["horizon"] / (control_unit(model) * units)
        scaled = (states[:, inner] - scales["start"]) / units
        return np.hstack([pushes.reshape(count, -1), scaled.reshape(count, -1)])

    def recover(
        self,
        model: Model,
        variables: tuple[np.ndarray, np.ndarray],
        multipliers: Mapping[str, np.ndarray],
        numbers: ProgramNumbers,
    ) -> Path:
        states, stages = variables
        n, m, p = model.dimension, model.controls, self.degree
        at_points = node_times(numbers["vertices"], self.nodes.points)
        unit = control_unit(model) * lengths_at(numbers, at_points)
        pushes = stages[:, : p * m].reshape(-1, p, m) * unit / numbers["horizon"]
        inner = stages[:, p * m :].reshape(-1, p, n)
        blocks = [states[:-1, None], inner]
        if self.points == "gauss":
            blocks.append(states[1:, None])
        units = lengths_at(numbers, node_times(numbers["vertices"], self.positions))
        theta = numbers["start"] + units * np.concatenate(blocks, axis=1)
        vertices = numbers["horizon"] * numbers["vertices"]
        costates = self._costates(model, theta, pushes, multipliers, vertices, numbers)
        points = flatten(theta)
        controls = optimal_control(model, points, costates, numbers["learning_rate"])
        # the program's own controls where it has them; elsewhere u follows from the costate
        collocated = np.zeros((len(stages), len(self.positions)), dtype=bool)
        collocated[:, 1 : p + 1] = True
        everywhere = self._matrices.to_positions @ pushes
        # a shared vertex is the last collocation point of the element before it
        if self.points == "radau":
            collocated[1:, 0], everywhere[1:, 0] = True, everywhere[:-1, -1]
        chosen = flatten(collocated)
        controls[chosen] = flatten(everywhere)[chosen]
        return Path(
            times=flatten(node_times(vertices, self.positions)),
            vertices=vertices,
            positions=self.positions,
            parameters=points,
            controls=controls,
            costates=costates,
        )

    def _costates(
        self,
        model: Model,
        theta: np.ndarray,
        pushes: np.ndarray,
        multipliers: Mapping[str, np.ndarray],
        vertices: np.ndarray,
        numbers: ProgramNumbers,
    ) -> np.ndarray:
        """Sensitivities of the cost to go at the vertices, continued inside by the costate equation.

        The multipliers at the collocation points, λ_j = -e^{γt_j} μ_j / w_j, are of lower order
        (stage values); they only enter ∂H/∂θ.
        """
        count, p, n = len(theta), self.degree, model.dimension
        units = lengths_at(numbers, node_times(numbers["vertices"], self.nodes.points))
        mu = numbers["cost"] / units * multipliers["path"].reshape(count, p, n)
        left = self._matrices.slopes[:, 0] @ mu
        if self.points == "gauss":  # the left state also enters the extrapolated right one
            ends = numbers["cost"] / lengths_at(numbers, numbers["vertices"][1:])
            left -= ends * self._matrices.end[0] * multipliers["gap"]
        lengths, inner = (vertices[1:] - vertices[:-1])[:, None, None], self.nodes.points
        fade = np.exp(-numbers["discount"] * node_times(vertices, inner))[:, :, None]
        stage_costates = -mu / self.nodes.weights[:, None] / fade
        derivatives = hamiltonian_derivatives(model)(
            theta[:, 1 : p + 1].reshape(-1, n),
            pushes.reshape(count * p, -1),
            stage_costates.reshape(-1, n),
            [numbers["learning_rate"], numbers["loss_weight"]],
        )
        slope = derivatives[1].reshape(count, p, n)
        # in present value λ̇ = -e^{-γt} ∂H/∂θ
        present = left[:, None] - lengths * (self._matrices.integrals @ (fade * slope))
        growing = np.exp(numbers["discount"] * node_times(vertices, self.positions))
        return flatten(present * growing[:, :, None])


@lru_cache(maxsize=32)
def _matrices(points: Literal["radau", "gauss"], degree: int) -> SimpleNamespace:
    """Matrices of one family and degree.

    The state polynomial lives on the left end and the collocation points: ``slopes`` gives its
    derivative at the points, ``end`` its value at the right end. ``everywhere`` differentiates at
    all nodes, ``integrals`` integrates from the left end to every node what is known at the
    collocation points; ``to_positions`` interpolates that at all nodes.
    """
    method = Collocation(points=points, degree=degree)
    inner, positions = method.nodes.points, method.positions
    support = np.concatenate([[0.0], inner])
    return SimpleNamespace(
        slopes=differentiation_matrix(support)[1:],
        end=lagrange_matrix(support, np.ones(1))[0],
        everywhere=differentiation_matrix(positions),
        integrals=integration_matrix(inner, positions),
        to_positions=lagrange_matrix(inner, positions),
    )
