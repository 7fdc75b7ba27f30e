"""Task uncertainty raises the variance of a weight and pulls its mean: which weights are reset
first.

Problem
    Weight i has a loss ½h_i(θ_i-φ_i)² of use h_i; at rate λ_i the task φ_i is drawn afresh from
    N(μ₀, v₀) = N(0, 1), unannounced. Gradients have noise σ; μ_i and v_i are mean and variance of
    the exact belief. γ = 0.2, η = 4, k = 1 where the control is asked.
Belief
    Between observations, exactly and for any belief:  μ̇ = -λ(μ-μ₀),  v̇ = λ(v₀-v) + λ(μ-μ₀)². With
    E(μ-μ₀)² = v₀ - v this is 2λ(v₀-v) on average, as the best linear filter has it. For a single
    weight it is not: one far from its prior mean gets uncertain faster, and v may exceed v₀. An
    observation takes (h²/σ²)v²Δt off v on average, whatever the belief. An unannounced switch makes
    v rise by itself; then μ moves.
Which weights are reset first
    Steady uncertainty v_i/v₀ = √(x²+2x) - x, x_i = λ_iσ²/(h_i²v₀) (best linear filter): how fast
    v_i grows relative to its use. The pull to the prior mean without any news is 1-s_i =
    λ_i/(r_i+γ+λ_i), r_i = √(γ²/4+ηh_i) - γ/2: of two equally uncertain weights the faster task's is
    pulled further. At switches, announced or not, weights in high use go first: at rate r_i, and
    noticed sooner.
Source
    W. M. Wonham 1965; R. Adams, D. MacKay, *Bayesian online changepoint detection*, 2007; VGR25
    (arXiv 2510.26997); derived for this project. Reference: densities on a grid of 1401 points.
Relation and tolerance
    equal: moments a step later on 200 beliefs to 1e-9, where 2λ(v₀-v) alone is 0.02 off; steady
    variance against SciPy's Riccati equation to 1e-10. limit: slope 1 in Δt within 0.05. at least:
    bounds after a first look, at inferred switches confirmed with other noise and tasks, not looked
    at before.
"""

import math

import numpy as np
from scipy.linalg import solve_continuous_are

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ._announced_resets import Setting, regulator
from ._stated_checks import bounded, same
from ._task_beliefs import (
    GRID,
    PRIOR,
    Weight,
    expected_fall,
    filtered,
    moments,
    normal,
    pulled,
    pulled_on_average,
    scaled,
)
from .uncertain_weights_reset import TYPICAL, posed


def problem() -> lc.ControlProblem:
    """One weight whose task is known to rest at 1 (the command 'solve' plans without beliefs)."""
    return posed(TYPICAL).known([1.0])


def evaluate() -> Evidence:
    """Moments, inferred switches, and the order of weights."""
    checks = (*belief_checks(), *inferred_checks(), *order_checks())
    return Evidence(checks=checks, data=picture())


def belief_checks():
    """The moment equations against densities on a grid."""
    weight = Weight(hazard=0.2, use=1.0, noise=0.5, step=0.05)
    tasks = np.repeat([1.5, -1.5], 100)
    densities = filtered(weight, tasks, np.ones(200, dtype=bool), np.random.default_rng(0))
    now, later = moments(densities), moments(weight.later(densities))
    exact, averaged = pulled(weight, *now), pulled_on_average(weight, *now)
    gap = np.abs(averaged[1] - later[1]).max()
    for name, i in (("μ", 0), ("v", 1)):
        yield same(
            f"{name} a step later on 200 beliefs: largest distance from the exact moments",
            0.0,
            np.abs(exact[i] - later[i]).max(),
            1e-9,
            "independent code",
            effect=gap,
        )
    yield bounded(
        "v a step later by 2λ(v₀-v) alone: largest error, over λΔt",
        "at least",
        0.5,
        gap / (weight.hazard * weight.step),
    )
    yield bounded(
        "largest v of a single weight over v₀, after a switch", "at least", 1.02, now[1].max()
    )
    belief = scaled(0.5 * normal(GRID, 2.0, 0.1) + 0.5 * PRIOR)
    spread, steps = moments(belief)[1], np.array([0.01, 0.005, 0.0025])
    falls = [
        expected_fall(Weight(hazard=0.0, use=1.0, noise=1.0, step=step), belief) / step
        for step in steps
    ]
    yield Check(
        quantity="two-peaked belief: slope in Δt of E[fall of v]/(h²v²Δt/σ²) - 1",
        theory=1.0,
        computed=fitted_slope(steps, np.abs(np.array(falls) / spread**2 - 1)),
        relation="limit",
        tolerance=0.05,
        reference="independent code",
        bound="before",
    )


def noticed(use: float, noise: float, before: float, after: float) -> tuple[float, float]:
    """(time until μ is half way, peak of v) after an unannounced switch, on gradients as expected."""
    weight, settled = Weight(hazard=0.1, use=use, noise=noise, step=0.02), 400
    tasks = np.repeat([before, after], [settled, 300])
    silent = np.zeros(len(tasks))
    densities = filtered(weight, tasks, silent == 0, Silent())
    mean, variance = moments(densities[settled:])
    half = int(np.argmax(mean < (before + after) / 2))
    return half * weight.step, float(variance.max())


class Silent:
    """A source of noise that gives none: observations as they are expected."""

    def standard_normal(self) -> float:
        """0."""
        return 0.0


def inferred_checks():
    """A switch that must be inferred: v rises by itself, sooner where the use is high."""
    for words, noise, before, after in (("", 0.5, 1.5, -1.0), ("second instance: ", 0.3, 2.0, 0.2)):
        (slow, _), (fast, peak) = (noticed(use, noise, before, after) for use in (1.0, 2.0))
        yield bounded(
            f"{words}inferred switch, time to notice at use h = 1 over that at h = 2",
            "at least",
            2.0,
            slow / fast,
        )
        yield bounded(f"{words}inferred switch, h = 2: peak of v over v₀", "at least", 0.5, peak)


def order_checks():
    """Steady uncertainty by growth relative to use; the pull by 1-s."""
    gaps = []
    for hazard, use, noise in ((0.05, 1.0, 0.5), (0.4, 1.0, 0.5), (0.2, 0.3, 2.0), (0.8, 2.0, 0.1)):
        ratio = hazard * noise**2 / use**2
        theory = math.sqrt(ratio**2 + 2 * ratio) - ratio
        riccati = solve_continuous_are([[-hazard]], [[use]], [[2 * hazard]], [[noise**2]])[0, 0]
        gaps.append(abs(theory / riccati - 1))
    yield same(
        "steady v/v₀ = √(x²+2x) - x, x = λσ²/(h²v₀), four weights: largest relative distance",
        0.0,
        max(gaps),
        1e-10,
        "independent code",
    )
    # one λ/h²: as uncertain as one another; the one with the faster task is pulled further
    for hazard, use in ((0.2, 1.0), (0.8, 2.0)):
        setting = TYPICAL.changed(hazard=hazard, use=use)
        computed = 1 - aim_over_gain(setting)
        rate = setting.relaxation + setting.discount
        yield same(
            f"1-s at Δt → 0 by the regulator, λ = {hazard:g}, h = {use:g}",
            hazard / (rate + hazard),
            computed,
            1e-4,
            "closed form",
        )


def aim_over_gain(setting: Setting) -> float:
    """f/g as Δt → 0, from Δt = 0.01 and 0.005."""
    ratios = []
    for step in (0.01, 0.005):
        gain, aim = regulator(setting.changed(step=step))
        ratios.append(aim / gain)
    return 2 * ratios[1] - ratios[0]


def picture() -> dict:
    """Data of the figure task_uncertainty: three weights, a pause and a switch."""
    step, names = 0.05, ["slow task, high use", "fast task, high use", "slow task, low use"]
    times = np.arange(0.0, 16.0, step)
    tasks = np.where(times < 11.0, 1.2, -1.0)
    seen = (times < 4.0) | (times >= 8.0)
    weights = [
        Weight(hazard=hazard, use=use, noise=0.6, step=step)
        for hazard, use in ((0.04, 1.5), (0.4, 1.5), (0.04, 0.4))
    ]
    beliefs = [
        moments(filtered(weight, tasks, seen, np.random.default_rng(4))) for weight in weights
    ]
    return {
        "times": times,
        "weight_names": names,
        "means": np.array([mean for mean, _ in beliefs]),
        "variances": np.array([variance for _, variance in beliefs]),
        "pause": np.array([4.0, 8.0]),
        "switch": 11.0,
    }


CLAIM = Claim(
    name="task-uncertainty",
    theme="changing tasks",
    title="Task uncertainty raises v and pulls μ: which weights are reset first",
    statement=(
        "Under a task drawn afresh at rate λ, v̇ = λ(v₀-v) + λ(μ-μ₀)² and μ̇ = -λ(μ-μ₀) between"
        " observations; steady v grows with λσ²/(h²v₀), the pull with λ/(r+γ+λ); at switches weights in"
        " high use go first"
    ),
    source="Derived for this project; Wonham 1965; Adams & MacKay 2007; VGR25 (arXiv 2510.26997)",
    relations=("equal", "limit", "at least"),
    evaluate=evaluate,
    picture="task_uncertainty",
)
