"""The discretised action: the control is eliminated and θ alone is unknown."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import casadi as ca
import numpy as np

from ...model.problem import Model, optimal_control
from ...support.arguments import checked
from ...support.pointwise import BySize
from .action_derivatives import element_derivatives
from .base import (
    CostNumbers,
    Degree,
    Elements,
    Path,
    Stage,
    Transcription,
    node_times,
    running_cost,
)
from .numbers import NumberLayout, ProgramNumbers, length_at, lengths_at
from .quadrature import lobatto, lobatto_matrices


@checked
@dataclass(frozen=True, kw_only=True)
class DiscretisedAction(Transcription):
    """θ is a polynomial on each element, continuous across; J is its Gauss-Lobatto quadrature.

    J ≈ Σ_elements Σ_q h w_q e^{-γt_q} ℓ(θ_q, θ̇_q),  ℓ(θ, v) = ½η⁻¹ (v-f)ᵀB⁻ᵀGB⁻¹(v-f) + kL(θ),
    with q over the nodes. Needs B square and invertible. A variational integrator (Marsden & West
    2001), equivalent to the Lobatto IIIA-IIIB pair; costates are the discrete momenta. Order
    2·degree.
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
        return (
            "the discretised action eliminates u, which needs a square and invertible actuation B"
        )

    def stage(self, model: Model, layout: NumberLayout) -> Stage:
        n, nodes = model.dimension, lobatto(self.degree + 1)
        derivative, _ = lobatto_matrices(self.degree + 1)
        x, w = ca.SX.sym("x", n), ca.SX.sym("w", n * self.degree)
        left, right = ca.SX.sym("left"), ca.SX.sym("right")
        vector = ca.SX.sym("numbers", layout.size)
        numbers = layout.unpack(vector)

        # θ - start at the nodes, in the unit of length that holds at each of them
        scaled = ca.horzcat(x, ca.reshape(w, n, self.degree))
        fractions = [left + (right - left) * position for position in nodes.points]
        units = [length_at(numbers, fraction) for fraction in fractions]
        moved = ca.horzcat(*[unit * scaled[:, q] for q, unit in enumerate(units)])
        width = numbers.horizon * (right - left)
        velocities = (moved @ ca.DM(derivative.T)) / width

        cost = 0
        for q, (fraction, weight) in enumerate(zip(fractions, nodes.weights, strict=True)):
            theta = numbers.start + moved[:, q]
            time = numbers.horizon * fraction
            lagrangian = _lagrangian(model, theta, velocities[:, q], numbers)
            cost += weight * width * ca.exp(-numbers.discount * time) * lagrangian / numbers.cost
        no_equations = ca.SX(0, 1)
        arguments = [x, w, left, right, vector]
        function = ca.Function("stage", arguments, [w[-n:], cost, no_equations])
        return Stage(function=function, width=n * self.degree, path_size=0, next_is_last_block=True)

    def element_derivatives(self, model: Model, layout: NumberLayout) -> ca.Function | None:
        if layout.growing:  # the unit of length is another one at every node
            return None
        return element_derivatives(model, _lagrangian, self.degree, layout)

    def guess(
        self, model: Model, states: np.ndarray, lengths: np.ndarray, scales: ProgramNumbers
    ) -> np.ndarray:
        fractions = node_times(scales["vertices"], self.positions)[:, 1:]
        scaled = (states[:, 1:] - scales["start"]) / lengths_at(scales, fractions)
        return scaled.reshape(len(states), -1)

    def recover(
        self,
        model: Model,
        variables: tuple[np.ndarray, np.ndarray],
        multipliers: Mapping[str, np.ndarray],
        numbers: ProgramNumbers,
    ) -> Path:
        states, stages = variables
        n, count = model.dimension, len(stages)
        positions = tuple(self.positions)
        vertices = numbers["horizon"] * numbers["vertices"]
        if ("momenta", positions) not in model.cache:
            model.cache["momenta", positions] = BySize(partial(_momenta, model, positions))
        scales = [
            numbers["length"],
            numbers["learning_rate"],
            numbers["loss_weight"],
            numbers["discount"],
            numbers.get("growth", 0.0),
        ]
        points, times, costs, gained, inside, fade, pull = model.cache["momenta", positions](
            count, states[:-1], stages, vertices, numbers["start"], scales
        )

        # the present-value costate at the left end of every element, and from there inside it
        last = pull[0]
        if "end" not in numbers:
            last = fade[-1] * _slope_of_what_follows(model, points[-1], numbers)
        left = last + gained[::-1].cumsum(axis=0)[::-1]
        within = left[:, None] - inside.reshape(count, self.degree, n)
        present = np.append(within.reshape(-1, n), [last], axis=0)
        costates = present / fade
        return Path(
            times=times[:, 0],
            vertices=vertices,
            positions=self.positions,
            parameters=points,
            controls=optimal_control(model, points, costates, numbers["learning_rate"]),
            costates=costates,
            element_costs=costs[:, 0],
        )


def _momenta(model: Model, positions: tuple[float, ...], count: int) -> ca.Function:
    """What costates at the nodes are made from, and the elements' costs, for K elements.

    (θ̂ at the left ends, stage variables, vertices in time, start, [length, η, k, γ, growth]) -> θ
    (n, N+1) and times at the nodes, costs (K), ∫ e^{-γt} ∂ℓ/∂θ dt over every element (n, K) and
    from its left end to its nodes but the last (n, K·d), e^{-γt} at the nodes, and the momentum at
    the last node; all by the elements' own quadrature.

    Along a discrete extremal the present-value costate obeys p(t) = p(T) + ∫_t^T e^{-γt} ∂ℓ/∂θ dt,
    by that quadrature at the vertices. For a free end p(T) is the gradient of what follows, and no
    velocity is needed: over a horizon so short that θ moves by rounding alone, differences of θ say
    nothing. For a fixed end p(T) is the discrete Legendre transform there.
    """
    n, degree = model.dimension, len(positions) - 1
    lefts, stages = ca.MX.sym("lefts", n, count), ca.MX.sym("stages", n * degree, count)
    vertices, start = ca.MX.sym("vertices", count + 1), ca.MX.sym("start", n)
    scales = ca.MX.sym("scales", 5)
    length, pair, discount, growth = scales[0], scales[1:3], scales[3], scales[4]
    nodes, width = lobatto(degree + 1), degree + 1
    derivative, integration = lobatto_matrices(width)

    # every element has its own columns for all of its nodes, so that shared vertices stand twice
    each = ca.DM.eye(count)
    to_nodes = ca.kron(each, ca.DM.ones(1, width))
    lengths = (vertices[1:] - vertices[:-1]).T
    times = vertices[:-1].T @ to_nodes + lengths @ ca.kron(each, ca.DM(nodes.points).T)
    units = ca.repmat(length * ca.exp(growth * times), n, 1)
    theta = ca.reshape(ca.vertcat(lefts, stages), n, -1)
    theta = ca.repmat(start, 1, width * count) + units * theta
    widths = ca.repmat(lengths @ to_nodes, n, 1)
    velocity = (theta @ ca.kron(each, ca.DM(derivative.T))) / widths
    fade = ca.exp(-discount * times)
    mapped = lagrangian_derivatives(model).map(
        "lagrangian_at_nodes", "serial", width * count, [2], []
    )
    value, slope, momentum = mapped(theta, velocity, pair)

    weights = ca.kron(each, ca.DM(nodes.weights))
    slope *= ca.repmat(fade, n, 1)
    costs = lengths * ((fade * value) @ weights)
    gained = ca.repmat(lengths, n, 1) * (slope @ weights)
    to_own_nodes = ca.kron(each, ca.DM(integration[:-1].T))
    all_but_last = lengths @ ca.kron(each, ca.DM.ones(1, degree))
    inside = (slope @ to_own_nodes) * ca.repmat(all_but_last, n, 1)

    # discrete Legendre transform at the last node: minus ∂(cost of the last element)/∂θ there
    last_fade, last_momentum = fade[:, -width:], momentum[:, -width:]
    pull = (ca.repmat(last_fade, n, 1) * last_momentum) @ ca.DM(derivative[:, -1] * nodes.weights)
    pull = -(lengths[-1] * nodes.weights[-1] * slope[:, -1] + pull)

    once = [k * width + q for k in range(count) for q in range(degree)] + [width * count - 1]
    outputs = [theta[:, once], times[:, once], costs, gained, inside, fade[:, once], pull]
    arguments = [lefts, stages, vertices, start, scales]
    return ca.Function("momenta", arguments, [ca.densify(output) for output in outputs])


def _slope_of_what_follows(model: Model, theta: np.ndarray, numbers: ProgramNumbers) -> np.ndarray:
    """∂/∂θ of the terminal cost, or of the tail's cost to go, in current value."""
    if "tail_centre" in numbers:
        return numbers["tail_costate"] + numbers["tail_hessian"] @ (theta - numbers["tail_centre"])
    if model.terminal is None:
        return np.zeros_like(theta)
    return numbers["terminal_weight"] * model.terminal_derivatives(theta[None])[0][0]


def eliminated_control(model: Model, theta: ca.SX, velocity: ca.SX) -> ca.SX:
    """u = B⁻¹(θ̇ - f) as an expression."""
    push = velocity - model.drift_at(theta) if model.has_drift else velocity
    if model.learner.actuation is None:
        return push
    if model.constant["actuation"]:
        return ca.DM(np.linalg.inv(model.actuation(np.zeros(model.dimension))[0])) @ push
    return ca.solve(model.actuation_at(theta), push)


def _lagrangian(model: Model, theta: ca.SX, velocity: ca.SX, numbers: CostNumbers) -> ca.SX:
    """ℓ(θ, θ̇) as an expression."""
    return running_cost(model, theta, eliminated_control(model, theta, velocity), numbers)


def lagrangian_derivatives(model: Model) -> ca.Function:
    """(θ, θ̇, [η, k]) -> (ℓ, ∂ℓ/∂θ, ∂ℓ/∂θ̇), built once per model."""
    if "lagrangian_derivatives" not in model.cache:
        n = model.dimension
        theta, velocity = ca.SX.sym("theta", n), ca.SX.sym("velocity", n)
        pair = ca.SX.sym("eta_k", 2)
        numbers = _Pair(learning_rate=pair[0], loss_weight=pair[1])
        value = _lagrangian(model, theta, velocity, numbers)
        slope = ca.densify(ca.gradient(value, theta))
        momentum = ca.densify(ca.gradient(value, velocity))
        model.cache["lagrangian_derivatives"] = ca.Function(
            "lagrangian_derivatives", [theta, velocity, pair], [value, slope, momentum]
        )
    return model.cache["lagrangian_derivatives"]


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """The two numbers that the running cost needs."""

    learning_rate: ca.SX
    loss_weight: ca.SX
