"""The linear policy u = -r[θ - μ₀ - s(m-μ₀)] at steps of Δt, behind a filter that has settled: for
certainty_equivalence and moving_task, whose noise, curvature and centre are the same.

The hidden minimum is Ornstein-Uhlenbeck about μ₀ with variance 1 and rate λ. All costs are exact:
second moments, no episodes.
"""

import math

import numpy as np
from scipy.linalg import solve_discrete_are

import landscape_control as lc

from ..reference import relaxation_rate
from ..simulation import LinearLearner, exact_cost
from ._noisy_bowl import CENTRE, CURVATURE, NOISE, START, noisy_bowl


def settled(step: float, rate: float) -> tuple[float, float, float]:
    """(a, P, K): factor of μ a step, steady variance before an observation, Kalman gain."""
    keep, spread = math.exp(-rate * step), NOISE**2 / CURVATURE**2 / step
    riccati = solve_discrete_are([[keep]], [[1.0]], [[1 - keep**2]], [[spread]])
    variance = float(riccati[0, 0])
    return keep, variance, variance / (variance + spread) / CURVATURE


def linear_rule(step: float, discount: float, rate: float, factor: float) -> LinearLearner:
    """The policy with s = ``factor``; its memory is m - μ₀ after an observation."""
    relaxation, (keep, _, gain) = (
        relaxation_rate(CURVATURE, discount, 1.0, 1.0),
        settled(step, rate),
    )
    return LinearLearner(
        transition=[[keep * (1 - gain * CURVATURE)]],
        gain=[[-gain]],
        state_theta=[[gain * CURVATURE]],
        state_offset=[-gain * CURVATURE * CENTRE],
        readout=[[relaxation * factor]],
        feedback=[[-relaxation]],
        offset=[relaxation * CENTRE],
    )


def settled_problem(discount: float, rate: float, variance: float) -> lc.ControlProblem:
    """T = ∞, first believed at μ₀ with that variance."""
    hidden = lc.OrnsteinUhlenbeck(
        mean=[CENTRE], rate=rate, covariance=[1.0], start_covariance=[[variance]]
    )
    return noisy_bowl(hidden, discount=discount, start=START)


def held_cost(step: float, discount: float, rate: float, factor: float) -> float:
    """What the policy costs where u is held over steps, exactly."""
    posed = settled_problem(discount, rate, settled(step, rate)[1])
    return float(exact_cost(posed, linear_rule(step, discount, rate, factor), step=step).cost)


def continuous_variance(rate: float) -> float:
    """P of 0 = -2λP + 2λ - h²P²/σ²."""
    sharpness = (CURVATURE / NOISE) ** 2
    return (math.sqrt(rate**2 + 2 * rate * sharpness) - rate) / sharpness


def extrapolated(steps: np.ndarray, values: np.ndarray) -> float:
    """The limit for Δt → 0 of values that err as Δt, the last step being half of the one before."""
    assert steps[-1] == steps[-2] / 2
    return float(2 * values[-1] - values[-2])
