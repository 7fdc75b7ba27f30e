"""Recorded runs of rules of the library, for the tests of recordings."""

import numpy as np

import landscape_control as lc

NUMBERS = {
    "sgd": {"learning_rate": 0.1},
    "heavy_ball": {"learning_rate": 0.1, "momentum": 0.8},
    "nesterov": {"learning_rate": 0.1, "momentum": 0.8},
    "adam": {"learning_rate": 0.02, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8},
}
FEW = ["sgd", "heavy_ball", "nesterov"]


def recorded(key, *, noise=0.0, steps=60, weights=8, seed=0, rates=1.0):
    """(weights (T+1, n), gradients (T, n)) of a rule on independent gradients."""
    rng = np.random.default_rng(seed)
    rule = lc.rules.by_name(key)
    gradients = rng.normal(size=(steps, weights))
    numbers = rule.vector(NUMBERS[key])[None]
    updates = rates * rule.updates(numbers, gradients, np.zeros_like(gradients))[0]
    path = rng.normal(size=weights) + np.vstack([np.zeros(weights), np.cumsum(updates, axis=0)])
    return path + noise * rng.normal(size=path.shape), gradients


def named(subject, rules=FEW, **options):
    return lc.identify(subject, rules, resamples=10, **options)


def is_near(row, key, errors=4.0, numbers=None):
    """Whether the rule's numbers lie within so many standard errors, by the 95 % intervals."""
    near = []
    for name, value in (numbers or NUMBERS[key]).items():
        low, high = row.intervals[name]
        found = row.coefficients[name]
        reach = errors / 1.96
        near.append(found - reach * (found - low) <= value <= found + reach * (high - found))
    return all(near)
