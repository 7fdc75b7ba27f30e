"""Estimates of a curvature from one's own path: Bayes' rule by brute force, and what v̂ says."""

import numpy as np

from ._inferred_curvature_learners import BATCHES, faded

MEMORIES = (0.0, 0.5, 0.9, 0.999)  # β₂ tried
REACH = 12.0  # of the grid of φ, in standard deviations
BINS = 24


def brute_force(setting, places, gradients, points=4001):
    """(p (N,), E[g | y] (N,)) after the gradients (T, N) at the places (T, N): sums over a grid of
    (h, φ), φ | h ~ N(0, (s/h)²), which know nothing of b.
    """
    joint, slopes = [], []
    for curvature, prior in zip(
        setting.curvatures, (setting.chance, 1 - setting.chance), strict=True
    ):
        width = setting.spread / curvature
        minima = np.linspace(-REACH / 2, REACH / 2, points) * width
        log = np.log(prior / points) - (minima / width) ** 2 / 2
        predicted = curvature * (places[..., None] - minima)  # (T, N, points)
        misfit = (gradients[..., None] - predicted) ** 2
        joint.append(log - misfit.sum(0) / (2 * setting.noise**2))
        slopes.append(predicted[-1])
    joint, slopes = np.array(joint), np.array(slopes)
    weights = np.exp(joint - joint.max((0, 2), keepdims=True))
    total = weights.sum((0, 2))
    return weights[0].sum(-1) / total, (weights * slopes).sum((0, 2)) / total


def slope_odds(setting, places, gradients):
    """Log odds (N,) of the flat curvature for a flat prior of b: from the least-squares slope ĥ ~
    N(h, σ²/Σ(θ - θ̄)²) of gradients against places alone.
    """
    across = places - places.mean(0)
    spread = (across**2).sum(0)
    slope = (across * gradients).sum(0) / spread
    misfit = (slope - setting.curvatures[:, None]) ** 2 * spread / (2 * setting.noise**2)
    return np.log(setting.chance / (1 - setting.chance)) + misfit[1] - misfit[0]


def explained(curvatures, estimates):
    """1 - E(h - ĥ)²/Var h."""
    return 1 - ((curvatures - estimates) ** 2).mean() / curvatures.var()


def best_function(curvatures, value):
    """The mean of h in bins of a value (N,), each half of the batches by the bins of the other: the
    best estimate that any function of it gives, but for the width of the bins.
    """
    half = np.arange(value.size) // (value.size // BATCHES) % 2 == 0
    estimate = np.empty(value.size)
    for fitted, judged in ((half, ~half), (~half, half)):
        edges = np.quantile(value[fitted], np.arange(1, BINS) / BINS)
        where = np.digitize(value[fitted], edges)
        levels = [curvatures[fitted][where == i].mean() for i in range(BINS)]
        estimate[judged] = np.array(levels)[np.digitize(value[judged], edges)]
    return estimate


def square_estimates(curvatures, gradients):
    """v̂ (N,) at the end and what its best function explains of h, at the best β₂."""
    tried = [faded(gradients**2, memory) for memory in MEMORIES]
    shares = [explained(curvatures, best_function(curvatures, value)) for value in tried]
    best = int(np.argmax(shares))
    return tried[best], shares[best]


def detection(curvatures, steep, evidence):
    """(false alarms, hits) in [0, 1]: shares of flat and of steep episodes whose evidence is above a
    threshold, for all thresholds.
    """
    levels = np.quantile(evidence, np.linspace(1, 0, 101))
    is_steep = curvatures == steep
    hits = [(evidence[is_steep] >= level).mean() for level in levels]
    alarms = [(evidence[~is_steep] >= level).mean() for level in levels]
    return np.array(alarms), np.array(hits)
