"""Data for the pictures of what the optimal policy is, of one plan and of all claims."""

import numpy as np

from .plans import LOWEST_FIRST, SADDLE, WELL_BOX, grid, rate, well_plan


def exponent(h, discount):
    r = rate(h, discount)
    return r / (2 * r + discount)


def finite_exponent(discount, horizons, h=1.0, step=1e-5):
    def log_gain(log_h):
        w = np.sqrt(discount**2 / 4 + np.exp(log_h))
        r, decay = w - discount / 2, np.exp(-2 * w * horizons)
        return np.log(r * (1 - decay) / (1 + r / (r + discount) * decay))

    return 1 - (log_gain(np.log(h) + step) - log_gain(np.log(h) - step)) / (2 * step)


def preconditioner_data():
    discounts, short = np.array([0.0, 0.3, 1.0, 3.0, 10.0]), np.array([0.0, 1.0, 4.0])
    h, dense = np.geomspace(0.02, 50, 8), np.geomspace(0.01, 100, 60)
    horizons, many = np.geomspace(0.1, 10, 8), np.geomspace(0.06, 16, 60)
    return {
        "learning_rate": 1.0,
        "loss_weight": 1.0,
        "discounts": discounts,
        "curvatures": h,
        "exponents": exponent(h, discounts[:, None]),
        "curvatures_theory": dense,
        "exponents_theory": exponent(dense, discounts[:, None]),
        "horizons": horizons,
        "horizon_discounts": short,
        "horizon_exponents": [finite_exponent(g, horizons) for g in short],
        "horizons_theory": many,
        "horizon_exponents_theory": [finite_exponent(g, many) for g in short],
    }


def policy_scatter_data():
    draw, curvatures = np.random.default_rng(0), np.array([0.3, 1.0, 3.0])
    groups = np.repeat([0, 1, 2], 40)
    offset = draw.uniform(-1, 1, 120)
    descent, controls = -curvatures[groups] * offset, -rate(curvatures[groups], 0.5) * offset
    gain = float(descent @ controls / (descent @ descent))
    ballistic = descent / np.sqrt(curvatures[groups])
    predictions = np.array([controls, gain * descent, ballistic])
    errors = np.linalg.norm(predictions - controls, axis=1) / np.linalg.norm(controls)
    return {
        "descent": descent,
        "controls": controls,
        "groups": groups,
        "gain": gain,
        "group_names": [f"h = {h:g}" for h in curvatures],
        "rules": ["linear_quadratic", "gradient_descent", "ballistic"],
        "predictions": predictions,
        "errors": errors,
    }


def coefficients_data():
    return {
        "rules": [
            "linear_quadratic",
            "linear_quadratic",
            "second_order",
            "second_order",
            "gradient_descent",
        ],
        "names": ["discount γ", "strength ηk", "a = γ", "b = ηk", "learning rate α"],
        "estimates": [0.502, 0.997, 0.49, 1.01, 0.61],
        "lower": [0.495, 0.99, 0.46, 0.98, 0.52],
        "upper": [0.509, 1.004, 0.52, 1.04, 0.70],
        "theory": [0.5, 1.0, 0.5, 1.0, np.nan],
    }


def verdict_data():
    return {
        "rules": [
            "linear_quadratic",
            "ballistic",
            "newton",
            "gradient_descent",
            "decayed_gradient_descent",
        ],
        "errors": [3e-12, 0.031, 0.21, 0.34, 0.3],
        "regrets": [1e-11, 0.002, 0.06, 0.11, 0.09],
        "conditions": [1.2, 1.0, 1.0, 1.0, 4e6],
        "identifiable": [1, 1, 1, 1, 0],
        "title": "anisotropic bowl, γ = 0.1",
        "coefficients": [
            "γ = 0.1, ηk = 1",
            "√(ηk) = 1.00",
            "step = 0.83",
            "α = 0.42",
            "α = 0.43, j = 0.01",
        ],
    }


def global_value_data():
    _, path, _, _, cost, _ = well_plan(4.0, 0.1, (1.06, 0.0))
    other = well_plan(4.0, 0.1, (-0.93, 0.0))
    value = grid(lambda x, y: 0.4 * (x - 1.06) ** 2 + y**2 / 2 - 1.2, WELL_BOX)
    toward = np.stack(np.meshgrid(value["axis_1"] - 1.06, value["axis_2"]), axis=-1)
    return {
        "axis_1": value["axis_1"],
        "axis_2": value["axis_2"],
        "value": value["loss"],
        "path": path,
        "cost": cost,
        "grid_cost": cost + 0.002,
        "grid_error": 0.01,
        "other_path": other[1],
        "other_cost": other[4],
        "minima": LOWEST_FIRST,
        "saddles": SADDLE,
        "flow": -toward,
    }


def plan_overview_data():
    times, path, *_ = well_plan(4.0, 0.1, (1.06, 0.0))
    controls = np.gradient(path, times, axis=0)
    return grid(lambda x, y: (x**2 - 1) ** 2 + y**2 - x / 2, WELL_BOX) | {
        "times": times,
        "parameters": path,
        "controls": controls,
        "costates": -controls,
        "minima": LOWEST_FIRST,
        "title": "double well, γ = 0.1, T = 4",
    }


def claims_overview_data():
    names = [
        "quadratic mode, γ = 0",
        "quadratic mode, γ = 2",
        "rotation, attractor",
        "weight decay, rate",
        "proximal step",
        "double well, cost",
        "escape horizon",
    ]
    theory = np.array([1.0, 0.414213562, 0.44, 1.118, 0.333, 0.619463, 2.4])
    errors = np.array([1e-9, 3e-8, 0, 2e-7, 5e-7, 3e-7, 0.3])
    return {
        "claims": names,
        "theory": theory,
        "computed": theory + errors,
        "errors": errors,
        "tolerances": [1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 1e-6, 0.1],
    }


def training_curves_data():
    """Losses that fall like powers, three seeds; the second recipe diverges after epoch 6."""
    epochs = np.arange(1, 11)
    powers = np.array([1.0, 1.4, 1.8, 1.2])[:, None, None]
    seeds = 1 + 0.1 * np.array([-1.0, 0.5, 1.0])[None, :, None]
    loss = 0.4 * seeds * epochs**-powers
    loss[1, 2, 6:] = np.nan
    return {
        "epochs": epochs,
        "labels": ["SGD, lr 0.1", "Adam, lr 0.001", "RMSProp, ε inside the root", "SGD, tuned"],
        "rules": ["sgd", "adam", "rmsprop", "sgd"],
        "training_loss": loss,
        "test_accuracy": 98.5 - 10 * loss,
        "title": "perceptron 784-512-256-10, MNIST",
        "published_epochs": epochs[:3],
        "published_loss": 0.4 / epochs[:3],
        "published_accuracy": 98.5 - 4 / epochs[:3],
    }


def derived_run_data():
    """A loss that falls like 1/t, measured six times, gone back from once."""
    steps = np.arange(1, 201)
    measured = np.array([0.0, 1, 3, 7, 15, 31])
    return {
        "steps": steps,
        "batch_loss": 2 / steps * (1 + 0.2 * np.sin(7.0 * steps)),
        "rate": np.where(steps == 12, 0.0, 0.3 * (1 - steps / 210)),
        "measured_at": measured,
        "measured_loss": 2 / (measured + 1),
        "curvature": 1 + measured**0.5,
        "planned_at": measured,
        "momentum": np.array([0.95, 0.9, 0.93, 0.9, 0.85, 0.8]),
        "exponent": np.array([0, 0, 0, 0, 0.5, 0.25]),
        "rolled_back_at": np.array([12.0]),
    }


def network_paths_data():
    """Losses that fall like powers of the length, three seeds; one ratio without an interval."""
    seeds = np.array([0.95, 1.0, 1.04])[:, None]
    along = np.linspace(0.0, 1.0, 20)
    ratios = np.array([[0.8, 0.93, 0.86, 1.05], [0.79, 0.92, 0.85, 0.97], [0.81, 0.93, 0.87, 1.01]])
    return {
        "plan_lengths": 7 * seeds * along,
        "plan_losses": 2.3 * seeds * 0.05**along,
        "flow_lengths": 8.7 * seeds * along,
        "flow_losses": 2.3 * seeds * 0.05**along**0.7,
        "labels": ["length", "distance of its ends", "length / distance", "test loss"],
        "ratios": ratios,
        "means": ratios.mean(axis=0),
        "half_widths": [0.025, 0.012, 0.025, np.nan],
        "title": "10950 weights, digits",
    }


def loss_ratios_data():
    """Three tasks, one of them with a single seed and a method that diverged."""
    ratios = np.array([[1.2, 0.9, 4.0, 1.0], [0.8, 30.0, 1.5, np.inf], [2.0, 1.05, np.nan, 700.0]])
    spread = np.array([1.1, 1.3, np.inf])[:, None]
    return {
        "tasks": ["noisy logistic regression", "digits, perceptron", "MNIST, one epoch"],
        "methods": ["SGD, tuned", "heavy ball, tuned", "Adam, tuned", "Schedule-Free SGD"],
        "rules": ["sgd", "heavy_ball", "adam", "schedule_free"],
        "ratios": ratios,
        "low": ratios / spread,
        "high": ratios * spread,
        "runs": np.abs(ratios[:, :1]) * np.logspace(0, 3, 12),
        "against": "the derived optimizer",
        "title": "equal steps",
    }


DATA = {
    "preconditioner": preconditioner_data,
    "policy_scatter": policy_scatter_data,
    "coefficients": coefficients_data,
    "verdict": verdict_data,
    "global_value": global_value_data,
    "plan_overview": plan_overview_data,
    "claims_overview": claims_overview_data,
    "training_curves": training_curves_data,
    "derived_run": derived_run_data,
    "network_paths": network_paths_data,
    "loss_ratios": loss_ratios_data,
}
