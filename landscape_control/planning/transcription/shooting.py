"""Multiple shooting: polynomial controls, states integrated by Runge-Kutta steps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar

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
from .numbers import NumberLayout, ProgramNumbers, length_at, lengths_at
from .quadrature import gauss

State = TypeVar("State", ca.SX, np.ndarray)
ControlDegree = Annotated[int, Whole(low=0, high=MOST_DEGREE)]


@checked
@dataclass(frozen=True, kw_only=True)
class MultipleShooting(Transcription):
    """Polynomial controls of ``degree`` on each element, states integrated by Runge-Kutta steps.

    Degree 0 is a piecewise constant control; ``steps`` equal steps of the classical method follow θ
    through an element. Order min(2·(degree + 1), 4): piecewise-constant control is second order.
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

    def _control_values(self, position: float) -> np.ndarray:
        """Row that maps the control's values at Gauss points to its value at ``position``."""
        return lagrange_matrix(gauss(self.degree + 1).points, np.array([position]))[0]

    def stage(self, model: Model, layout: NumberLayout) -> Stage:
        n, m = model.dimension, model.controls
        x, w = ca.SX.sym("x", n), ca.SX.sym("w", m * (self.degree + 1))
        left, right = ca.SX.sym("left"), ca.SX.sym("right")
        vector = ca.SX.sym("numbers", layout.size)
        numbers = layout.unpack(vector)
        begin, final = length_at(numbers, left), length_at(numbers, right)
        scaled = ca.reshape(w, m, self.degree + 1)
        coefficients = scaled * control_unit(model) * begin / numbers.horizon
        step = numbers.horizon * (right - left) / self.steps

        def rates(theta: ca.SX, position: float) -> ca.SX:
            u = coefficients @ ca.DM(self._control_values(position))
            time = numbers.horizon * (left + (right - left) * position)
            running = ca.exp(-numbers.discount * time) * running_cost(model, theta, u, numbers)
            return ca.vertcat(model.drift_at(theta) + model.actuation_at(theta) @ u, running)

        # the running cost is integrated beside θ, as a last component of the state
        state = ca.vertcat(numbers.start + begin * x, 0)
        for i in range(self.steps):

            def joint_rates(joint: ca.SX, c: float, i: int = i) -> ca.SX:
                return rates(joint[:n], (i + c) / self.steps)

            state = _runge_kutta(joint_rates, state, step)
        end = (state[:n] - numbers.start) / final
        no_equations = ca.SX(0, 1)
        outputs = [end, state[n] / numbers.cost, no_equations]
        function = ca.Function("stage", [x, w, left, right, vector], outputs)
        width = m * (self.degree + 1)
        return Stage(function=function, width=width, path_size=0, next_is_last_block=False)

    def guess(
        self, model: Model, states: np.ndarray, lengths: np.ndarray, scales: ProgramNumbers
    ) -> np.ndarray:
        n, count = model.dimension, len(states)
        middle = gauss(self.degree + 1).points
        # the control that follows the chord of every element
        velocity = (states[:, -1] - states[:, 0]) / lengths[:, None]
        points = resample(self.positions[[0, -1]], middle, states[:, [0, -1]]).reshape(-1, n)
        pushes = implied_control(model, points, np.repeat(velocity, len(middle), axis=0))
        pushes = pushes.reshape(count, -1) * scales["horizon"] / control_unit(model)
        return pushes / lengths_at(scales, scales["vertices"][:-1])

    def recover(
        self,
        model: Model,
        variables: tuple[np.ndarray, np.ndarray],
        multipliers: Mapping[str, np.ndarray],
        numbers: ProgramNumbers,
    ) -> Path:
        states, stages = variables
        m, vertices = model.controls, numbers["horizon"] * numbers["vertices"]
        units = lengths_at(numbers, numbers["vertices"])
        pushes = control_unit(model) * units[:-1, None] / numbers["horizon"]
        coefficients = stages.reshape(len(stages), -1, m) * pushes
        at_vertices = numbers["start"] + units * states
        theta = self._integrate(model, at_vertices[:-1], coefficients, vertices, numbers)
        theta[:, -1] = at_vertices[1:]
        times = node_times(vertices, self.positions)
        # multipliers of continuity are present-value costates at the right vertices, but for units
        growing = np.exp(numbers["discount"] * vertices[1:])[:, None]
        ends = -numbers["cost"] / units[1:] * multipliers["gap"] * growing
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

    def _integrate(
        self,
        model: Model,
        theta: np.ndarray,
        coefficients: np.ndarray,
        vertices: np.ndarray,
        numbers: ProgramNumbers,
    ) -> np.ndarray:
        """θ (K, steps + 1, n) at the step ends, by the steps of the program itself."""
        pair, zero = [numbers["learning_rate"], numbers["loss_weight"]], np.zeros_like(theta)
        derivatives, step = hamiltonian_derivatives(model), np.diff(vertices)[:, None] / self.steps
        path = [theta]
        for i in range(self.steps):

            def velocity(state: np.ndarray, c: float, i: int = i) -> np.ndarray:
                values = self._control_values((i + c) / self.steps)
                u = np.einsum("c,kcm->km", values, coefficients)
                return derivatives(state, u, zero, pair)[3].reshape(state.shape)

            path.append(_runge_kutta(velocity, path[-1], step))
        return np.stack(path, axis=1)

    def _adjoint(
        self,
        model: Model,
        theta: np.ndarray,
        coefficients: np.ndarray,
        ends: np.ndarray,
        vertices: np.ndarray,
        numbers: ProgramNumbers,
    ) -> np.ndarray:
        """λ at the step ends, integrated backwards through each element from its right vertex."""
        pair, n = [numbers["learning_rate"], numbers["loss_weight"]], model.dimension
        derivatives, step = hamiltonian_derivatives(model), -np.diff(vertices)[:, None] / self.steps
        path = [ends]
        for i in range(self.steps - 1, -1, -1):

            def rates(joint: np.ndarray, c: float, i: int = i) -> np.ndarray:
                theta, costate = joint[:, :n], joint[:, n:]
                values = self._control_values((i + 1 - c) / self.steps)
                u = np.einsum("c,kcm->km", values, coefficients)
                _, slope, _, velocity = derivatives(theta, u, costate, pair)
                # λ̇ = γλ - ∂H/∂θ
                costate_rate = numbers["discount"] * costate - slope.reshape(-1, n)
                return np.hstack([velocity.reshape(-1, n), costate_rate])

            path.append(_runge_kutta(rates, np.hstack([theta[:, i + 1], path[-1]]), step)[:, n:])
        return np.stack(path[::-1], axis=1)


def _runge_kutta(
    rates: Callable[[State, float], State], state: State, step: ca.SX | np.ndarray
) -> State:
    """One classical fourth-order step; ``rates(state, c)`` at the fraction c of the step."""
    first = rates(state, 0.0)
    second = rates(state + step / 2 * first, 0.5)
    third = rates(state + step / 2 * second, 0.5)
    fourth = rates(state + step * third, 1.0)
    return state + step / 6 * (first + 2 * second + 2 * third + fourth)
