"""Weights held as Gaussians with their Fisher metric: uncertain weights learn fast, consolidated
ones are protected.

Problem
    Each weight is N(μ_i, v_i), θ = (μ_1, v_1, μ_2, v_2, …). Loss: expected task loss less τ times
    the entropy, F = Σ_i [½h((μ_i - 1)² + v_i) - ½τ log v_i], least at μ_i = 1, v_i = τ/h. Metric G
    = diag(1/v_i, 1/(2v_i²)), T = ∞.
Formulas
    γ → ∞: natural gradient μ̇ = -(ηk/γ) v ∂E[L]/∂μ, v̇ = -(ηk/γ) 2v² ∂F/∂v, with relative errors of
    order γ⁻². Energy law at any γ, also with a metric that varies: dE/dt = (γ/η)|θ̇|²_G for E =
    |θ̇|²_G/2η - kF.
Claim
    The first speed per unit of slope is (ηk/γ)v, and each weight keeps to its own path, however the
    others do.
Source
    VGR25 (arXiv 2510.26997); S. Amari 1998; consolidation by
    variance: L. Aitchison et al., *Synaptic plasticity as Bayesian inference*, Nature Neuroscience
    2021.
Relation and tolerance
    limit: relative distances from the γ → ∞ forms fall with slope -2 in γ within 0.02. equal: two
    weights together cost the
    sum of each alone (1e-7); (μ, log v) as coordinates give the same cost and speed (1e-7); energy
    law within 1e-4 of the energies (paths are less accurate than costs, which are stationary: about
    the root of their error). At γ = ½ there is no
    formula: how much later the sure weight is half way lies between the ratio of speeds √(2ηkLv) of
    γ = 0 at the first
    variances and that of the natural gradient, (log 2)/log(1 + τ/(hv₀)) (v is logistic there).
"""

import math

import casadi as ca
import numpy as np
from scipy.integrate import cumulative_simpson
from scipy.optimize import brentq

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope

CURVATURE, TEMPERATURE, TARGET, RATE, WEIGHT = 1.0, 0.02, 1.0, 0.8, 1.5
PUSH = RATE * WEIGHT  # ηk
SURE, UNSURE = TEMPERATURE / CURVATURE, 0.5  # v₀ of the consolidated and of the uncertain weight
VARIANCES, DISCOUNTS, LONG_SIGHT = np.geomspace(0.02, 2.0, 6), np.array([2.0, 8.0, 32.0]), 0.5
LIMIT = np.array([32.0, 64.0, 128.0])


def problem() -> lc.ControlProblem:
    """A consolidated and an uncertain weight, both at 0, both wanted at 1."""
    return posed([0.0, SURE, 0.0, UNSURE], LONG_SIGHT)


def posed(start, discount: float, *, logarithmic: bool = False) -> lc.ControlProblem:
    """Weights N(μ, v) at ``start`` = (μ_1, v_1, …), in coordinates (μ, v), or (μ, log v) with their
    metric.
    """
    count = len(start) // 2
    start = [math.log(x) if logarithmic and i % 2 else x for i, x in enumerate(start)]

    def variance(theta, i):
        return ca.exp(theta[2 * i + 1]) if logarithmic else theta[2 * i + 1]

    def loss(theta):
        return sum(
            CURVATURE * ((theta[2 * i] - TARGET) ** 2 + variance(theta, i)) / 2
            - TEMPERATURE * ca.log(variance(theta, i)) / 2
            for i in range(count)
        )

    def metric(theta):
        spread = [variance(theta, i) for i in range(count)]
        return ca.diag(
            ca.vertcat(
                *(part for v in spread for part in (1 / v, 0.5 if logarithmic else 0.5 / v**2))
            )
        )

    lowest = [TARGET, math.log(SURE) if logarithmic else SURE] * count
    landscape = lc.Landscape.from_expression(loss, dimension=2 * count, minima=[lowest])
    objective = lc.Objective(
        horizon=math.inf, discount=discount, learning_rate=RATE, loss_weight=WEIGHT
    )
    return lc.ControlProblem(
        landscape=landscape, learner=lc.Learner(metric=metric), objective=objective, start=start
    )


def evaluate() -> Evidence:
    """First speeds over variances and discounts, and the pair of weights at a long horizon."""
    solver = lc.Solver(posed([0.0, UNSURE], DISCOUNTS[0]), tolerance=1e-10)
    slope, tested = CURVATURE * TARGET, (VARIANCES[0], UNSURE, VARIANCES[-1])  # |∂E[L]/∂μ| at μ = 0
    speeds = np.array(
        [[velocity(solver, gamma, v)[0] / slope for v in VARIANCES] for gamma in DISCOUNTS]
    )
    first = {(gamma, v): velocity(solver, gamma, v) for gamma in LIMIT for v in tested}
    pair, sure, unsure = (
        lc.solve(posed(start, LONG_SIGHT), tolerance=1e-10)
        for start in ([0.0, SURE, 0.0, UNSURE], [0.0, SURE], [0.0, UNSURE])
    )
    bent = lc.solve(posed([0.0, UNSURE], LONG_SIGHT, logarithmic=True), tolerance=1e-10)
    halves = [half_time(lambda t, i=i: pair.at(t)[0][..., 2 * i]) for i in range(2)]
    checks = (
        *(
            limit(
                f"μ̇ = -(ηk/γ)v ∂E[L]/∂μ, v = {v:.3g}",
                [first[gamma, v][0] * gamma / (PUSH * v * slope) for gamma in LIMIT],
            )
            for v in tested
        ),
        limit(
            f"v̇ = -(ηk/γ)2v² ∂F/∂v, v = {UNSURE:g}",
            [first[gamma, UNSURE][1] * gamma / (PUSH * variance_push(UNSURE)) for gamma in LIMIT],
        ),
        Check(
            quantity="J of both weights together",
            theory=sure.cost + unsure.cost,
            computed=pair.cost,
            relation="equal",
            tolerance=1e-7,
            reference="same code, other data",
            bound="after",
        ),
        Check(
            quantity="J in coordinates (μ, log v), uncertain weight",
            theory=unsure.cost,
            computed=bent.cost,
            relation="equal",
            tolerance=1e-7,
            reference="same code, other data",
            bound="after",
        ),
        Check(
            quantity="first μ̇ in coordinates (μ, log v)",
            theory=unsure.at(0.0)[1][0],
            computed=bent.at(0.0)[1][0],
            relation="equal",
            tolerance=1e-7,
            reference="same code, other data",
            bound="after",
        ),
        Check(
            quantity="violation of dE/dt = (γ/η)|θ̇|²_G, relative",
            theory=0,
            computed=energy_violation(pair),
            relation="equal",
            tolerance=1e-4,
            reference="closed form",
            bound="after",
        ),
        *lag_checks(halves[0] / halves[1]),
    )
    return Evidence(checks=checks, data=picture(speeds, pair, halves[0]))


def velocity(solver, discount: float, variance: float) -> np.ndarray:
    """(μ̇, v̇) at t = 0 of the optimal plan of one weight from μ = 0."""
    return solver.solve(start=[0.0, variance], discount=discount).at(0.0)[1]


def variance_push(v: float) -> float:
    """-2v² ∂F/∂v."""
    return -2 * v**2 * (CURVATURE / 2 - TEMPERATURE / (2 * v))


def limit(quantity: str, ratios) -> Check:
    """Slope in γ of the relative distance of computed/theory from 1."""
    return Check(
        quantity=f"slope of the relative error of {quantity}",
        theory=-2,
        relation="limit",
        tolerance=0.02,
        computed=fitted_slope(LIMIT, np.abs(np.array(ratios) - 1)),
        reference="closed form",
        bound="after",
    )


def lag_checks(ratio: float):
    """How much later the consolidated weight is half way, between the ballistic and the
    natural-gradient ratio.
    """
    natural = math.log(2) / math.log1p(TEMPERATURE / (CURVATURE * UNSURE))
    for relation, words, theory in (
        ("at least", "ballistic √(v/v')", math.sqrt(UNSURE / SURE)),
        ("at most", "natural gradient", natural),
    ):
        yield Check(
            quantity=(
                f"half-time, consolidated over uncertain, γ = {LONG_SIGHT:g}, {relation} {words}"
            ),
            theory=theory,
            computed=ratio,
            relation=relation,
            tolerance=0,
            reference="closed form",
            bound="before",
        )


def half_time(mean) -> float:
    """t at which the mean μ(t) is half way to its target."""
    late = 1.0
    while mean(late) < TARGET / 2:
        late *= 2
    return brentq(lambda t: float(mean(t)) - TARGET / 2, 0.0, late, xtol=1e-12, rtol=1e-13)


def energy_violation(plan) -> float:
    """Range of E(t) - (γ/η)∫|θ̇|²_G dt over the first 20 time units, over the largest |θ̇|²_G/2η +
    k|F|.
    """
    times = np.linspace(0, 20, 8001)
    theta, velocity, _ = plan.at(times)
    v = theta[:, 1::2]
    squared = (velocity[:, ::2] ** 2 / v + velocity[:, 1::2] ** 2 / (2 * v**2)).sum(1)
    loss = (CURVATURE * ((theta[:, ::2] - TARGET) ** 2 + v) / 2 - TEMPERATURE * np.log(v) / 2).sum(
        1
    )
    gained = LONG_SIGHT / RATE * cumulative_simpson(squared, x=times, initial=0)
    energy = squared / (2 * RATE) - WEIGHT * loss
    return float(np.ptp(energy - gained) / (squared / (2 * RATE) + WEIGHT * np.abs(loss)).max())


def picture(speeds, pair, late: float) -> dict:
    """Data of the figure gaussian_weights."""
    dense, times = np.geomspace(VARIANCES[0], VARIANCES[-1], 61), np.linspace(0, 1.6 * late, 241)
    theta = pair.at(times)[0]
    return {
        "discounts": DISCOUNTS,
        "variances": VARIANCES,
        "speeds": speeds,
        "variances_theory": dense,
        "speeds_theory": PUSH / DISCOUNTS[:, None] * dense,
        "names": ["consolidated", "uncertain"],
        "times": times,
        "means": theta[:, ::2].T,
        "path_variances": theta[:, 1::2].T,
        "target": TARGET,
    }


CLAIM = Claim(
    name="gaussian-weights",
    theme="geometry and partial control",
    title="Uncertain weights learn fast, consolidated ones are protected",
    statement=(
        "For weights N(μ, v) with G = diag(1/v, 1/(2v²)) the short-horizon optimum is μ̇ = -(ηk/γ)"
        " v ∂E[L]/∂μ, v̇ = -(ηk/γ) 2v² ∂F/∂v, with relative errors ~ γ⁻²; with foresight, too, sure"
        " weights lag behind."
    ),
    source="VGR25 (arXiv 2510.26997); Amari 1998",
    relations=("limit", "equal", "at least", "at most"),
    evaluate=evaluate,
    picture="gaussian_weights",
)
