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
           At least, at most (bounds set after a first look): with noise 0.1, or with a price of
           movement, the full span gains 0.1 % or more. *Constant* coefficients near Polyak's for
           terminal loss (within 5 % at T = 40; with Marchenko-Pastur's square-root edges as 1/T²,
           slope -2 to 0.05). Not for running loss: there they tend to the minimiser of an explicit
           mean (equal to 1e-6 at T = 80), whose β is below half of Polyak's, as over an endless way
           a flat mode loses no more in sum than a steep one.
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
    constant_slope,
    endless,
    growing,
    theory,
    without_first,
)


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
    yield Check(
        quantity=f"{name}: largest |α_t/theory - 1|, {horizon} steps",
        theory=0,
        relation="equal",
        tolerance=1e-7,
        computed=np.abs(alpha / rule.learning_rates - 1).max(),
    )
    yield Check(
        quantity=f"{name}: largest |β_t - theory|, {horizon} steps",
        theory=0,
        relation="equal",
        tolerance=1e-7,
        computed=np.abs(beta - rule.momenta).max(),
    )
    yield Check(
        quantity=f"{name}: cost",
        theory=rule.losses[1:].sum(),
        computed=found.cost,
        relation="equal",
        tolerance=1e-12,
        measure="relative",
    )
    moments = spectrum.moments(3)
    first = best(name, HeavyBall(constant=False), 1).coefficients["learning_rate"][0]
    yield Check(
        quantity=f"{name}: α at T = 1, E h²/E h³",
        theory=moments[2] / moments[3],
        computed=first,
        relation="equal",
        tolerance=1e-10,
        measure="relative",
    )
    impatient = best(name, HeavyBall(constant=False), horizon - 2, discount=0.3).coefficients[
        "momentum"
    ]
    yield Check(
        quantity=f"{name}: largest |β_t - theory| at discount 0.3",
        theory=0,
        relation="equal",
        tolerance=1e-6,
        computed=np.abs(impatient - rule.momenta[:-2]).max(),
    )


def memory_checks(name):
    """All past gradients against two terms: nothing gained, unless noise or a price of movement
    comes in.
    """
    horizon, span = SPAN[name], FirstOrderSpan(memory=SPAN[name], constant=False)
    whole = best(name, span, horizon, starts=4)
    yield Check(
        quantity=f"{name}: cost of all {horizon} gradients over that of heavy ball - 1",
        theory=0,
        relation="equal",
        computed=whole.cost / theory(name, horizon).losses[1:].sum() - 1,
        tolerance=1e-10,
    )
    for words, options in (
        ("noise 0.1", {"noise": 0.1}),
        ("price of movement η = 1", {"learning_rate": 1.0}),
    ):
        if name not in CONTINUOUS:
            continue
        two = best(name, HeavyBall(constant=False), horizon, **options)
        all_of_them = best(name, span, horizon, starts=2, **options)
        yield Check(
            quantity=f"{name}, {words}: gain of all {horizon} gradients over heavy ball",
            theory=0.001,
            computed=1 - all_of_them.cost / two.cost,
            relation="at least",
            tolerance=0,
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
        yield Check(
            quantity=f"uniform, {words} above Polyak's: slope in t",
            theory=-2,
            computed=fitted_slope(t, gap),
            relation="limit",
            tolerance=0.05,
        )
        scaled = gap * t**2
        # the next order is 1/t³
        yield Check(
            quantity=f"uniform, {words} above Polyak's: constant of 1/t²",
            theory=constant,
            relation="limit",
            computed=2 * scaled[1] - scaled[0],
            tolerance=0.005,
            measure="relative",
        )
    short, values = np.arange(12, 25), theory("Marchenko-Pastur", 25).momenta[12:]
    slope = fitted_slope(np.exp(short), (1 - values / 0.5) / short)
    yield Check(
        quantity="Marchenko-Pastur, β_t below Polyak's, over t: log-slope per step",
        theory=math.log(0.5),
        computed=slope,
        relation="limit",
        tolerance=0.01,
    )
    closed = marchenko_pastur_rule(0.5, 1.0, 60)
    yield Check(
        quantity="Marchenko-Pastur: largest error of the closed form, 60 steps",
        theory=0,
        relation="equal",
        computed=np.abs(
            np.subtract(
                closed[:2],
                [
                    theory("Marchenko-Pastur", 60).learning_rates,
                    theory("Marchenko-Pastur", 60).momenta,
                ],
            )
        ).max(),
        tolerance=1e-12,
    )


def constant_checks(name, running, terminal):
    """One α and one β for all steps, cost by cost; ``running`` and ``terminal`` are results at
    growing horizons.
    """
    alpha, beta = polyak(*SPECTRA[name].support)
    for symbol, limit, key in (("α", alpha, "learning_rate"), ("β", beta, "momentum")):
        gaps = [1 - one.coefficients[key] / limit for one in terminal]
        yield Check(
            quantity=f"{name}, constant {symbol}, terminal loss, T = 40: distance below Polyak's",
            theory=0.05,
            computed=abs(gaps[-1]),
            relation="at most",
            tolerance=0,
        )
    for symbol, expected, key in zip(
        "αβ", endless(name), ("learning_rate", "momentum"), strict=True
    ):
        yield Check(
            quantity=f"{name}, constant {symbol}, running loss, T = 80: best of the endless loss",
            theory=expected,
            computed=running[-1].coefficients[key],
            relation="equal",
            tolerance=1e-6,
        )
    yield Check(
        quantity=f"{name}, constant β, running loss, T = 80: over Polyak's",
        theory=0.5,
        relation="at most",
        computed=running[-1].coefficients["momentum"] / beta,
        tolerance=0,
    )


def evaluate() -> Evidence:
    """Optimise, then hold against the recurrence."""
    checks, found = (
        [],
        {name: best(name, HeavyBall(constant=False), STEPS[name]) for name in SPECTRA},
    )
    for name, one in found.items():
        checks += [*recurrence_checks(name, one), *memory_checks(name)]
    for name in CONTINUOUS:
        checks += constant_checks(
            name, growing(name, "running", (10, 80)), growing(name, "terminal", (10, 40))
        )
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
