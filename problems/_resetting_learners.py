"""The learners of resetting.

The bowl that switches between tasks, and each way to forget with its best coefficients.
"""

import dataclasses
import math
from functools import lru_cache, partial

import numpy as np

import landscape_control as lc

from ..reference import relaxation_rate
from ..simulation import FullResetAtSwitches, HeavyBall, NoReset, ShrinkAndPerturb, WeightDecay

CURVATURE, DISCOUNT, RATE, WEIGHT = 1.0, 0.2, 4.0, 1.0
TASKS = np.array([-3.0, -1.0, 1.0, 3.0]) / math.sqrt(5)
RATES, NOISES = np.array([0.05, 0.2, 0.8]), np.array([0.3, 1.0])
SETTINGS = {"horizon": 30.0, "step": 0.1}
EPISODES, SEED, STANDARD_ERRORS, NEAR = 800, 29, 4.0, 0.05
RAREST = 2  # times as many episodes at the least rate, where regrets are nearest to NEAR
RULES = {
    "no_reset": (),
    "l2_decay": ("decay",),
    "full_reset": ("duration",),
    "shrink_and_perturb": ("duration", "shrink"),
}
# of the mean gradient's square over the noise's, for inferred switches
THRESHOLDS = (0.1, 0.3, 1.0)
TOLD = ("full_reset", "shrink_and_perturb")
BEST = {  # (λ, σ): learning rate, momentum, then the coefficients named in RULES; by ``search``
    (0.05, 0.3): {
        "full_reset": (0.238, 0.699, 0.382),
        "shrink_and_perturb": (0.245, 0.697, 0.187, 0.473),
    },
    (0.05, 1.0): {
        "full_reset": (0.0646, 0.786, 0.382),
        "shrink_and_perturb": (0.0645, 0.786, 0.38, 0.0232),
    },
    (0.2, 0.3): {
        "full_reset": (0.269, 0.638, 0.383),
        "shrink_and_perturb": (0.289, 0.637, 0.187, 0.498),
    },
    (0.2, 1.0): {
        "full_reset": (0.0706, 0.768, 0.383),
        "shrink_and_perturb": (0.0709, 0.77, 0.379, 0.0653),
    },
    (0.8, 0.3): {
        "full_reset": (0.285, 0.438, 0.382),
        "shrink_and_perturb": (0.268, 0.498, 0.181, 0.457),
    },
    (0.8, 1.0): {
        "full_reset": (0.0749, 0.659, 0.291),
        "shrink_and_perturb": (0.071, 0.693, 0.191, 0.31),
    },
}
RELAXATION = relaxation_rate(CURVATURE, DISCOUNT, RATE, WEIGHT)


@lru_cache(maxsize=16)
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


def settled_problem(rate: float, noise: float) -> lc.ControlProblem:
    """The same first two moments of the task, known as well as it will ever be from the start."""
    ratio = rate * noise**2 / CURVATURE**2
    known = math.sqrt(ratio**2 + 2 * ratio) - ratio
    task = lc.OrnsteinUhlenbeck(mean=[0.0], rate=rate, covariance=[1.0], start_covariance=[known])
    landscape = lc.Landscape.from_expression(
        lambda theta, task: CURVATURE * (theta[0] - task[0]) ** 2 / 2, dimension=1, hidden=task
    )
    return dataclasses.replace(posed(rate, noise), landscape=landscape)


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


@lru_cache(maxsize=64)
def tuned(rule: str, rate: float, noise: float):
    """The rule at its best: by its exact cost where it is linear, else as ``search`` found it."""
    if rule in TOLD:
        return learner(rule, BEST[rate, noise][rule])
    start = learner(rule, (0.1, 0.6, *(0.5 for _ in RULES[rule])))
    found = lc.simulation.exact_best_coefficients(posed(rate, noise), start, **SETTINGS)
    if not found.converged or found.at_bounds:
        raise lc.SolveError(f"{rule} at λ = {rate:g}, σ = {noise:g}: {found.summary()}")
    return found.learner


def search(rule: str, rate: float, noise: float):
    """The best coefficients of a rule that is told of switches, from those of BEST, by Nelder and
    Mead's method on common random numbers.

    How the table was made (about ten seconds a call).
    """
    start = learner(rule, BEST[rate, noise][rule])
    names = [name for name in start.coefficients if name != "perturb"]
    return lc.simulation.best_coefficients(
        posed(rate, noise),
        start,
        free=names,
        bounds={"duration": (0.1, 10.0)},
        method="nelder-mead",
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


def momentum_form(rate: float, noise: float, step: float):
    """Heavy ball with L2 decay as the formula has it: friction r + λ + κh, learning rate r s κ,
    decay r[λ + κh(1-s)].
    """
    signal = (CURVATURE / noise) ** 2
    gain = (
        math.sqrt(rate**2 + 2 * rate * signal) - rate
    ) / CURVATURE  # κ = Ph/σ², 0 = 2λ - 2λP - h²P²/σ²
    shrink, friction = factor(rate), RELAXATION + rate + gain * CURVATURE
    share = -math.expm1(-friction * step) / friction
    decay = (rate + gain * CURVATURE * (1 - shrink)) / (shrink * gain)
    return learner(
        "l2_decay", (RELAXATION * shrink * gain * share, math.exp(-friction * step), decay)
    )


def excess_of_formula(problem, rate: float, noise: float) -> float:
    """Exact cost of L2 decay with the formula's coefficients over the least, less 1."""
    derived = momentum_form(rate, noise, SETTINGS["step"])
    cost = lc.simulation.exact_cost(problem, derived, **SETTINGS).cost
    least = lc.simulation.exact_best_coefficients(problem, derived, **SETTINGS).cost
    return cost / least - 1
