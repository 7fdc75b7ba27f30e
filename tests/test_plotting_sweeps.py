"""Pictures of causal rules and of sweeps: drawn from closed forms, legibly; regions, failures and
warnings are shown.
"""

import numpy as np
import pytest
from legible import check_legible
from matplotlib.figure import Figure

from landscape_control import plotting
from landscape_control.errors import ProblemError
from landscape_control.plotting import (
    figures,
    grid_cells,
    heat_maps,
    phase_diagrams,
    style,
    sweep_data,
    sweeps,
)

xarray = pytest.importorskip("xarray")

# ---------------------------------------------------------------- data from closed forms


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
        "second_moment": [1 - 1 / (1 + T)] * 2,
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


DATA = {name: globals()[f"{name}_data"] for name in figures.CAUSAL}
PANELS = {
    "orthogonal_momentum": "learning_rate momentum limit span",
    "terminal_not_identifiable": "polynomial steps momentum cost",
    "noise_makes_momentum": "momentum learning_rate momentum_map learning_rate_map <colorbar>",
    "optimal_schedule": "schedule_1 schedule_2 schedule_3 excess",
    "lqg_from_policies": "momentum learning_rate weight_decay gap cost",
    "adam_exponent": "exponent discount moments",
    "worst_case_steps": "steps gain worst silver",
    "emergence_atlas": "best gain coefficient_1 coefficient_2 <colorbar>",
}


@pytest.fixture(scope="module")
def drawn():
    """Every figure, drawn once."""
    return {name: draw(DATA[name]()) for name, draw in figures.CAUSAL.items()}


def required(draw):
    return [key for key in draw.keys if not key.group]


def least(name):
    """The figure without its optional data."""
    draw, data = figures.CAUSAL[name], DATA[name]()
    return draw({key.name: data[key.name] for key in required(draw)})


# ---------------------------------------------------------------- figures of causal rules


def test_every_figure_has_its_panels_and_only_those(drawn):
    assert set(drawn) == set(PANELS)
    for name, figure in drawn.items():
        assert isinstance(figure, Figure)
        assert {panel.get_label() for panel in figure.axes} == set(PANELS[name].split()), name


@pytest.mark.parametrize("name", PANELS)
def test_no_text_overlaps_another_or_leaves_the_page(drawn, name, monkeypatch):
    check_legible(drawn[name], monkeypatch)


@pytest.mark.parametrize("name", PANELS)
def test_optional_data_may_be_left_out(name, monkeypatch):
    figure = least(name)
    assert {panel.get_label() for panel in figure.axes} <= set(PANELS[name].split())
    check_legible(figure, monkeypatch)


@pytest.mark.parametrize("name", PANELS)
def test_missing_data_is_named_key_by_key_and_the_docstring_lists_all(name):
    draw = figures.CAUSAL[name]
    with pytest.raises(ProblemError) as error:
        draw({})
    assert all(repr(key.name) in error.value.received for key in required(draw))
    assert all(
        f"{key.name} : " in draw.__doc__ and key.meaning in draw.__doc__ for key in draw.keys
    )
    assert all(
        f"``{panel}``" in draw.__doc__ for panel in PANELS[name].split() if panel[-1] not in "23>"
    )


def test_every_family_has_a_look_of_its_own():
    keys = [
        "gradient_descent",
        "scheduled_descent",
        "heavy_ball",
        "nesterov",
        "adam_family",
        "lion",
        "gated",
        "constant",
        "inverse_time",
        "cosine",
        "warmup_stable_decay",
        "first_order_span",
    ]
    looks = [style.rule(key) for key in keys]
    assert all(key in style.RULES for key in keys)
    assert len({(look.color, str(look.line), look.marker) for look in looks}) == len(keys)


# ---------------------------------------------------------------- sweeps


def dataset(seeds=0):
    """A sweep over horizon, discount and tilt with a rule, a cost, failed cells and warnings; with
    ``seeds`` noisy costs.
    """
    horizon, discount, tilt = (
        np.geomspace(0.1, 30, 12),
        np.geomspace(0.01, 10, 10),
        np.array([0.2, 0.5]),
    )
    T, gamma, lean = np.meshgrid(horizon, discount, tilt, indexing="ij")
    cost = T / (1 + gamma * T) - lean
    rule = np.where(gamma * T > 1, "gradient_descent", np.where(T > 5, "none", "ballistic"))
    status = np.full(T.shape, "converged")
    status[2, 3], status[7, 1] = "refused", "measure raised"
    dims = ("horizon", "discount", "tilt")
    found = xarray.Dataset(
        {
            "cost": (dims, cost, {"units": "loss × time"}),
            "best_rule": (dims, rule),
            "regret.ballistic": (dims, cost**2),
            "hidden_basin": (dims, (T > 20) & (gamma < 0.02)),
            "status": (dims, status),
        },
        coords={
            "horizon": ("horizon", horizon, {"units": "time"}),
            "discount": discount,
            "tilt": tilt,
        },
    )
    if seeds:
        noise = np.random.default_rng(0).normal(size=seeds)
        found = found.assign_coords(seed=np.arange(seeds)).assign(
            cost=found["cost"] + xarray.DataArray(noise, dims="seed")
        )
    return found


def panel(figure, name):
    return next(axes for axes in figure.axes if axes.get_label() == name)


def test_maps_of_a_sweep_are_legible_and_named_by_their_variables(monkeypatch):
    figure = plotting.sweep_maps(
        dataset(), ["best_rule", "cost", "regret.ballistic", "hidden_basin"], at={"tilt": 0.5}
    )
    names = {"best_rule", "cost", "regret.ballistic", "hidden_basin", "<colorbar>"}
    assert {axes.get_label() for axes in figure.axes} == names
    check_legible(figure, monkeypatch)
    rules = panel(figure, "best_rule")
    assert (rules.get_xscale(), rules.get_yscale()) == ("log", "log")
    assert (rules.get_xlabel(), rules.get_ylabel()) == ("horizon T (time)", "discount γ")
    written = {text.get_text().replace("\n", " ") for text in rules.texts}
    assert written == {"gradient descent", "ballistic", "no rule fits"}


def test_region_names_stand_inside_their_regions():
    data = sweep_data.read_map(dataset(), "best_rule", at={"tilt": 0.2})
    figure = style.new_figure(4, 3)
    axes = figure.add_subplot()
    sweeps.draw_map(axes, data)
    labels = {look.label: key for key, look in style.RULES.items()}
    for text in axes.texts:
        row, column = (
            np.abs(np.log(side) - np.log(at)).argmin()
            for side, at in zip((data.y, data.x), text.get_position()[::-1], strict=True)
        )
        assert data.values[row, column] == labels[text.get_text().replace("\n", " ")]


def test_failed_cells_have_no_colour_and_warned_ones_a_mark():
    data = sweep_data.read_map(dataset(), "cost", at={"tilt": 0.2})
    assert data.values.shape == (10, 12)
    assert list(zip(*np.nonzero(np.isnan(data.values)), strict=True)) == [(1, 7), (3, 2)]
    figure = style.new_figure(4, 3)
    axes = figure.add_subplot()
    drawn = sweeps.draw_map(axes, data)
    assert axes.collections[0].get_array().mask.sum() == 2
    assert axes.patch.get_hatch() == "////"
    assert [handle.get_label() for handle in drawn.handles] == [
        "no number",
        "a better basin was overlooked",
    ]
    assert len(axes.lines[0].get_xdata()) == data.warned.sum() > 0


def test_borders_are_drawn_between_all_cells_of_different_kind_and_nowhere_else():
    regions = np.array([[0, 0, 1], [0, 1, 1]])
    axes = style.new_figure(3, 2).add_subplot()
    phase_diagrams.region_map(axes, [1, 2, 3], [0, 1], regions, ["newton", "ballistic"])
    segments = {tuple(map(tuple, segment)) for segment in axes.collections[1].get_segments()}
    assert segments == {
        ((2.5, -0.5), (2.5, 0.5)),
        ((1.5, 0.5), (1.5, 1.5)),
        ((1.5, 0.5), (2.5, 0.5)),
    }


@pytest.mark.parametrize(
    ("values", "geometric"),
    [
        (np.geomspace(0.1, 30, 5), True),
        (np.linspace(1, 2, 5), False),
        ([0.0, 1.0, 10.0], False),
        (["a", "b", "c"], False),
        ([1, 10], False),
        ([1.0, 10.0, 100.0], True),
    ],
)
def test_geometric_axes_are_recognised(values, geometric):
    assert grid_cells.is_geometric(values) is geometric


def test_axes_of_words_and_infinity_get_a_tick_each():
    axes = style.new_figure(3, 2).add_subplot()
    heat_maps.number_map(axes, ["calm", "rough"], [1.0, 2.0, np.inf], np.arange(6.0).reshape(3, 2))
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["calm", "rough"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["1", "2", "∞"]


def test_small_multiples_share_their_colours(monkeypatch):
    for variable in ("cost", "best_rule"):
        figure = plotting.sweep_multiples(dataset(), variable, over="tilt")
        check_legible(figure, monkeypatch)
        first, second = (panel(figure, name).collections[0] for name in ("panel_1", "panel_2"))
        assert first.get_clim() == second.get_clim()
        assert [panel(figure, name).get_title(loc="left") for name in ("panel_1", "panel_2")] == [
            "tilt = 0.2",
            "tilt = 0.5",
        ]


def test_slices_show_the_mean_and_its_standard_error_over_seeds(monkeypatch):
    many = dataset(seeds=6)
    data = sweep_data.read_slices(many, "cost", along="horizon", by="tilt", at={"discount": 10.0})
    expected = many["cost"].isel(discount=-1).transpose("tilt", "horizon", "seed").values
    np.testing.assert_allclose(data.mean, expected.mean(-1))
    np.testing.assert_allclose(data.error, expected.std(-1, ddof=1) / np.sqrt(6))
    assert data.labels == ["tilt = 0.2", "tilt = 0.5"]
    check_legible(
        plotting.sweep_slices(many, "cost", along="horizon", by="tilt", at={"discount": 10.0}),
        monkeypatch,
    )
    alone = sweep_data.read_slices(
        dataset(), "cost", along="horizon", at={"discount": 0.01, "tilt": 0.2}
    )
    assert np.isnan(alone.error).all()
    assert np.isnan(alone.mean[0]).sum() == 0


def test_numbers_are_averaged_over_seeds_and_words_are_not():
    many = dataset(seeds=4)
    data = sweep_data.read_map(many, "cost", at={"tilt": 0.2})
    expected = many["cost"].mean("seed").sel(tilt=0.2).transpose("discount", "horizon").values
    np.testing.assert_allclose(data.values[~data.failed], expected[~data.failed])
    repeated = many.assign(best_rule=many["best_rule"].expand_dims(seed=many["seed"]))
    with pytest.raises(ProblemError, match="'seed' left over"):
        sweep_data.read_map(repeated, "best_rule", at={"tilt": 0.2})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: sweep_data.read_map(d, "coost"), "did you mean 'cost'"),
        (lambda d: sweep_data.read_map(d, "cost", x="horizont"), "did you mean 'horizon'"),
        (lambda d: sweep_data.read_map(d, "cost"), "'tilt' left over.*at={'tilt': value}"),
        (lambda d: sweep_data.read_map(d, "cost", x="tilt", y="tilt"), "two different axes"),
        (lambda d: sweep_data.read_slices(d, "best_rule", along="horizon"), "words"),
        (lambda d: sweep_data.read_slices(d, "cost", along="horizon"), "left over"),
        (lambda d: plotting.sweep_multiples(d, "cost", over="tillt"), "did you mean 'tilt'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, message):
    with pytest.raises(ProblemError, match=message):
        call(dataset())
