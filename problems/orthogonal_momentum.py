"""Momentum from unknown curvature: without noise the best causal rule is a three-term recurrence,
and nothing more.

Problem    L = ½hθ², h drawn from a spectrum (uniform on [0.05, 1], Marchenko-Pastur with ratio ½,
           five values), θ_0² = 1 on
           average; exact gradients, movement free (η = ∞), cost Σ_{t=1..T} E L(θ_t). Heavy ball
           with its own α_t, β_t at every step, T = 10 (5 for five values); spans of all past
           gradients, T = 8 (4).
Formula    θ_t = P_t(h)θ_0, P_t(0) = 1, orthogonal in the weight h²w(h): α_t, β_t are the recurrence
           of these polynomials,
           whatever the discount. Marchenko-Pastur in closed form. T = 1: α = E h²/E h³, gradient
           descent. α_t, β_t near Polyak's α, β like α(1 + A/t²), A = β/4(1-β), and β(1 + B/t²), B =
           (1+β)/4(1-β), from above, for smooth densities; like t·βᵗ, from below, for
           Marchenko-Pastur, where Polyak's β is the ratio.
Source     Pedregosa & Scieur 2020; Scieur & Pedregosa 2020 (the limit); Kuijlaars et al. 2004 for
           the rate, which with its
           constants is derived for this project.
Relation   equal: coefficients to 1e-7, costs to 1e-12 relative; the span of all gradients to 1e-10.
           limit: slopes to 0.05 (Marchenko-Pastur 0.01), constants to 0.5 %, of the recurrence up
           to t = 400; the optimiser
           follows it as far as the running cost depends on a step.
           At least, at most (bounds set after a first look at ratio ½): with noise 0.1, or with a price of
           movement, the full span gains 0.1 % or more. *Constant* coefficients near Polyak's for
           terminal loss (within 5 % at T = 40; with Marchenko-Pastur's square-root edges as 1/T²,
           slope -2 to 0.05). Not for running loss: there they tend to the minimiser of an explicit
           mean (equal to 1e-6 at T = 80), whose β is below half of Polyak's, as over an endless way
           a flat mode loses no more in sum than a steep one. The 5 % and the minimiser are checked
           on Marchenko-Pastur with ratio ¼ too, which was looked at after all bounds. There β is
           0.52 of Polyak's, and six gradients gain 0.08 % with noise 0.1: half and 0.1 % belong to
           the two spectra.
"""

import math

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ..model.landscape import LandscapeDistribution
from ..optimisation.program import PolicyProgram
from ..reference import marchenko_pastur_rule, polyak, polyak_approach
from ..rules.families import FirstOrderSpan, HeavyBall
from ._orthogonal_momentum_rules import (
    CONTINUOUS,
    LABELS,
    LONG,
    SPAN,
    SPECTRA,
    STEPS,
    best,
    best_constant,
    constant_slope,
    endless,
    theory,
    without_first,
)
from ._stated_checks import bounded, same


def problem() -> PolicyProgram:
    """Ten steps of heavy ball on uniform curvatures."""
    return PolicyProgram(
        task=LandscapeDistribution.quadratic(curvatures=SPECTRA["uniform"], start_variance=1.0),
        cost="running",
        family=HeavyBall(constant=False),
        objective=lc.Objective(horizon=10, learning_rate=math.inf),
    )


def recurrence_checks(name, found):
    """Coefficients and cost of the optimised rule against the recurrence, and the first step
    against gradient descent.
    """
    horizon, rule, spectrum = STEPS[name], theory(name, STEPS[name]), SPECTRA[name]
    alpha, beta = found.coefficients["learning_rate"], found.coefficients["momentum"]
    gap = np.abs(alpha / rule.learning_rates - 1).max()
    yield same(f"{name}: largest |α_t/theory - 1|, {horizon} steps", 0, gap, 1e-7)
    gap = np.abs(beta - rule.momenta).max()
    yield same(f"{name}: largest |β_t - theory|, {horizon} steps", 0, gap, 1e-7)
    relative = found.cost / rule.losses[1:].sum() - 1
    yield same(f"{name}: cost over theory - 1", 0, relative, 1e-12)
    moments = spectrum.moments(3)
    first = best(name, HeavyBall(constant=False), 1).coefficients["learning_rate"][0]
    relative = first * moments[3] / moments[2] - 1
    yield same(f"{name}: α at T = 1 over E h²/E h³ - 1", 0, relative, 1e-10)
    impatient = best(name, HeavyBall(constant=False), horizon - 2, discount=0.3).coefficients
    gap = np.abs(impatient["momentum"] - rule.momenta[:-2]).max()
    yield same(f"{name}: largest |β_t - theory| at discount 0.3", 0, gap, 1e-6)


def memory_checks(name):
    """All past gradients against two terms: nothing gained, unless noise or a price of movement
    comes in.
    """
    horizon, span = SPAN[name], FirstOrderSpan(memory=SPAN[name], constant=False)
    whole = best(name, span, horizon, starts=4)
    relative = whole.cost / theory(name, horizon).losses[1:].sum() - 1
    yield same(
        f"{name}: cost of all {horizon} gradients over that of heavy ball - 1", 0, relative, 1e-10
    )
    for words, options in (
        ("noise 0.1", {"noise": 0.1}),
        ("price of movement η = 1", {"learning_rate": 1.0}),
    ):
        if name not in CONTINUOUS:
            continue
        two = best(name, HeavyBall(constant=False), horizon, **options)
        all_of_them = best(name, span, horizon, starts=2, **options)
        yield bounded(
            f"{name}, {words}: gain of all {horizon} gradients over heavy ball",
            "at least",
            0.001,
            1 - all_of_them.cost / two.cost,
        )


def rate_checks():
    """How the recurrence nears Polyak's constants."""
    t, rule = np.array([200, LONG - 1]), theory("uniform", LONG)
    (alpha, beta), constants = polyak(0.05, 1.0), polyak_approach(0.05, 1.0)
    for words, values, limit, constant in (
        ("α_t", rule.learning_rates, alpha, constants[0]),
        ("β_t", rule.momenta, beta, constants[1]),
    ):
        gap = values[t] / limit - 1
        yield rate(f"uniform, {words} above Polyak's: slope in t", fitted_slope(t, gap), -2, 0.05)
        scaled = gap * t**2
        constant_found = 2 * scaled[1] - scaled[0]  # the next order is 1/t³
        yield rate(
            f"uniform, {words} above Polyak's: constant of 1/t² over theory",
            constant_found / constant,
            1,
            0.005,
        )
    short, values = np.arange(12, 25), theory("Marchenko-Pastur", 25).momenta[12:]
    slope = fitted_slope(np.exp(short), (1 - values / 0.5) / short)
    yield rate(
        "Marchenko-Pastur, β_t below Polyak's, over t: log-slope per step",
        slope,
        math.log(0.5),
        0.01,
    )
    closed, rule = marchenko_pastur_rule(0.5, 1.0, 60), theory("Marchenko-Pastur", 60)
    gap = np.abs(np.subtract(closed[:2], [rule.learning_rates, rule.momenta])).max()
    yield same("Marchenko-Pastur: largest error of the closed form, 60 steps", 0, gap, 1e-12)


def constant_checks(name):
    """One α and one β for all steps, cost by cost."""
    alpha, beta = polyak(*SPECTRA[name].support)
    terminal = best_constant(name, "terminal", 40).coefficients
    running = best_constant(name, "running", 80).coefficients
    for symbol, limit, key in (("α", alpha, "learning_rate"), ("β", beta, "momentum")):
        yield bounded(
            f"{name}, constant {symbol}, terminal loss, T = 40: distance from Polyak's",
            "at most",
            0.05,
            abs(1 - terminal[key] / limit),
        )
    for symbol, expected, key in zip(
        "αβ", endless(name), ("learning_rate", "momentum"), strict=True
    ):
        yield same(
            f"{name}, constant {symbol}, running loss, T = 80: best of the endless loss",
            expected,
            running[key],
            1e-6,
        )
    if name in CONTINUOUS:
        yield bounded(
            f"{name}, constant β, running loss, T = 80: over Polyak's",
            "at most",
            0.5,
            running["momentum"] / beta,
        )


def rate(quantity, computed, theory, tolerance) -> Check:
    """A rate, or the constant of one."""
    return Check(
        quantity=quantity,
        theory=theory,
        computed=computed,
        relation="limit",
        tolerance=tolerance,
        reference="closed form",
        bound="before",
    )


def evaluate() -> Evidence:
    """Optimise, then hold against the recurrence."""
    checks, found = (
        [],
        {name: best(name, HeavyBall(constant=False), STEPS[name]) for name in STEPS},
    )
    for name, one in found.items():
        checks += [*recurrence_checks(name, one), *memory_checks(name)]
    for name in (*CONTINUOUS, "Marchenko-Pastur, ratio ¼"):
        checks += constant_checks(name)
    return Evidence(
        checks=[*checks, *rate_checks(), constant_slope()],
        data=picture([found[name] for name in CONTINUOUS]),
    )


def picture(found):
    """Coefficients of the continuous spectra beside the recurrence and Polyak's, costs beside those
    of the full span.
    """
    rules, limits = (
        [theory(name, 100) for name in CONTINUOUS],
        [polyak(*SPECTRA[name].support) for name in CONTINUOUS],
    )
    count, horizons = STEPS["uniform"], np.array([1, 2, 4, 8])
    both = {
        "heavy_ball_costs": lambda T: HeavyBall(constant=False),
        "span_costs": lambda T: FirstOrderSpan(memory=T, constant=False),
    }
    costs = {
        key: np.array(
            [
                [best(name, family(int(T)), T, starts=2).cost for T in horizons]
                for name in CONTINUOUS
            ]
        )
        for key, family in both.items()
    }
    return {
        "names": [LABELS[name] for name in CONTINUOUS],
        "steps": np.arange(count),
        "learning_rates": np.array([one.coefficients["learning_rate"] for one in found]),
        "momentum": without_first([one.coefficients["momentum"] for one in found]),
        "learning_rates_theory": np.array([rule.learning_rates[:count] for rule in rules]),
        "momentum_theory": without_first([rule.momenta[:count] for rule in rules]),
        "learning_rate_limits": np.array([limit[0] for limit in limits]),
        "momentum_limits": np.array([limit[1] for limit in limits]),
        "span_horizons": horizons,
        **costs,
        "late_steps": np.arange(count - 1, 100),
        "late_momentum": np.array([rule.momenta[count - 1 :] for rule in rules]),
    }


CLAIM = Claim(
    name="orthogonal-momentum",
    theme="momentum and schedules",
    title="Unknown curvature, no noise: momentum is the recurrence of orthogonal polynomials",
    statement=(
        "α_t, β_t of the best rule are the recurrence of the polynomials orthogonal in h²w(h); more"
        " memory gains nothing; Polyak's constants are the limit, as 1/t² or exponentially"
    ),
    source="Pedregosa & Scieur 2020; rates derived for this project",
    relations=("equal", "limit", "at least", "at most"),
    picture="orthogonal_momentum",
    evaluate=evaluate,
)
