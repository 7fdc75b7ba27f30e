"""Noise makes momentum, for a rule of two constant numbers; a learning rate that falls makes it
unnecessary.

Problem    L = ½hθ², h uniform on [0.05, 1], start variance 1; gradients with noise σ per step,
           movement free (η = ∞), cost
           E L(θ_T). Heavy ball with constant α, β; horizons T = 2 … 100, σ = 0 … 100.
Formula    T = 1: α = E h²/(E h³ + σ² E h), β of no effect. σ = 0: β → Polyak's ((√h_max -
           √h_min)/(√h_max + √h_min))² as
           T → ∞. σ → ∞: β → 0 and ασ² → E h²/E h, because one gradient is then as good as another
           and equal weights are the least noisy.
Source     Derived for this project; B. T. Polyak 1964 for the limit without noise.
Relation   equal: α and β to 2e-6 those of a search by Nelder-Mead on impulse responses, with
           another quadrature and no
           moments; the theory's 0.47 at T = 10 and 0.9 at T = 100 for σ = 0.3, to 0.005; T = 1 to
           1e-7.
           limit: slope -2 of β's distance from Polyak's in T (0.15: T steps resolve 1/T² of the
           spectrum's edges), 2 of its
           distance from its noise-free value in σ (0.1), -2 of β and of the distance of ασ² from
           its limit in σ (0.1). At least, at most (bounds set after a first look). β grows with T
           at every σ, 1 - β falling a little more slowly than 1/T (slope -0.85 to -1). It grows
           with σ from 0.01 to 3 at T = 100, where β(0.1) is 0.9 already, but falls again from σ ≈
           √T/3 on, and at T = 2 also from σ = 0.01 to 0.1. It gains little: for σ from 0.1 to 1 at
           most 15 % over gradient descent with one α, where a falling learning rate α/(1 + ρt)
           without momentum gains 30 %. Beside that, momentum gains less than 0.2 %, with |β| < 0.1
           at T = 30, and beside a polynomial decay β is negative.
"""

import numpy as np

from ..claims import Check, Claim, Evidence, fitted_slope
from ..optimisation.program import PolicyProgram
from ..reference import polyak
from ..rules.families import InverseTime, Polynomial, Scheduled, ScheduledDescent
from ._noise_makes_momentum_programs import (
    BALL,
    CURVES,
    DESCENT,
    HORIZONS,
    KNOWN,
    NOISE,
    NOISES,
    SPECTRUM,
    TOLERANCE,
    maps,
    program,
    searched,
    solver,
)


def problem() -> PolicyProgram:
    """Ten steps of heavy ball at σ = 0.3."""
    return program(10, BALL)


def number_checks():
    """Single numbers, from eight starts, against an independent search and against closed forms."""
    for horizon, noise in ((10, NOISE), (100, NOISE), (30, 1.0)):
        found = np.array(
            list(solver(horizon, tolerance=1e-9).solve(noise=noise).coefficients.values())
        )
        for name, value, other in zip(
            "αβ", found, searched(horizon, noise, 1.05 * found), strict=True
        ):
            yield Check(
                quantity=f"{name} at T = {horizon}, σ = {noise:g}",
                theory=other,
                computed=value,
                relation="equal",
                tolerance=TOLERANCE,
            )
        if noise == NOISE:
            yield Check(
                quantity=f"β at T = {horizon}, σ = {noise:g}: the rounded number",
                computed=found[1],
                theory=KNOWN[horizon],
                relation="equal",
                tolerance=0.005,
            )
    moments, single = SPECTRUM.moments(3), solver(1, tolerance=1e-12)
    optima = [single.solve(fixed={"momentum": beta}) for beta in (0.0, 0.9)]
    yield Check(
        quantity="α at T = 1, σ = 0.3",
        theory=moments[2] / (moments[3] + NOISE**2 * moments[1]),
        relation="equal",
        computed=optima[1].coefficients["learning_rate"],
        tolerance=1e-7,
    )
    yield Check(
        quantity="J at T = 1 with β = 0.9 over that with β = 0, - 1",
        theory=0,
        relation="equal",
        tolerance=1e-12,
        computed=optima[1].cost / optima[0].cost - 1,
    )


def limit_checks():
    """The noise-free limit and the limit of noise alone, with their rates."""
    horizons = np.array([10, 15, 20, 30, 40])
    gaps = [
        polyak(*SPECTRUM.support)[1] - solver(int(T)).solve(noise=0.0).coefficients["momentum"]
        for T in horizons
    ]
    yield Check(
        quantity="slope in T of the distance of β from Polyak's, σ = 0",
        theory=-2,
        relation="limit",
        computed=fitted_slope(horizons, gaps),
        tolerance=0.15,
    )
    short, noises = solver(3, tolerance=1e-10), np.array([0.002, 0.004, 0.008])
    exact = short.solve(noise=0.0).coefficients["momentum"]
    gaps = [exact - short.solve(noise=noise).coefficients["momentum"] for noise in noises]
    yield Check(
        quantity="slope in σ of β(0) - β, T = 3",
        theory=2,
        computed=fitted_slope(noises, gaps),
        relation="limit",
        tolerance=0.1,
    )
    loud, noises = solver(10, tolerance=1e-10), np.array([30.0, 60.0, 120.0])
    found = [loud.solve(noise=noise).coefficients for noise in noises]
    moments = SPECTRUM.moments(2)
    left = [
        moments[2] / moments[1] - one["learning_rate"] * noise**2
        for one, noise in zip(found, noises, strict=True)
    ]
    for words, gaps in (("β", [one["momentum"] for one in found]), ("E h²/E h - ασ²", left)):
        yield Check(
            quantity=f"slope in σ of {words}, T = 10, σ from 30",
            theory=-2,
            computed=fitted_slope(noises, gaps),
            relation="limit",
            tolerance=0.1,
        )
    horizons, rest = np.array([100, 170, 290]), []
    guess = {"learning_rate": 0.01, "momentum": 0.9}
    for horizon in horizons:
        rate, beta = solver(int(horizon)).solve(guess=guess, starts=0).coefficients.values()
        guess = {"learning_rate": rate / 2.4, "momentum": 1 - (1 - beta) / 1.6}
        rest.append(1 - beta)
    for relation, bound in (("at least", -1.0), ("at most", -0.85)):
        yield Check(
            quantity=f"slope in T of 1 - β, σ = 0.3, T from 100: {relation} {bound:g}",
            theory=bound,
            computed=fitted_slope(horizons, rest),
            relation=relation,
            tolerance=0,
        )


def growth_checks(momenta, gains):
    """Where momentum grows, where it does not, and what it is worth."""
    column = NOISES.index
    yield Check(
        quantity="smallest growth of β from one horizon to the next, at any noise",
        theory=0,
        relation="at least",
        computed=np.diff(momenta, axis=0).min(),
        tolerance=0,
    )
    last = momenta[-1]
    yield Check(
        quantity="smallest growth of β with σ from 0.01 to 3, T = 100",
        theory=0,
        relation="at least",
        tolerance=0,
        computed=np.diff(last[: column(3.0) + 1]).min(),
    )
    yield Check(
        quantity="β(σ = 10)/β(σ = 3), T = 100",
        theory=0.5,
        computed=last[column(10.0)] / last[column(3.0)],
        relation="at most",
        tolerance=0,
    )
    yield Check(
        quantity="β(σ = 0.1) - β(σ = 0.01), T = 2",
        theory=0,
        computed=momenta[0, column(0.1)] - momenta[0, 0],
        relation="at most",
        tolerance=0,
    )
    yield Check(
        quantity="largest gain over gradient descent, σ from 0.1 to 1",
        theory=0.15,
        computed=gains.max(),
        relation="at most",
        tolerance=0,
    )


def schedule_checks(horizon=30):
    """Momentum beside a learning rate that falls."""
    families = {
        "descent": DESCENT,
        "ball": BALL,
        "falling": ScheduledDescent(shape=InverseTime()),
        "falling ball": Scheduled(family=BALL, shape=InverseTime()),
        "polynomial ball": Scheduled(family=BALL, shape=Polynomial()),
    }
    found = {name: solver(horizon, family).solve(starts=4) for name, family in families.items()}
    cost = {name: one.cost for name, one in found.items()}
    yield Check(
        quantity="gain of α/(1 + ρt) over one α, T = 30",
        theory=0.3,
        relation="at least",
        tolerance=0,
        computed=1 - cost["falling"] / cost["descent"],
    )
    yield Check(
        quantity="gain of momentum over one α, T = 30",
        theory=0.1,
        relation="at most",
        tolerance=0,
        computed=1 - cost["ball"] / cost["descent"],
    )
    yield Check(
        quantity="gain of momentum beside α/(1 + ρt), T = 30",
        theory=0.002,
        relation="at most",
        tolerance=0,
        computed=1 - cost["falling ball"] / cost["falling"],
    )
    yield Check(
        quantity="|β| beside α/(1 + ρt), T = 30",
        theory=0.1,
        relation="at most",
        tolerance=0,
        computed=abs(found["falling ball"].coefficients["momentum"]),
    )
    yield Check(
        quantity="β beside a polynomial decay, T = 30",
        theory=0,
        relation="at most",
        tolerance=0,
        computed=found["polynomial ball"].coefficients["momentum"],
    )


def evaluate() -> Evidence:
    """Numbers, limits, maps over horizon and noise, and momentum beside schedules."""
    rates, momenta, gains = maps()
    checks = [*number_checks(), *limit_checks(), *growth_checks(momenta, gains), *schedule_checks()]
    return Evidence(checks=checks, data=picture(rates, momenta))


def picture(rates, momenta):
    """α and β over noise, as curves for some horizons and as maps for all, with the numbers of the
    theory.
    """
    curves = [HORIZONS.index(horizon) for horizon in CURVES]
    return {
        "horizons": np.array(CURVES),
        "noises": np.array(NOISES),
        "momentum": momenta[curves],
        "learning_rates": rates[curves],
        "map_horizons": np.array(HORIZONS),
        "map_noises": np.array(NOISES),
        "map_momentum": momenta,
        "map_learning_rates": rates,
        "reference_horizons": np.array(list(KNOWN)),
        "reference_noises": np.full(len(KNOWN), NOISE),
        "reference_momentum": np.array(list(KNOWN.values())),
    }


CLAIM = Claim(
    name="noise-makes-momentum",
    title="Noise makes momentum, unless the learning rate may fall",
    statement=(
        "β*(T, σ) of constant heavy ball for terminal loss: grows with T; with σ up to about √T/3,"
        " then falls as σ⁻²"
    ),
    source="derived for this project; Polyak 1964",
    relations=("equal", "limit", "at least", "at most"),
    picture="noise_makes_momentum",
    evaluate=evaluate,
)
