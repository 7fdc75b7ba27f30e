"""Data for the pictures of learners that see noisy gradients, from closed forms and short
simulations.
"""

import numpy as np

from .beliefs import chase, coefficients


def kernels_data():
    lags, noises = np.linspace(0, 12, 160), np.array([0.2, 0.6, 2.0])
    found = {name: value[0] for name, value in coefficients(np.array([0.5]), noises).items()}
    root = np.sqrt(found["friction"] ** 2 / 4 - found["weight_decay"])
    fast, slow = (found["friction"][:, None] / 2 + sign * root[:, None] for sign in (1, -1))
    exact = (
        -found["learning_rate"][:, None]
        * (fast * np.exp(-fast * lags) - slow * np.exp(-slow * lags))
        / (fast - slow)
    )
    average = exact[:, :1] * np.exp(-1.15 * found["friction"][:, None] * lags)
    nesterov = exact * (1 + 0.12 * np.exp(-lags))
    error = [
        np.linalg.norm(other - exact, axis=1) / np.linalg.norm(exact, axis=1)
        for other in (average, nesterov)
    ]
    return {
        "lags": lags,
        "noises": noises,
        "kernels": exact,
        "equivalents": ["momentum", "moving_average", "nesterov"],
        "equivalent_kernels": [exact, average, nesterov],
        "errors": [np.full(3, 1e-15), *error],
        "error_floor": 1e-12,
    }


def transient(ratio, steps):
    gains, variance = [1.0], 1.0
    for _ in range(steps - 1):
        gains.append((variance + ratio) / (variance + ratio + 1))
        variance = gains[-1]
    return np.array(gains)


def first_moment(a, ratio):
    linear = 1 - a**2 - ratio
    predicted = (np.sqrt(linear**2 + 4 * ratio) - linear) / 2
    return a / (1 + predicted)


def kalman_bias_correction_data():
    steps, ratios, steady = (
        np.arange(1, 101),
        np.array([0.001, 0.01, 0.1]),
        np.geomspace(1e-4, 100, 60),
    )
    gain = (np.sqrt(ratios**2 + 4 * ratios) - ratios)[:, None] / 2
    several, some = np.array([1.0, 0.9, 0.6]), np.geomspace(1e-4, 100, 9)
    return {
        "steps": steps,
        "ratios": ratios,
        "gains": [transient(ratio, 100) for ratio in ratios],
        "adam_gains": gain / (1 - (1 - gain) ** steps),
        "coefficients": several,
        "ratios_computed": some,
        "momentum": first_moment(several[:, None], some),
        "ratios_theory": steady,
        "momentum_theory": first_moment(several[:, None], steady),
    }


def run(key, noise, size, steps=240):
    """One learner on the bowl of curvatures 0.1 and 4: SGD, or one normalised by the root of its
    second moment.
    """
    draw, h, theta, m, v = (
        np.random.default_rng(3),
        np.array([0.1, 4.0]),
        np.array([-2.0, 0.9]),
        np.zeros(2),
        np.zeros(2),
    )
    path, (keep, track) = [theta], {"sgd": (0.0, 0.0), "rmsprop": (0.0, 0.98)}.get(key, (0.9, 0.98))
    for t in range(1, steps):
        g = h * theta + noise * draw.normal(size=2)
        m, v = keep * m + (1 - keep) * g, track * v + (1 - track) * g**2
        scale = 1.0 if key == "sgd" else np.sqrt(v / (1 - track**t)) + 0.05
        theta = theta - size * m / (1 - keep**t) / scale
        path.append(theta)
    return np.array(path)


def adam_from_beliefs_data():
    discounts, noises = np.geomspace(0.03, 10, 6), np.array([0.1, 0.5, 2.0])
    rules, run_rules = ["adam", "rmsprop", "sgd"], ["belief_adam", "adam", "rmsprop", "sgd"]
    far = discounts / (1 + discounts)
    distances = [
        [0.02 + 0.9 * far, 0.1 + 0.1 * sigma + 0.9 * far, 0.9 - 0.85 * far] for sigma in noises
    ]
    regrets = [
        [
            0.01 + 0.02 * sigma + 0 * far,
            0.015 + 0.6 * far,
            0.06 * (1 + sigma) + 0.6 * far,
            0.7 * (1.02 - far),
        ]
        for sigma in noises
    ]
    sizes = {"belief_adam": 0.03, "adam": 0.025, "rmsprop": 0.02, "sgd": 0.1}
    paths = np.array([run(key, 0.4, sizes[key]) for key in run_rules])
    x, y = np.linspace(-2.3, 0.6, 81), np.linspace(-0.6, 1.2, 61)
    return {
        "discounts": discounts,
        "noises": noises,
        "rules": rules,
        "distances": distances,
        "regret_rules": run_rules,
        "regrets": regrets,
        "regret_errors": 0.06 * np.array(regrets) + 0.002,
        "axis_1": x,
        "axis_2": y,
        "loss": 0.05 * x**2 + 2 * y[:, None] ** 2,
        "example_rules": run_rules,
        "example_paths": paths,
        "example_times": np.arange(240),
        "example_losses": paths**2 @ np.array([0.05, 2.0]) + 1e-3,
        "distance_floor": 1e-2,
        "regret_floor": 1e-3,
    }


def gaussian_weights_data():
    discounts, variances, fine = (
        np.array([1.0, 4.0, 16.0]),
        np.geomspace(0.01, 10, 8),
        np.geomspace(0.008, 13, 60),
    )
    times, start = np.linspace(0, 6, 120), np.array([0.5, 0.02])
    learned = start[:, None] / (1 + start[:, None] * times)
    return {
        "discounts": discounts,
        "variances": variances,
        "speeds": variances / discounts[:, None],
        "variances_theory": fine,
        "speeds_theory": fine / discounts[:, None],
        "names": ["uncertain, v₀ = 0.5", "consolidated, v₀ = 0.02"],
        "times": times,
        "means": 1 - learned / start[:, None],
        "path_variances": learned,
        "target": 1.0,
    }


def resetting_data():
    rates, noises = np.geomspace(0.01, 3, 6), np.array([0.2, 0.6, 2.0])
    rules = ["no_reset", "full_reset", "l2_decay", "shrink_and_perturb"]
    regrets = np.array(
        [
            [
                0.3 * rates / (0.4 + rates),
                0.02 + 0.02 * sigma + 0.08 * rates / (1 + rates),
                0.05 + 0.12 * rates / (0.8 + rates) ** 2,
                0.03 + 0.1 * rates / (0.8 + rates) ** 2 + 0.02 * sigma,
            ]
            for sigma in noises
        ]
    )
    times, hidden, mean, _, weights, jumps, _ = chase()
    return {
        "rates": rates,
        "noises": noises,
        "rules": rules,
        "regrets": regrets,
        "regret_errors": 0.05 * regrets + 0.002,
        "regret_floor": 1e-3,
        "times": times,
        "hidden": hidden,
        "switches": jumps,
        "example_rules": ["belief_optimal", "no_reset", "l2_decay"],
        "weights": [*weights, 0.6 * mean],
    }


def dual_effect_data():
    noises, horizons, times = (
        np.geomspace(0.1, 10, 13),
        np.geomspace(0.5, 20, 10),
        np.linspace(0, 6, 120),
    )
    value = horizons[:, None] / (4 + horizons[:, None]) * 0.3 * np.exp(-(np.log(noises) ** 2))
    value[0, 0] = np.nan
    probing = 0.6 * np.sin(1.3 * times) * np.exp(-0.6 * times)
    theta, beliefs = np.linspace(-1.5, 1.5, 61), np.array([0.1, 0.5, 0.9])
    certainty = -(0.3 + beliefs[:, None]) * theta
    some = np.geomspace(0.2, 5, 6)
    return {
        "noises": noises,
        "horizons": horizons,
        "information_value": value,
        "vertical_name": "horizon T",
        "times": times,
        "rules": ["dynamic_programming", "transcription", "certainty_equivalent"],
        "paths": [probing, 0.9 * probing, 0.05 * probing],
        "path_errors": np.full((3, 120), 0.015),
        "spreads": [0.25 * np.exp(-speed * times) for speed in (0.8, 0.7, 0.2)],
        "spread_name": "belief variance p(1 − p)",
        "parameters": theta,
        "beliefs": beliefs,
        "belief_name": "p",
        "certainty_controls": certainty,
        "controls": certainty + 0.8 * (beliefs * (1 - beliefs))[:, None] * np.tanh(4 * theta),
        "methods": ["transcription", "replanning", "certainty_equivalent"],
        "method_noises": some,
        "method_gaps": [0.004 * some, 0.01 / (1 + some), 0.2 * np.exp(-(np.log(some) ** 2))],
        "method_errors": np.full((3, 6), 0.0008),
        "method_floor": 1e-4,
    }


DATA = {
    "kernels": kernels_data,
    "kalman_bias_correction": kalman_bias_correction_data,
    "adam_from_beliefs": adam_from_beliefs_data,
    "gaussian_weights": gaussian_weights_data,
    "resetting": resetting_data,
    "dual_effect": dual_effect_data,
}
