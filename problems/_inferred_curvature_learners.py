"""Learners of a hidden curvature on the same draws: by belief, by Adam's V, and by plain gradients."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.optimize import minimize
from scipy.stats import norm, qmc

from ._inferred_curvature_model import (
    certainty_equivalent,
    means,
    moved,
    planned_control,
    updated,
)
from ._inferred_curvature_programs import SPAN, best_control, first_beliefs

KNOTS = 25  # of the first control as a function of the first gradient
BATCHES = 16  # of draws, independent of one another
BLOCK = 2000  # episodes whose controls are searched for at once


@dataclass(frozen=True, kw_only=True)
class Draws:
    """Episodes: curvatures h (N,), offsets b (N,), gradient noise (N, T), all as drawn."""

    curvatures: np.ndarray
    offsets: np.ndarray
    noise: np.ndarray


def draw(setting, episodes, seed) -> Draws:
    """Scrambled Sobol points in BATCHES independent batches of a power of two (A. B. Owen 1995)."""
    each = episodes // BATCHES
    rng = np.random.default_rng(seed)
    batches = [qmc.Sobol(d=setting.steps + 2, seed=rng).random(each) for _ in range(BATCHES)]
    points = np.concatenate(batches)
    normal = norm.ppf(np.clip(points[:, 1:], 1e-12, 1 - 1e-12))
    return Draws(
        curvatures=np.where(points[:, 0] < setting.chance, setting.flat, setting.steep),
        offsets=setting.spread * normal[:, 0],
        noise=setting.noise * normal[:, 1:],
    )


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a learner did: costs (N,), places θ_t before step t and gradients y_t (T, N)."""

    costs: np.ndarray
    places: np.ndarray
    gradients: np.ndarray


def mean_and_error(costs) -> tuple[float, float]:
    """(mean, standard error) of costs (N,), from the means of the independent batches."""
    batches = costs.reshape(BATCHES, -1).mean(1)
    return float(batches.mean()), float(batches.std(ddof=1) / np.sqrt(BATCHES))


Learner = Callable[[int, np.ndarray, Any], tuple[np.ndarray, Any]]


def run(setting, learner: Learner, draws: Draws) -> Run:
    """Costs and paths; ``learner(step, y, memory)`` is (u, memory), its first memory is None."""
    place, cost = np.zeros_like(draws.offsets), np.zeros_like(draws.offsets)
    memory, places, gradients = None, [], []
    minimum = draws.offsets / draws.curvatures
    for step in range(setting.steps):
        observed = draws.curvatures * place - draws.offsets + draws.noise[:, step]
        places.append(place)
        gradients.append(observed)
        control, memory = learner(step, observed, memory)
        place = place + control
        loss = draws.curvatures * (place - minimum) ** 2 / 2
        cost = cost + control**2 / (2 * setting.price) + setting.weight(step) * loss
    return Run(costs=cost, places=np.array(places), gradients=np.array(gradients))


def believer(setting, control) -> Learner:
    """The learner with Bayes' belief and a policy ``control(gradients, chance, step)``."""

    def learner(step, observed, memory):
        if memory is None:
            size = np.zeros(observed.shape)
            gradients, chance = first_beliefs(setting, size)
        else:
            gradients, chance = memory
        gradients, chance = updated(setting, gradients, chance, observed, step)
        applied = control(gradients, chance, step)
        return applied, (moved(setting, gradients, applied), chance)

    return learner


def beliefs_along(setting, seen: Run):
    """(gradients (T, 2, N), chance (T, N)) after each gradient of a run."""
    size = np.zeros(seen.costs.shape)
    gradients, chance = first_beliefs(setting, size)
    found = []
    for step, observed in enumerate(seen.gradients):
        if step:
            gradients = moved(setting, gradients, seen.places[step] - seen.places[step - 1])
        gradients, chance = updated(setting, gradients, chance, observed, step)
        found.append((gradients, chance))
    return np.array([one[0] for one in found]), np.array([one[1] for one in found])


def certain(setting) -> Learner:
    """Certainty equivalence, which is open-loop replanning."""
    return believer(setting, partial(certainty_equivalent, setting))


def first_control(setting, accuracy, later, knots=KNOTS):
    """u_0 as an odd function of E[gradient | y_0], a cubic spline through searched values."""
    top = SPAN * np.sqrt(setting.spread**2 - setting.variance(1))
    sizes = np.linspace(0, top, knots)
    controls = [
        best_control(setting, accuracy, later, *first_beliefs(setting, [size]), 0)[0][0]
        for size in sizes
    ]
    line = CubicSpline(sizes, controls)
    return lambda gradient: np.sign(gradient) * line(np.minimum(np.abs(gradient), top))


def optimal(setting, accuracy, found, start) -> Learner:
    """The optimum, from its values at every step and its first control as a function."""

    def control(gradients, chance, step):
        if step == 0:
            return start(gradients[0])
        if step == setting.steps - 1:
            return certainty_equivalent(setting, gradients, chance, step)
        blocks = [
            best_control(
                setting,
                accuracy,
                found[step + 1],
                gradients[:, i : i + BLOCK],
                chance[i : i + BLOCK],
                step,
            )[0]
            for i in range(0, chance.size, BLOCK)
        ]
        return np.concatenate(blocks)

    return believer(setting, control)


def fading(total, weight, value, memory):
    """Σ βᵗ⁻ⁱ x_i and Σ βᵗ⁻ⁱ, one step on; their ratio is Adam's estimate with bias correction."""
    return memory * total + value, memory * weight + 1


def faded(values, memory) -> np.ndarray:
    """Adam's estimate of values (T, N) at the end."""
    total, weight = np.zeros_like(values[0]), 0.0
    for value in values:
        total, weight = fading(total, weight, value, memory)
    return total / weight


def estimating(beta1, beta2, control) -> Learner:
    """A learner with Adam's m̂ and v̂ and a policy ``control(m̂, v̂, step)``."""

    def learner(step, observed, memory):
        first, second = memory or ((0.0, 0.0), (0.0, 0.0))
        first = fading(*first, observed, beta1)
        second = fading(*second, observed**2, beta2)
        applied = control(first[0] / first[1], second[0] / second[1], step)
        return applied, (first, second)

    return learner


def adam(rates, beta1, beta2) -> Learner:
    """u_t = -α_t m̂_t/√v̂_t, one α for every step."""
    return estimating(
        beta1, beta2, lambda mean, square, step: -rates[step] * mean / np.sqrt(square)
    )


def adam_with_epsilon(rates, epsilon, beta1, beta2) -> Learner:
    """u_t = -α_t m̂_t/(1 + √v̂_t/ε): Adam, which for ε → ∞ is averaged gradients."""

    def control(mean, square, step):
        return -rates[step] * mean / (1 + np.sqrt(square) / epsilon)

    return estimating(beta1, beta2, control)


def descent(rates) -> Learner:
    """u_t = -α_t y_t."""
    return lambda step, observed, memory: (-rates[step] * observed, None)


def average(rates, beta1) -> Learner:
    """u_t = -α_t m̂_t: momentum with bias correction, one α for every step."""
    return estimating(beta1, 0.0, lambda mean, square, step: -rates[step] * mean)


def gain_on_squares(setting, scale, discount, beta1, beta2) -> Learner:
    """u = -[√(γ²/4 + ηkV) - γ/2]m̂/V with V = c v̂: the gain of continuous time, T = ∞."""

    def control(mean, square, step):
        curvature = scale * square
        stiffness = setting.price * setting.loss_weight * curvature
        # [√(γ²/4 + x) - γ/2]/x without cancellation
        slowness = np.sqrt(discount**2 / 4 + stiffness) + discount / 2
        return -setting.price * setting.loss_weight / slowness * mean

    return estimating(beta1, beta2, control)


def planner(setting, curvature) -> Learner:
    """Certainty equivalence but for the curvature of its plan, ``curvature(squares, step)``.

    The gradient is Bayes' mean; squares is the list of y² so far, in place of E[h | y].
    """

    def learner(step, observed, memory):
        squares, belief = memory or ([], first_beliefs(setting, np.zeros(observed.shape)))
        squares = [*squares, observed**2]
        belief = updated(setting, *belief, observed, step)
        gradient, _ = means(setting, *belief)
        applied = planned_control(setting, gradient, curvature(squares, step), step)
        return applied, (squares, (moved(setting, belief[0], applied), belief[1]))

    return learner


def logistic(value):
    """A memory β in (0, 1) from any number."""
    return 1 / (1 + np.exp(-value))


def kinds(setting) -> dict[str, tuple[Callable, list]]:
    """Families of learners: (learner of free numbers, starts of the search)."""
    steps = setting.steps
    return {
        "sgd": (descent, [np.full(steps, 0.5)]),
        "moving_average": (
            lambda free: average(free[:-1], logistic(free[-1])),
            [np.append(np.full(steps, 0.5), beta) for beta in (0.0, 3.0)],
        ),
        "adam": (
            lambda free: adam(free[:-2], logistic(free[-2]), logistic(free[-1])),
            [np.append(np.full(steps, 1.0), betas) for betas in ([0.0, 0.0], [0.0, 3.0])],
        ),
        "adam_epsilon": (
            lambda free: adam_with_epsilon(free[:-3], np.exp(free[-3]), *logistic(free[-2:])),
            [np.append(np.full(steps, 1.0), rest) for rest in ([1.0, 0.0, 0.0], [3.0, 3.0, 0.0])],
        ),
        "gain": (
            lambda free: gain_on_squares(setting, *np.exp(free[:2]), *logistic(free[2:])),
            [np.array([-2.0, 0.0, 0.0, 0.0]), np.array([-2.0, 0.0, 2.0, 2.0])],
        ),
        "one_rate": (
            lambda free: average(np.full(steps, free[0]), logistic(free[1])),
            [np.array([0.5, beta]) for beta in (0.0, 3.0)],
        ),
        "constant": (
            lambda free: planner(setting, lambda squares, step: np.exp(free[0])),
            [np.zeros(1)],
        ),
        "squares": (
            lambda free: planner(
                setting, lambda squares, step: np.exp(free[0]) * faded(squares, logistic(free[1]))
            ),
            [np.array([-1.0, 0.0]), np.array([-1.0, 3.0])],
        ),
    }


def tuned(setting, family, draws, evaluations=400):
    """Free numbers of the best learner of a family on the draws, by Nelder-Mead from every start."""
    make, starts = family

    def cost(free):
        return run(setting, make(free), draws).costs.mean()

    limits = {"xatol": 1e-3, "fatol": 1e-5, "maxfev": evaluations, "adaptive": True}
    results = [minimize(cost, start, method="Nelder-Mead", options=limits) for start in starts]
    return min(results, key=lambda result: result.fun).x
