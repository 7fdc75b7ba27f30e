"""Data for the pictures of beliefs, from closed forms and short simulations."""

import functools

import numpy as np


def rate(discount, h=1.0):
    return np.sqrt(np.square(discount) / 4 + h) - np.asarray(discount) / 2


def shrink(discount, moving):
    return (rate(discount) + discount) / (rate(discount) + discount + moving)


def wobble(shape, size, seed=0):
    return 1 + size * np.random.default_rng(seed).normal(size=shape)


@functools.cache
def chase():
    """A task that jumps, its best linear filter, and the weights of the optimal rule and of one
    that never pulls back.
    """
    draw, step, count, moving, noise, gain = (
        np.random.default_rng(6),
        0.02,
        1000,
        0.25,
        0.6,
        rate(0.5),
    )
    times = step * np.arange(count)
    jumps = np.flatnonzero(draw.random(count) < moving * step)
    hidden = draw.normal(size=len(jumps) + 1)[
        np.searchsorted(jumps, np.arange(count), side="right")
    ]
    mean, variance, weights = np.zeros(count), np.ones(count), np.zeros((2, count))
    estimates, factors = (
        hidden + noise * draw.normal(size=count) / np.sqrt(step),
        (
            shrink(0.5, moving),
            1.0,
        ),
    )
    for i in range(count - 1):
        kalman = variance[i] / noise**2
        mean[i + 1] = mean[i] + step * (-moving * mean[i] + kalman * (estimates[i] - mean[i]))
        variance[i + 1] = variance[i] + step * (
            2 * moving * (1 - variance[i]) - variance[i] * kalman
        )
        weights[:, i + 1] = weights[:, i] - step * gain * (
            weights[:, i] - np.array(factors) * mean[i]
        )
    return times, hidden, mean, variance, weights, times[jumps], estimates


def riccati(times, moving=0.25, noise=0.6):
    """Closed form of Ṗ = 2λ(1 − P) − P²/σ² from P = 1."""
    root = np.sqrt(moving**2 + 2 * moving / noise**2)
    high, low = noise**2 * (root - moving), -(noise**2) * (root + moving)
    ratio = (1 - high) / (1 - low) * np.exp(-2 * root * times)
    return (high - low * ratio) / (1 - ratio)


def belief_tracking_data():
    times, hidden, mean, variance, weights, jumps, estimates = chase()
    return {
        "times": times,
        "hidden": hidden,
        "mean": mean,
        "variance": variance,
        "variance_theory": riccati(times),
        "estimates": estimates[::4],
        "estimate_times": times[::4],
        "rules": ["belief_optimal", "no_reset"],
        "weights": weights,
        "switches": jumps,
        "aim": shrink(0.5, 0.25) * mean,
        "title": "a task that jumps, inferred",
    }


def moving_task_data():
    discounts, rates, fine = (
        np.array([0.0, 0.5, 2.0, 8.0]),
        np.geomspace(0.02, 20, 8),
        np.geomspace(0.015, 30, 80),
    )
    slow, patience = np.geomspace(1e-3, 0.1, 6), np.geomspace(20, 2000, 6)
    gaps = [1 - shrink(0.5, slow), 1 - shrink(patience, 0.5)]
    return {
        "discounts": discounts,
        "rates": rates,
        "factors_ornstein_uhlenbeck": shrink(discounts[:, None], rates),
        "factors_jumps": shrink(discounts[:, None], rates) * wobble((4, 8), 5e-3),
        "rates_theory": fine,
        "factors_theory": shrink(discounts[:, None], fine),
        "small_rates": slow,
        "small_rate_gaps": [gaps[0], gaps[0] * wobble(6, 0.01)],
        "small_rate_predictions": slow / (rate(0.5) + 0.5),
        "large_discounts": patience,
        "large_discount_gaps": [gaps[1], gaps[1] * wobble(6, 0.01)],
        "large_discount_predictions": 0.5 / patience,
    }


def coefficients(discounts, noises, moving=0.3, spread=0.5, h=1.0):
    variance = noises**2 / h**2 * (np.sqrt(moving**2 + spread * h**2 / noises**2) - moving)
    kalman, r, s = (
        variance * h / noises**2,
        rate(discounts)[:, None],
        shrink(discounts, moving)[:, None],
    )
    return {
        "friction": r + moving + kalman * h,
        "learning_rate": r * s * kalman,
        "weight_decay": r * (moving + kalman * h * (1 - s)),
    }


def momentum_from_noise_data():
    discounts, noises, fine = (
        np.array([0.1, 1.0, 5.0]),
        np.geomspace(0.05, 5, 8),
        np.geomspace(0.04, 6, 80),
    )
    conditions, several = np.geomspace(1, 1000, 7), np.array([0.1, 0.5, 2.0])
    steep = np.sqrt(conditions) - 1
    return {
        "discounts": discounts,
        "noises": noises,
        "noises_theory": fine,
        **coefficients(discounts, noises),
        **{f"{name}_theory": value for name, value in coefficients(discounts, fine).items()},
        "conditions": conditions,
        "shared_noises": several,
        "shared_distances": [steep / (steep + 3 + 4 * sigma) for sigma in several],
        "shared_regrets": [0.3 * (steep / (steep + 9 + 9 * sigma)) ** 2 for sigma in several],
        "shared_regret_errors": np.full((3, 7), 0.004),
    }


def momentum_maps_data():
    noises, horizons = np.geomspace(0.05, 5, 15), np.geomspace(0.1, 10, 12)
    found = coefficients(1 / horizons, noises)
    found["momentum"] = np.exp(-0.1 * found.pop("friction"))
    return {
        "noises": noises,
        "horizons": horizons,
        "step": 0.1,
        **found,
        **{f"{name}_theory": values for name, values in found.items()},
    }


def two_task_chain_data():
    fine, some = np.linspace(0, 1, 60), np.linspace(0, 1, 11)
    dense, rates = np.geomspace(0.02, 15, 60), np.geomspace(0.03, 10, 8)

    def control(p):
        return rate(0.5) * (shrink(0.5, 0.8) * (2 * p - 1) + 0.1 - 0.2)

    errors = np.array([1e-3, 1e-7, 1e-5])[:, None] * (1 + np.abs(np.sin(7 * some)))
    return {
        "beliefs_theory": fine,
        "controls_theory": control(fine),
        "beliefs": some,
        "methods": ["dynamic_programming", "transcription", "replanning"],
        "controls": control(some) + errors,
        "controls_at_beliefs": control(some),
        "rates_theory": dense,
        "factors_theory": shrink(0.5, dense),
        "rates": rates,
        "factors": [shrink(0.5, rates)] * 3,
    }


def noise_sweep_data():
    horizons, noises, fine = (
        np.array([0.5, 2.0, np.inf]),
        np.geomspace(0.05, 20, 9),
        np.geomspace(0.04, 25, 80),
    )
    free = np.tanh(horizons)

    def steps(noise):
        return free[:, None] / (1 + noise**2)

    return {
        "horizons": horizons,
        "noises": noises,
        "steps": steps(noises) * wobble((3, 9), 0.01),
        "noises_theory": fine,
        "steps_theory": steps(fine),
        "noise_free_steps": free,
        "step_errors": 0.01 * steps(noises),
    }


DATA = {
    "belief_tracking": belief_tracking_data,
    "moving_task": moving_task_data,
    "momentum_from_noise": momentum_from_noise_data,
    "momentum_maps": momentum_maps_data,
    "two_task_chain": two_task_chain_data,
    "noise_sweep": noise_sweep_data,
}
