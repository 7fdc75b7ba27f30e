"""Checks of inferred_curvature on the truth itself and on its limits."""

from dataclasses import replace
from functools import partial

import numpy as np
from scipy.special import expit

import landscape_control as lc

from ..claims import Check, fitted_slope
from ..model.landscape import Discrete, LandscapeDistribution
from ..optimisation import PolicySolver
from ..optimisation.program import PolicyProgram
from ..rules.families import FirstOrderSpan
from . import _inferred_curvature_known_minimum as known_minimum
from ._inferred_curvature_estimates import brute_force, slope_odds
from ._inferred_curvature_grid import Grid, on_grid
from ._inferred_curvature_learners import beliefs_along
from ._inferred_curvature_model import certainty_equivalent, foreseeing, means
from ._inferred_curvature_programs import (
    Accuracy,
    best_control,
    first_beliefs,
    policy_values,
    total_cost,
    values,
)

PLACE, EPISODES = 1.0, 200  # E[gradient | y_0] of the limits; episodes of the brute force
LOUD, NEAR, SURE = (np.array([16.0, 32.0]), np.array([0.1, 0.05]), np.array([1e-3, 1e-4]))
FINE = Accuracy(nodes=16, rounds=5)


def known_curvature(setting, curvature) -> float:
    """J by the exact moments of the best linear rule in all gradients, which is the optimum."""
    program = PolicyProgram(
        task=LandscapeDistribution.quadratic(
            curvatures=Discrete([curvature]), start_variance=(setting.spread / curvature) ** 2
        ),
        family=FirstOrderSpan(memory=setting.steps, constant=False),
        sees=lc.NoisyGradient(setting.noise),
        cost="both",
        objective=lc.Objective(
            horizon=setting.steps,
            learning_rate=setting.price,
            loss_weight=setting.loss_weight,
            terminal_weight=setting.end_weight,
        ),
    )
    return PolicySolver(program, tolerance=1e-10).solve().cost


def truth_checks(setting, accuracy, cost):
    """The dynamic programme against exact moments, against itself refined, and against a grid."""
    for curvature in setting.curvatures:
        told = replace(setting, flat=curvature, steep=curvature)
        yield Check(
            quantity=f"J* where h = {curvature:g} is known, theory: best linear rule, exact moments",
            theory=known_curvature(setting, curvature),
            computed=total_cost(told, values(told, accuracy)[0]),
            relation="equal",
            tolerance=2e-6,
            measure="relative",
            reference="independent code",
            bound="after",
        )
    finer, coarse = Accuracy(nodes=20), Accuracy(nodes=11)
    others = (
        ("with more nodes, T = 3", finer, (), 1e-4),
        ("with beliefs interpolated on a grid, T = 3", coarse, (on_grid(setting, Grid()),), 1e-3),
    )
    for words, how, between, tolerance in others:
        yield Check(
            quantity=f"J* {words}",
            theory=cost,
            computed=total_cost(setting, values(setting, how, *between)[0]),
            relation="equal",
            tolerance=tolerance,
            measure="relative",
            reference="same code, other data",
            bound="after",
        )


def belief_checks(setting, seen):
    """Bayes' rule by sums over (h, φ); and what an offset of all gradients does."""
    places, gradients = (each[:, :EPISODES] for each in (seen.places, seen.gradients))
    own, chance = beliefs_along(setting, seen)
    chance = chance[-1, :EPISODES]
    gradient, _ = means(setting, own[-1, :, :EPISODES], chance)
    by_sum = brute_force(setting, places, gradients)
    for words, theory, computed in (
        ("p", by_sum[0], chance),
        ("E[gradient here]", by_sum[1], gradient),
    ):
        yield Check(
            quantity=f"{words} after three gradients against sums over (h, φ), largest of 200",
            theory=0,
            computed=np.abs(computed - theory).max(),
            relation="equal",
            tolerance=1e-9,
            reference="independent code",
            bound="before",
        )
    vague = replace(setting, spread=1e4 * setting.spread)
    far = replace(seen, gradients=seen.gradients + setting.spread * 5)
    from_slope = expit(slope_odds(setting, seen.places, seen.gradients))
    for words, run in (("", seen), (" and all gradients shifted by 10", far)):
        _, vaguely = beliefs_along(vague, run)
        yield Check(
            quantity=f"p with a vague prior of b{words}, theory: from the slope Δy/Δθ alone",
            theory=0,
            computed=np.abs(vaguely[-1] - from_slope).max(),
            relation="equal",
            tolerance=1e-5,
            reference="closed form",
            bound="after",
        )


def gaps(setting, accuracy=FINE, place=PLACE):
    """(|u* - u_ce|, J_ce - J*) from E[gradient | y_0] = place on."""
    start = first_beliefs(setting, [place])
    control, cost = best_control(setting, accuracy, values(setting, accuracy)[1], *start, 0)
    policy = partial(certainty_equivalent, setting)
    certain = policy_values(setting, accuracy, policy)[0](*start)
    return abs(control - policy(*start, 0))[0], (certain - cost)[0]


def limit_checks(setting):
    """Nothing to be learned, nothing to be gained by it, nothing left to learn: with rates."""
    middle = setting.curvatures.mean()
    cases = (
        ("σ → ∞", LOUD, lambda size: replace(setting, noise=size), (-2, -4)),
        (
            "h₂ - h₁ → 0",
            NEAR,
            lambda size: replace(setting, flat=middle - size / 2, steep=middle + size / 2),
            (2, 4),
        ),
        ("p → 0", SURE, lambda size: replace(setting, chance=size), (1, 2)),
    )
    for words, sizes, at, rates in cases:
        found = np.array([gaps(at(size)) for size in sizes])
        for quantity, column, rate in zip(("u* - u_ce", "J_ce - J*"), found.T, rates, strict=True):
            yield Check(
                quantity=f"slope of {quantity} for {words}",
                theory=rate,
                computed=fitted_slope(sizes, column),
                relation="limit",
                tolerance=0.15,
                reference="closed form",
                bound="after",
            )


def quiet_gap(setting, noise, place) -> float:
    """|u* - u| of the plan that counts on knowing h and φ after the next gradient, at t = 0."""
    accuracy = Accuracy(nodes=24, scan=7, rounds=5)
    quiet = replace(setting, noise=noise)
    start = first_beliefs(quiet, [place])
    control, _ = best_control(quiet, accuracy, values(quiet, accuracy)[1], *start, 0)
    return float(abs(control - foreseeing(quiet, *start, 0))[0])


def quiet_checks(setting, curves):
    """σ → 0: every step tells all, so that none need be made to learn; but certainty equivalence
    does not foresee it. ``curves`` are the excess costs over σ of the figure.
    """
    least = f"σ = {curves['noises'][0]:g}"
    for words, bound, relation in (
        ("foresight", 1e-3, "at most"),
        ("certainty", 0.01, "at least"),
    ):
        yield Check(
            quantity=f"J_{words}/J* - 1 at {least}",
            theory=bound,
            computed=curves[f"{words}_excess"][0],
            relation=relation,
            tolerance=0,
            reference="stated bound",
            bound="after",
        )
    noises = np.array([0.2, 0.15])
    found = [quiet_gap(setting, noise, PLACE) for noise in noises]
    yield Check(
        quantity="σ → 0: slope in σ of u* - u_foresight, faster than any power; at σ = 0.2 to 0.15",
        theory=6,
        computed=fitted_slope(noises, found),
        relation="at least",
        tolerance=0,
        reference="stated bound",
        bound="after",
    )
    yield Check(
        quantity="u* - u_foresight at σ = 0.25 and three times the gradient (0.19 at σ = 1)",
        theory=0,
        computed=quiet_gap(setting, 0.25, 3 * PLACE),
        relation="equal",
        tolerance=1e-8,
        reference="closed form",
        bound="after",
    )


def known_minimum_checks():
    """With the minimum known, curvature alone makes little of a dual effect, and holds steps back."""
    excess, slowing = known_minimum.compared(1.0)
    yield Check(
        quantity="minimum known, T = ∞, σ = 1: u*/u_ce - 1 at θ = 0.5, p = ½: it holds back",
        theory=-0.005,
        computed=slowing,
        relation="at most",
        tolerance=0,
        reference="stated bound",
        bound="after",
    )
    worst = max(known_minimum.compared(noise)[0] for noise in (0.3, 1.0))
    yield Check(
        quantity="minimum known: largest J_ce/J* - 1 over σ = 0.3, 1",
        theory=0.002,
        computed=worst,
        relation="at most",
        tolerance=0,
        reference="stated bound",
        bound="after",
    )
    noises = np.array([8.0, 16.0])
    found = np.abs([known_minimum.compared(noise) for noise in noises]).T
    for quantity, row, rate in zip(("J_ce - J*", "u* - u_ce"), found, (-4, -2), strict=True):
        yield Check(
            quantity=f"minimum known: slope of {quantity} for σ → ∞",
            theory=rate,
            computed=fitted_slope(noises, row),
            relation="limit",
            tolerance=0.1,
            reference="closed form",
            bound="after",
        )
