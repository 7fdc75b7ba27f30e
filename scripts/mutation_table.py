"""Single wrong formulas, and the claims that notice each of them.

A mutation replaces one formula of the package by a wrong one, in the process that asks for it and for
good: apply it in a process of its own, before anything was computed there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import mutation_formulas as wrong
from mutation_formulas import function, method, scaled, value

from landscape_control.model.belief import kalman
from landscape_control.model.belief.discounted import DiscountedModel
from landscape_control.model.belief.gaussian import GaussianModel
from landscape_control.model.belief.observation import Observation
from landscape_control.model.landscape import steppers
from landscape_control.model.problem import hamiltonian
from landscape_control.model.problem.model import Model
from landscape_control.planning.beliefs import hidden_moments
from landscape_control.planning.beliefs.expected_cost import Uncertainty
from landscape_control.planning.linear_quadratic.centred import Centred
from landscape_control.planning.linear_quadratic.problem import LinearQuadraticProblem
from landscape_control.planning.transcription import base, program
from landscape_control.planning.transcription.numbers import NumberLayout
from landscape_control.reference import first_order, formulas, orthogonal
from landscape_control.rules.families import average
from landscape_control.rules.families.adaptive import AdamFamily
from landscape_control.simulation.linear_loop import LinearLoop
from landscape_control.simulation.randomness import Randomness


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One wrong formula.

    Attributes
    ----------
    name : str, what is wrong, in words
    place : str, where the formula stands
    apply : callable, puts the wrong formula in its place
    claims : names of claims of which a check fails under it
    refused : names of claims that cannot be evaluated under it, because the package itself verifies
        what it computed and refuses the wrong answer before a check sees it
    """

    name: str
    place: str
    apply: Callable[[], None]
    claims: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


MUTATIONS = (
    Mutation(
        name="belief diffusion × 1.1, discrete filter",
        place="model/belief/kalman.py transition",
        apply=function(kalman, "transition", wrong.more_gained),
        claims=("kalman-momentum",),
    ),
    Mutation(
        name="belief diffusion × 1.1, Riccati equation of exact LQG",
        place="planning/beliefs/hidden_moments.py dual",
        apply=function(hidden_moments, "dual", wrong.more_diffusion),
        claims=("raw-kernels", "momentum-from-noise"),
    ),
    Mutation(
        name="belief diffusion × 1.1, belief as a state of the plan",
        place="model/belief/gaussian.py symbolic_covariance_rate",
        apply=method(GaussianModel, "symbolic_covariance_rate", wrong.more_growth),
        claims=("certainty-equivalence",),
    ),
    Mutation(
        name="simulated gradient noise × 1.05",
        place="simulation/randomness.py noise",
        apply=method(Randomness, "noise", scaled(1.05)),
        claims=("simulated-noise",),
    ),
    Mutation(
        name="simulated drift of the task: variance × 1.1",
        place="model/landscape/steppers.py transition",
        apply=function(steppers, "transition", wrong.more_gained),
        claims=("simulated-noise",),
    ),
    Mutation(
        name="simulated gradient noise without 1/√Δt",
        place="simulation/randomness.py noise",
        apply=method(Randomness, "__init__", wrong.keeping_step),
        claims=("simulated-noise",),
    ),
    Mutation(
        name="gradient noise × 1.05 in exact costs of linear rules",
        place="simulation/linear_loop.py LinearLoop",
        apply=method(LinearLoop, "__init__", wrong.more_shake),
        claims=("simulated-noise", "best-linear-rule"),
    ),
    Mutation(
        name="filter gain × 1.1, discrete",
        place="model/belief/kalman.py condition_together",
        apply=function(kalman, "condition_together", wrong.larger_answer),
        claims=("kalman-momentum",),
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
        apply=method(GaussianModel, "initial", wrong.wider_prior),
        claims=("certainty-equivalence",),
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
        apply=method(DiscountedModel, "predict", wrong.shorter_scale_memory),
        claims=("adam-is-discounted-bayes", "adam-proper-start", "local-scale-filter"),
    ),
    Mutation(
        name="β₂ × 0.99 in Adam",
        place="rules/families/adaptive.py AdamFamily",
        apply=method(AdamFamily, "_value", wrong.shifted_beta2),
        claims=("adam-is-discounted-bayes",),
    ),
    Mutation(
        name="ε inside Adam's root",
        place="rules/families/adaptive.py AdamFamily._size",
        apply=method(AdamFamily, "_size", wrong.epsilon_inside),
        claims=("adam-proper-start",),
    ),
    Mutation(
        name="sign of γ: j(j-γ) in the rate of weight decay",
        place="reference/formulas.py weight_decay_rate",
        apply=function(formulas, "weight_decay_rate", wrong.decay_with_other_sign),
        claims=("weight-decay", "notebook-slips"),
    ),
    Mutation(
        name="sign of γ: +γ/2 in the relaxation rate",
        place="reference/formulas.py relaxation_rate",
        apply=function(formulas, "relaxation_rate", wrong.rate_with_other_sign),
        claims=("quadratic-modes", "isotropic"),
    ),
    Mutation(
        name="sign of γ: A + γ/2 in the Riccati equation",
        place="planning/linear_quadratic/centred.py discounted",
        apply=value(Centred, "discounted", wrong.plus_half_discount),
        claims=("raw-kernels",),
    ),
    Mutation(
        name="sign of γ: e^{+γt} in the planned cost",
        place="planning/transcription/numbers.py unpack",
        apply=method(NumberLayout, "unpack", wrong.growing),
        refused=("finite-horizon-gain", "double-well"),
    ),
    Mutation(
        name="B transposed; its first row × 1.1 where it is not square (partial control)",
        place="model/problem/model.py Model",
        apply=method(Model, "__init__", wrong.changed_learner(wrong.other_actuation)),
        claims=("linear-quadratic", "partial-control"),
    ),
    Mutation(
        name="B in place of Bᵀ in u = -ηG⁻¹Bᵀλ",
        place="planning/linear_quadratic/centred.py push",
        apply=value(Centred, "push", wrong.transposed_push),
        refused=("linear-quadratic",),
    ),
    Mutation(
        name="η and k exchanged in the regulator",
        place="planning/linear_quadratic/problem.py _centred",
        apply=value(LinearQuadraticProblem, "_centred", wrong.swapped_regulator),
        claims=("best-linear-rule",),
    ),
    Mutation(
        name="η and k exchanged in the planned cost",
        place="planning/transcription/base.py running_cost",
        apply=function(base, "running_cost", wrong.swapped),
        refused=("finite-horizon-gain",),
    ),
    Mutation(
        name="metric left out",
        place="model/problem/model.py Model",
        apply=method(Model, "__init__", wrong.changed_learner(lambda learner: {"metric": None})),
        claims=("anisotropic-metric", "paper-figure-3", "held-newton"),
    ),
    Mutation(
        name="inverse of the metric left out of u = -ηG⁻¹Bᵀλ",
        place="model/problem/hamiltonian.py inverse_metric",
        apply=function(
            hamiltonian, "inverse_metric", lambda right: lambda model, theta, vector: vector
        ),
        refused=("anisotropic-metric",),
    ),
    Mutation(
        name="discount left out of the terminal cost",
        place="planning/transcription/program.py terminal_cost",
        apply=function(program, "terminal_cost", wrong.undiscounted_end),
        refused=("proximal-step",),
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
        apply=function(orthogonal, "recurrence", wrong.other_weight),
        claims=("terminal-not-identifiable",),
    ),
    Mutation(
        name="Chebyshev's steps × 1.01",
        place="reference/first_order.py chebyshev_steps",
        apply=function(first_order, "chebyshev_steps", scaled(1.01)),
        claims=("worst-case-steps",),
    ),
)
