"""How far to step on a noisy gradient: noise shortens the step, by the same share at every horizon.

Problem    L = ½h(θ-μ)², h = 2, γ = 0.3, η = k = 1; μ constant, prior N(θ₀, 1) about the start; the
           learner sees one noisy
           gradient y averaged over τ = 1 (variance σ²/τ), then chooses u with the horizon T = 0.1,
           0.3, 1 or ∞ before it.
Formula    Effective step on the raw gradient -∂u/∂y = (r_T/h)·W: r_T the finite-horizon gain, W =
           h²P₀/(h²P₀ + σ²/τ) the
           share of signal in y. For σ → ∞ it falls as (r_T/h)·h²P₀τ/σ²; for σ → 0 it falls short of
           r_T/h by a share σ²/(h²P₀τ); for T → 0 it is that of gradient descent, ηkT_γ·W with T_γ =
           (1-e^{-γT})/γ, less a share ηkhT²/3.
Source     Linear regression (Gauss-Markov) and certainty equivalence; derived for this project.
Relation   equal: steps by replanning, which solves the plan from the belief that the belief package's
           own filter has after
           the look (T = ∞: two Riccati equations), to 1e-6 relative on 4 horizons x 7 noises.
           Limits: slopes -2 and +2 in σ, +2 in T within 0.02; the constant ηkh/3 to 2 %.
"""

import math
from functools import cache

import numpy as np

import landscape_control as lc

from ..claims import Check, Claim, Evidence, fitted_slope
from ..model.belief import belief_model
from ..planning.beliefs import solve
from ..reference import finite_horizon_gain, planning_horizon, relaxation_rate
from ._noisy_bowl import noisy_bowl

CURVATURE, DISCOUNT, PRIOR, LOOK = 2.0, 0.3, 1.0, 1.0  # h, γ, P₀, τ
HORIZONS, NOISES = (0.1, 0.3, 1.0, math.inf), np.geomspace(0.3, 30, 7)
RELAXATION = relaxation_rate(CURVATURE, DISCOUNT, 1.0, 1.0)


def problem() -> lc.ControlProblem:
    """Full information: the minimum is known to be at 1 (the command 'solve' plans without
    beliefs).
    """
    return resting(4.0, 1.0).known([1.0])


def resting(horizon, noise) -> lc.ControlProblem:
    """A minimum that rests somewhere about the start."""
    hidden = lc.GaussianPrior(mean=[0.0], covariance=[[PRIOR]])
    return noisy_bowl(
        hidden, curvature=CURVATURE, discount=DISCOUNT, horizon=horizon, noise=noise, start=0.0
    )


def step_theory(horizon, noise):
    """(r_T/h)·W."""
    gain = (
        RELAXATION
        if math.isinf(horizon)
        else finite_horizon_gain(
            curvature=CURVATURE,
            discount=DISCOUNT,
            learning_rate=1.0,
            loss_weight=1.0,
            time_to_go=horizon,
        )
    )
    return gain / CURVATURE / (1 + np.asarray(noise) ** 2 / (CURVATURE**2 * PRIOR * LOOK))


@cache
def replanning(horizon):
    """The plan from any belief, if nothing more were to be seen: it does not ask for the noise."""
    return solve(resting(horizon, 1.0), method="replanning")


def step_computed(horizon, noise) -> float:
    """-∂u/∂y: a look, the filter's answer, the policy's answer to that."""
    posed = resting(horizon, noise)
    solution = solve(posed) if math.isinf(horizon) else replanning(horizon)
    model, place = belief_model(posed), np.zeros((2, 1))
    belief = model.update(model.initial(2), place, np.array([[1.0], [-1.0]]), LOOK)
    u = solution.policy(place, belief)[:, 0]
    return float(u[1] - u[0]) / 2


def step_checks(steps):
    """The sweep, and its three limits."""
    exact = np.array([step_theory(horizon, NOISES) for horizon in HORIZONS])
    for horizon, found, want in zip(HORIZONS, steps, exact, strict=True):
        yield Check(
            quantity=f"step on the raw gradient, T = {horizon:g}: largest relative error over σ",
            theory=0,
            computed=np.abs(found / want - 1).max(),
            relation="equal",
            tolerance=1e-6,
            reference="closed form",
            bound="before",
        )
    loud, quiet = np.geomspace(100, 400, 3), np.geomspace(0.01, 0.04, 3)
    falling = [step_computed(math.inf, noise) for noise in loud]
    missing = [1 - step_computed(math.inf, noise) / (RELAXATION / CURVATURE) for noise in quiet]
    short = np.geomspace(0.01, 0.04, 3)
    share = 1 / (1 + 1 / (CURVATURE**2 * PRIOR * LOOK))
    late = [
        1 - step_computed(time, 1.0) / (planning_horizon(DISCOUNT, time) * share) for time in short
    ]
    for name, x, values, slope in (
        ("the step for σ → ∞", loud, falling, -2),
        ("what the step lacks for σ → 0", quiet, missing, 2),
        ("what a gradient step exceeds it by for T → 0", short, late, 2),
    ):
        yield Check(
            quantity=f"order of {name}",
            theory=slope,
            computed=fitted_slope(x, values),
            relation="limit",
            tolerance=0.02,
            reference="closed form",
            bound="before",
        )
    yield Check(
        quantity="(gradient step - step)/gradient step over ηkhT²/3, T = 0.01",
        theory=1,
        computed=late[0] / (CURVATURE * short[0] ** 2 / 3),
        relation="equal",
        tolerance=0.02,
        reference="closed form",
        bound="before",
    )


def evaluate() -> Evidence:
    """Steps over noise and horizon."""
    steps = np.array([[step_computed(horizon, noise) for noise in NOISES] for horizon in HORIZONS])
    dense = np.geomspace(NOISES[0], NOISES[-1], 60)
    data = {
        "horizons": HORIZONS,
        "noises": NOISES,
        "steps": steps,
        "noises_theory": dense,
        "steps_theory": np.array([step_theory(horizon, dense) for horizon in HORIZONS]),
        "noise_free_steps": np.array([step_theory(horizon, 0.0) for horizon in HORIZONS]),
    }
    return Evidence(checks=[*step_checks(steps)], data=data)


CLAIM = Claim(
    name="noise-sweep",
    theme="momentum and schedules",
    title="Noise shortens the step on the raw gradient",
    statement=(
        "-∂u/∂y = (r_T/h)·h²P₀/(h²P₀ + σ²/τ): as 1/σ² for loud noise, gradient descent for short"
        " horizons"
    ),
    source="Gauss-Markov regression and certainty equivalence; derived for this project",
    relations=("equal", "limit"),
    evaluate=evaluate,
    picture="noise_sweep",
)
