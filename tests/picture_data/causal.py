"""Data for the pictures of optimised causal rules, from closed forms."""

import numpy as np


def recurrence(nodes, weights, steps):
    """(α_t, β_t) of the polynomials with P(0) = 1, orthogonal with weight h·w over a discrete
    spectrum.
    """
    h, measure = np.asarray(nodes), np.asarray(weights) * np.asarray(nodes) ** 2
    before, now, alphas, betas = np.zeros_like(h), np.ones_like(h), [], []
    for t in range(steps):
        if t == 0:
            alpha, beta = (measure @ now**2) / (measure @ (h * now**2)), np.nan
            after = now - alpha * h * now
        else:
            rows = np.array([h * now, now - before]).T * np.sqrt(measure)[:, None]
            alpha, beta = np.linalg.lstsq(rows, -np.sqrt(measure) * now, rcond=None)[0] * [-1, 1]
            after = now - alpha * h * now + beta * (now - before)
        before, now = now, after
        alphas.append(alpha)
        betas.append(beta)
    return np.array(alphas), np.array(betas)


def polyak(low, high):
    a, b = np.sqrt(low), np.sqrt(high)
    return (2 / (a + b)) ** 2, ((b - a) / (b + a)) ** 2


def orthogonal_momentum_data():
    ends, steps = np.array([[0.05, 1.0], [0.2, 2.0]]), 16
    found, spans, late = [], np.arange(1, 9), np.arange(steps, 40)
    for low, high in ends:
        x, w = np.polynomial.legendre.leggauss(60)
        found.append(recurrence(low + (high - low) * (x + 1) / 2, w / 2, 40))
    (alphas, betas), after = np.swapaxes(found, 0, 1)[..., :steps], np.array(found)[:, 1, steps:]
    costs = np.array([1.5, 0.8])[:, None] * np.exp(-0.35 * spans)
    return {
        "names": ["uniform on [0.05, 1]", "uniform on [0.2, 2]"],
        "steps": np.arange(steps),
        "learning_rates": alphas,
        "momentum": betas,
        "learning_rates_theory": alphas,
        "momentum_theory": betas,
        "learning_rate_limits": [polyak(*pair)[0] for pair in ends],
        "momentum_limits": [polyak(*pair)[1] for pair in ends],
        "span_horizons": spans,
        "heavy_ball_costs": costs,
        "span_costs": costs,
        "late_steps": late,
        "late_momentum": after,
    }


def chebyshev_steps(low, high, count):
    nodes = np.cos((2 * np.arange(count) + 1) * np.pi / (2 * count))
    return 2 / (high + low + (high - low) * nodes)


def gain(steps, h):
    return np.prod(1 - np.asarray(steps)[:, None] * h, axis=0)


def terminal_not_identifiable_data():
    steps, h, T = chebyshev_steps(0.05, 1.0, 8), np.linspace(0.02, 1.03, 120), np.arange(2, 11)
    waves = [0.4 + 0.3 * np.sin(0.9 * np.arange(8) + phase) for phase in (0.0, 1.0, 2.0)]
    return {
        "steps": np.arange(8),
        "descent_learning_rates": steps[::-1],
        "root_learning_rates": steps,
        "heavy_ball_momentum": waves,
        "heavy_ball_excess": [0.0, 1e-9, -2e-9],
        "curvatures": h,
        "descent_polynomial": gain(steps, h),
        "heavy_ball_polynomial": [gain(steps, h)] * 3,
        "horizons": T,
        "descent_costs": np.exp(-0.5 * T),
        "heavy_ball_costs": np.exp(-0.5 * T),
    }


def noise_makes_momentum_data():
    horizons, noises = np.array([3.0, 10.0, 30.0, 100.0]), np.geomspace(0.01, 3, 9)

    def beta(T, sigma):
        return 0.95 * np.tanh(T / 20 * (0.6 + sigma) / (0.2 + sigma)) * sigma / (sigma + 0.06)

    rows, columns = np.geomspace(2, 200, 14), np.geomspace(0.01, 3, 14)
    grid = beta(rows[:, None], columns)
    grid[-1, 0] = np.nan
    return {
        "horizons": horizons,
        "noises": noises,
        "momentum": beta(horizons[:, None], noises),
        "learning_rates": 1.6 / (1 + 3 * noises * np.sqrt(horizons[:, None])),
        "map_horizons": rows,
        "map_noises": columns,
        "map_momentum": grid,
        "map_learning_rates": 1.6 / (1 + 3 * columns * rows[:, None] ** 0.5),
        "reference_horizons": [10.0, 100.0],
        "reference_noises": [0.3, 0.3],
        "reference_momentum": [0.47, 0.9],
    }


def optimal_schedule_data():
    noises, t, T = np.array([0.1, 0.3, 1.0]), np.arange(50), 50
    best = np.array([1.2 / (1 + sigma * t) * (1 - 0.5 * t / T) for sigma in noises])
    shapes = [
        [
            np.full(T, row.mean()),
            1.5 / (1 + 1.3 * sigma * t),
            row[0] * (1 + np.cos(np.pi * t / T)) / 2,
            row[3] * np.minimum(np.minimum((t + 1) / 5, 1), (T - t) / 15),
        ]
        for sigma, row in zip(noises, best, strict=True)
    ]
    excess = np.array([[0.2, 0.03, 0.05, 0.04], [0.3, 0.02, 0.08, 0.06], [0.5, 0.01, 0.2, 0.1]])
    return {
        "noises": noises,
        "steps": t,
        "learning_rates": best,
        "shape_learning_rates": shapes,
        "excess": excess,
        "shapes": ["constant", "inverse_time", "cosine", "warmup_stable_decay"],
        "excess_errors": 0.05 * excess,
    }


def lqg_from_policies_data():
    noises, T = np.array([0.2, 0.6, 2.0]), np.array([4.0, 8, 16, 32, 64])
    exact = {
        "momentum": 0.9 * noises / (0.4 + noises),
        "learning_rate": 0.7 / (1 + 2 * noises),
        "weight_decay": 0.1 * noises / (1 + noises),
    }
    near = 1 - np.array([0.6, 0.8, 1.0])[:, None] * np.exp(-T / 9)
    return {
        "noises": noises,
        "horizons": T,
        **{key: value[:, None] * near for key, value in exact.items()},
        **{f"{key}_exact": value for key, value in exact.items()},
        "excess": 0.1 * (1 - near) ** 2,
    }


def adam_exponent_data():
    T, fine, gammas = (
        np.array([5.0, 10, 20, 40, 80]),
        np.geomspace(3, 120, 50),
        np.geomspace(0.01, 3, 5),
    )

    def p(horizon, top):
        return top * horizon**2 / (150 + horizon**2)

    both, dense = np.array([p(T, 0.5), p(T, 0.27)]), np.geomspace(0.008, 4, 40)
    slow = np.array([0.5 / (1 + 2 * gammas), 0.25 / (1 + 2 * gammas)])
    r = np.sqrt(dense**2 / 4 + 1) - dense / 2
    return {
        "horizons": T,
        "regimes": ["noise-dominated", "signal-dominated"],
        "exponents": both,
        "lower": both - 0.03,
        "upper": both + 0.05,
        "horizons_theory": fine,
        "exponents_theory": p(fine, 0.5),
        "discounts": gammas,
        "discount_exponents": slow,
        "discount_lower": slow - 0.02,
        "discount_upper": slow + 0.02,
        "discounts_theory": dense,
        "discount_exponents_theory": r / (2 * r + dense),
        "first_moment": [1 - 1 / (1 + T / 6), 1 - 1 / (1 + T / 20)],
        "second_moment": [np.where(T < 20, 1 - 1 / (1 + T), np.nan), np.full(5, np.nan)],
        "second_at_bound": [T >= 20, T >= 5],
    }


def worst_case_steps_data():
    steps, h, T = chebyshev_steps(0.05, 1.0, 8), np.linspace(0.05, 1.0, 150), np.arange(1, 13)
    average = gain(0.97 * chebyshev_steps(0.09, 1.02, 8), h)
    z = np.arccosh(1.05 / 0.95)
    silver = np.array(
        [np.sqrt(2), 2, np.sqrt(2), 1 + np.sqrt(2) ** 3 / np.sqrt(2), np.sqrt(2), 2, np.sqrt(2)]
    )
    return {
        "steps": np.arange(8),
        "minimax_steps": steps[::-1],
        "chebyshev_steps": steps,
        "curvatures": h,
        "minimax_gain": np.abs(gain(steps, h)),
        "average_gain": np.abs(average),
        "horizons": T,
        "worst_computed": 1 / np.cosh(T * z) ** 2,
        "worst_theory": 1 / np.cosh(T * z) ** 2,
        "worst_of_average": 2.5 / np.cosh(T * z) ** 2,
        "silver_steps": silver,
        "silver_steps_theory": silver,
    }


def emergence_atlas_data():
    noises, horizons = np.geomspace(0.01, 3, 24), np.geomspace(2, 200, 20)
    strength = np.log10(horizons[:, None]) + 0.7 * np.log10(noises) + 0.4
    best = np.where(strength < 0.35, 0, np.where(strength < 1.5, 2, 3)).astype(float)
    best[(noises < 0.04) & (horizons[:, None] > 8)] = 1
    best[3, 17] = best[-1, -1] = np.nan
    beta = np.where(best >= 2, 0.95 * np.tanh(strength), np.nan)
    return {
        "noises": noises,
        "horizons": horizons,
        "best": best,
        "families": ["gradient_descent", "scheduled_descent", "heavy_ball", "adam_family"],
        "coefficient_names": ["momentum β", "learning rate α"],
        "coefficients": [
            beta,
            np.where(np.isnan(best), np.nan, 1.5 / (1 + noises * np.sqrt(horizons[:, None]))),
        ],
        "gain": np.where(best > 0, 10 ** (strength - 2), np.nan),
        "warnings": (np.abs(strength - 0.35) < 0.06) * 1.0,
    }


DATA = {
    "orthogonal_momentum": orthogonal_momentum_data,
    "terminal_not_identifiable": terminal_not_identifiable_data,
    "noise_makes_momentum": noise_makes_momentum_data,
    "optimal_schedule": optimal_schedule_data,
    "lqg_from_policies": lqg_from_policies_data,
    "adam_exponent": adam_exponent_data,
    "worst_case_steps": worst_case_steps_data,
    "emergence_atlas": emergence_atlas_data,
}
