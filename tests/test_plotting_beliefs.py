"""Pictures of beliefs: every figure is drawn from closed forms, legibly; data that does not fit is
refused.
"""

import functools
import itertools

import numpy as np
import pytest
from legible import check_legible
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.interpolate import RegularGridInterpolator

from landscape_control.errors import ProblemError
from landscape_control.plotting import curves, figures, simulated, style

# ---------------------------------------------------------------- data from closed forms and short
# simulations


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


DATA = {name: globals()[f"{name}_data"] for name in figures.BELIEFS}
PANELS = {
    "belief_tracking": "belief weights variance",
    "moving_task": "factor slow short",
    "momentum_from_noise": "friction learning_rate weight_decay shared shared_cost",
    "momentum_maps": "momentum learning_rate weight_decay <colorbar>",
    "kernels": "kernel_1 kernel_2 kernel_3 errors",
    "kalman_bias_correction": "transient difference momentum",
    "adam_from_beliefs": "distance_1 distance_2 distance_3 regret_1 regret_2 regret_3 map loss",
    "gaussian_weights": "speed paths",
    "resetting": "regret_1 regret_2 regret_3 weights",
    "dual_effect": "map probing spread policy methods <colorbar>",
    "two_task_chain": "control error factor",
    "noise_sweep": "step share",
}


@pytest.fixture(scope="module")
def drawn():
    """Every figure, drawn once."""
    return {name: draw(DATA[name]()) for name, draw in figures.BELIEFS.items()}


@pytest.fixture
def axes():
    return Figure().add_subplot()


def required(draw):
    return [key for key in draw.keys if not key.group]


def panels(figure):
    return {panel.get_label(): panel for panel in figure.axes}


# ---------------------------------------------------------------- whole figures


def test_every_figure_has_its_panels_and_only_those(drawn):
    assert set(drawn) == set(PANELS)
    for name, figure in drawn.items():
        assert isinstance(figure, Figure)
        assert set(panels(figure)) == set(PANELS[name].split()), name


@functools.cache
def single(name):
    """The figure of one noise or one discount instead of several."""
    draw, data = figures.BELIEFS[name], DATA[name]()
    symbol = {"noises": "J", "discounts": "K", "horizons": "K"}
    letter = next(symbol[key.name] for key in draw.keys if key.shape == symbol.get(key.name))
    for key in draw.keys:
        if letter in key.shape.split():
            data[key.name] = np.take(data[key.name], [0], axis=key.shape.split().index(letter))
    return draw(data)


SINGLE = ["kernels", "resetting", "gaussian_weights", "noise_sweep"]


@pytest.mark.parametrize("name", [*PANELS, *(f"{name} of one" for name in SINGLE)])
def test_no_text_overlaps_another_or_leaves_the_page(drawn, name, monkeypatch):
    figure = drawn[name] if name in drawn else single(name.split()[0])
    check_legible(figure, monkeypatch)


@pytest.mark.parametrize("name", PANELS)
def test_optional_data_may_be_left_out(name):
    draw, data = figures.BELIEFS[name], DATA[name]()
    figure = draw({key.name: data[key.name] for key in required(draw)})
    assert set(panels(figure)) <= set(PANELS[name].split())


@pytest.mark.parametrize("name", PANELS)
def test_missing_data_is_named_key_by_key(name):
    draw = figures.BELIEFS[name]
    with pytest.raises(ProblemError) as error:
        draw({})
    assert all(repr(key.name) in error.value.received for key in required(draw))
    assert not any(repr(key.name) in error.value.received for key in draw.keys if key.group)


@pytest.mark.parametrize("name", PANELS)
def test_the_docstring_lists_every_panel_and_every_key_with_its_meaning(name):
    draw = figures.BELIEFS[name]
    assert all(
        f"{key.name} : " in draw.__doc__ and key.meaning in draw.__doc__ for key in draw.keys
    )
    assert all(
        f"``{panel}``" in draw.__doc__ for panel in PANELS[name].split() if panel[-1] not in "23>"
    )


@pytest.mark.parametrize(
    ("name", "half", "missing"),
    [
        ("belief_tracking", "weights", "rules"),
        ("dual_effect", "paths", "times"),
        ("resetting", "example_rules", "switches"),
        ("momentum_from_noise", "shared_regrets", "conditions"),
        ("adam_from_beliefs", "example_losses", "example_rules"),
    ],
)
def test_half_a_group_is_refused_naming_the_other_half(name, half, missing):
    draw, data = figures.BELIEFS[name], DATA[name]()
    with pytest.raises(ProblemError, match=f"'{missing}'"):
        draw({key.name: data[key.name] for key in required(draw)} | {half: data[half]})


@pytest.mark.parametrize(
    ("name", "key", "change"),
    [
        ("resetting", "regret_errors", lambda values: values[:, :2]),
        ("moving_task", "factors_jumps", np.transpose),
        ("kernels", "equivalent_kernels", lambda values: values[:1]),
        ("two_task_chain", "controls", lambda values: values[:, 1:]),
    ],
)
def test_sizes_that_disagree_are_refused_naming_the_key(name, key, change):
    data = DATA[name]()
    with pytest.raises(ProblemError, match=f"'{key}'"):
        figures.BELIEFS[name](data | {key: change(np.asarray(data[key]))})


def test_a_rule_has_the_same_colour_in_every_figure(drawn):
    names = {look.label: look.color for look in style.RULES.values()}
    found = {}
    for figure in drawn.values():
        for line in itertools.chain.from_iterable(panel.lines for panel in figure.axes):
            if line.get_label() in names:
                found.setdefault(line.get_label(), set()).add(line.get_color())
    assert {
        "optimal in beliefs",
        "Adam",
        "RMSProp",
        "SGD",
        "no reset",
        "certainty equivalent",
        "momentum",
    } <= set(found)
    assert all(shades == {names[name]} for name, shades in found.items())


@pytest.mark.parametrize(
    "name", ["adam_from_beliefs", "resetting", "dual_effect", "kernels", "two_task_chain"]
)
def test_rules_of_one_figure_are_told_apart(name):
    data = DATA[name]()
    lists = ("rules", "regret_rules", "example_rules", "equivalents", "methods")
    keys = {key for entry in lists for key in data.get(entry, ())}
    assert len({style.rule(key).color for key in keys}) == len(keys)
    assert all(key in style.RULES for key in keys)


# ---------------------------------------------------------------- what is drawn is what was given


def test_the_band_of_a_belief_is_two_standard_deviations_wide(axes):
    times, mean, variance = np.arange(3.0), np.array([0.0, 1.0, 2.0]), np.array([1.0, 4.0, 0.25])
    simulated.belief_band(axes, times, mean, variance)
    corners = axes.collections[0].get_paths()[0].vertices
    for time, centre, half in zip(times, mean, [2.0, 4.0, 1.0], strict=True):
        heights = corners[corners[:, 0] == time, 1]
        assert (heights.min(), heights.max()) == pytest.approx((centre - half, centre + half))


def test_bars_are_two_standard_errors_and_stay_above_the_floor_of_a_logarithmic_axis(axes):
    curves.log_axes(axes)
    simulated.simulated(
        axes,
        [1.0, 2.0, 3.0],
        [1.0, 0.02, -0.5],
        np.array([0.1, 0.05, 0.1]),
        rule="adam",
        floor=0.01,
    )
    low, high = np.array([bar[:, 1] for bar in axes.collections[0].get_segments()]).T
    np.testing.assert_allclose(high, [1.2, 0.12])
    np.testing.assert_allclose(low, [0.8, 0.01])
    hollow = next(line for line in axes.lines if line.get_markerfacecolor() == style.PAPER)
    np.testing.assert_allclose(
        hollow.get_xydata(), [[3.0, 0.01]]
    )  # regret below zero within noise: hollow, on the floor


def test_regrets_below_zero_are_not_lost_on_a_logarithmic_axis():
    data = resetting_data()
    data["regrets"][0, 1, 2] = -0.004
    del data["regret_floor"]
    lowest = data["regrets"][data["regrets"] > 0].min() / 3
    drawn = [
        line.get_xydata()
        for line in panels(figures.resetting(data))["regret_1"].lines
        if line.get_markerfacecolor() == style.PAPER and len(line.get_xydata())
    ]
    np.testing.assert_allclose(np.concatenate(drawn), [[data["rates"][2], lowest]])


def test_contours_of_theory_stand_where_theory_equals_the_ticks_of_the_scale(drawn):
    panel, data = panels(drawn["momentum_maps"])["momentum"], momentum_maps_data()
    theory = RegularGridInterpolator((data["horizons"], data["noises"]), data["momentum_theory"])
    lines = next(item for item in panel.collections if hasattr(item, "levels"))
    assert len(lines.levels) >= 3
    low, high = ([data[name][end] for name in ("horizons", "noises")] for end in (0, -1))
    for level, path in zip(lines.levels, lines.get_paths(), strict=True):
        points = np.clip(
            path.vertices[:, ::-1], low, high
        )  # some end a last digit outside the grid
        np.testing.assert_allclose(points, path.vertices[:, ::-1], rtol=1e-12)
        np.testing.assert_allclose(theory(points), level, rtol=1e-9)


def test_a_weight_decay_that_vanishes_is_still_drawn():
    data = momentum_maps_data()
    data["weight_decay"][:3] = 0.0
    FigureCanvasAgg(figures.momentum_maps(data)).draw()


def test_points_that_were_not_computed_are_left_out(axes):
    simulated.simulated(axes, [1.0, 2.0, 3.0], [1.0, np.nan, 2.0], rule="sgd")
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [[1, 1], [3, 2]])


def test_every_switch_is_marked_once_in_every_panel(drawn):
    data = belief_tracking_data()
    for panel in drawn["belief_tracking"].axes:
        marked = [line.get_xdata()[0] for line in panel.lines if len(line.get_xdata()) == 2]
        np.testing.assert_allclose(marked, data["switches"])


def test_tasks_that_never_switch_are_drawn_without_marks():
    figure = figures.resetting({**resetting_data(), "switches": []})
    assert "task switch" not in panels(figure)["weights"].get_legend_handles_labels()[1]


def test_the_filter_of_the_sample_follows_the_closed_form_of_its_riccati_equation():
    times, _, _, variance, *_ = chase()
    np.testing.assert_allclose(
        variance, riccati(times), atol=0.012
    )  # Euler with step 0.02: first order


def test_both_limits_of_the_shrink_factor_have_slope_one(drawn):
    for name in ("slow", "short"):
        words = panels(drawn["moving_task"])[name].get_legend_handles_labels()[1]
        slopes = [float(text.split("slope")[1]) for text in words if "slope" in text]
        assert len(slopes) == 2
        np.testing.assert_allclose(slopes, 1.0, atol=0.03)


def test_adam_and_the_kalman_gain_agree_at_both_ends_and_differ_between(drawn):
    data = kalman_bias_correction_data()
    ratio = np.array(data["gains"]) / data["adam_gains"]
    np.testing.assert_allclose(ratio[:, 0], 1.0, rtol=1e-12)
    np.testing.assert_allclose(ratio[-1, -1], 1.0, rtol=1e-12)
    assert (ratio.min(axis=1) < 0.9).all()
    lines = [
        line
        for line in panels(drawn["kalman_bias_correction"])["difference"].lines
        if len(line.get_xdata()) == 100
    ]
    np.testing.assert_allclose([line.get_ydata() for line in lines], ratio - 1)


def test_the_scale_of_the_value_of_information_begins_at_zero_unless_chance_goes_below(drawn):
    assert panels(drawn["dual_effect"])["<colorbar>"].get_ylim()[0] == 0
    data = dual_effect_data()
    data["information_value"][3, 3] = -0.01
    assert panels(figures.dual_effect(data))["<colorbar>"].get_ylim()[0] == pytest.approx(-0.01)


@pytest.mark.parametrize("values", [[0.2, 0.6, 2.0], np.geomspace(0.3, 7, 40), [3.0]])
def test_ticks_of_a_short_axis_stand_at_values_that_were_computed_and_keep_apart(axes, values):
    curves.log_axes(axes)
    simulated.tick_values(axes, values)
    ticks = axes.get_xticks()
    assert all(np.isclose(values, tick).any() for tick in ticks)
    assert 1 <= len(ticks) <= 8


def test_a_long_axis_keeps_its_powers_of_ten(axes):
    curves.log_axes(axes)
    before = list(axes.get_xticks())
    simulated.tick_values(axes, [0.1, 0.7, 10.0])
    assert list(axes.get_xticks()) == before
