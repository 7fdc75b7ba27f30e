"""Dynamic programming over beliefs about curvature and offset: nested, or on a grid for long
horizons.

Expectations over the next gradient are trapezoidal sums, one for each curvature; the control is found
by a scan and parabolas around its best point; the last step is known in closed form, so that T = 3
needs no interpolation at all.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ._inferred_curvature_model import (
    certainty_equivalent,
    moved,
    open_loop_cost,
    shares,
    step_cost,
    updated,
)

WIDTH, SPAN = 2.5, 6.0  # of the first scan, in controls; of normal nodes, in standard deviations


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How finely expectations and minima are computed.

    Attributes
    ----------
    nodes : nodes of the next gradient, for each curvature
    scan : controls tried first, over ± ``width`` around the certainty-equivalent one
    rounds : of refinement by a finer scan and a parabola
    width : in units of the control
    """

    nodes: int = 14
    scan: int = 9
    rounds: int = 1
    width: float = WIDTH


def normal_nodes(count):
    """(places, weights) of E f(x), x ~ N(0, 1): the trapezoidal rule, which converges faster than
    Gauss-Hermite where f has a sharp bend (p as a function of y).
    """
    places = np.linspace(-SPAN, SPAN, count)
    weights = np.exp(-(places**2) / 2)
    return places, weights / weights.sum()


def outlook(setting, accuracy, gradients, chance, control, step):
    """Beliefs after step t and the gradient that follows, nodes on the last axis: (gradients,
    chance, probability).
    """
    places, weights = normal_nodes(accuracy.nodes)
    ahead = moved(setting, gradients, control)[..., None]
    deviation = np.sqrt(setting.variance(step + 1) + setting.noise**2)
    observed = np.concatenate([mean + deviation * places for mean in ahead], axis=-1)
    likely = shares(np.broadcast_to(chance, np.shape(control)))[..., None] * weights
    beliefs = updated(setting, ahead, np.asarray(chance)[..., None], observed, step + 1)
    return *beliefs, np.concatenate([likely[0], likely[1]], axis=-1)


def last_cost(setting, gradients, chance):
    """Cost to go before the last step, where the plan without more gradients is the optimum."""
    return open_loop_cost(setting, gradients, chance, setting.steps - 1)


def cost_of(setting, accuracy, value, gradients, chance, control, step):
    """Expected cost to go (...) of a control at step t < T - 1, with ``value`` after it."""
    *beliefs, likely = outlook(setting, accuracy, gradients, chance, control, step)
    later = (likely * value(*beliefs)).sum(-1)
    return step_cost(setting, gradients, chance, control, step) + later


def vertex(left, middle, right):
    """(place in steps from the middle, value) of the lowest point of the parabola through three."""
    bend, slope = left - 2 * middle + right, (right - left) / 2
    safe = np.where(bend > 0, bend, 1.0)
    place = np.where(bend > 0, np.clip(-slope / safe, -1, 1), 0.0)
    return place, middle + slope * place + bend * place**2 / 2


def best_control(setting, accuracy, value, gradients, chance, step):
    """(control, cost to go) of step t < T - 1 at beliefs (2, ...), (...)."""
    centre = certainty_equivalent(setting, gradients, chance, step)
    half, count = accuracy.width, accuracy.scan
    for _ in range(accuracy.rounds + 1):
        offsets = np.linspace(-half, half, count)
        tried = centre[..., None] + offsets
        held = gradients[..., None], np.asarray(chance)[..., None]
        costs = cost_of(setting, accuracy, value, *held, tried, step)
        best = np.clip(costs.argmin(-1), 1, count - 2)[..., None]
        three = [np.take_along_axis(costs, best + i, -1)[..., 0] for i in (-1, 0, 1)]
        gap = offsets[1] - offsets[0]
        place, lowest = vertex(*three)
        centre = np.take_along_axis(tried, best, -1)[..., 0] + gap * place
        half, count = gap, 5
    return centre, lowest


Value = Callable[[np.ndarray, np.ndarray], np.ndarray]


def values(setting, accuracy, between=lambda value, step: value) -> list[Value]:
    """Optimal cost to go at steps 0 … T - 1, each a function of (gradients, chance).

    ``between`` may replace the function of a step by an interpolation of it.
    """
    found: list[Value] = [lambda gradients, chance: last_cost(setting, gradients, chance)]
    for step in range(setting.steps - 2, -1, -1):
        later = found[0]

        def here(gradients, chance, step=step, later=later):
            return best_control(setting, accuracy, later, gradients, chance, step)[1]

        found.insert(0, between(here, step) if step else here)
    return found


def policy_values(setting, accuracy, policy, between=lambda value, step: value) -> list[Value]:
    """Cost to go of a policy u(gradients, chance, step), for steps 0 … T - 1."""
    last = setting.steps - 1
    found: list[Value] = [
        lambda gradients, chance: step_cost(
            setting, gradients, chance, policy(gradients, chance, last), last
        )
    ]
    for step in range(setting.steps - 2, -1, -1):
        later = found[0]

        def here(gradients, chance, step=step, later=later):
            control = policy(gradients, chance, step)
            return cost_of(setting, accuracy, later, gradients, chance, control, step)

        found.insert(0, between(here, step) if step else here)
    return found


def first_beliefs(setting, size):
    """Beliefs after the first gradient, where both curvatures predict ``size`` (N,)."""
    size = np.asarray(size, dtype=float)
    return np.stack([size, size]), np.full(size.shape, setting.chance)


def first_gradients(setting, count=16):
    """(E[gradient | y_0] > 0 (N,), probability (N,)): Gauss-Legendre on one side, as all is even."""
    places, weights = np.polynomial.legendre.leggauss(count)
    places = SPAN * (places + 1) / 2
    weights = weights * np.exp(-(places**2) / 2)
    deviation = np.sqrt(setting.spread**2 - setting.variance(1))
    return deviation * places, weights / weights.sum()


def total_cost(setting, value, count=16):
    """Expected cost J over the first gradient, of the value at step 0."""
    sizes, weights = first_gradients(setting, count)
    each = [value(*first_beliefs(setting, [size]))[0] for size in sizes]
    return float(weights @ each)
