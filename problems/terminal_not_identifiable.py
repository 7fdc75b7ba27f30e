"""Where momentum cannot be told from a schedule: only the last loss counts, and there is no noise.

Problem    Terminal loss E L(θ_T), T = 6, exact gradients, free movement; curvatures uniform on
           [0.05, 1] or
           Marchenko-Pastur with ratio ½. Gradient descent with its own α_t at every step, heavy
           ball with α_t and β_t, all past gradients.
Formula    Only P_T counts, θ_T = P_T(h)θ_0. Gradient descent has P_T = Π(1 - α_t h): with α_t one
           over the roots of the best
           P_T, the nodes of the Gauss quadrature for h²w, all real and positive, in any of T!
           orders, it is as good as any rule. Heavy ball has 2T - 1 coefficients for T numbers: T -
           1 directions cost nothing.
Source     Derived for this project; Golub & Varga 1961 for the worst case.
Relation   equal: all three costs to 1e-9 relative, the steps to 1e-6, T - 1 flat directions, none
           for running loss or noise.
           At least, at most (bounds set after a first look, confirmed at T = 5): twelve starts find ten orders or more,
           and momenta at least 0.3 apart, at one cost; with running loss momentum saves 4 %, with
           noise 0.1 momenta of any value save 5 %, and noise makes the steps of gradient descent fall. Not every
           momentum is as good: β = 0.1 imposed on all steps costs nothing, but Polyak's, imposed on
           all steps, at least doubles the loss.
"""

import math
from functools import partial

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..model.landscape import LandscapeDistribution
from ..optimisation import PolicySolver
from ..optimisation.program import PolicyProgram
from ..reference import polyak, polynomials
from ..rules.families import FirstOrderSpan, GradientDescent, HeavyBall
from .orthogonal_momentum import SPECTRA, best, theory, without_first

NAMES, STEPS, SEEDS, SHOWN, NOISE = ("uniform", "Marchenko-Pastur"), 6, 12, 4, 0.1
ANY_MOMENTUM = {"momentum": (-math.inf, math.inf)}  # negative ones, or above 1, too
SECOND = 5  # a horizon not looked at when the bounds were set
DESCENT, HEAVY_BALL = GradientDescent(constant=False), HeavyBall(constant=False)


def problem() -> PolicyProgram:
    """Six steps of heavy ball on uniform curvatures, where only the last loss counts."""
    return PolicyProgram(
        task=LandscapeDistribution.quadratic(curvatures=SPECTRA["uniform"], start_variance=1.0),
        family=HEAVY_BALL,
        objective=lc.Objective(horizon=STEPS, learning_rate=math.inf),
        cost="terminal",
    )


def sameness_checks(name, rule, descent, heavy):
    """Three families, one cost."""
    span = best(
        name, FirstOrderSpan(memory=STEPS, constant=False), STEPS, cost="terminal", starts=3
    )
    for words, found in (
        ("scheduled gradient descent", descent),
        ("heavy ball", heavy),
        ("all gradients", span),
    ):
        yield Check(
            quantity=f"{name}: terminal loss of {words}",
            theory=rule.losses[-1],
            computed=found.cost,
            relation="equal",
            tolerance=1e-9,
            measure="relative",
        )
    steps = np.sort(descent.coefficients["learning_rate"])
    yield Check(
        quantity=f"{name}: largest |α/theory - 1| of the sorted steps",
        theory=0,
        relation="equal",
        tolerance=1e-6,
        computed=np.abs(steps / rule.steps - 1).max(),
    )
    for words, found, flat in (
        ("heavy ball, terminal loss", heavy, STEPS - 1),
        ("gradient descent, terminal loss", descent, 0),
        ("heavy ball, running loss", best(name, HEAVY_BALL, STEPS), 0),
    ):
        yield Check(
            quantity=f"{name}: directions without effect, {words}",
            theory=flat,
            relation="equal",
            tolerance=0,
            computed=found.identifiability.flat,
        )


bound = partial(Check, tolerance=0, reference="stated bound", bound="after")


def many_checks(name, rule, orders, momenta):
    """Twelve single starts of each family end at one cost."""
    for words, found in (("gradient descent", orders), ("heavy ball", momenta)):
        yield Check(
            quantity=f"{name}: {SEEDS} starts of {words}: largest difference of cost",
            theory=0,
            relation="equal",
            tolerance=1e-9,
            computed=max(abs(one.cost / rule.losses[-1] - 1) for one in found),
        )


def spread_checks(words, orders, momenta):
    """... and in different rules."""
    distinct = {tuple(np.argsort(one.coefficients["learning_rate"])) for one in orders}
    yield bound(
        quantity=f"{words}: orders of the steps among {SEEDS} starts",
        theory=10,
        relation="at least",
        computed=len(distinct),
    )
    yield bound(
        quantity=f"{words}: widest spread of a momentum among {SEEDS} starts",
        theory=0.3,
        relation="at least",
        computed=np.ptp([one.coefficients["momentum"] for one in momenta], axis=0).max(),
    )


def momentum_check(name, rule, heavy):
    """The same small β at every step costs nothing."""
    free = heavy.solve(fixed={"momentum": 0.1}, starts=12)
    return Check(
        quantity=f"{name}: β = 0.1 imposed: loss over the best - 1",
        theory=0,
        relation="equal",
        tolerance=1e-9,
        computed=free.cost / rule.losses[-1] - 1,
    )


def difference_checks(name, words, rule, descent, heavy):
    """What Polyak's β costs, and what tells the two apart: losses on the way, or noise.

    ``descent`` and ``heavy`` are the solvers of the two families.
    """
    steps = len(rule.steps)
    polyaks = heavy.solve(fixed={"momentum": polyak(*SPECTRA[name].support)[1]}, starts=12)
    yield bound(
        quantity=f"{words}: Polyak's β imposed: loss over the best",
        theory=2,
        relation="at least",
        computed=polyaks.cost / rule.losses[-1],
    )
    yield bound(
        quantity=f"{words}, running loss: saved by momentum",
        theory=0.04,
        relation="at least",
        computed=1 - theory(name, steps).losses[1:].sum() / best(name, DESCENT, steps).cost,
    )
    # no rule is best where momentum may have any value: an upper bound will do
    moving = best(
        name, HEAVY_BALL, steps, cost="terminal", noise=NOISE, within=ANY_MOMENTUM, throw=False
    )
    resting = descent.solve(noise=NOISE)
    yield bound(
        quantity=f"{words}, noise {NOISE:g}, terminal loss: saved by momentum",
        theory=0.05,
        relation="at least",
        computed=1 - moving.cost / resting.cost,
    )
    yield Check(
        quantity=f"{words}, noise {NOISE:g}: directions without effect, heavy ball",
        theory=0,
        relation="equal",
        tolerance=0,
        computed=moving.identifiability.flat,
    )
    yield bound(
        quantity=f"{words}, noise {NOISE:g}: largest rise between steps of gradient descent",
        theory=0,
        relation="at most",
        computed=np.diff(resting.coefficients["learning_rate"]).max(),
    )


def from_many_starts(solvers):
    """Rules of both solvers from SEEDS single starts each."""
    return [[solver.solve(starts=1, seed=seed) for seed in range(SEEDS)] for solver in solvers]


def second_checks():
    """The bounds at a horizon that nobody had looked at when they were set."""
    name, words = NAMES[0], f"{NAMES[0]}, T = {SECOND}"
    found = [best(name, family, SECOND, cost="terminal") for family in (DESCENT, HEAVY_BALL)]
    solvers = [PolicySolver(one.program, tolerance=1e-9) for one in found]
    return (
        *spread_checks(words, *from_many_starts(solvers)),
        *difference_checks(name, words, theory(name, SECOND), *solvers),
    )


def evaluate() -> Evidence:
    """Optimise every family from many starts."""
    checks, data = [], {}
    for name in NAMES:
        rule = theory(name, STEPS)
        descent, heavy = (
            best(name, family, STEPS, cost="terminal") for family in (DESCENT, HEAVY_BALL)
        )
        solvers = [PolicySolver(found.program, tolerance=1e-9) for found in (descent, heavy)]
        orders, momenta = from_many_starts(solvers)
        checks += [
            *sameness_checks(name, rule, descent, heavy),
            *many_checks(name, rule, orders, momenta),
            *spread_checks(name, orders, momenta),
            momentum_check(name, rule, solvers[1]),
            *difference_checks(name, name, rule, *solvers),
        ]
        data = data or picture(name, rule, descent, momenta[:SHOWN])
    return Evidence(
        checks=[*checks, *second_checks()], data=data, reference="closed form", bound="before"
    )


def picture(name, rule, descent, heavy):
    """One polynomial from two families and several starts, and costs over the horizon."""
    h, horizons = np.linspace(*SPECTRA[name].support, 101), np.arange(1, 9)
    costs = [
        [best(name, family, int(horizon), cost="terminal", starts=2).cost for horizon in horizons]
        for family in (DESCENT, HEAVY_BALL)
    ]
    return {
        "steps": np.arange(STEPS),
        "descent_learning_rates": descent.coefficients["learning_rate"],
        "root_learning_rates": rule.steps,
        "curvatures": h,
        "descent_polynomial": response(descent, h),
        "heavy_ball_momentum": without_first([one.coefficients["momentum"] for one in heavy]),
        "heavy_ball_excess": np.array([one.cost / rule.losses[-1] - 1 for one in heavy]),
        "heavy_ball_polynomial": np.array([response(one, h) for one in heavy]),
        "horizons": horizons,
        "descent_costs": np.array(costs[0]),
        "heavy_ball_costs": np.array(costs[1]),
    }


def response(found, curvatures):
    """θ_T/θ_0 over curvature (C,)."""
    return polynomials(
        found.coefficients["learning_rate"], found.coefficients.get("momentum", 0.0), curvatures
    )[-1]


CLAIM = Claim(
    name="terminal-not-identifiable",
    theme="momentum and schedules",
    title="Terminal loss without noise: momentum and a schedule are the same thing",
    statement=(
        "scheduled gradient descent attains the cost of every first-order rule, in any order of its"
        " steps; heavy ball has T - 1 directions that cost nothing: momentum is not identifiable"
        " until the way or noise counts"
    ),
    source="derived for this project",
    relations=("equal", "at least", "at most"),
    picture="terminal_not_identifiable",
    evaluate=evaluate,
)
