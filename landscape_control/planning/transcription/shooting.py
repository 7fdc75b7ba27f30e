"""Multiple shooting: polynomial controls, states integrated by Runge-Kutta steps."""

from dataclasses import dataclass
from typing import Annotated

import casadi as ca
import numpy as np

from ...model.problem import Model, hamiltonian_derivatives, implied_control
from ...support.arguments import Whole, checked
from ...support.interpolation import lagrange_matrix
from .base import (
    MOST_DEGREE,
    Elements,
    Path,
    Stage,
    Transcription,
    control_unit,
    flatten,
    node_times,
    resample,
    running_cost,
)
from .numbers import NumberLayout, length_at, lengths_at
from .quadrature import gauss

ControlDegree = Annotated[int, Whole(low=0, high=MOST_DEGREE)]


@checked
@dataclass(frozen=True, kw_only=True)
class MultipleShooting(Transcription):
    """The control is a polynomial of ``degree`` on each element (0: piecewise constant); θ is
    integrated by classical Runge-Kutta in ``steps`` equal steps. Order min(2·(degree + 1), 4):
    piecewise-constant control is second order.
    """

    elements: Elements = 32
    degree: ControlDegree = 1
    steps: Elements = 2

    name = "multiple shooting"

    @property
    def order(self) -> int:
        return min(2 * (self.degree + 1), 4)

    @property
    def positions(self) -> np.ndarray:
        return np.linspace(0.0, 1.0, self.steps + 1)

    def _control_values(self, position) -> np.ndarray:
        """Row that maps the control's coefficients (values at Gauss points) to its value at
        ``position``.
        """
        return lagrange_matrix(gauss(self.degree + 1).points, np.array([position]))[0]

    def stage(self, model: Model, layout: NumberLayout) -> Stage:
        n, m = model.dimension, model.controls
        x, w = ca.SX.sym("x", n), ca.SX.sym("w", m * (self.degree + 1))
        left, right, vector = (
            ca.SX.sym("left"),
            ca.SX.sym("right"),
            ca.SX.sym("numbers", layout.size),
        )
        numbers = layout.unpack(vector)
        begin, final = length_at(numbers, left), length_at(numbers, right)
        coefficients = (
            ca.reshape(w, m, self.degree + 1) * control_unit(model) * begin / numbers.horizon
        )
        step = numbers.horizon * (right - left) / self.steps

        def rates(theta, position):
            u = coefficients @ ca.DM(self._control_values(position))
            time = numbers.horizon * (left + (right - left) * position)
            running = ca.exp(-numbers.discount * time) * running_cost(model, theta, u, numbers)
            return ca.vertcat(model.drift_at(theta) + model.actuation_at(theta) @ u, running)

        state = ca.vertcat(numbers.start + begin * x, 0)
        for i in range(self.steps):
            state = _runge_kutta(lambda s, c, i=i: rates(s[:n], (i + c) / self.steps), state, step)
        end = (state[:n] - numbers.start) / final
        function = ca.Function(
            "stage", [x, w, left, right, vector], [end, state[n] / numbers.cost, ca.SX(0, 1)]
        )
        return Stage(
            function=function, width=m * (self.degree + 1), path_size=0, next_is_last_block=False
        )

    def guess(self, model, states, lengths, scales):
        n, count = model.dimension, len(states)
        middle = gauss(self.degree + 1).points
        velocity = (states[:, -1] - states[:, 0]) / lengths[:, None]
        at = resample(self.positions[[0, -1]], middle, states[:, [0, -1]]).reshape(-1, n)
        pushes = implied_control(model, at, np.repeat(velocity, len(middle), axis=0))
        pushes = pushes.reshape(count, -1) * scales["horizon"] / control_unit(model)
        return pushes / lengths_at(scales, scales["vertices"][:-1])

    def recover(self, model, variables, multipliers, numbers) -> Path:
        states, stages = variables
        m, vertices = model.controls, numbers["horizon"] * numbers["vertices"]
        units = lengths_at(numbers, numbers["vertices"])
        pushes = control_unit(model) * units[:-1, None] / numbers["horizon"]
        coefficients = stages.reshape(len(stages), -1, m) * pushes
        at_vertices = numbers["start"] + units * states
        theta = self._integrate(model, at_vertices[:-1], coefficients, vertices, numbers)
        theta[:, -1] = at_vertices[1:]
        times = node_times(vertices, self.positions)
        ends = (
            -numbers["cost"]
            / units[1:]
            * multipliers["gap"]
            * np.exp(numbers["discount"] * vertices[1:])[:, None]
        )
        costates = self._adjoint(model, theta, coefficients, ends, vertices, numbers)
        controls = resample(gauss(self.degree + 1).points, self.positions, coefficients)
        return Path(
            times=flatten(times),
            vertices=vertices,
            positions=self.positions,
            parameters=flatten(theta),
            controls=flatten(controls),
            costates=flatten(costates),
        )

    def _integrate(self, model, theta, coefficients, vertices, numbers):
        pair, zero = [numbers["learning_rate"], numbers["loss_weight"]], np.zeros_like(theta)
        derivatives, step = hamiltonian_derivatives(model), np.diff(vertices)[:, None] / self.steps
        path = [theta]
        for i in range(self.steps):

            def velocity(state, c, i=i):
                u = np.einsum("c,kcm->km", self._control_values((i + c) / self.steps), coefficients)
                return derivatives(state, u, zero, pair)[3].reshape(state.shape)

            path.append(_runge_kutta(velocity, path[-1], step))
        return np.stack(path, axis=1)

    def _adjoint(self, model, theta, coefficients, ends, vertices, numbers):
        """λ at the step ends, integrated backwards through each element from its right vertex."""
        pair, n = [numbers["learning_rate"], numbers["loss_weight"]], model.dimension
        derivatives, step = hamiltonian_derivatives(model), -np.diff(vertices)[:, None] / self.steps
        path = [ends]
        for i in range(self.steps - 1, -1, -1):

            def rates(joint, c, i=i):
                u = np.einsum(
                    "c,kcm->km", self._control_values((i + 1 - c) / self.steps), coefficients
                )
                _, slope, _, velocity = derivatives(joint[:, :n], u, joint[:, n:], pair)
                return np.hstack(
                    [
                        velocity.reshape(-1, n),
                        numbers["discount"] * joint[:, n:] - slope.reshape(-1, n),
                    ]
                )

            path.append(_runge_kutta(rates, np.hstack([theta[:, i + 1], path[-1]]), step)[:, n:])
        return np.stack(path[::-1], axis=1)


def _runge_kutta(rates, state, step):
    """One classical fourth-order step; ``rates(state, c)`` at the fraction c of the step."""
    first = rates(state, 0.0)
    second = rates(state + step / 2 * first, 0.5)
    third = rates(state + step / 2 * second, 0.5)
    fourth = rates(state + step * third, 1.0)
    return state + step / 6 * (first + 2 * second + 2 * third + fourth)
