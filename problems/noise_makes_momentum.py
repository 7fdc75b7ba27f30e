"""Noise makes momentum, for a rule of two constant numbers; a learning rate that falls makes it
unnecessary.

Problem    L = ½hθ², h uniform on [0.05, 1], start variance 1; gradients with noise σ per step,
           movement free (η = ∞), cost
           E L(θ_T). Heavy ball with constant α, β; horizons T = 2 … 120, σ = 0 … 100.
Formula    T = 1: α = E h²/(E h³ + σ² E h), β of no effect. σ = 0: β → Polyak's ((√h_max -
           √h_min)/(√h_max + √h_min))² as
           T → ∞. σ → ∞: β → 0 and ασ² → E h²/E h, because one gradient is then as good as another
           and equal weights are the least noisy. T → ∞ with σ/√T held: T(1-β) → b*(σ/√T), the
           friction of a damped oscillator under white noise (_noise_makes_momentum_limit), least at
           σ = 0.3116 √T, where b* = 5.018; above σ = 0.6 √T there is no finite b*.
Source     Derived for this project; B. T. Polyak 1964 for the limit without noise.
Relation   equal: α and β to 2e-6 those of a search by Nelder-Mead on impulse responses, with
           another quadrature and no moments, from α = 0.1, β = ½ whatever the answer; the theory's
           0.47 at T = 10 and 0.9 at T = 100 for σ = 0.3, to 0.005; T = 1 to 1e-7; the peak of β over
           σ, at T = 30, 45 and 65, at 0.3116 √T to 1.4 %, a fifth of what the rounded √T/3 is off.
           limit: slope -2 of β's distance from Polyak's in T (0.15: T steps resolve 1/T² of the
           spectrum's edges), 2 of its
           distance from its noise-free value in σ (0.1), -2 of β and of the distance of ασ² from
           its limit in σ (0.1), -1 of the distance of T(1-β) from b* in T, at the peak (0.05) and at
           σ = 0.3 (0.15).
           At least, at most (bounds set after a first look, then checked at another spectrum and
           horizon). β grows with T at every σ. It grows with σ from 0.01 to 3 at T = 100, where
           β(0.1) is 0.9 already, but falls again from σ = 0.31 √T on, and at T = 2 also from σ =
           0.01 to 0.1. It gains little: a learning rate α/(1 + ρt) without momentum gains three
           times as much over gradient descent with one α or more. Beside that, momentum gains less
           than 0.2 %, with |β| below a quarter of what it is alone, and beside a polynomial decay β
           is negative.
           What does not carry over: on this spectrum momentum gains at most 15 % over one α for σ
           from 0.1 to 1, α/(1 + ρt) 32 % at T = 30; on a Marchenko-Pastur spectrum the first is 25
           %, on a log-uniform one (0.02 to 1) the second 12 %.
"""

import numpy as np

from ..claims import Check, Claim, Evidence, fitted_slope
from ..model.landscape import MarchenkoPastur
from ..optimisation.program import PolicyProgram
from ..reference import polyak
from ..rules.families import InverseTime, Polynomial, Scheduled, ScheduledDescent
from ._noise_makes_momentum_limit import limit_friction, limit_peak
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
    peak,
    program,
    searched,
    solver,
)
from ._stated_checks import bounded, same

OTHER, OTHER_WORDS = MarchenkoPastur(0.25), "Marchenko-Pastur"  # looked at after all bounds


def problem() -> PolicyProgram:
    """Ten steps of heavy ball at σ = 0.3."""
    return program(10, BALL)


def number_checks():
    """Single numbers against an independent search and against closed forms."""
    for horizon, noise in ((10, NOISE), (100, NOISE), (30, 1.0)):
        found = solver(horizon, tolerance=1e-9).solve(noise=noise, starts=3).coefficients
        values = found["learning_rate"], found["momentum"]
        for name, value, other in zip("αβ", values, searched(horizon, noise), strict=True):
            yield same(
                f"{name} at T = {horizon}, σ = {noise:g}",
                other,
                value,
                TOLERANCE,
                "independent code",
            )
        if noise == NOISE:
            yield same(
                f"β at T = {horizon}, σ = {noise:g}: the rounded number",
                KNOWN[horizon],
                values[1],
                0.005,
                "frozen",
            )
    moments, single = SPECTRUM.moments(3), solver(1, tolerance=1e-12)
    optima = [single.solve(fixed={"momentum": beta}) for beta in (0.0, 0.9)]
    yield same(
        "α at T = 1, σ = 0.3",
        moments[2] / (moments[3] + NOISE**2 * moments[1]),
        optima[1].coefficients["learning_rate"],
        1e-7,
    )
    yield same(
        "J at T = 1 with β = 0.9 over that with β = 0, - 1",
        0,
        optima[1].cost / optima[0].cost - 1,
        1e-12,
    )


def limit_checks():
    """The noise-free limit and the limit of noise alone, with their rates."""
    horizons = np.array([10, 15, 20, 30, 40])
    gaps = [
        polyak(*SPECTRUM.support)[1]
        - solver(int(T)).solve(noise=0.0, starts=2).coefficients["momentum"]
        for T in horizons
    ]
    yield rate("slope in T of the distance of β from Polyak's, σ = 0", horizons, gaps, -2, 0.15)
    short, noises = solver(3, tolerance=1e-10), np.array([0.002, 0.004, 0.008])
    exact = short.solve(noise=0.0).coefficients["momentum"]
    gaps = [exact - short.solve(noise=noise).coefficients["momentum"] for noise in noises]
    yield rate("slope in σ of β(0) - β, T = 3", noises, gaps, 2, 0.1)
    loud, noises = solver(10, tolerance=1e-10), np.array([30.0, 60.0, 120.0])
    found = [loud.solve(noise=noise).coefficients for noise in noises]
    moments = SPECTRUM.moments(2)
    left = [
        moments[2] / moments[1] - one["learning_rate"] * noise**2
        for one, noise in zip(found, noises, strict=True)
    ]
    for words, gaps in (("β", [one["momentum"] for one in found]), ("E h²/E h - ασ²", left)):
        yield rate(f"slope in σ of {words}, T = 10, σ from 30", noises, gaps, -2, 0.1)


def long_checks():
    """Where β has its peak over σ, and how T(1 - β) nears the friction of the limit of long T."""
    place, friction = limit_peak()
    rounded = (1 / 3 - place) / place  # what the rounded √T/3 is off
    horizons = np.array([30, 45, 65])
    peaks = [peak(int(T)) for T in horizons]
    for horizon, (noise, _) in zip(horizons, peaks, strict=True):
        yield Check(
            quantity=f"peak of β over σ at T = {horizon}: σ/√T",
            theory=place,
            computed=noise / np.sqrt(horizon),
            relation="equal",
            measure="relative",
            tolerance=0.2 * rounded,
            effect=rounded,
            reference="closed form",
            bound="after",
        )
    gaps = [friction - T * (1 - beta) for T, (_, beta) in zip(horizons, peaks, strict=True)]
    yield rate("slope in T of b* - T(1 - β) at the peak", horizons, gaps, -1, 0.05, bound="after")
    horizons, gaps = np.array([60, 120]), []
    for horizon in horizons:
        found = solver(int(horizon)).solve(noise=NOISE, starts=2).coefficients
        limit = limit_friction(NOISE / float(np.sqrt(horizon)))
        gaps.append(limit - horizon * (1 - found["momentum"]))
    yield rate("slope in T of b* - T(1 - β) at σ = 0.3", horizons, gaps, -1, 0.15, bound="after")


def growth_checks(momenta):
    """Where momentum grows, and where it does not."""
    column, last = NOISES.index, momenta[-1]
    yield bounded(
        "smallest growth of β from one horizon to the next, at any noise",
        "at least",
        0,
        np.diff(momenta, axis=0).min(),
    )
    yield bounded(
        "smallest growth of β with σ from 0.01 to 3, T = 100",
        "at least",
        0,
        np.diff(last[: column(3.0) + 1]).min(),
    )
    ratio = last[column(10.0)] / last[column(3.0)]
    yield bounded("β(σ = 10)/β(σ = 3), T = 100", "at most", 0.5, ratio)
    early = momenta[0, column(0.1)] - momenta[0, 0]
    yield bounded("β(σ = 0.1) - β(σ = 0.01), T = 2", "at most", 0, early)
    _, other, _ = maps((3, 12, 40), (0.03, 0.3, 3.0), spectrum=OTHER)
    yield bounded(
        f"{OTHER_WORDS}: smallest growth of β from one horizon to the next",
        "at least",
        0,
        np.diff(other, axis=0).min(),
    )


def schedule_checks(words, horizon, spectrum):
    """Momentum beside a learning rate that falls."""
    families = {
        "descent": DESCENT,
        "ball": BALL,
        "falling": ScheduledDescent(shape=InverseTime()),
        "falling ball": Scheduled(family=BALL, shape=InverseTime()),
        "polynomial ball": Scheduled(family=BALL, shape=Polynomial()),
    }
    found = {
        name: solver(horizon, family, spectrum=spectrum).solve(starts=3)
        for name, family in families.items()
    }
    cost = {name: one.cost for name, one in found.items()}
    momenta = {name: found[name].coefficients["momentum"] for name in families if "ball" in name}
    yield bounded(
        f"{words}: gain of α/(1 + ρt) over one α, in gains of momentum",
        "at least",
        3.0,
        (1 - cost["falling"] / cost["descent"]) / (1 - cost["ball"] / cost["descent"]),
    )
    beside = 1 - cost["falling ball"] / cost["falling"]
    yield bounded(f"{words}: gain of momentum beside α/(1 + ρt)", "at most", 0.002, beside)
    share = abs(momenta["falling ball"]) / momenta["ball"]
    yield bounded(f"{words}: |β| beside α/(1 + ρt) over β alone", "at most", 0.25, share)
    yield bounded(
        f"{words}: β beside a polynomial decay", "at most", 0.0, momenta["polynomial ball"]
    )


def rate(quantity, parameter, gaps, theory, tolerance, bound="before") -> Check:
    """The rate of a limit."""
    return Check(
        quantity=quantity,
        theory=theory,
        computed=fitted_slope(parameter, gaps),
        relation="limit",
        tolerance=tolerance,
        reference="closed form",
        bound=bound,
    )


def evaluate() -> Evidence:
    """Numbers, limits, maps over horizon and noise, and momentum beside schedules."""
    rates, momenta, gains = maps()
    checks = [
        *number_checks(),
        *limit_checks(),
        *long_checks(),
        *growth_checks(momenta),
        bounded(
            "largest gain over gradient descent, σ from 0.1 to 1", "at most", 0.15, gains.max()
        ),
        *schedule_checks("T = 30", 30, SPECTRUM),
        *schedule_checks(f"{OTHER_WORDS}, T = 20", 20, OTHER),
    ]
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
    theme="momentum and schedules",
    title="Noise makes momentum, unless the learning rate may fall",
    statement=(
        "β*(T, σ) of constant heavy ball for terminal loss: grows with T; with σ up to 0.3116 √T,"
        " where T(1-β*) → 5.018, then falls as σ⁻²"
    ),
    source="derived for this project; Polyak 1964",
    relations=("equal", "limit", "at least", "at most"),
    picture="noise_makes_momentum",
    evaluate=evaluate,
)
