"""Single wrong formulas, and the claims that notice each of them.

A mutation replaces one formula of the package by a wrong one, in the process that asks for it and for
good: apply it in a process of its own, before anything was computed there.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import casadi as ca
import numpy as np

from landscape_control.model.belief import kalman
from landscape_control.model.belief.discounted import DiscountedModel
from landscape_control.model.belief.gaussian import GaussianModel
from landscape_control.model.belief.observation import Observation
from landscape_control.model.landscape import steppers
from landscape_control.model.problem import hamiltonian
from landscape_control.planning.beliefs import hidden_moments
from landscape_control.planning.beliefs.expected_cost import Uncertainty
from landscape_control.planning.linear_quadratic.centred import Centred
from landscape_control.planning.transcription import base, program
from landscape_control.planning.transcription.numbers import NumberLayout
from landscape_control.reference import first_order, formulas, orthogonal
from landscape_control.rules.families import average
from landscape_control.rules.families.adaptive import AdamFamily
from landscape_control.simulation.linear_loop import LinearLoop
from landscape_control.simulation.randomness import Randomness

Wrong = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One wrong formula.

    Attributes
    ----------
    name : str, what is wrong, in words
    place : str, where the formula stands
    apply : callable, puts the wrong formula in its place
    claims : names of claims that fail under it
    """

    name: str
    place: str
    apply: Callable[[], None]
    claims: tuple[str, ...]


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


def _more_gained(right: Wrong) -> Wrong:
    """(decay, 1.1 × the covariance gained over a step)."""

    def wrong(*args):
        kept, gained = right(*args)
        return kept, 1.1 * gained

    return wrong


def _more_diffusion(right: Wrong) -> Wrong:
    def wrong(reversion, diffusion, *others):
        return right(reversion, 1.1 * diffusion, *others)

    return wrong


def _more_growth(right: Wrong) -> Wrong:
    def wrong(model, *args):
        return right(model, *args) + 0.1 * ca.DM(model.hidden.diffusion)

    return wrong


def _more_shake(right: Wrong) -> Wrong:
    def wrong(loop, *args):
        right(loop, *args)
        loop.shake = 1.05 * loop.shake

    return wrong


def _wider_prior(right: Wrong) -> Wrong:
    def wrong(model, episodes):
        belief = right(model, episodes)
        return replace(belief, covariance=1.1 * belief.covariance)

    return wrong


def _larger_answer(right: Wrong) -> Wrong:
    """The mean moves by 1.1 × the Kalman gain; the covariance is right."""

    def wrong(mean, *args):
        after, covariance = right(mean, *args)
        return mean + 1.1 * (after - mean), covariance

    return wrong


def _shorter_scale_memory(right: Wrong) -> Wrong:
    def wrong(model, belief):
        shorter = replace(model, scale_discount=max(model.scale_discount - 0.01, 0.0))
        return right(shorter, belief)

    return wrong


def _shifted_beta2(right: Wrong) -> Wrong:
    def wrong(family, name, coefficients):
        found = right(family, name, coefficients)
        return 0.99 * found if name == "beta2" else found

    return wrong


def _epsilon_inside(right: Wrong) -> Wrong:
    def wrong(family, square, exponent, epsilon):
        return (square + epsilon) ** exponent

    return wrong


def _decay_with_other_sign(right: Wrong) -> Wrong:
    """√(γ²/4 + ηkh + j(j-γ)) - γ/2."""

    def wrong(curvature, decay, discount=0.0, learning_rate=1.0, loss_weight=1.0):
        pulled = learning_rate * loss_weight * curvature + decay * (decay - discount)
        return formulas.relaxation_rate(pulled, discount)

    return wrong


def _rate_with_other_sign(right: Wrong) -> Wrong:
    """√(γ²/4 + ηkh) + γ/2."""

    def wrong(curvature, discount=0.0, *args, **settings):
        return right(curvature, discount, *args, **settings) + discount

    return wrong


def _growing(right: Wrong) -> Wrong:
    """e^{+γt} in place of e^{-γt} in the program of every transcription."""

    def wrong(layout, vector):
        numbers = right(layout, vector)
        numbers.discount = -numbers.discount
        return numbers

    return wrong


def _swapped(right: Wrong) -> Wrong:
    """uᵀGu/2k + ηL."""

    @dataclass(frozen=True)
    class Swapped:
        learning_rate: Any
        loss_weight: Any

    def wrong(model, theta, control, numbers):
        swapped = Swapped(numbers.loss_weight, numbers.learning_rate)
        return right(model, theta, control, swapped)

    return wrong


def _undiscounted_end(right: Wrong) -> Wrong:
    """κΦ(θ_T) in place of e^{-γT}κΦ(θ_T)."""

    def wrong(model, numbers, state):
        return right(model, numbers, state) * ca.exp(numbers.discount * numbers.horizon)

    return wrong


def _plus_half_discount(problem: Centred) -> np.ndarray:
    """A + γ/2 I."""
    return problem.dynamics + problem.discount / 2 * np.eye(len(problem.dynamics))


def _transposed_push(problem: Centred) -> np.ndarray:
    """ηG⁻¹B where B is square."""
    square = problem.actuation.shape[0] == problem.actuation.shape[1]
    return np.linalg.solve(problem.effort, problem.actuation if square else problem.actuation.T)


def _inverse_push(problem: Centred) -> np.ndarray:
    """ηG⁻¹B⁺, the pseudo-inverse in place of the transpose."""
    return np.linalg.solve(problem.effort, np.linalg.pinv(problem.actuation))


def _wrong_noise_scale(right: Wrong) -> Wrong:
    """Noise σξ in place of σξ/√Δt."""

    def wrong(observation, theta, hidden, noise, step):
        return right(observation, theta, hidden, noise * np.sqrt(step), step)

    return wrong


def _other_weight(right: Wrong) -> Wrong:
    """Orthogonal with respect to hw in place of h²w."""

    def wrong(points, weights, count):
        return right(points, weights / points, count)

    return wrong


MUTATIONS = (
    Mutation(
        name="belief diffusion × 1.1, discrete filter",
        place="model/belief/kalman.py transition",
        apply=function(kalman, "transition", _more_gained),
        claims=("kalman-momentum",),
    ),
    Mutation(
        name="belief diffusion × 1.1, Riccati equation of exact LQG",
        place="planning/beliefs/hidden_moments.py dual",
        apply=function(hidden_moments, "dual", _more_diffusion),
        claims=("raw-kernels", "momentum-from-noise"),
    ),
    Mutation(
        name="belief diffusion × 1.1, belief as a state of the plan",
        place="model/belief/gaussian.py symbolic_covariance_rate",
        apply=method(GaussianModel, "symbolic_covariance_rate", _more_growth),
        claims=("certainty-equivalence",),
    ),
    Mutation(
        name="simulated gradient noise × 1.05",
        place="simulation/randomness.py noise",
        apply=method(Randomness, "noise", scaled(1.05)),
        claims=("certainty-equivalence", "moving-task"),
    ),
    Mutation(
        name="simulated drift of the task: variance × 1.1",
        place="model/landscape/steppers.py transition",
        apply=function(steppers, "transition", _more_gained),
        claims=("certainty-equivalence",),
    ),
    Mutation(
        name="simulated gradient noise without 1/√Δt",
        place="model/belief/observation.py seen",
        apply=method(Observation, "seen", _wrong_noise_scale),
        claims=("certainty-equivalence",),
    ),
    Mutation(
        name="gradient noise × 1.05 in exact costs of linear rules",
        place="simulation/linear_loop.py LinearLoop",
        apply=method(LinearLoop, "__init__", _more_shake),
        claims=("best-linear-rule",),
    ),
    Mutation(
        name="filter gain × 1.1, discrete",
        place="model/belief/kalman.py condition_together",
        apply=function(kalman, "condition_together", _larger_answer),
        claims=("kalman-momentum", "noise-sweep"),
    ),
    Mutation(
        name="filter gain × 1.1, Kalman-Bucy",
        place="planning/beliefs/expected_cost.py Uncertainty.gain",
        apply=method(Uncertainty, "gain", scaled(1.1)),
        claims=("raw-kernels", "momentum-from-noise"),
    ),
    Mutation(
        name="variance of whitened noise Δt in place of 1/Δt",
        place="model/belief/observation.py variance",
        apply=method(Observation, "variance", lambda right: lambda seen, step: step),
        claims=("kalman-momentum",),
    ),
    Mutation(
        name="prior variance of the belief × 1.1",
        place="model/belief/gaussian.py initial",
        apply=method(GaussianModel, "initial", _wider_prior),
        claims=("noise-sweep",),
    ),
    Mutation(
        name="belief variance × 1.1 in the cost of exact LQG",
        place="planning/beliefs/expected_cost.py Uncertainty.covariance",
        apply=method(Uncertainty, "covariance", scaled(1.1)),
        claims=("best-linear-rule",),
    ),
    Mutation(
        name="bias correction off",
        place="rules/families/average.py bias_corrected",
        apply=function(average, "bias_corrected", lambda right: lambda weight, mean, clock: mean),
        claims=("adam-is-discounted-bayes",),
    ),
    Mutation(
        name="β₂ less 0.01 in the discounted belief",
        place="model/belief/discounted.py predict",
        apply=method(DiscountedModel, "predict", _shorter_scale_memory),
        claims=("adam-is-discounted-bayes", "adam-proper-start", "local-scale-filter"),
    ),
    Mutation(
        name="β₂ × 0.99 in Adam",
        place="rules/families/adaptive.py AdamFamily",
        apply=method(AdamFamily, "_value", _shifted_beta2),
        claims=("adam-is-discounted-bayes",),
    ),
    Mutation(
        name="ε inside Adam's root",
        place="rules/families/adaptive.py AdamFamily._size",
        apply=method(AdamFamily, "_size", _epsilon_inside),
        claims=("adam-proper-start",),
    ),
    Mutation(
        name="sign of γ: j(j-γ) in the rate of weight decay",
        place="reference/formulas.py weight_decay_rate",
        apply=function(formulas, "weight_decay_rate", _decay_with_other_sign),
        claims=("weight-decay", "notebook-slips"),
    ),
    Mutation(
        name="sign of γ: +γ/2 in the relaxation rate",
        place="reference/formulas.py relaxation_rate",
        apply=function(formulas, "relaxation_rate", _rate_with_other_sign),
        claims=("quadratic-modes", "isotropic", "paper-figure-2"),
    ),
    Mutation(
        name="sign of γ: A + γ/2 in the Riccati equation",
        place="planning/linear_quadratic/centred.py discounted",
        apply=value(Centred, "discounted", _plus_half_discount),
        claims=("raw-kernels",),
    ),
    Mutation(
        name="sign of γ: e^{+γt} in the planned cost",
        place="planning/transcription/numbers.py unpack",
        apply=method(NumberLayout, "unpack", _growing),
        claims=("finite-horizon-gain", "double-well"),
    ),
    Mutation(
        name="B in place of Bᵀ in u = -ηG⁻¹Bᵀλ",
        place="planning/linear_quadratic/centred.py push",
        apply=value(Centred, "push", _transposed_push),
        claims=("linear-quadratic",),
    ),
    Mutation(
        name="B⁺ in place of Bᵀ in u = -ηG⁻¹Bᵀλ (partial control)",
        place="planning/linear_quadratic/centred.py push",
        apply=value(Centred, "push", _inverse_push),
        claims=("partial-control", "linear-quadratic"),
    ),
    Mutation(
        name="η and k exchanged",
        place="planning/transcription/base.py running_cost",
        apply=function(base, "running_cost", _swapped),
        claims=("finite-horizon-gain", "gradient-descent-short-horizon"),
    ),
    Mutation(
        name="inverse of the metric left out of the control",
        place="model/problem/hamiltonian.py inverse_metric",
        apply=function(
            hamiltonian, "inverse_metric", lambda right: lambda model, theta, vector: vector
        ),
        claims=("anisotropic-metric", "paper-figure-3", "held-newton"),
    ),
    Mutation(
        name="discount left out of the terminal cost",
        place="planning/transcription/program.py terminal_cost",
        apply=function(program, "terminal_cost", _undiscounted_end),
        claims=("proximal-step",),
    ),
    Mutation(
        name="λ left out of the denominator of s = (r+γ)/(r+γ+λ)",
        place="reference/formulas.py shrink_factor",
        apply=function(
            formulas,
            "shrink_factor",
            lambda right: lambda rate, discount, reversion: 1.0 + 0 * rate,
        ),
        claims=("raw-kernels", "moving-task"),
    ),
    Mutation(
        name="orthogonal polynomials for hw in place of h²w",
        place="reference/orthogonal.py recurrence",
        apply=function(orthogonal, "recurrence", _other_weight),
        claims=("terminal-not-identifiable",),
    ),
    Mutation(
        name="Chebyshev's steps × 1.01",
        place="reference/first_order.py chebyshev_steps",
        apply=function(first_order, "chebyshev_steps", scaled(1.01)),
        claims=("worst-case-steps",),
    ),
)
