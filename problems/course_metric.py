"""The metric with the least predicted loss is the one with the least loss: the exponent as an axis.

Problem    12 modes, h = e^(-7i/11), start variance 1, noise variance ¼h·L_0 times (floor + L_t)/(floor
           + L_0), a floor of a tenth of the loss at the start, T = 60, in coordinates √D^p θ with D =
           E g² at the start, p = 0, ¼, ½: plain, in between, and Adam's metric. Heavy ball with one
           momentum and a rate by three log-linear pieces, planned in each.
Formula    h → h/D^p, start variance → D^p, noise variance → 1/D^p times itself: the loss is the same,
           the rule θ ← θ - αD^-p(g + …) another.
Source     Kingma & Ba 2015 for p = ½; the axis derived for this project.
Relation   equal: predicted final loss to the mean of 4000 episodes in each metric, 4 standard errors
           of what the metrics differ by; label: the exponent that is chosen to the one whose episodes
           have the least mean excess.
           At most: the chosen cost over that of p = 0 (bound set after a first look; on the second
           instance, start variance 1/√h and noise h^½, not looked at before, only that it is not
           more).
"""

import math

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence
from ..optimisation import Course
from ..optimisation.program import PolicyProgram
from ._course_episodes import FAMILY, Modes, drawn, episodes, prediction_check
from ._stated_checks import bounded

EXPONENTS, STEPS = (0.0, 0.25, 0.5), 60
FIRST, SECOND = drawn(0.0, 0.25, 1.0), drawn(0.5, 0.25, 0.5)


def problem() -> PolicyProgram:
    """What is planned at p = 0."""
    return PolicyProgram(
        task=FIRST.task,
        family=FAMILY,
        objective=lc.Objective(horizon=STEPS, learning_rate=math.inf),
        sees=FIRST.sees,
    )


def chosen(modes: Modes) -> Course:
    """The course of the best metric."""
    metrics = {}
    for exponent in EXPONENTS:
        one = modes.in_metric(exponent)
        metrics[exponent] = (one.task, one.sees)
    limits = lc.CourseLimits(floor=modes.floor)
    return lc.plan_course(metrics, FAMILY, steps=STEPS, limits=limits)


def metric_checks(words: str, modes: Modes, saved: float):
    """The choice, and what episodes say of every metric."""
    best = chosen(modes)
    parts = {exponent: modes.in_metric(exponent) for exponent in EXPONENTS}
    plans = {exponent: one.plan(STEPS) for exponent, one in parts.items()}
    means = {p: episodes(parts[p], plans[p], 1)[:, -1].mean() for p in EXPONENTS}
    least = min(means, key=lambda p: means[p])
    yield Check(
        quantity=f"{words}: exponent that is chosen, and that of the least loss in episodes",
        theory=float(least),
        computed=best.exponent,
        relation="equal",
        tolerance=0,
        reference="same code, other data",
        bound="before",
        kind="label",
    )
    costs = [plan.cost for plan in plans.values()]
    effect = max(costs) - min(costs)
    for exponent, one in parts.items():
        about = f"{words}, p = {exponent:g}: final loss of episodes"
        yield prediction_check(about, one, plans[exponent], effect, seed=2)
    over = best.cost / plans[0.0].cost
    yield bounded(f"{words}: chosen cost over that of p = 0", "at most", saved, over)


def evaluate() -> Evidence:
    """Two instances."""
    checks = [*metric_checks("start 1", FIRST, 0.9), *metric_checks("start h^-½", SECOND, 1.0)]
    costs = {f"{p:g}": np.array(FIRST.in_metric(p).plan(STEPS).cost) for p in EXPONENTS}
    return Evidence(checks=checks, data=costs)


CLAIM = Claim(
    name="course-metric",
    theme="momentum and schedules",
    title="The metric's exponent as an axis of the plan",
    statement="the exponent with the least predicted loss has the least loss in episodes",
    source="Kingma & Ba 2015 for p = ½; derived for this project",
    relations=("equal", "at most"),
    evaluate=evaluate,
)
