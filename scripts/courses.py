"""Planned courses: CPU time of one plan, 24 modes, noise that follows the loss, a cap and a floor."""

import time

import numpy as np
from measuring import Row

import landscape_control as lc
from landscape_control.policies import Averaged, HeavyBall, LogLinear, Scheduled, ScheduleFree

KNOTS = LogLinear(pieces=5)
BALL = Scheduled(family=HeavyBall(constant=True), shape=KNOTS)
FAMILIES = {
    "heavy ball": BALL,
    "averaged heavy ball": Averaged(family=BALL),
    "Schedule-Free": Scheduled(family=ScheduleFree(), shape=KNOTS),
}
LIMITS = {500: 100.0, 4000: 300.0}  # milliseconds asked for, for heavy ball
MODES = 24


def rows(quick):
    """One search and the default number of searches, at T = 500 and 4000."""
    return [
        row(name, steps, searches, repeats=2 if quick else 5)
        for steps in LIMITS
        for name in FAMILIES
        for searches in (1, None)
    ]


def row(name, steps, searches, repeats):
    """The least CPU time of some plans, in milliseconds."""
    task, sees, floor = measured()
    limits, spent = lc.CourseLimits(cap=0.7, rise=1.1, floor=floor), []
    for _ in range(repeats):
        began = time.process_time()
        lc.plan_course(
            task, FAMILIES[name], steps=steps, sees=sees, limits=limits, searches=searches
        )
        spent.append(1e3 * (time.process_time() - began))
    searched = "1 search" if searches == 1 else "searches side by side"
    asked = LIMITS[steps] if name == "heavy ball" and searches == 1 else None
    return Row(
        what=f"course of {name}, T = {steps}, {MODES} modes, {searched}: CPU time (best of {repeats})",
        ours=min(spent),
        limit=asked,
        unit="ms",
    )


def measured():
    """(task, noise, floor) with noise as large as a network's."""
    rng = np.random.default_rng(7)
    h = np.geomspace(1e-3, 1, MODES) * np.exp(0.2 * rng.normal(size=MODES))
    variances = np.exp(0.7 * rng.normal(size=MODES)) / np.sqrt(h)
    loss = float(np.mean(h * variances) / 2)
    noise = np.exp(0.5 * rng.normal(size=MODES)) * h**0.7 * loss / 2
    spectrum = lc.Discrete(h)
    task = lc.LandscapeDistribution.quadratic(curvatures=spectrum, start_variance=variances)
    return task, lc.ModeNoise(np.sqrt(noise), follows_loss=True), 0.2 * loss
