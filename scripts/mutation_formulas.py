"""Wrong formulas, and how one is put in the place of the right one.

Each takes the right function and gives the wrong one; a property is given as a function of its owner.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import casadi as ca
import numpy as np

from landscape_control.planning.linear_quadratic.centred import Centred
from landscape_control.planning.linear_quadratic.problem import LinearQuadraticProblem
from landscape_control.reference import formulas

Wrong = Callable[..., Any]
_RIGHT_REGULATOR = vars(LinearQuadraticProblem)["_centred"]


def function(module: ModuleType, name: str, wrong: Callable[[Wrong], Wrong]) -> Callable[[], None]:
    """Replaces a function by wrong(function), in every module of the package that holds it."""

    def apply() -> None:
        right = getattr(module, name)
        changed = wrong(right)
        for holder in [each for key, each in sys.modules.items() if _is_own(key)]:
            for key, value in list(vars(holder).items()):
                if value is right:
                    setattr(holder, key, changed)

    return apply


def method(owner: type, name: str, wrong: Callable[[Wrong], Wrong]) -> Callable[[], None]:
    """Replaces a method by wrong(method)."""
    return lambda: setattr(owner, name, wrong(getattr(owner, name)))


def value(owner: type, name: str, wrong: Callable[[Any], Any]) -> Callable[[], None]:
    """Replaces a property by the wrong value of the object, which is asked for every time."""
    return lambda: setattr(owner, name, property(wrong))


def scaled(factor: float) -> Callable[[Wrong], Wrong]:
    """The same function with its result times a factor."""
    return lambda right: lambda *args, **settings: factor * right(*args, **settings)


def _is_own(module: str) -> bool:
    return module.split(".")[0] == "landscape_control"


def more_gained(right: Wrong) -> Wrong:
    """(decay, 1.1 × the covariance gained over a step)."""

    def wrong(*args):
        kept, gained = right(*args)
        return kept, 1.1 * gained

    return wrong


def more_diffusion(right: Wrong) -> Wrong:
    def wrong(reversion, diffusion, *others):
        return right(reversion, 1.1 * diffusion, *others)

    return wrong


def more_growth(right: Wrong) -> Wrong:
    def wrong(model, *args):
        return right(model, *args) + 0.1 * ca.DM(model.hidden.diffusion)

    return wrong


def more_shake(right: Wrong) -> Wrong:
    def wrong(loop, *args):
        right(loop, *args)
        loop.shake = 1.05 * loop.shake

    return wrong


def wider_prior(right: Wrong) -> Wrong:
    def wrong(model, episodes):
        belief = right(model, episodes)
        return replace(belief, covariance=1.1 * belief.covariance)

    return wrong


def larger_answer(right: Wrong) -> Wrong:
    """The mean moves by 1.1 × the Kalman gain; the covariance is right."""

    def wrong(mean, *args):
        after, covariance = right(mean, *args)
        return mean + 1.1 * (after - mean), covariance

    return wrong


def shorter_scale_memory(right: Wrong) -> Wrong:
    def wrong(model, belief):
        shorter = replace(model, scale_discount=max(model.scale_discount - 0.01, 0.0))
        return right(shorter, belief)

    return wrong


def shifted_beta2(right: Wrong) -> Wrong:
    def wrong(family, name, coefficients):
        found = right(family, name, coefficients)
        return 0.99 * found if name == "beta2" else found

    return wrong


def epsilon_inside(right: Wrong) -> Wrong:
    def wrong(family, square, exponent, epsilon):
        return (square + epsilon) ** exponent

    return wrong


def decay_with_other_sign(right: Wrong) -> Wrong:
    """√(γ²/4 + ηkh + j(j-γ)) - γ/2."""

    def wrong(curvature, decay, discount=0.0, learning_rate=1.0, loss_weight=1.0):
        pulled = learning_rate * loss_weight * curvature + decay * (decay - discount)
        return formulas.relaxation_rate(pulled, discount)

    return wrong


def rate_with_other_sign(right: Wrong) -> Wrong:
    """√(γ²/4 + ηkh) + γ/2."""

    def wrong(curvature, discount=0.0, *args, **settings):
        return right(curvature, discount, *args, **settings) + discount

    return wrong


def growing(right: Wrong) -> Wrong:
    """e^{+γt} in place of e^{-γt} in the program of every transcription."""

    def wrong(layout, vector):
        numbers = right(layout, vector)
        numbers.discount = -numbers.discount
        return numbers

    return wrong


def swapped(right: Wrong) -> Wrong:
    """uᵀGu/2k + ηL."""

    @dataclass(frozen=True)
    class Swapped:
        learning_rate: Any
        loss_weight: Any

    def wrong(model, theta, control, numbers):
        swapped = Swapped(numbers.loss_weight, numbers.learning_rate)
        return right(model, theta, control, swapped)

    return wrong


def undiscounted_end(right: Wrong) -> Wrong:
    """κΦ(θ_T) in place of e^{-γT}κΦ(θ_T)."""

    def wrong(model, numbers, state):
        return right(model, numbers, state) * ca.exp(numbers.discount * numbers.horizon)

    return wrong


def plus_half_discount(problem: Centred) -> np.ndarray:
    """A + γ/2 I."""
    return problem.dynamics + problem.discount / 2 * np.eye(len(problem.dynamics))


def transposed_push(problem: Centred) -> np.ndarray:
    """ηG⁻¹B where B is square."""
    square = problem.actuation.shape[0] == problem.actuation.shape[1]
    return np.linalg.solve(problem.effort, problem.actuation if square else problem.actuation.T)


def keeping_step(right: Wrong) -> Wrong:
    """White noise of a simulation as ξ in place of ξ/√Δt."""

    def wrong(source, hidden, *, step, **settings):
        right(source, hidden, step=step, **settings)
        drawn = source.noise
        source.noise = lambda: np.sqrt(step) * drawn()

    return wrong


def changed_learner(change: Callable[[Any], dict[str, Any]]) -> Callable[[Wrong], Wrong]:
    """A model of the learner with other matrices than it was given."""

    def wrongly(right: Wrong) -> Wrong:
        def wrong(model, landscape, learner, terminal):
            right(model, landscape, replace(learner, **change(learner)), terminal)

        return wrong

    return wrongly


def other_actuation(learner: Any) -> dict[str, Any]:
    """Bᵀ where B is square; else its first row × 1.1."""
    if learner.actuation is None:
        return {}
    matrix = np.asarray(learner.actuation)
    if matrix.shape[0] == matrix.shape[1]:
        return {"actuation": matrix.T}
    return {"actuation": np.vstack([1.1 * matrix[:1], matrix[1:]])}


def swapped_regulator(problem: LinearQuadraticProblem) -> Centred:
    """The regulator with k and η in each other's place."""
    swapped = replace(problem, learning_rate=problem.loss_weight, loss_weight=problem.learning_rate)
    return _RIGHT_REGULATOR.func(swapped)


def other_weight(right: Wrong) -> Wrong:
    """Orthogonal with respect to hw in place of h²w."""

    def wrong(points, weights, count):
        return right(points, weights / points, count)

    return wrong
