"""The learners of resetting.

The bowl that switches between tasks, and each way to forget with its best coefficients.
"""

import math
from functools import partial

import numpy as np

import landscape_control as lc

from ..reference import relaxation_rate
from ..simulation import FullResetAtSwitches, HeavyBall, NoReset, ShrinkAndPerturb, WeightDecay

CURVATURE, DISCOUNT, RATE, WEIGHT = 1.0, 0.2, 4.0, 1.0
TASKS = np.array([-3.0, -1.0, 1.0, 3.0]) / math.sqrt(5)
RATES, NOISES = np.array([0.05, 0.2, 0.8]), np.array([0.3, 1.0])
SETTINGS = {"horizon": 30.0, "step": 0.1}
EPISODES, SEED, STANDARD_ERRORS, NEAR = 800, 11, 4.0, 0.05
RULES = {
    "no_reset": (),
    "l2_decay": ("decay",),
    "full_reset": ("duration",),
    "shrink_and_perturb": ("duration", "shrink"),
}
# of the mean gradient's square over the noise's, for inferred switches
THRESHOLDS = (0.1, 0.3, 1.0)
TOLD = ("full_reset", "shrink_and_perturb")
BEST = {  # (λ, σ): learning rate, momentum, then the coefficients named in RULES
    (0.05, 0.3): {
        "no_reset": (0.264, 0.68),
        "l2_decay": (0.257, 0.7, 0.0534),
        "full_reset": (0.238, 0.699, 0.382),
        "shrink_and_perturb": (0.245, 0.697, 0.187, 0.473),
    },
    (0.05, 1.0): {
        "no_reset": (0.0729, 0.757),
        "l2_decay": (0.0689, 0.79, 0.151),
        "full_reset": (0.0646, 0.786, 0.382),
        "shrink_and_perturb": (0.0645, 0.786, 0.38, 0.0232),
    },
    (0.2, 0.3): {
        "no_reset": (0.345, 0.588),
        "l2_decay": (0.319, 0.651, 0.183),
        "full_reset": (0.269, 0.638, 0.383),
        "shrink_and_perturb": (0.289, 0.637, 0.187, 0.498),
    },
    (0.2, 1.0): {
        "no_reset": (0.0908, 0.679),
        "l2_decay": (0.0806, 0.774, 0.488),
        "full_reset": (0.0706, 0.768, 0.383),
        "shrink_and_perturb": (0.0709, 0.77, 0.379, 0.0653),
    },
    (0.8, 0.3): {
        "no_reset": (0.406, 0.342),
        "l2_decay": (0.366, 0.534, 0.722),
        "full_reset": (0.285, 0.438, 0.382),
        "shrink_and_perturb": (0.268, 0.498, 0.181, 0.457),
    },
    (0.8, 1.0): {
        "no_reset": (0.0803, 0.429),
        "l2_decay": (0.0829, 0.715, 2.04),
        "full_reset": (0.0749, 0.659, 0.291),
        "shrink_and_perturb": (0.071, 0.693, 0.191, 0.31),
    },
}
RELAXATION = relaxation_rate(CURVATURE, DISCOUNT, RATE, WEIGHT)


def posed(rate: float, noise: float) -> lc.ControlProblem:
    """The bowl that moves to a fresh task at ``rate``."""
    chain = lc.TaskChain(rates=rate * (np.full((4, 4), 0.25) - np.eye(4)), tasks=TASKS)
    landscape = lc.Landscape.from_expression(
        lambda theta, task: CURVATURE * (theta[0] - task[0]) ** 2 / 2, dimension=1, hidden=chain
    )
    objective = lc.Objective(
        horizon=math.inf, discount=DISCOUNT, learning_rate=RATE, loss_weight=WEIGHT
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=noise)),
        objective=objective,
        start=[0.0],
    )


def factor(rate: float) -> float:
    """s = (r+γ)/(r+γ+λ)."""
    return (RELAXATION + DISCOUNT) / (RELAXATION + DISCOUNT + rate)


def aim(theta, belief, _time, *, shrink: float):
    """u = -r[θ - s m]."""
    return -RELAXATION * (theta - shrink * (belief.probabilities @ TASKS)[:, None])


def learner(rule: str, coefficients):
    """The rule with (learning rate, momentum, then its own coefficients in the order of RULES)."""
    inner = HeavyBall(learning_rate=coefficients[0], momentum=coefficients[1])
    own = dict(zip(RULES[rule], coefficients[2:], strict=True))
    kinds = {
        "no_reset": NoReset,
        "l2_decay": partial(WeightDecay, centre=(0.0,)),
        "full_reset": FullResetAtSwitches,
        "shrink_and_perturb": ShrinkAndPerturb,
    }
    return kinds[rule](learner=inner, **own)


def search(rule: str, rate: float, noise: float):
    """The best coefficients, from those of BEST.

    How the table was made (about ten seconds a call).
    """
    start = learner(rule, BEST[rate, noise][rule])
    names = [name for name in start.coefficients if name != "perturb"]
    bounds = {"duration": (0.1, 10.0)} if rule in TOLD else None
    return lc.simulation.best_coefficients(
        posed(rate, noise),
        start,
        free=names,
        bounds=bounds,
        episodes=1000,
        seed=3,
        starts=2,
        most_evaluations=260,
        held_out_episodes=EPISODES,
        held_out_seed=SEED,
        **SETTINGS,
    )


def relative(rollout, optimum):
    """(J/J* - 1, its standard error) on common random numbers."""
    mean, error = lc.simulation.paired_difference(rollout, optimum)
    return mean / optimum.cost, error / optimum.cost
