"""The learners of adam_from_beliefs: the bowl with its hidden minimum, each rule with its best
coefficients, and how they are run.
"""

import math
from functools import cache, partial

import numpy as np

import landscape_control as lc

from ..simulation import SGD, Adam, BeliefAdam, RMSProp, paired_difference, simulate

CURVATURES, DRIVE, STEP = np.array([1.0, 25.0]), 1.0, 0.05  # DRIVE is ηk
NOISES, DISCOUNTS = np.array([0.3, 1.0, 3.0]), np.array([0.2, 0.8, 3.2])
BETA2, GAIN = 0.99, 0.1  # K = 1 - β₁ where all learners share their coefficients
RATIO = GAIN**2 / (1 - GAIN)  # ρ of that gain, a = 1
EPISODES, SEED, STANDARD_ERRORS, NEAR, SPAN = 1000, 11, 4.0, 0.05, 6.0  # SPAN/γ is simulated
FREE = {
    "belief_adam": ("drive", "ratio"),
    "adam": ("learning_rate", "beta1"),
    "rmsprop": ("learning_rate",),
    "sgd": ("learning_rate",),
}
BEST = {  # (σ, γ): the coefficients named in FREE, found by ``search``
    (0.3, 0.2): {
        "belief_adam": (1.7, 0.0161),
        "adam": (1.78, 0.9),
        "rmsprop": (0.374,),
        "sgd": (0.0919,),
    },
    (0.3, 0.8): {
        "belief_adam": (2.74, 0.0378),
        "adam": (2.12, 0.859),
        "rmsprop": (0.356,),
        "sgd": (0.116,),
    },
    (0.3, 3.2): {
        "belief_adam": (3.26, 0.0875),
        "adam": (1.88, 0.848),
        "rmsprop": (0.238,),
        "sgd": (0.113,),
    },
    (1.0, 0.2): {
        "belief_adam": (0.145, 0.0112),
        "adam": (1.61, 0.917),
        "rmsprop": (0.378,),
        "sgd": (0.0395,),
    },
    (1.0, 0.8): {
        "belief_adam": (0.328, 0.0255),
        "adam": (2.1, 0.891),
        "rmsprop": (0.348,),
        "sgd": (0.0552,),
    },
    (1.0, 3.2): {
        "belief_adam": (0.591, 0.0438),
        "adam": (1.93, 0.917),
        "rmsprop": (0.213,),
        "sgd": (0.0603,),
    },
    (3.0, 0.2): {
        "belief_adam": (0.0171, 0.00869),
        "adam": (1.43, 0.926),
        "rmsprop": (0.424,),
        "sgd": (0.0158,),
    },
    (3.0, 0.8): {
        "belief_adam": (0.0531, 0.0286),
        "adam": (1.94, 0.892),
        "rmsprop": (0.328,),
        "sgd": (0.0211,),
    },
    (3.0, 3.2): {
        "belief_adam": (0.126, 0.0658),
        "adam": (1.51, 0.877),
        "rmsprop": (0.136,),
        "sgd": (0.019,),
    },
}


@cache
def posed(noise: float, discount: float) -> lc.ControlProblem:
    """The ill-conditioned bowl with its hidden minimum."""
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: sum(h * (theta[i] - phi[i]) ** 2 / 2 for i, h in enumerate(CURVATURES)),
        dimension=2,
        hidden=lc.GaussianPrior(mean=[0.0, 0.0], covariance=[1.0, 1.0]),
    )
    learner = lc.Learner(sees=lc.NoisyGradient(noise=noise * np.sqrt(CURVATURES)))
    return lc.ControlProblem(
        landscape=landscape,
        learner=learner,
        start=[0.0, 0.0],
        objective=lc.Objective(horizon=math.inf, discount=discount),
    )


def from_beliefs(noise: float, discount: float, **changes) -> BeliefAdam:
    """Adam from beliefs with its coefficients as derived, or some changed."""
    given = {
        "drive": DRIVE,
        "ratio": RATIO,
        "beta2": BETA2,
        "curvature_scale": STEP / noise**2,
        "epsilon": 1e-12,
    } | changes
    return BeliefAdam(discount=discount, **given)


def learner(rule: str, noise: float, discount: float):
    """The rule with its best coefficients."""
    values = dict(zip(FREE[rule], BEST[noise, discount][rule], strict=True))
    kinds = {
        "belief_adam": partial(from_beliefs, noise, discount),
        "adam": partial(Adam, beta2=BETA2),
        "rmsprop": partial(RMSProp, decay=BETA2),
        "sgd": SGD,
    }
    return kinds[rule](**values)


def run(one, noise: float, discount: float, episodes=EPISODES, seed=SEED, **options):
    """A rollout of SPAN/γ."""
    return simulate(
        posed(noise, discount),
        one,
        episodes=episodes,
        seed=seed,
        step=STEP,
        horizon=SPAN / discount,
        **options,
    )


def search(rule: str, noise: float, discount: float):
    """The best coefficients, from those of BEST: how the table was made."""
    return lc.simulation.best_coefficients(
        posed(noise, discount),
        learner(rule, noise, discount),
        free=FREE[rule],
        episodes=400,
        seed=3,
        starts=1,
        step=STEP,
        horizon=SPAN / discount,
        held_out_episodes=EPISODES,
        held_out_seed=SEED,
        most_evaluations=60,
        tolerance=3e-3,
    )


def updates(one, paths) -> np.ndarray:
    """u (S, N, n) of a learner fed the observations of the paths."""
    state, moves = one.init(*paths.observations[:, 0].shape), np.empty_like(paths.observations)
    for k in range(moves.shape[1]):
        moves[:, k], state = one.update(
            state, paths.observations[:, k], paths.parameters[:, k], STEP
        )
    return moves


def distance(one, other) -> float:
    """rms|u - u'| / rms|u'|."""
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


def relative(rollout, other, optimum):
    """((J - J')/J*, its standard error) on common random numbers."""
    mean, error = paired_difference(rollout, other)
    return mean / optimum.cost, error / optimum.cost
