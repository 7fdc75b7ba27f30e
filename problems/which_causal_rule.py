"""Which causal rule is it? Policies with memory named from what they do, and a path that must not
be.

Problem
    library   SGD, heavy ball, Nesterov, RMSProp, Adam and Lion with textbook numbers, run as they
              are on noisy gradients of
              quadratics (curvatures uniform on [0.05, 1], noise 0.3) from random starts to random
              minima
    emergent  heavy ball with constant coefficients, optimised for the loss after T = 30 steps over
    the same curvatures
    beliefs   the exact optimal learner of L = ½h(θ-μ)² with a hidden minimum that moves, dμ =
              -λ(μ-μ₀)dt + √q dW, and noisy
              gradients: h = 1.3, λ = 0.4, q = 0.8, σ = 0.8, γ = ½, T = ∞, watched with its Kalman
              filter at steps of Δt
    mixture   the sum of an Adam step and a heavy-ball step
    path      updates recorded along the optimal path of the bowl H = diag(½, 1, 4), γ = 1, T = ∞,
              at steps of Δt = 0.05
Formulas
    Every rule runs by its own memory on the gradients that the policy saw; its coefficients are
    fitted to the updates of two thirds of the histories, shared by all, and scored on the rest:
    rms(Δθ - Δθ̂)/rms(Δθ).
    beliefs: Δθ_t = βΔθ_{t-1} - αy_t - wθ_t with the numbers of the continuous rule sampled at Δt,
    up to O(Δt).
    path: θ̈ = γθ̇ + ηk∇L, so that regression on previous update and gradient gives momentum 1 + γΔt
    and learning rate -ηkΔt².
Claim
    Each policy is named with its numbers; the optimal learner of the moving task is heavy ball with
    weight decay; mixture and path are no rule: the path's regression is exact and has momentum > 1
    and a negative learning rate.
Source
    Robbins & Monro 1951; Polyak 1964; Nesterov 1983; Kingma & Ba 2015; Chen et al. 2023; VGR25,
    second-order law; Kalman-Bucy filter and certainty equivalence for the moving task.
Relation and tolerance
    equal: rules not recognised, rules named for mixture and path: 0; coefficients of library and
    emergent policy to 1e-6
    relative, of Lion (whose signs are alike for a range of numbers) within its intervals; the
    regression to 5e-3, 10 %.
    limit: the gap between coefficients of beliefs and continuous rule shrinks as Δt, slope 1 within
    0.15.
"""

import math

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..identification import Excitation, Histories, identify, rollout
from ..identification.maps import Conclusion
from ..identification.residual import regress_on_previous_update
from ..model.landscape import LandscapeDistribution, Uniform
from ..optimisation import optimize_policy
from ..rules.families import HeavyBall
from ..simulation import Adam
from ..simulation import HeavyBall as HeavyBallLearner

LIBRARY = {
    "sgd": {"learning_rate": 0.2},
    "heavy_ball": {"learning_rate": 0.1, "momentum": 0.9},
    "nesterov": {"learning_rate": 0.1, "momentum": 0.9},
    "rmsprop": {"learning_rate": 0.02, "beta2": 0.99, "epsilon": 1e-8},
    "adam": {"learning_rate": 0.05, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    "lion": {"learning_rate": 0.03, "beta1": 0.9, "beta2": 0.99},
}
SHOWN, RESAMPLES = Excitation(histories=21, steps=30), 60
CURVATURES, DISCOUNT, STEP = np.array([0.5, 1.0, 4.0]), 1.0, 0.05
STEPS = np.array([0.08, 0.04, 0.02])
DECAYING = "heavy_ball_weight_decay"


def problem() -> lc.ControlProblem:
    """The bowl whose optimal path is recorded."""
    return lc.ControlProblem(
        landscape=lc.quadratic(hessian=np.diag(CURVATURES)),
        start=np.ones(3),
        objective=lc.Objective(horizon=math.inf, discount=DISCOUNT),
    )


def moving_task() -> lc.ControlProblem:
    """A hidden minimum that moves about 0.3, seen through noisy gradients."""
    hidden = lc.OrnsteinUhlenbeck([0.3], 0.4, [1.0])
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: 0.65 * (theta[0] - phi[0]) ** 2, dimension=1, hidden=hidden
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=0.8)),
        start=[1.0],
        objective=lc.Objective(horizon=math.inf, discount=0.5),
    )


def mixture(history):
    """Adam plus heavy ball."""
    parts = (Adam(learning_rate=0.05), HeavyBallLearner(learning_rate=0.1, momentum=0.5))
    states = [part.init(len(history), history.shape[2]) for part in parts]
    for gradient in history.swapaxes(0, 1):
        moved = [
            part.update(state, gradient, None, 1.0)
            for part, state in zip(parts, states, strict=True)
        ]
        states = [state for _, state in moved]
    return sum(u for u, _ in moved)


def recorded() -> Histories:
    """Gradients and updates along the optimal path."""
    path = lc.solve(problem()).at(STEP * np.arange(61))[0]
    return Histories(
        gradients=problem().landscape.gradient(path[:-1])[None],
        updates=np.diff(path, axis=0)[None],
        parameters=path[None, :-1],
    )


def evaluate() -> Evidence:
    """Name every policy, and hold its numbers against those it was made with."""
    found = {
        key: identify(rollout(key, numbers, excitation=SHOWN), resamples=RESAMPLES)
        for key, numbers in LIBRARY.items()
    }
    task = LandscapeDistribution.quadratic(curvatures=Uniform(0.05, 1.0), start_variance=1.0)
    result = optimize_policy(
        task,
        HeavyBall(constant=True),
        lc.Objective(horizon=30, learning_rate=math.inf),
        sees=lc.NoisyGradient(0.3),
    )
    emergent = identify(result, excitation=SHOWN, resamples=RESAMPLES)
    learner = lc.solve(moving_task())
    beliefs = identify(learner, ["sgd", "heavy_ball", "sgd_weight_decay", DECAYING])
    blend, path = (
        identify(mixture, excitation=SHOWN, resamples=1),
        identify(recorded(), resamples=1),
    )
    gaps = [gap(identify(learner, [DECAYING], step=step, resamples=1).rows[0]) for step in STEPS]
    law = regress_on_previous_update(recorded())
    return Evidence(
        checks=checks_of(found, result, emergent, beliefs, blend, path, gaps, law),
        data=picture(found, emergent, result, beliefs),
    )


def checks_of(found, result, emergent, beliefs, blend, path, gaps, law) -> tuple[Check, ...]:
    """Every rule is named with its numbers, and what is no rule is not."""
    return (
        equal(
            "rules of the library not recognised",
            sum(named(v) != key for key, v in found.items()),
            0,
            0,
        ),
        *(
            equal(
                f"{key.replace('_', ' ')}: largest relative distance of its coefficients",
                distance(found[key].row(key), LIBRARY[key]),
                0,
                1e-6,
            )
            for key in LIBRARY
            if key != "lion"
        ),
        equal(
            "Lion: coefficients outside their intervals",
            outside(found["lion"].row("lion"), LIBRARY["lion"]),
            0,
            0,
        ),
        equal("emergent: it is heavy ball (1 = yes)", named(emergent) == "heavy_ball", 1, 0),
        equal(
            "emergent: largest relative distance of its coefficients",
            distance(emergent.row("heavy_ball"), result.coefficients),
            0,
            1e-6,
        ),
        equal("beliefs: heavy ball with weight decay (1 = yes)", named(beliefs) == DECAYING, 1, 0),
        *(
            Check(
                quantity=f"beliefs: slope of the gap of {name} in Δt",
                theory=1,
                relation="limit",
                tolerance=0.15,
                computed=np.polyfit(np.log(STEPS), np.log(values), 1)[0],
            )
            for name, values in zip(
                ("learning rate", "weight decay"), np.transpose(gaps), strict=True
            )
        ),
        equal("mixture: rules named", named(blend) is not None, 0, 0),
        equal("path: rules named", named(path) is not None, 0, 0),
        equal("path: momentum by regression, 1 + γΔt", law.momentum, 1 + DISCOUNT * STEP, 5e-3),
        equal(
            "path: learning rate by regression over -ηkΔt²", -law.learning_rate / STEP**2, 1, 0.1
        ),
        Check(
            quantity="path: error of that regression",
            theory=1e-3,
            computed=law.error,
            relation="at most",
            tolerance=0,
        ),
    )


def named(verdict) -> str | None:
    """The rule that a verdict names, if it names one."""
    return verdict.best.key if verdict.conclusion is Conclusion.RULE else None


def distance(row, numbers) -> float:
    """Largest relative distance of the coefficients of a row from given numbers, ε in units
    of one.
    """
    return max(
        abs(row.coefficients[name] - value) / (1 if name == "epsilon" else abs(value))
        for name, value in numbers.items()
    )


def outside(row, numbers) -> int:
    """How many numbers are not in their intervals."""
    return sum(
        not row.intervals[name][0] <= value <= row.intervals[name][1]
        for name, value in numbers.items()
    )


def gap(row) -> list[float]:
    """Relative distance of learning rate and decay from the continuous rule."""
    return [
        abs(row.coefficients[name] / row.predicted[name] - 1) for name in ("learning_rate", "decay")
    ]


def equal(quantity: str, computed, theory, tolerance) -> Check:
    """A number that must come out."""
    return Check(
        quantity=quantity,
        theory=theory,
        computed=float(computed),
        relation="equal",
        tolerance=tolerance,
    )


def picture(found, emergent, result, beliefs) -> dict:
    """Data of the figure coefficients: estimates with intervals against the numbers they were made
    with.
    """
    subjects = [(key, found[key].row(key), LIBRARY[key]) for key in LIBRARY]
    subjects += [
        ("heavy_ball", emergent.row("heavy_ball"), result.coefficients),
        ("weight_decay", beliefs.row(DECAYING), beliefs.row(DECAYING).predicted),
    ]
    rows = [
        (
            key,
            f"{place}{c.name.replace('_', ' ')} {c.symbol}",
            row.coefficients[c.name],
            *row.intervals[c.name],
            numbers[c.name],
        )
        for (key, row, numbers), place in zip(
            subjects, [""] * len(LIBRARY) + ["emergent, ", "beliefs, "], strict=True
        )
        for c in row.rule.coefficients
        if c.name != "epsilon"
    ]
    keys, names, estimates, lower, upper, theory = zip(*rows, strict=True)
    return {
        "rules": list(keys),
        "names": list(names),
        "estimates": np.array(estimates),
        "lower": np.array(lower),
        "upper": np.array(upper),
        "theory": np.array(theory),
    }


CLAIM = Claim(
    name="which-causal-rule",
    title="Which causal rule a policy is: named from its updates, and a path that is no rule",
    statement=(
        "Run on the gradients a policy saw, with shared coefficients, each rule recognises itself"
        " with its numbers; the optimised constant policy is heavy ball; the exact learner of a"
        " moving task is heavy ball with weight decay; a mixture fits no rule; nor does an optimal"
        " path, whose regression has momentum 1 + γΔt, rate -ηkΔt²."
    ),
    source="Polyak 1964; Kingma & Ba 2015; VGR25, second-order law; Kalman-Bucy filter",
    relations=("equal", "limit", "at most"),
    evaluate=evaluate,
    picture="coefficients",
)
