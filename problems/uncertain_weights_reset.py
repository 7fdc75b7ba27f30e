"""Weights that know how uncertain they are: how fast a reset is optimal, and when resets are near
it.

Problem
    One weight of use h on ½h(θ-φ)². At rate λ the task φ is drawn afresh from N(μ₀, v₀) = N(0, 1),
    which is announced, though not to which value; gradients have noise σ, the belief is N(m, v): v
    → v₀, m → μ₀ at a switch. η = 4, k = 1, T = ∞, γ = 0.2. Weights are independent: each has its
    own cost.
Control
    u = -r[θ - μ₀ - s(m-μ₀)], r = √(γ²/4+ηh) - γ/2, s = (r+γ)/(r+γ+λ), at every time since a switch.
    There m = μ₀, so that the weight goes to the prior mean: this *is* the reset, at rate r. Going
    there in a straight line within d costs more, from where the weight stands at a switch, by
    (1/2η)∫₀ᵈ e^{-(γ+λ)τ}{θ²[r(1-τ/d) - 1/d]² + r²s²E m(τ)²}dτ: where beliefs are slow and γ, λ ≪ r
    least at d = √3/r, then (2/√3 - 1)rθ²/2η; for d → 0 it grows as 1/d. An instant reset is for
    free movement only.
Rules
    Heavy ball on raw gradients with no reset, L2 decay to μ₀, full reset or shrink at announced
    switches (noise after shrinking only costs), each at its own best coefficients and duration of
    resets in every cell, by the exact cost of the discrete time (Δt = 0.1); and a full reset of
    weights and belief, optimal afterwards. The shortest reset takes one step. Lost is (J -
    J*)/(J_rest - J*) against the optimum with news: 0 is optimal, 1 no better than resting at μ₀.
    At most 5 % is near-optimal, fixed in advance.
Claim
    Resetting weights and belief is near-optimal where switches are rare, whatever the noise, and
    loses more as λ grows: the weight would have to be elsewhere before it has arrived. Of the usual
    rules L2 decay is near-optimal where gradients are nearly noiseless. Full reset with a constant
    learning rate is so for rare switches only, at large noise (and at small noise, where no reset
    loses less). In the middle, where a task takes about 1/r to be learned, none of the usual rules
    is at any λ: what they lack is a learning rate that starts afresh with the belief. Where sight
    is short, γ ≫ r, all rules are near-optimal: there is no time to gain anything.
Source
    VGR25 (arXiv 2510.26997); W. M. Wonham 1965; O. Costa, M. Fragoso, R. Marques, *Discrete-time
    Markov jump linear systems*, 2005; Ash & Adams 2020; Krogh & Hertz 1991; derived for this
    project.
Relation and tolerance
    equal, limit: gains against dynamic programming over the time since a switch, the price of
    resets against the integral, costs against the project's second moments and simulation (common
    random numbers, 4 standard errors). Where rules are near-optimal was looked at for γ = 0.2 and
    2, then confirmed with h = 2, v₀ = ½, γ = 0.5, not looked at before, at the same λ/r and
    learning times.
"""

import math

import numpy as np
from scipy.optimize import minimize_scalar

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ..simulation import HeavyBall, ShrinkAndPerturb, WeightDecay, simulate
from ._announced_reset_rules import USUAL, losses, optimum, sight_losses
from ._announced_reset_theory import programmed_gains, ramp_excess
from ._announced_resets import (
    EFFORT_RATE,
    Raw,
    Setting,
    Told,
    descended,
    entered,
    raw_cost,
    regulator,
    told_cost,
)
from ._stated_checks import bounded, same

HAZARDS, NOISES = np.array([0.02, 0.08, 0.3, 1.2]), np.array([0.1, 1.0, 3.0])
NEAR, STANDARD_ERRORS, EPISODES, SEED = 0.05, 4.0, 3000, 7
TYPICAL, SIMULATED = Setting(hazard=0.2, noise=1.0), Setting(hazard=0.3, noise=3.0)
# over discounts, at middle noise
DISCOUNTS, SIGHT = np.array([0.05, 0.2, 0.8, 3.2, 12.8]), Setting(hazard=0.08, noise=1.0)
OTHER_SIGHT = Setting(hazard=0.15, noise=1.2, use=2.0, spread=0.5)
SECOND = Setting(hazard=0.2, noise=1.0, use=2.0, spread=0.5, discount=0.5)


def problem() -> lc.ControlProblem:
    """One weight whose task is known to rest at 1 (the command 'solve' plans without beliefs)."""
    return posed(TYPICAL).known([1.0])


def posed(setting: Setting) -> lc.ControlProblem:
    """One weight under a task that is drawn afresh."""
    task = lc.JumpProcess(rate=setting.hazard, mean=[0.0], covariance=[setting.spread])
    landscape = lc.Landscape.from_expression(
        lambda theta, task: setting.use * (theta[0] - task[0]) ** 2 / 2, dimension=1, hidden=task
    )
    objective = lc.Objective(horizon=math.inf, discount=setting.discount, learning_rate=EFFORT_RATE)
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=setting.noise)),
        objective=objective,
        start=[0.0],
    )


def evaluate() -> Evidence:
    """Gains, the price of resets, costs and the map of rules."""
    table, found = losses(TYPICAL, NOISES, HAZARDS)
    second, others = losses(SECOND, NOISES, HAZARDS)
    sights = sight_losses(SIGHT, DISCOUNTS)
    checks = (
        *gain_checks(),
        *ramp_checks(),
        *best_ramp_checks(),
        second_moment_check(),
        *cost_checks(),
        *map_checks("", table),
        *map_checks("second instance: ", second),
        *sight_checks("", sights),
        *sight_checks("second instance: ", sight_losses(OTHER_SIGHT, DISCOUNTS[[0, -1]])),
        *settled_checks(found + others),
    )
    return Evidence(checks=checks, data=picture(table, sights))


def gain_checks():
    """What the optimal controller does, whatever the time since the switch."""
    gains = programmed_gains(TYPICAL)
    yield same(
        "gains of the dynamic program at 60 times since a switch: largest distance from (g, f)",
        0.0,
        np.abs(gains - regulator(TYPICAL)).max(),
        1e-9,
        "independent code",
    )
    x, cost, _ = descended(
        lambda x: told_cost(TYPICAL, Told(gain=x[0], aim=x[1])).cost,
        (1.0, 0.3),
        ((0.0, 5.0), (0.0, 5.0)),
    )
    yield same(
        "(g, f) of least exact cost, searched from afar: largest distance",
        0.0,
        np.abs(x - regulator(TYPICAL)).max(),
        1e-5,
        "closed form",
    )
    steps = np.array([0.04, 0.02, 0.01])
    errors = [
        abs(regulator(TYPICAL.changed(step=step))[0] / TYPICAL.relaxation - 1) for step in steps
    ]
    yield Check(
        quantity="rate of the return to the prior mean: slope in Δt of g/r - 1",
        theory=1.0,
        computed=fitted_slope(steps, errors),
        relation="limit",
        tolerance=0.05,
        reference="closed form",
        bound="before",
    )


def ramp_checks():
    """What a straight, finished reset costs more than the optimum's return at rate r."""
    span, excesses = 0.8, []
    for step in (0.04, 0.02):
        setting = TYPICAL.changed(step=step)
        gain, aim = regulator(setting)
        ramp = Told(gain=gain, aim=aim, ramp=round(span / step))
        outcome = told_cost(setting, ramp)
        theory = ramp_excess(setting, span, float(outcome.handed.real), entered(setting))
        excesses.append((float(outcome.cost.real) - optimum(setting)) / theory)
    yield same(
        "excess of a reset within 0.8 over its integral, Δt → 0",
        1.0,
        2 * excesses[1] - excesses[0],
        0.005,
        "closed form",
    )


def best_ramp_checks():
    """The best duration where beliefs are slow and γ, λ ≪ r; and a reset in no time."""
    quiet = Setting(hazard=1e-6, noise=1e6, discount=1e-6)
    unit = 2 * EFFORT_RATE / quiet.relaxation
    best = minimize_scalar(
        lambda share: unit * ramp_excess(quiet, share / quiet.relaxation, 1.0, 0.0),
        bounds=(0.5, 4.0),
        method="bounded",
    )
    yield same("best duration of a reset, times r", math.sqrt(3), best.x, 1e-3, "closed form")
    yield same("its excess over rθ²/2η", 2 / math.sqrt(3) - 1, best.fun, 1e-5, "closed form")
    spans = np.array([0.02, 0.01, 0.005])
    rushed = []
    for step in spans:
        setting = Setting(hazard=0.8, noise=1.0, discount=2.0, step=step)
        gain, aim = regulator(setting)
        hurried = told_cost(setting, Told(gain=gain, aim=aim, ramp=1)).cost.real
        rushed.append(float(hurried) - optimum(setting))
    yield Check(
        quantity="excess of a reset within one step: slope in Δt",
        theory=-1.0,
        computed=fitted_slope(spans, rushed),
        relation="limit",
        tolerance=0.1,
        reference="closed form",
        bound="before",
    )


def second_moment_check() -> Check:
    """A rule that is not told of switches, by the project's own second moments."""
    decayed = Raw(learning_rate=0.08, momentum=0.77, decay=0.5)
    learner = WeightDecay(
        learner=HeavyBall(learning_rate=0.08, momentum=0.77), decay=0.5, centre=(0.0,)
    )
    return same(
        "J of heavy ball with decay",
        lc.simulation.exact_cost(posed(TYPICAL), learner, step=0.1).cost,
        float(np.real(raw_cost(TYPICAL, decayed))),
        1e-9,
        "independent code",
    )


def cost_checks():
    """Exact costs of rules that are told of switches against simulation."""
    gain, aim = regulator(SIMULATED)
    rates = {"learning_rate": 0.03, "momentum": 0.85}
    plain = HeavyBall(**rates)
    settings = {"episodes": EPISODES, "seed": SEED, "step": 0.1, "horizon": 40.0}
    shown, base = posed(SIMULATED), raw_cost(SIMULATED, Raw(**rates))
    reference = simulate(shown, plain, **settings)
    told = simulate(
        shown,
        lambda theta, belief, _: -gain * theta + aim * belief.mean,
        beliefs="announced",
        **settings,
    )
    shrunk = simulate(shown, ShrinkAndPerturb(learner=plain, duration=0.4, shrink=0.2), **settings)
    for words, run, exact in (
        ("the optimum", told, told_cost(SIMULATED, Told(gain=gain, aim=aim)).cost),
        ("shrinking to a fifth", shrunk, raw_cost(SIMULATED, Raw(**rates, ramp=4, shrink=0.2))),
    ):
        gap, error = lc.simulation.paired_difference(run, reference)
        theory = float(np.real(exact - base))
        yield same(
            f"simulated cost of {words} less that of no reset",
            theory,
            gap,
            STANDARD_ERRORS * error,
            "independent code",
            standard_error=error,
            effect=abs(theory),
        )


def map_checks(words: str, table):
    """Who is near-optimal where."""
    decay, full = USUAL.index("l2_decay"), USUAL.index("full_reset")
    usual, believed = table[:, :-1], table[:, -1]
    yield bounded(
        f"{words}reset of weights and beliefs, rarest switches: largest lost over noises",
        "at most",
        NEAR,
        believed[:, 0].max(),
    )
    yield bounded(
        f"{words}reset of weights and beliefs, most frequent switches: least lost over noises",
        "at least",
        NEAR,
        believed[:, -1].min(),
    )
    yield bounded(
        f"{words}L2 decay, least noise: largest lost over λ", "at most", NEAR, usual[0, decay].max()
    )
    yield bounded(
        f"{words}middle noise: least lost of all usual rules over λ",
        "at least",
        NEAR,
        usual[1].min(),
    )
    yield bounded(
        f"{words}full reset, rarest switches, least and largest noise: largest lost",
        "at most",
        NEAR,
        usual[[0, 2], full, 0].max(),
    )
    yield bounded(
        f"{words}full reset, from the second hazard on: least lost",
        "at least",
        NEAR,
        usual[:, full, 1:].min(),
    )
    yield bounded(f"{words}least lost of all rules", "at least", 0.0, table.min(), "before")


def sight_checks(words: str, table):
    """Long sight: no usual rule is near-optimal; sight much shorter than 1/r: every rule is."""
    yield bounded(
        f"{words}γ = 0.05: least lost of all usual rules", "at least", NEAR, table[:-1, 0].min()
    )
    yield bounded(f"{words}γ = 12.8: largest lost", "at most", NEAR, table[:, -1].max())


def settled_checks(found):
    """No slope is left at any best coefficient, and no rule is unstable there."""
    yield bounded(
        "largest slope left at best coefficients, all rules and cells, over J_rest - J*",
        "at most",
        1e-5,
        max(rule.steepest for rule in found),
        "before",
    )
    yield bounded(
        "largest growth of a rule over a step, all rules and cells",
        "at most",
        1.0,
        max(rule.growth for rule in found),
        "before",
    )


def picture(table, sights) -> dict:
    """Data of the figure uncertain_weights_reset."""
    return {
        "hazards": HAZARDS,
        "noises": NOISES,
        "rules": [*USUAL, "belief_reset"],
        "lost": table,
        "near": NEAR,
        "discounts": DISCOUNTS,
        "lost_by_discount": sights,
        "sight": [SIGHT.noise, SIGHT.hazard],
    }


CLAIM = Claim(
    name="uncertain-weights-reset",
    theme="changing tasks",
    title="Uncertain weights are reset: how fast, and where resets are near-optimal",
    statement=(
        "At an announced switch the optimum returns to the prior mean at rate r; a reset of weights and"
        " belief within about √3/r is near-optimal for rare switches; where a task takes about 1/r to be"
        " learned none of the usual rules is near-optimal, L2 decay is without noise."
    ),
    source="Derived for this project; VGR25 (arXiv 2510.26997); Wonham 1965; Ash & Adams 2020",
    relations=("equal", "limit", "at least", "at most"),
    evaluate=evaluate,
    picture="uncertain_weights_reset",
)
