"""A planned course keeps a stated share of the edge of stability, at a price that two solvers agree on.

Problem    Terminal loss of 12 modes, h = e^(-7i/11), start variance h^-½, noise variance ¼h^0.7·L_0
           times (floor + L_t)/(floor + L_0), a floor of a tenth of the loss at the start (mean
           field), T = 60. Heavy ball with one momentum and a rate by three log-linear pieces; free,
           and with α_t ≤ 0.1·2(1+β)/h_max at every step.
Formula    Heavy ball held at one step's numbers leaves stability at h* = 2(1+β)/α: α h_max/2(1+β) is
           its share of the edge.
Source     B. T. Polyak 1964 for the edge; mean-field noise: homogenised SGD (Paquette et al. 2022).
Relation   equal: the largest share to the cap, within the 3e-4 that the search stays inside; the cost
           to that of the interior-point solver (0.2 %, set before a first look; what the margin costs
           is 3e-4 times a multiplier of order 1), from four starts, because from the plan's own
           coefficients, or near them, it ends at optima that cost 1 to 13 % more; predicted final
           losses to the mean of 4000 episodes of the policy, 4 standard errors.
           At most, at least: without the cap the share is more than five times the cap, and the cost
           less than half (bounds set after a first look; the second instance, start variance 1/h and
           noise variance h/10·L_0, was not looked at before).
"""

import numpy as np

import landscape_control as lc

from ..claims import Claim, Evidence
from ..optimisation import solve_program
from ..optimisation.program import PolicyProgram
from ._course_episodes import FAMILY, Modes, drawn, prediction_check
from ._stated_checks import bounded, same

STEPS, CAP = 60, 0.1
FIRST, SECOND = drawn(0.5, 0.25, 0.7), drawn(1.0, 0.1, 1.0)


def problem() -> PolicyProgram:
    """What is planned, without the limit."""
    return PolicyProgram(
        task=FIRST.task,
        family=FAMILY,
        objective=lc.Objective(horizon=STEPS, learning_rate=np.inf),
        sees=FIRST.sees,
    )


def limit_checks(words: str, modes: Modes):
    """With and without the cap; its edge is computed here from rates and momentum."""
    free, capped = modes.plan(STEPS), modes.plan(STEPS, cap=CAP)
    shares = [
        (one.rates * modes.curvatures.max() / (2 * (1 + one.momentum))).max()
        for one in (free, capped)
    ]
    yield same(f"{words}: largest share of the edge over the cap", 1.0, shares[1] / CAP, 1e-3)
    yield bounded(f"{words}: without the cap, over the cap", "at least", 5.0, shares[0] / CAP)
    yield bounded(
        f"{words}: cost without the cap over that with it", "at most", 0.5, free.cost / capped.cost
    )
    effect = abs(capped.final_loss - free.final_loss)
    yield prediction_check(
        f"{words}: final loss of 4000 episodes under the cap", modes, capped, effect
    )


def evaluate() -> Evidence:
    """Two instances; the solver with derivatives on the first."""
    capped = FIRST.plan(STEPS, cap=CAP)
    limits = lc.CourseLimits(cap=CAP, floor=FIRST.floor)
    result = solve_program(problem(), limits=limits, starts=4)
    checks = [
        same(
            "cost under the cap, over that of the interior-point solver from four starts",
            1.0,
            capped.cost / result.cost,
            2e-3,
            "independent code",
        ),
        *limit_checks("h^-½", FIRST),
        *limit_checks("1/h", SECOND),
    ]
    return Evidence(checks=checks)


CLAIM = Claim(
    name="course-cap",
    theme="momentum and schedules",
    title="A planned course keeps its distance from the edge of stability",
    statement="the cap binds and is kept; two solvers agree on its price, episodes on its loss",
    source="Polyak 1964 for the edge; derived for this project",
    relations=("equal", "at least", "at most"),
    evaluate=evaluate,
)
