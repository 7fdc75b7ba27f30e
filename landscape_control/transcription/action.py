"""The discretised action: the control is eliminated and θ alone is unknown."""

from dataclasses import dataclass

import casadi as ca
import numpy as np

from ..arguments import checked
from ..pointwise import Pointwise
from ..problem import Model, optimal_control
from .base import Degree, Elements, Path, Stage, Transcription, flatten, node_times, running_cost
from .numbers import NumberLayout
from .quadrature import lobatto, lobatto_matrices


@checked
@dataclass(frozen=True, kw_only=True)
class DiscretisedAction(Transcription):
    """θ is a polynomial on each element, continuous across; J is its Gauss-Lobatto quadrature at the nodes.

    J ≈ Σ_elements Σ_q h w_q e^{-γt_q} ℓ(θ_q, θ̇_q),  ℓ(θ, v) = ½η⁻¹ (v-f)ᵀB⁻ᵀGB⁻¹(v-f) + kL(θ).
    Needs B square and invertible. A variational integrator (Marsden & West 2001), equivalent to the Lobatto
    IIIA-IIIB pair; costates are the discrete momenta. Order 2·degree.
    """

    elements: Elements = 8
    degree: Degree = 5

    name = "discretised action"

    @property
    def order(self) -> int:
        return 2 * self.degree

    @property
    def positions(self) -> np.ndarray:
        return lobatto(self.degree + 1).points

    def accepts(self, model: Model) -> str | None:
        if model.is_invertible:
            return None
        return "the discretised action eliminates u, which needs a square and invertible actuation B"

    def stage(self, model: Model, layout: NumberLayout) -> Stage:
        n, nodes = model.dimension, lobatto(self.degree + 1)
        derivative, _ = lobatto_matrices(self.degree + 1)
        x, w = ca.SX.sym("x", n), ca.SX.sym("w", n * self.degree)
        left, right, vector = ca.SX.sym("left"), ca.SX.sym("right"), ca.SX.sym("numbers", layout.size)
        numbers = layout.unpack(vector)
        scaled = ca.horzcat(x, ca.reshape(w, n, self.degree))
        width = numbers.horizon * (right - left)
        velocities = numbers.length * (scaled @ ca.DM(derivative.T)) / width
        cost = 0
        for q, (position, weight) in enumerate(zip(nodes.points, nodes.weights, strict=True)):
            theta = numbers.start + numbers.length * scaled[:, q]
            time = numbers.horizon * (left + (right - left) * position)
            lagrangian = running_cost(model, theta, eliminated_control(model, theta, velocities[:, q]), numbers)
            cost += weight * width * ca.exp(-numbers.discount * time) * lagrangian / numbers.cost
        function = ca.Function("stage", [x, w, left, right, vector], [w[-n:], cost, ca.SX(0, 1)])
        return Stage(function=function, width=n * self.degree, path_size=0, next_is_last_block=True)

    def guess(self, model, states, lengths, scales):
        return ((states[:, 1:] - scales["start"]) / scales["length"]).reshape(len(states), -1)

    def recover(self, model, variables, multipliers, numbers) -> Path:
        states, stages = variables
        n = model.dimension
        inner = stages.reshape(len(stages), self.degree, n)
        theta = numbers["start"] + numbers["length"] * np.concatenate([states[:-1, None], inner], axis=1)
        vertices = numbers["horizon"] * numbers["vertices"]
        times = node_times(vertices, self.positions)
        costates, costs = self._momenta(model, theta, times, numbers)
        points = flatten(theta)
        controls = optimal_control(model, points, costates, numbers["learning_rate"])
        return Path(
            times=flatten(times),
            vertices=vertices,
            positions=self.positions,
            parameters=points,
            controls=controls,
            costates=costates,
            element_costs=costs,
        )

    def _momenta(self, model, theta, times, numbers):
        """Costates at all nodes, and the elements' costs by the same quadrature.

        Along a discrete extremal the present-value costate obeys p(t) = p(T) + ∫_t^T e^{-γt} ∂ℓ/∂θ dt, by the elements'
        own quadrature at the vertices. For a free end p(T) is the gradient of what follows, and no velocity is needed:
        over a horizon so short that θ moves by rounding alone, differences of θ say nothing. For a fixed end p(T) is the
        discrete Legendre transform there.
        """
        nodes = lobatto(self.degree + 1)
        derivative, integration = lobatto_matrices(self.degree + 1)
        count, rows, n = theta.shape
        length = (times[:, -1] - times[:, 0])[:, None, None]
        velocity = derivative @ theta / length
        value, slope, momentum = lagrangian_derivatives(model)(
            theta.reshape(-1, n), velocity.reshape(-1, n), [numbers["learning_rate"], numbers["loss_weight"]]
        )
        fade = np.exp(-numbers["discount"] * times)[:, :, None]
        costs = length[:, 0, 0] * ((fade[:, :, 0] * value.reshape(count, rows)) @ nodes.weights)
        slope = fade * slope.reshape(count, rows, n)
        gained = length[:, 0] * (nodes.weights @ slope)  # (K, n), over each element
        if "end" in numbers:
            pull = derivative[:, -1] * nodes.weights @ (fade[-1] * momentum.reshape(count, rows, n)[-1])
            last = -(length[-1, 0] * nodes.weights[-1] * slope[-1, -1] + pull)
        else:
            last = fade[-1, -1] * _slope_of_what_follows(model, theta[-1, -1], numbers)
        left = last + np.cumsum(gained[::-1], axis=0)[::-1]
        present = left[:, None] - length * (integration @ slope)
        present[-1, -1] = last
        return flatten(present / fade), costs


def _slope_of_what_follows(model, theta, numbers):
    """∂/∂θ of the terminal cost, or of the tail's cost to go, in current value."""
    if "tail_centre" in numbers:
        return numbers["tail_costate"] + numbers["tail_hessian"] @ (theta - numbers["tail_centre"])
    if model.terminal is None:
        return np.zeros_like(theta)
    return numbers["terminal_weight"] * model.terminal_derivatives(theta[None])[0][0]


def eliminated_control(model: Model, theta, velocity):
    """u = B⁻¹(θ̇ - f) as an expression."""
    push = velocity - model.drift_at(theta) if model.has_drift else velocity
    if model.learner.actuation is None:
        return push
    if model.constant["actuation"]:
        return ca.DM(np.linalg.inv(model.actuation(np.zeros(model.dimension))[0])) @ push
    return ca.solve(model.actuation_at(theta), push)


def lagrangian_derivatives(model: Model) -> Pointwise:
    """(θ, θ̇, [η, k]) -> (ℓ, ∂ℓ/∂θ, ∂ℓ/∂θ̇), built once per model."""
    if "lagrangian_derivatives" not in model.cache:
        n = model.dimension
        theta, velocity, pair = ca.SX.sym("theta", n), ca.SX.sym("velocity", n), ca.SX.sym("eta_k", 2)
        numbers = NumberView(learning_rate=pair[0], loss_weight=pair[1])
        value = running_cost(model, theta, eliminated_control(model, theta, velocity), numbers)
        function = ca.Function(
            "lagrangian_derivatives",
            [theta, velocity, pair],
            [value, ca.densify(ca.gradient(value, theta)), ca.densify(ca.gradient(value, velocity))],
        )
        model.cache["lagrangian_derivatives"] = Pointwise(function)
    return model.cache["lagrangian_derivatives"]


@dataclass(frozen=True, kw_only=True)
class NumberView:
    """The two numbers that the running cost needs."""

    learning_rate: object
    loss_weight: object
