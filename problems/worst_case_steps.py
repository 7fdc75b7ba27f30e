"""The worst curvature in place of the average one: Chebyshev's steps, Polyak's constants, and what
a guarantee costs.

Problem    Curvatures anywhere in [0.05, 1], exact gradients, free movement, T steps; minimise over
           the rule the largest
           (θ_T/θ_0)² ("distance"), or the largest ½h(θ_T/θ_0)² ("loss").
Formula    distance: 1/T_T(x)², x = (b+a)/(b-a), by gradient descent with one over the roots of the
           Chebyshev polynomial, in
           any order, or by heavy ball; α = 2/(a+b) where α is constant.
           loss: b/2(2T+1)², with steps 1/(b cos²((2j-1)π/(4T+2))), as long as a ≤ b
           cos²(Tπ/(2T+1)): short horizons cannot
           use a; then by the exchange of Remez.
Source     Chebyshev 1854; Young 1953; Golub & Varga 1961; silver steps: Altschuler & Parrilo 2023.
Relation   equal: distances and their steps to 1e-6, on a grid that holds the extremes of
           Chebyshev's polynomials.
           At most, at least: the loss, found on a grid, and its value on a finer one enclose the
           theory. Heavy ball with constant coefficients is at least as good as Polyak's constants
           from rest, which are for endless horizons. Silver steps are for smooth convex functions,
           whose curvature differs from place to place: on quadratics they stay between gradient
           descent and Chebyshev's. If every step may meet any curvature, more than one function
           allows, the order is reversed: Chebyshev's grow most, the constant step is best. At least
           (bounds set after a first look, confirmed from 0.04 on): Chebyshev's guarantee costs ten times the best average
           loss at T = 4, 6; Polyak's own constants miss the best factor by 3 or more there.
"""

import math
from functools import partial

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..model.landscape import LandscapeDistribution, Uniform
from ..optimisation import worst_case
from ..optimisation.program import PolicyProgram
from ..reference import (
    chebyshev_factor,
    chebyshev_steps,
    constant_descent,
    minimax_loss_flat,
    minimax_loss_steps,
    orthogonal_rule,
    polyak_factor,
    polynomials,
    silver_steps,
)
from ..rules.families import GradientDescent, HeavyBall

LOW, HIGH = 0.05, 1.0
SECOND_LOW = 0.04  # a second range, not looked at when the bounds were set
SPECTRUM = Uniform(LOW, HIGH)
# cos(kπ/96) holds cos(kπ/T) for T = 1, 2, 3, 4, 6: the extremes of the Chebyshev polynomials
POINTS = 97
DISTANCE, LOSS, SILVER = (1, 2, 4, 6), (1, 2, 4), (2, 4, 8)
DESCENT, HEAVY_BALL = GradientDescent(constant=False), HeavyBall(constant=False)


def problem() -> PolicyProgram:
    """Four steps of gradient descent for the average curvature; ``emergence.worst_case`` plans the
    same for the worst.
    """
    return program(DESCENT, 4)


def program(family, horizon):
    """Terminal loss of a family, movement free."""
    return PolicyProgram(
        task=LandscapeDistribution.quadratic(curvatures=SPECTRUM, start_variance=1.0),
        family=family,
        objective=lc.Objective(horizon=horizon, learning_rate=math.inf),
        cost="terminal",
    )


def worst(family, horizon, measure, starts=3):
    """The rule that is best at its worst curvature."""
    return worst_case(program(family, horizon), measure=measure, points=POINTS, starts=starts)


def distance_checks(horizon, descent):
    """Chebyshev's value and steps, by gradient descent and by heavy ball."""
    theory = chebyshev_factor(LOW, HIGH, horizon) ** 2
    for found in (descent, worst(HEAVY_BALL, horizon, "distance")):
        yield Check(
            quantity=f"worst distance², {found.program.family.name}, T = {horizon}",
            theory=theory,
            computed=found.worst,
            relation="equal",
            tolerance=1e-6,
            measure="relative",
            bound="after",
        )
    steps = np.sort(descent.coefficients["learning_rate"]) / chebyshev_steps(LOW, HIGH, horizon)
    yield Check(
        quantity=f"largest |α/Chebyshev's - 1|, T = {horizon}",
        theory=0,
        computed=np.abs(steps - 1).max(),
        relation="equal",
        tolerance=1e-6,
        bound="after",
    )


def constant_checks(horizon):
    """One α for all steps; one α and one β."""
    rate, factor = constant_descent(LOW, HIGH)
    descent = worst(GradientDescent(constant=True), horizon, "distance")
    yield Check(
        quantity=f"constant α, T = {horizon}",
        theory=rate,
        computed=descent.coefficients["learning_rate"],
        relation="equal",
        tolerance=1e-6,
    )
    yield Check(
        quantity=f"worst distance², constant α, T = {horizon}",
        theory=factor ** (2 * horizon),
        measure="relative",
        computed=descent.worst,
        relation="equal",
        tolerance=1e-6,
    )
    heavy = worst(HeavyBall(constant=True), horizon, "distance", starts=8)
    yield Check(
        quantity=f"worst distance², constant α and β, T = {horizon}: Polyak's constants",
        relation="at most",
        theory=polyak_factor(LOW, HIGH, horizon) ** 2,
        computed=heavy.worst + heavy.grid_error,
        tolerance=0,
    )
    yield Check(
        quantity=f"worst distance², constant α and β, T = {horizon}: any rule",
        relation="at least",
        tolerance=1e-6,
        theory=chebyshev_factor(LOW, HIGH, horizon) ** 2,
        computed=heavy.worst,
        measure="relative",
    )


def loss_checks(horizon, found):
    """The grid's value, and that on a finer grid, enclose the exchange of Remez."""
    theory = minimax_loss_steps(LOW, HIGH, horizon)[1] / 2
    yield Check(
        quantity=f"worst loss on the grid, T = {horizon}",
        theory=theory,
        computed=found.worst,
        relation="at most",
        tolerance=1e-9,
    )
    yield Check(
        quantity=f"worst loss on a finer grid, T = {horizon}",
        theory=theory,
        relation="at least",
        tolerance=1e-9,
        computed=found.worst + found.grid_error,
    )
    flat, level = minimax_loss_flat(HIGH, horizon)
    if math.cos(horizon * math.pi / (2 * horizon + 1)) ** 2 * HIGH >= LOW:
        yield Check(
            quantity=f"least worst loss by exchange, T = {horizon}: closed form",
            theory=level / 2,
            computed=theory,
            relation="equal",
            tolerance=1e-10,
            measure="relative",
        )
        steps = np.sort(found.coefficients["learning_rate"])
        yield Check(
            quantity=f"largest |α/closed form - 1| for the worst loss, T = {horizon}",
            theory=0,
            relation="equal",
            computed=np.abs(steps / flat - 1).max(),
            tolerance=1e-3,
            bound="after",
        )


def price_checks(horizon, low=LOW):
    """What the guarantee costs on average, under the uniform spectrum, and what Polyak's constants
    miss.
    """
    h, w = Uniform(low, HIGH).nodes(horizon + 4)
    average = polynomials(chebyshev_steps(low, HIGH, horizon), 0.0, h)[-1] ** 2 @ (w * h) / 2
    words = f"T = {horizon}, curvatures from {low:g}"
    at_least = partial(
        Check, relation="at least", tolerance=0, reference="stated bound", bound="after"
    )
    yield at_least(
        quantity=f"average loss of Chebyshev's steps over the best, {words}",
        theory=10,
        computed=average / orthogonal_rule(h, w, horizon).losses[-1],
    )
    yield at_least(
        quantity=f"worst distance of Polyak's constants over the least, {words}",
        theory=3,
        computed=polyak_factor(low, HIGH, horizon) / chebyshev_factor(low, HIGH, horizon),
    )


def roaming(steps):
    """The largest |θ_T/θ_0| if every step may meet any curvature of [a, b]: Π max(|1 - αa|, |1 -
    αb|).
    """
    return np.prod(np.maximum(np.abs(1 - LOW * steps), np.abs(1 - HIGH * steps)))


def silver_checks(horizon):
    """Silver steps between gradient descent and Chebyshev's, and the reverse where
    curvature roams.
    """
    steps, factor = silver_steps(LOW, HIGH, horizon)
    rate, shrink = constant_descent(LOW, HIGH)
    found = np.abs(polynomials(steps, 0.0, np.linspace(LOW, HIGH, 2001))[-1]).max()
    yield Check(
        quantity=f"worst distance of silver steps on quadratics, T = {horizon}",
        theory=factor,
        computed=found,
        relation="equal",
        tolerance=1e-9,
        measure="relative",
        reference="closed form",
    )
    yield Check(
        quantity=f"worst distance of silver steps, T = {horizon}: gradient descent's",
        theory=shrink**horizon,
        computed=found,
        relation="at most",
        tolerance=0,
    )
    yield Check(
        quantity=f"worst distance of silver steps, T = {horizon}: Chebyshev's",
        computed=found,
        relation="at least",
        theory=chebyshev_factor(LOW, HIGH, horizon),
        tolerance=0,
    )
    for words, mine, other in (
        ("silver", steps, np.full(horizon, rate)),
        ("Chebyshev's", chebyshev_steps(LOW, HIGH, horizon), steps),
    ):
        yield Check(
            quantity=f"roaming curvature, {words} steps, T = {horizon}: the tamer rule's",
            theory=roaming(other),
            computed=roaming(mine),
            relation="at least",
            tolerance=0,
        )


def evaluate() -> Evidence:
    """Minimax over curvatures, then what is known."""
    distance = {T: worst(DESCENT, T, "distance") for T in DISTANCE}
    loss = {T: worst(DESCENT, T, "loss") for T in LOSS}
    checks = [
        *(check for T in DISTANCE for check in distance_checks(T, distance[T])),
        *(check for T in (4, 6) for check in constant_checks(T)),
        *(check for T in (4, 6) for low in (LOW, SECOND_LOW) for check in price_checks(T, low)),
        *(check for T in LOSS for check in loss_checks(T, loss[T])),
        *(check for T in SILVER for check in silver_checks(T)),
    ]
    return Evidence(checks=checks, data=picture(distance), reference="closed form", bound="before")


def picture(distance):
    """Steps and |θ_T/θ_0| over curvature of the longest horizon, worst (θ_T/θ_0)² over all of them."""
    longest, grid = max(distance), np.linspace(LOW, HIGH, 301)
    average = {T: orthogonal_rule(*SPECTRUM.nodes(T + 4), T).steps for T in distance}
    gains = {T: np.abs(polynomials(steps, 0.0, grid)[-1]) for T, steps in average.items()}
    steps = distance[longest].coefficients["learning_rate"]
    return {
        "steps": np.arange(longest),
        "minimax_steps": steps,
        "chebyshev_steps": chebyshev_steps(LOW, HIGH, longest),
        "curvatures": grid,
        "minimax_gain": np.abs(polynomials(steps, 0.0, grid)[-1]),
        "average_gain": gains[longest],
        "horizons": np.array(list(distance)),
        "worst_computed": np.array([one.worst for one in distance.values()]),
        "worst_theory": np.array([chebyshev_factor(LOW, HIGH, T) ** 2 for T in distance]),
        "worst_of_average": np.array([gain.max() ** 2 for gain in gains.values()]),
    }


CLAIM = Claim(
    name="worst-case-steps",
    theme="momentum and schedules",
    title="The worst curvature: Chebyshev's steps, and what their guarantee costs",
    statement=(
        "minimising the worst (θ_T/θ_0)² over curvatures in [a, b] gives Chebyshev's steps, 2/(a+b)"
        " if constant; the worst loss gives other steps, which for short horizons do not depend"
        " on a"
    ),
    source="Chebyshev 1854; Young 1953; Golub & Varga 1961",
    relations=("equal", "at most", "at least"),
    picture="worst_case_steps",
    evaluate=evaluate,
)
