"""The best learning rate in time under noise: it falls, nearly as 1/t; warm-up and a stable phase
come out of no noise.

Problem    L = ½hθ², start variance m₀ = 1, gradients with noise σ per step, movement free (η = ∞),
           T = 30 steps of gradient
           descent with its own α_t at every step, beside α·shape(t) for six shapes. h known (½), or
           uniform on [0.05, 1]; σ = 0.03, 0.3, 1; cost E L(θ_T) ("terminal") or Σ_{t=1..T} E L(θ_t)
           ("running").
Formula    h known: α_t = (1/h)/(t + 1 + σ²/h²m₀), which is 1/t with α_0 = h m₀/(h²m₀ + σ²), 1/ρ = 1
           + σ²/h²m₀: the gain of a
           Kalman filter that averages, at either cost. h unknown: no formula.
Source     Robbins & Monro 1951; R. E. Kalman 1960 for the gain; the rest derived for this project.
Relation   equal, h known: α_t, and α and ρ of the shape, to 1e-5 relative, the cost of the shape to
           1e-9.
           At least, at most, h unknown (bounds set after a first look, those for σ ≥ 0.3 then
           checked on Marchenko-Pastur with ratio ¼ at σ = 0.5): α_t falls at every step where σ ≥ 0.3, and
           first rises for running loss at σ = 0.03. In cost above that of the best α_t, where σ ≥
           0.3, 1/t is within 4 %, while a constant costs 12 % or more, cosine
           to zero 6 % and warm-up-stable-decay 4 %, the last with a warm-up of less than 1 % of the
           horizon and 99 % of it decaying. For terminal loss 1/t gets worse with the horizon, to 5
           % and more at T = 100. At σ = 0.03 no shape comes within 25 % for terminal loss; for
           running loss the nearest is warm-up-stable-decay, within 4 %, with a warm-up of less than
           a step, and 1/t is 8 % off or more.
           What does not carry over: on the uniform spectrum 1/t is the nearest of the six shapes,
           and within 0.1 % for running loss. On a log-uniform one (0.05 to 1, σ = 0.5, terminal
           loss) a polynomial is 0.5 % off and 1/t 0.6 %; on Marchenko-Pastur 1/t is 0.3 % off for
           running loss.
"""

import math

import numpy as np

import landscape_control as lc

from ..claims import Claim, Evidence
from ..model.landscape import Discrete, LandscapeDistribution, MarchenkoPastur, Uniform
from ..optimisation import PolicySolver
from ..optimisation.program import PolicyProgram
from ..rules.families import (
    Constant,
    Cosine,
    GradientDescent,
    InverseTime,
    Polynomial,
    ScheduledDescent,
    WarmupStableDecay,
    impulse_response,
)
from ._stated_checks import bounded, same

CURVATURE, SPECTRUM, STEPS = 0.5, Uniform(0.05, 1.0), 30
OTHER = MarchenkoPastur(0.25)  # looked at after all bounds
NOISES, COSTS = (0.03, 0.3, 1.0), ("terminal", "running")
SHAPES = {
    "constant": Constant(),
    "1/t": InverseTime(),
    "polynomial": Polynomial(),
    "cosine": Cosine(final=0.0),
    "cosine to a floor": Cosine(final=None),
    "warm-up-stable-decay": WarmupStableDecay(warmup=None, decay_fraction=None),
}


def problem() -> PolicyProgram:
    """h unknown, σ = 0.3, terminal loss: gradient descent with its own α_t at every step."""
    return program(GradientDescent(constant=False), SPECTRUM, noise=0.3)


def program(family, curvatures, horizon=STEPS, noise=1.0):
    """Terminal loss of a family, movement free."""
    return PolicyProgram(
        task=LandscapeDistribution.quadratic(curvatures=curvatures, start_variance=1.0),
        family=family,
        objective=lc.Objective(horizon=horizon, learning_rate=math.inf),
        sees=lc.NoisyGradient(noise),
    )


def solver(family, curvatures, horizon=STEPS) -> PolicySolver:
    """One family; noise and kind of cost are numbers of each solve."""
    return PolicySolver(program(family, curvatures, horizon))


def known_checks():
    """One curvature: the optimiser against the gain of a Kalman filter."""
    every, shaped = (
        solver(family, Discrete([CURVATURE]))
        for family in (GradientDescent(constant=False), ScheduledDescent(shape=InverseTime()))
    )
    for cost in COSTS:
        for noise in (0.3, 1.0):
            words, scaled = f"h known, {cost}, σ = {noise:g}", noise**2 / CURVATURE**2
            best, shape = (one.solve(noise=noise, cost=cost, starts=3) for one in (every, shaped))
            exact = 1 / (CURVATURE * (np.arange(STEPS) + 1 + scaled))
            gap = np.abs(best.coefficients["learning_rate"] / exact - 1).max()
            yield same(f"{words}: largest |α_t/theory - 1|", 0, gap, 1e-5)
            for name, theory in (("learning_rate", exact[0]), ("decay_rate", 1 / (1 + scaled))):
                ratio = shape.coefficients[name] / theory
                yield same(f"{words}: {name} of 1/t over theory", 1, ratio, 1e-5)
            over = shape.cost / best.cost - 1
            yield same(f"{words}: cost of 1/t over the best - 1", 0, over, 1e-9)


def optimised(spectrum=SPECTRUM, noises=NOISES):
    """{(cost, σ): (best result, {shape: result})} for h unknown."""
    every = solver(GradientDescent(constant=False), spectrum)
    shaped = {
        name: solver(ScheduledDescent(shape=shape), spectrum) for name, shape in SHAPES.items()
    }
    return {
        (cost, noise): (
            every.solve(noise=noise, cost=cost, starts=2),
            {name: one.solve(noise=noise, cost=cost, starts=2) for name, one in shaped.items()},
        )
        for cost in COSTS
        for noise in noises
    }


def excess(best, shapes) -> dict:
    """Cost of each shape above the best α_t, relative."""
    return {name: one.cost / best.cost - 1 for name, one in shapes.items()}


def noisy_checks(cost, noise, best, shapes, where=""):
    """σ ≥ 0.3: falling, and nearly 1/t."""
    words, over = f"{where}{cost}, σ = {noise:g}", excess(best, shapes)
    wsd = shapes["warm-up-stable-decay"].coefficients
    yield bounded(
        f"{words}: largest α_(t+1) - α_t",
        "at most",
        0.0,
        np.diff(best.coefficients["learning_rate"]).max(),
    )
    yield bounded(f"{words}: cost of 1/t over the best - 1", "at most", 0.04, over["1/t"])
    for name, least in (("constant", 0.12), ("cosine", 0.06), ("warm-up-stable-decay", 0.04)):
        yield bounded(f"{words}: cost of {name} over the best - 1", "at least", least, over[name])
    yield bounded(f"{words}: warm-up", "at most", 0.01, wsd["warmup"])
    yield bounded(
        f"{words}: share of the rest that decays", "at least", 0.99, wsd["decay_fraction"]
    )


def nearest_checks(cost, noise, best, shapes):
    """On the uniform spectrum 1/t is the nearest shape, and nearly the best for running loss."""
    over = excess(best, shapes)
    rest = min(value for name, value in over.items() if name != "1/t")
    if cost == "running":
        words = f"{cost}, σ = {noise:g}: cost of 1/t over the best - 1, on the uniform spectrum"
        yield bounded(words, "at most", 0.001, over["1/t"])
    yield bounded(
        f"{cost}, σ = {noise:g}: smallest excess of another shape over that of 1/t",
        "at least",
        1.0,
        rest / over["1/t"],
    )


def quiet_checks(found):
    """σ = 0.03: no shape for terminal loss, warm-up-stable-decay for running loss."""
    terminal, (best, shapes) = excess(*found["terminal", 0.03]), found["running", 0.03]
    over = excess(best, shapes)
    yield bounded(
        "terminal, σ = 0.03: smallest excess of a shape", "at least", 0.25, min(terminal.values())
    )
    yield bounded(
        "running, σ = 0.03: α_1 - α_0",
        "at least",
        0.0,
        np.diff(best.coefficients["learning_rate"])[0],
    )
    yield bounded(
        "running, σ = 0.03: cost of warm-up-stable-decay over the best - 1",
        "at most",
        0.04,
        over["warm-up-stable-decay"],
    )
    yield bounded(
        "running, σ = 0.03: steps of warm-up",
        "at most",
        1.0,
        STEPS * shapes["warm-up-stable-decay"].coefficients["warmup"],
    )
    yield bounded("running, σ = 0.03: cost of 1/t over the best - 1", "at least", 0.08, over["1/t"])


def long_check():
    """1/t at a longer horizon."""
    families = GradientDescent(constant=False), ScheduledDescent(shape=InverseTime())
    best, shape = (solver(family, SPECTRUM, 100).solve(noise=0.3, starts=1) for family in families)
    return bounded(
        "terminal, σ = 0.3, T = 100: cost of 1/t over the best - 1",
        "at least",
        0.05,
        shape.cost / best.cost - 1,
    )


def evaluate() -> Evidence:
    """h known, then unknown over noise and kind of cost."""
    found, other = optimised(), optimised(OTHER, (0.5,))
    checks = [*known_checks(), *quiet_checks(found), long_check()]
    for (cost, noise), both in found.items():
        if noise >= 0.3:
            checks += [*noisy_checks(cost, noise, *both), *nearest_checks(cost, noise, *both)]
    for (cost, noise), both in other.items():
        checks += noisy_checks(cost, noise, *both, where="Marchenko-Pastur, ")
    return Evidence(
        checks=checks, data=picture({noise: found["terminal", noise] for noise in NOISES})
    )


def picture(found):
    """The best α_t over noise, for terminal loss, beside four shapes."""
    drawn = {
        "constant": "constant",
        "inverse_time": "1/t",
        "cosine": "cosine",
        "warmup_stable_decay": "warm-up-stable-decay",
    }
    return {
        "noises": np.array(list(found)),
        "steps": np.arange(STEPS),
        "shapes": list(drawn),
        "learning_rates": np.array([schedule(best) for best, _ in found.values()]),
        "shape_learning_rates": np.array(
            [[schedule(shapes[name]) for name in drawn.values()] for _, shapes in found.values()]
        ),
        "excess": np.array(
            [[excess(*both)[name] for name in drawn.values()] for both in found.values()]
        ),
    }


def schedule(result):
    """α_t (T,)."""
    return -np.diagonal(impulse_response(result.policy))


CLAIM = Claim(
    name="optimal-schedule",
    theme="momentum and schedules",
    title="Under noise the best learning rate falls as 1/t, without warm-up",
    statement=(
        "h known: α_t = (1/h)/(t + 1 + σ²/h²m₀) exactly; h unknown, uniform: 1/t is the nearest"
        " shape where σ ≥ 0.3"
    ),
    source="Robbins & Monro 1951; Kalman 1960; derived for this project",
    relations=("equal", "at least", "at most"),
    picture="optimal_schedule",
    evaluate=evaluate,
)
