"""Pictures: every figure is drawn from closed forms, legibly; data that does not fit is refused;
one look per rule.
"""

import functools
import itertools
import subprocess
import sys
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from legible import check_legible
from matplotlib import colors
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from scipy.integrate import cumulative_trapezoid, solve_bvp, solve_ivp
from scipy.linalg import expm

import landscape_control as lc
from landscape_control import plotting
from landscape_control.comparison import PolicySample, fit_rules
from landscape_control.errors import ProblemError
from landscape_control.plotting import data as figure_data
from landscape_control.plotting import figures, paths, style

# ---------------------------------------------------------------- data from closed forms and
# textbook integrators


def grid(loss, box, points=(91, 61)):
    x, y = (np.linspace(*side, count) for side, count in zip(box, points, strict=True))
    mesh = np.stack(np.meshgrid(x, y), axis=-1)
    return {"axis_1": x, "axis_2": y, "loss": loss(mesh[..., 0], mesh[..., 1])}


def bowl(flat, steep):
    return lambda x, y: (flat * x**2 + steep * y**2) / 2


def rate(h, discount):
    return np.sqrt(discount**2 / 4 + h) - discount / 2


WELL = lc.double_well()
START = np.array([-0.6, 0.55])
WELL_BOX = ((-1.55, 1.75), (-0.75, 1.0))
SADDLE = [[float(np.sort(np.roots([4.0, 0.0, -4.0, -0.5]).real)[1]), 0.0]]
LOWEST_FIRST = WELL.minima[::-1]


@functools.cache
def well_plan(horizon, discount, goal, fixed=False):
    def law(t, z):
        return np.vstack([z[2:], discount * z[2:] + WELL.gradient(z[:2].T).T])

    def ends(a, b):
        return np.concatenate([a[:2] - START, b[:2] - goal if fixed else b[2:]])

    times = np.linspace(0, horizon, 41)
    guess = START[:, None] + (np.asarray(goal) - START)[:, None] * np.minimum(
        times / (0.6 * horizon), 1
    )
    plan = solve_bvp(
        law,
        ends,
        times,
        np.vstack([guess, np.gradient(guess, times, axis=1)]),
        tol=1e-8,
        max_nodes=20000,
    )
    assert plan.success
    state = plan.sol(np.linspace(0, horizon, 121)).T
    times = np.linspace(0, horizon, 121)
    path, kinetic = state[:, :2], (state[:, 2:] ** 2).sum(1) / 2
    spent = cumulative_trapezoid(
        np.exp(-discount * times) * (kinetic + WELL.loss(path)), times, initial=0
    )
    return times, path, kinetic, WELL.loss(path), spent[-1], spent


def flow(field, start, horizon, count=121):
    times = np.linspace(0, horizon, count)
    return times, solve_ivp(field, (0, horizon), start, t_eval=times, rtol=1e-8, atol=1e-10).y.T


def double_well_data():
    times, path, kinetic, loss, *_ = well_plan(4.0, 0.1, (1.06, 0.0))
    fixed = well_plan(4.0, 0.1, (1.0625, 0.0), fixed=True)
    descent = flow(lambda t, z: -WELL.gradient(z[None])[0], START, 4.0)
    heavy = flow(
        lambda t, z: np.concatenate([z[2:], -1.2 * z[2:] - 3 * WELL.gradient(z[None, :2])[0]]),
        [*START, 0, 0],
        4.0,
    )
    return grid(lambda x, y: (x**2 - 1) ** 2 + y**2 - x / 2, WELL_BOX) | {
        "minima": LOWEST_FIRST,
        "saddles": SADDLE,
        "discount": 0.1,
        "optimal_times": times,
        "optimal_path": path,
        "optimal_loss": loss,
        "optimal_kinetic": kinetic,
        "optimal_weighted_loss": loss,
        "fixed_end_times": fixed[0],
        "fixed_end_path": fixed[1],
        "fixed_end_loss": fixed[3],
        "gradient_descent_times": descent[0],
        "gradient_descent_path": descent[1],
        "gradient_descent_loss": WELL.loss(descent[1]),
        "momentum_times": heavy[0],
        "momentum_path": heavy[1][:, :2],
        "momentum_loss": WELL.loss(heavy[1][:, :2]),
    }


def quadratic_modes_data():
    discounts, times, fine = (
        np.array([0.0, 0.5, 2.0, 8.0]),
        np.linspace(0, 5, 11),
        np.linspace(0, 5, 80),
    )
    h, dense = np.geomspace(0.05, 20, 9), np.geomspace(0.04, 25, 60)
    r = rate(1.0, discounts)[:, None]
    return {
        "learning_rate": 1.0,
        "loss_weight": 1.0,
        "discounts": discounts,
        "times": times,
        "paths": np.exp(-r * times),
        "times_theory": fine,
        "paths_theory": np.exp(-r * fine),
        "curvatures": h,
        "rates": rate(h, discounts[:, None]),
        "curvatures_theory": dense,
        "rates_theory": rate(dense, discounts[:, None]),
    }


def anisotropic_bowl_data():
    h, start, t = np.array([0.3, 3.0]), np.array([-1.6, 0.9]), np.linspace(0, 25, 400)[:, None]
    turn = np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    hessian = turn @ np.diag(h) @ turn.T
    modal = turn.T @ start
    discounts = np.array([0.0, 1.0, 4.0])
    return grid(
        lambda x, y: (hessian[0, 0] * x**2 + 2 * hessian[0, 1] * x * y + hessian[1, 1] * y**2) / 2,
        ((-1.9, 0.9), (-0.8, 1.25)),
    ) | {
        "minimum": [0, 0],
        "modes": turn,
        "discounts": discounts,
        "paths": np.array(
            [(modal * np.exp(-rate(h, g) * t * (1 + g))) @ turn.T for g in discounts]
        ),
        "gradient_descent_path": (modal * np.exp(-h * t)) @ turn.T,
        "newton_path": (modal * np.exp(-t)) @ turn.T,
    }


def convergence_rates_data():
    discounts, dense = np.geomspace(0.05, 50, 7), np.geomspace(0.03, 100, 60)
    conditions, many = np.array([4.0, 16.0, 64.0, 256.0]), np.geomspace(2, 500, 40)
    return {
        "discounts": discounts,
        "conditions": conditions,
        "discounts_theory": dense,
        "conditions_theory": many,
        "ratios": rate(conditions[:, None], discounts) / rate(1.0, discounts),
        "ratios_theory": rate(conditions[:, None], dense) / rate(1.0, dense),
        "ratios_theory_conditions": rate(many, discounts[:, None]) / rate(1.0, discounts)[:, None],
    }


def linear_paths(matrix, attractor, starts, times):
    return np.array(
        [[attractor + expm(matrix * t) @ (start - attractor) for t in times] for start in starts]
    )


def drift_case(metric, decay, turning, discount, minimum):
    """Closed loop and attractor of theory: isotropic H = I with one of metric, weight decay,
    rotation.
    """
    if turning:
        spin = turning * np.array([[0.0, -1.0], [1.0, 0.0]])
        closed = spin - rate(1.0, discount) * np.eye(2)
        return closed, np.linalg.solve((1 + turning**2) * np.eye(2) - discount * spin, minimum)
    r = rate(1 / metric + decay * (decay + discount), discount)
    return -np.diag(r), minimum / (1 + decay * (decay + discount))


def metric_drift_data():
    minimum, discounts = np.array([1.0, 0.5]), np.array([0.0, 2.0])
    starts = np.array([[-1.2, 1.5], [2.2, -1.1], [-0.9, -1.2]])
    times, fine = np.geomspace(1, 13, 12) - 1, np.linspace(0, 14, 300)
    cases = {
        "isotropic": (np.ones(2), 0.0, 0.0),
        "metric": (np.array([4.0, 0.25]), 0.0, 0.0),
        "rotation": (np.ones(2), 0.0, 1.2),
        "decay": (np.ones(2), 0.6, 0.0),
    }
    data = grid(lambda x, y: bowl(1, 1)(x - 1, y - 0.5), ((-1.7, 2.7), (-1.6, 2.0)))
    data |= {"minimum": minimum, "discounts": discounts}
    for name, (metric, decay, turning) in cases.items():
        laws = [drift_case(metric, decay, turning, g, minimum) for g in discounts]
        data[f"{name}_paths"] = [linear_paths(*law, starts, times) for law in laws]
        data[f"{name}_theory"] = [linear_paths(*law, starts, fine) for law in laws]
        data[f"{name}_attractors"] = [attractor for _, attractor in laws]
    return data


def gradient_descent_limits_data():
    discounts, horizons = np.geomspace(5, 200, 9), np.geomspace(0.01, 0.5, 9)
    return {
        "discounts": discounts,
        "discount_errors": np.abs(rate(1.0, discounts) * discounts - 1),
        "discount_predictions": 1 / discounts**2,
        "horizons": horizons,
        "horizon_errors": np.abs(np.tanh(horizons) / horizons - 1),
        "horizon_predictions": horizons**2 / 3,
    }


def proximal_limit_data():
    h, start = np.array([0.5, 4.0]), np.array([-1.4, 0.8])
    horizons, fine = np.geomspace(0.003, 3, 12), np.geomspace(0.01, 12, 80)
    proximal = start / (1 + h * horizons[:, None])
    gap = np.linalg.norm(proximal - start * (1 - h * horizons[:, None]), axis=1)
    return grid(bowl(*h), ((-1.7, 0.4), (-0.55, 1.0))) | {
        "start": start,
        "horizons": horizons,
        "proximal": proximal,
        "ends": proximal * (1 + 1e-11 * horizons[:, None]),
        "gradient_descent": start * (1 - h * horizons[:, None]),
        "proximal_curve": start / (1 + h * fine[:, None]),
        "gradient_descent_curve": start * (1 - h * np.linspace(0, 0.4, 30)[:, None]),
        "minimum": [0, 0],
        "gradient_descent_slope": plotting.measured_slope(horizons[:4], gap[:4]),
    }


def natural_gradient_data():
    """Fit N(m, σ²) to N(0, ½²): KL divergence; flows of the plain and the natural gradient in σ and
    in log σ.
    """

    def slope(m, s):
        return np.array([4 * m, 4 * s - 1 / s])

    def run(scale):
        return flow(lambda t, z: -scale(z[1]) * slope(*z), [-1.5, 1.4], 3.0)[1]

    plain, logarithmic = run(lambda s: np.ones(2)), run(lambda s: np.array([1, s**2]))
    natural, twin = (
        run(lambda s: np.array([s**2, s**2 / 2])),
        run(lambda s: (1 + 1e-9) * np.array([s**2, s**2 / 2])),
    )
    optimal = flow(lambda t, z: -np.array([z[1], 0.9 * z[1]]) * slope(*z), [-1.5, 1.4], 3.0)[1]
    return grid(lambda m, s: (m**2 + s**2) / 0.5 - np.log(s), ((-1.8, 0.5), (0.2, 1.7))) | {
        "names": ["(m, σ)", "(m, log σ)"],
        "optimal_first": optimal,
        "optimal_second": optimal,
        "natural_gradient": natural,
        "gradient_descent_first": plain,
        "gradient_descent_second": logarithmic,
        "minimum": [0, 0.5],
        "times": np.linspace(0, 3, 121),
        "optimal_distance": np.linalg.norm(natural - twin, axis=1),
        "gradient_descent_distance": np.linalg.norm(plain - logarithmic, axis=1),
    }


def partial_control_data():
    h, start, push = (
        np.diag([0.6, 2.5]),
        np.array([-1.5, 1.1]),
        np.array([0.9, -0.35]) / np.hypot(0.9, 0.35),
    )
    bottom = -(push @ h @ start) / (push @ h @ push)
    times = np.linspace(0, 4, 81)
    along = bottom * (1 - np.exp(-1.1 * times))
    path = start + along[:, None] * push
    updates, descents = np.gradient(along, times)[:, None] * push, -path @ h
    cosine = (
        (updates * descents).sum(1)
        / np.linalg.norm(updates, axis=1)
        / np.linalg.norm(descents, axis=1)
    )
    angles = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return grid(bowl(0.6, 2.5), ((-1.9, 1.3), (-0.9, 1.4))) | {
        "times": times,
        "path": path,
        "reachable": [[start - push, start + 4 * push]],
        "updates": updates,
        "descents": descents,
        "unrestricted": start * np.exp(-np.sqrt(np.diag(h)) * times[:, None]),
        "angles": angles,
        "smallest_angles": angles - 8,
        "minimum": [0, 0],
        "constrained_minimum": start + bottom * push,
    }


def escape_horizon_data():
    discounts, horizons = np.geomspace(0.02, 5, 22), np.geomspace(0.3, 20, 20)
    boundary = 1.5 * (1 + discounts / 1.2) ** 2.5
    advantage = np.tanh(np.log(horizons[:, None] / boundary))
    advantage[-1, 5:7] = np.nan
    inside = boundary < horizons[-1]
    staying, crossing = well_plan(3.0, 0.5, (-0.93, 0.0)), well_plan(3.0, 0.5, (1.06, 0.0))
    return grid(lambda x, y: (x**2 - 1) ** 2 + y**2 - x / 2, WELL_BOX) | {
        "discounts": discounts,
        "horizons": horizons,
        "advantage": advantage,
        "boundary_discounts": discounts[inside],
        "boundary_horizons": boundary[inside],
        "minima": LOWEST_FIRST,
        "saddles": SADDLE,
        "example_discount": 0.5,
        "example_horizon": 3.0,
        "staying_path": staying[1],
        "crossing_path": crossing[1],
        "staying_times": staying[0],
        "crossing_times": crossing[0],
        "staying_spent": staying[5],
        "crossing_spent": crossing[5],
    }


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


DATA = {name: globals()[f"{name}_data"] for name in figures.PLANNING}
PANELS = {
    "double_well": "map energy loss",
    "quadratic_modes": "relaxation rate",
    "anisotropic_bowl": "map modes",
    "convergence_rates": "discount condition",
    "metric_drift": "isotropic metric rotation decay",
    "gradient_descent_limits": "discount horizon",
    "proximal_limit": "map distance",
    "natural_gradient": "map distance",
    "partial_control": "map angle",
    "escape_horizon": "map plans spent <colorbar>",
    "preconditioner": "curvature collapse horizon",
    "policy_scatter": "descent prediction",
    "coefficients": "forest numbers",
    "verdict": "error regret numbers",
    "global_value": "value cost",
    "plan_overview": "map parameters controls costates",
    "claims_overview": "claims numbers",
}


@pytest.fixture(scope="module")
def drawn():
    """Every figure, drawn once."""
    return {name: draw(DATA[name]()) for name, draw in figures.PLANNING.items()}


@pytest.fixture
def axes():
    return Figure().add_subplot()


def required(draw):
    return [key for key in draw.keys if not key.group]


# ---------------------------------------------------------------- whole figures


def test_every_figure_has_its_panels_and_only_those(drawn):
    assert set(drawn) == set(PANELS)
    for name, figure in drawn.items():
        assert isinstance(figure, Figure)
        assert {axes.get_label() for axes in figure.axes} == set(PANELS[name].split()), name


@pytest.mark.parametrize("name", PANELS)
def test_no_text_overlaps_another_or_leaves_the_page(drawn, name, monkeypatch):
    check_legible(drawn[name], monkeypatch)


@pytest.mark.parametrize(
    "name", [name for name, draw in figures.PLANNING.items() if any(key.group for key in draw.keys)]
)
def test_optional_data_may_be_left_out(name):
    draw, data = figures.FIGURES[name], DATA[name]()
    figure = draw({key.name: data[key.name] for key in required(draw)})
    assert {axes.get_label() for axes in figure.axes} <= set(PANELS[name].split())


@pytest.mark.parametrize("name", PANELS)
def test_missing_data_is_named_key_by_key(name):
    draw = figures.FIGURES[name]
    with pytest.raises(ProblemError) as error:
        draw({})
    assert all(repr(key.name) in error.value.received for key in required(draw))
    assert not any(repr(key.name) in error.value.received for key in draw.keys if key.group)


@pytest.mark.parametrize("name", PANELS)
def test_the_docstring_lists_every_key_with_its_meaning(name):
    draw = figures.FIGURES[name]
    assert all(
        f"{key.name} : " in draw.__doc__ and key.meaning in draw.__doc__ for key in draw.keys
    )


def test_half_a_group_is_refused_naming_the_other_half():
    data = double_well_data()
    del data["momentum_loss"]
    with pytest.raises(ProblemError, match="without 'momentum_loss'.*drop their group"):
        figures.double_well(data)


def test_a_misspelt_key_is_refused_with_the_near_match():
    with pytest.raises(ProblemError, match="did you mean 'saddles'"):
        figures.double_well({**double_well_data(), "sadles": SADDLE})


def test_sizes_that_disagree_are_refused_naming_both_keys():
    data = quadratic_modes_data()
    data["rates"] = data["rates"].T
    with pytest.raises(ProblemError, match=r"'rates'.*K = 4 \(discounts\).*received 9"):
        figures.quadratic_modes(data)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"discounts": [[1.0]]}, "received shape"),
        ({"discounts": []}, "received shape"),
        ({"discounts": ["a", "b"]}, "received list"),
        ({"rates": np.full((4, 9), np.nan)}, "finite numbers"),
    ],
)
def test_data_of_the_wrong_kind_is_refused(change, message):
    with pytest.raises(ProblemError, match=message):
        figures.quadratic_modes({**quadratic_modes_data(), **change})


def test_data_must_be_a_mapping():
    with pytest.raises(ProblemError, match="expected a mapping"):
        figures.quadratic_modes([1, 2, 3])


def test_a_plan_with_three_parameters_is_not_drawn_on_a_map():
    data = plan_overview_data()
    data["parameters"] = data["costates"] = np.zeros((121, 3))
    with pytest.raises(ProblemError, match="two parameters"):
        figures.plan_overview(data)


def test_a_plan_without_a_map_keeps_its_title():
    data, mapped = plan_overview_data(), ("axis_1", "axis_2", "loss", "minima")
    data = {name: value for name, value in data.items() if name not in mapped}
    assert figures.plan_overview(data).get_suptitle() == data["title"]


def test_rules_that_diverge_or_were_not_run_are_said_so_in_words():
    data = verdict_data() | {
        "errors": [np.nan, 0.03, 0.2, 0.3, 0.3],
        "regrets": [np.nan, 0.002, np.inf, 0.1, 0.1],
    }
    figure = figures.verdict(data)
    FigureCanvasAgg(figure).draw()
    words = {panel.get_label(): [text.get_text() for text in panel.texts] for panel in figure.axes}
    assert words["error"].count("not available") == words["regret"].count("not available") == 1
    assert words["regret"].count("diverges") == 1


def test_coefficients_without_bounds_stay_inside_the_panel():
    data = coefficients_data() | {
        "lower": [0.49, -np.inf, 0.4, 0.9, 0.5],
        "upper": [0.51, np.inf, 0.5, 1.1, 0.7],
    }
    figure = figures.coefficients(data)
    FigureCanvasAgg(figure).draw()
    forest, numbers = figure.axes
    assert all(np.abs(line.get_xdata()).max() <= forest.get_xlim()[1] for line in forest.lines)
    assert any("∞" in text.get_text() for text in numbers.texts)


# ---------------------------------------------------------------- results as figure data


@functools.cache
def comparison():
    """The exact infinite-horizon policy of two quadratic landscapes, held against three rules."""
    draw, samples = np.random.default_rng(1), []
    for h in (0.5, 2.0):
        landscape = lc.quadratic(hessian=np.diag([h, 4 * h]))
        objective = lc.Objective(horizon=np.inf, discount=0.5)
        problem = lc.ControlProblem(landscape=landscape, objective=objective, start=[1.0, 1.0])
        points = draw.normal(size=(12, 2))
        controls = -rate(np.array([h, 4 * h]), 0.5) * points
        samples.append(
            PolicySample(problem=problem, points=points, controls=controls, starts=np.arange(12))
        )
    return fit_rules(
        samples, [lc.rules.gradient_descent(), lc.rules.ballistic(), lc.rules.linear_quadratic()]
    )


def test_a_verdict_is_drawn_with_its_rules_best_first():
    found = comparison()
    data = plotting.verdict_data(found)
    assert data["rules"][0] == "linear_quadratic"
    assert np.isnan(data["regrets"]).all()  # no rule was run
    words = [text.get_text() for text in figures.verdict(data).axes[2].texts]
    assert {"coefficients", "condition", "identifiable", "c = 1"} <= set(words)


def test_coefficients_of_a_verdict_carry_interval_and_theory():
    data = plotting.coefficients_data(comparison())
    here = data["rules"].index("linear_quadratic")
    assert data["names"][here] == "scale c"
    assert data["lower"][here] <= data["estimates"][here] * (1 + 1e-12)
    assert (data["estimates"][here], data["theory"][here]) == pytest.approx((1.0, 1.0))
    assert isinstance(figures.coefficients(data), Figure)


def test_the_policy_of_a_verdict_is_drawn_against_downhill_slope_and_predictions():
    data = plotting.policy_data(comparison(), group_names=["h = 0.5", "h = 2"], count=2)
    assert data["predictions"].shape == (2, 48)
    np.testing.assert_allclose(data["predictions"][0], data["controls"], rtol=1e-8)
    assert data["gain"] == pytest.approx(
        comparison().row("gradient_descent").coefficients["learning_rate"], rel=1e-6
    )
    np.testing.assert_array_equal(np.unique(data["groups"]), [0, 1])
    assert isinstance(figures.policy_scatter(data), Figure)


def test_a_plan_is_drawn_on_a_map_that_holds_its_path_and_all_minima():
    times, path, *_ = well_plan(4.0, 0.1, (1.06, 0.0))
    plan = SimpleNamespace(times=times, parameters=path, controls=path, costates=-path)
    data = plotting.plan_data(plan, WELL, points=31, title="a plan")
    points = np.vstack([path, WELL.minima])
    assert (points.min(0) > [data["axis_1"][0], data["axis_2"][0]]).all()
    assert (points.max(0) < [data["axis_1"][-1], data["axis_2"][-1]]).all()
    np.testing.assert_allclose(data["minima"], LOWEST_FIRST)
    assert data["loss"][3, 5] == pytest.approx(
        WELL.loss([[data["axis_1"][5], data["axis_2"][3]]])[0]
    )
    assert isinstance(figures.plan_overview(data), Figure)
    assert set(plotting.plan_data(plan)) == {"times", "parameters", "controls", "costates"}


def test_a_map_needs_a_landscape_of_two_parameters():
    plan = SimpleNamespace(
        times=[0.0],
        parameters=np.zeros((1, 3)),
        controls=np.zeros((1, 3)),
        costates=np.zeros((1, 3)),
    )
    with pytest.raises(ProblemError, match="two parameters"):
        plotting.plan_data(plan, lc.rosenbrock(3))


# ---------------------------------------------------------------- one look per rule


def test_a_rule_has_the_same_colour_in_every_figure(drawn):
    names = {look.label: look.color for look in style.RULES.values()}
    found = {}
    for figure in drawn.values():
        for line in itertools.chain.from_iterable(panel.lines for panel in figure.axes):
            if line.get_label() in names:
                found.setdefault(line.get_label(), set()).add(line.get_color())
    assert {"gradient descent", "momentum", "optimal plan", "Newton"} <= set(found)
    assert all(shades == {names[name]} for name, shades in found.items())


def test_every_closed_form_rule_of_the_library_has_a_look_of_its_own():
    keys = [
        "gradient_descent",
        "natural_gradient",
        "newton",
        "held_newton",
        "ballistic",
        "linear_quadratic",
        "proximal",
        "decayed_gradient_descent",
        "drift_compensated_gradient_descent",
        "optimal",
        "momentum",
        "second_order",
        "none",
    ]
    looks = [style.rule(key) for key in keys]
    assert len({(look.color, str(look.line)) for look in looks}) == len(keys)
    assert style.rule("decayed_gradient_descent").color == style.rule("gradient_descent").color
    assert style.rule("my_rule") == style.rule("my_rule") != style.rule("optimal")


TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
DEUTERANOPE = [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.011820, 0.042940, 0.968881],
]
PROTANOPE = [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
]


def lab(color, cone):
    """CIELAB of a colour seen through a linear-RGB matrix (Machado, Oliveira and Fernandes 2009,
    severity 1).
    """
    rgb = np.array(colors.to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.array(cone) @ linear, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize(
    "cone", [np.eye(3), DEUTERANOPE, PROTANOPE], ids=["trichromat", "deuteranope", "protanope"]
)
def test_colours_of_different_rules_are_told_apart(cone):
    palette = sorted({look.color for look in style.RULES.values()})
    for one, other in itertools.combinations(palette, 2):
        assert np.linalg.norm(lab(one, cone) - lab(other, cone)) > 12, (one, other)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_shades_grow_lighter_and_keep_the_hue(count):
    tones = style.shades("optimal", count)
    light = [lab(tone, np.eye(3))[0] for tone in tones]
    assert len(tones) == count
    assert (np.diff(light) > 5).all()
    hues = [colors.rgb_to_hsv(colors.to_rgb(tone))[0] for tone in tones]
    assert np.ptp(hues) < 0.02


# ---------------------------------------------------------------- building blocks


def block_calls():
    x, y = np.linspace(0, 1, 5), np.linspace(0, 2, 4)
    field, path, t = np.ones((4, 5, 2)), np.column_stack([x, x]), np.linspace(0, 1, 5)
    logs = np.geomspace(0.1, 10, 5)
    pair = {
        "theory": (logs, logs[None]),
        "computed": (logs, logs[None]),
        "colors": ["k"],
        "labels": ["a"],
    }
    return {
        "loss_contours": lambda a: plotting.loss_contours(a, x, y, np.add.outer(y, x)),
        "landscape_contours": lambda a: plotting.landscape_contours(a, WELL, WELL_BOX, points=11),
        "minima": lambda a: plotting.minima(a, WELL.minima, rank=True),
        "saddles": lambda a: plotting.saddles(a, SADDLE),
        "start": lambda a: plotting.start(a, START),
        "attractor": lambda a: plotting.attractor(a, START),
        "vector_field": lambda a: plotting.vector_field(a, x, y, field),
        "arrows": lambda a: plotting.arrows(a, path, path + 1, color="k", label="u"),
        "heat_map": lambda a: plotting.heat_map(a, logs, logs[:4], np.ones((4, 5))),
        "trajectory": lambda a: plotting.trajectory(
            a, path, times=t, marks=[0.5], mark_labels=True
        ),
        "time_series": lambda a: plotting.time_series(a, t, path),
        "dress": style.dress,
        "rule_series": lambda a: plotting.rule_series(a, t, t, rule="newton"),
        "energy_panel": lambda a: plotting.energy_panel(a, t, t, t, 0.1),
        "theory_and_computed": lambda a: plotting.theory_and_computed(a, **pair),
        "exponent_curves": lambda a: plotting.exponent_curves(a, **pair, top=1.0),
        "exponent_axis": plotting.exponent_axis,
        "log_axes": plotting.log_axes,
        "rate_plot": lambda a: plotting.rate_plot(a, logs, logs**2, slope=2, prediction=logs**2),
        "slope_triangle": lambda a: plotting.slope_triangle(a, logs, logs**2, 2),
        "policy_scatter": lambda a: plotting.policy_scatter(a, x, x, gain=1.0),
        "prediction_scatter": lambda a: plotting.prediction_scatter(
            a, x, [x, -x], rules=["newton", "ballistic"]
        ),
        "forest": lambda a: plotting.forest(
            a, ["a", "b"], [1, 2], [0, 1], [2, 3], theory=[1, np.nan]
        ),
        "dot_rows": lambda a: plotting.dot_rows(a, ["a", "b"], [0.1, 1e-9], floor=1e-3, write=True),
        "tolerance_used": lambda a: plotting.tolerance_used(
            a, ["a", "b", "c"], [0.1, 3.0, 0.0], [1.0, 1.0, 0.0]
        ),
        "number_columns": lambda a: plotting.number_columns(a, {"n": ["1", "2"]}),
        "name_rows": lambda a: plotting.name_rows(a, ["a", "b"]),
    }


@pytest.mark.parametrize("name", block_calls())
def test_a_building_block_returns_the_axes_it_was_given(axes, name):
    assert block_calls()[name](axes) is axes
    FigureCanvasAgg(axes.figure).draw()


def test_contours_read_the_grid_as_rows_of_the_second_axis(axes):
    x, y = np.linspace(0, 1, 21), np.linspace(0, 3, 11)
    plotting.loss_contours(axes, x, y, np.tile(x, (11, 1)))  # L = θ₁: contours stand upright
    segments = [
        segment
        for path in axes.collections[1].get_paths()
        for segment in path.to_polygons(closed_only=False)
    ]
    assert segments
    assert all(
        np.ptp(segment[:, 0]) < 1e-12 and np.ptp(segment[:, 1]) > 2.9 for segment in segments
    )


def test_contour_levels_span_the_loss_and_grow_denser_towards_the_bottom():
    levels = plotting.contour_levels(np.array([-2.0, 7.0]))
    assert (levels[0], levels[-1]) == pytest.approx((-2.0, 7.0))
    assert (np.diff(levels, 2) > 0).all()


def test_vector_field_arrows_have_unit_length_and_vanish_where_the_field_does(axes):
    field = np.zeros((1, 3, 2))
    field[0, 1:] = [[3.0, 4.0], [0.0, -1e-3]]
    plotting.vector_field(axes, [0, 1, 2], [0], field)
    arrows = axes.collections[0]
    np.testing.assert_allclose(np.column_stack([arrows.U, arrows.V]), [[0, 0], [0.6, 0.8], [0, -1]])


def test_heat_map_colours_are_symmetric_about_zero_and_cells_sit_on_their_centres(axes):
    x, y = np.array([1.0, 10.0, 100.0]), np.array([1.0, 100.0])
    plotting.heat_map(axes, x, y, [[-1.0, 2.0, np.nan], [0.5, 0.1, 0.2]], limit=2.0)
    cells = axes.collections[-1]
    assert (cells.norm.vmin, cells.norm.vmax) == (-2.0, 2.0)
    assert np.ma.getmaskarray(cells.get_array()).sum() == 1
    np.testing.assert_allclose(axes.get_xlim(), [10**-0.5, 10**2.5])
    np.testing.assert_allclose(axes.get_ylim(), [0.1, 1000.0])


def test_time_marks_lie_on_the_path_at_their_times(axes):
    axes.set(xlim=(0, 1), ylim=(0, 1))
    t = np.linspace(0, 2, 201)
    plotting.trajectory(
        axes, np.column_stack([t / 2, (t / 2) ** 2]), times=t, marks=[0.0, 0.5, 1.0, 5.0]
    )
    np.testing.assert_allclose(
        axes.collections[0].get_offsets(), [[0.25, 0.0625], [0.5, 0.25]], atol=1e-12
    )


@pytest.mark.parametrize(("horizon", "first"), [(4.0, 0.5), (1.0, 0.1), (30.0, 2.5), (0.07, 0.01)])
def test_time_marks_are_round_and_inside_the_horizon(horizon, first):
    marks = paths.mark_times(horizon)
    assert marks[0] == pytest.approx(first)
    assert marks[-1] <= horizon * (1 + 1e-12)
    np.testing.assert_allclose(np.diff(marks), first)


def test_the_energy_law_drawn_from_the_kinetic_energy_meets_the_energy_of_the_plan(axes):
    data = double_well_data()
    plotting.energy_panel(
        axes, data["optimal_times"], data["optimal_kinetic"], data["optimal_weighted_loss"], 0.1
    )
    energy, law = (
        next(line for line in axes.lines if line.get_label().startswith(word))
        for word in ("energy", "law")
    )
    np.testing.assert_allclose(
        law.get_ydata(), np.interp(law.get_xdata(), *energy.get_data()), atol=2e-6
    )
    assert np.ptp(energy.get_ydata()) > 0.1  # at γ > 0 the energy is not conserved


@pytest.mark.parametrize("slope", [-2, 1, 2])
def test_the_triangle_has_the_slope_it_is_labelled_with(axes, slope):
    x = np.geomspace(0.01, 1, 9)
    plotting.rate_plot(axes, x, 3 * x**slope, slope=slope)
    corners = np.log(axes.patches[0].get_xy())
    steepest = max(
        itertools.pairwise(corners), key=lambda pair: np.prod(np.abs(np.subtract(*pair)))
    )
    rise = np.subtract(*steepest)
    assert rise[1] / rise[0] == pytest.approx(slope)
    assert axes.texts[0].get_text() == f"{slope:+g}".replace("-", "−")
    assert f"slope {slope:+.2f}".replace("-", "−") in axes.lines[0].get_label()


def test_points_without_error_are_left_out_of_the_slope():
    assert plotting.measured_slope([1.0, 2.0, 4.0], [0.0, 4.0, 16.0]) == pytest.approx(2.0)
    assert np.isnan(plotting.measured_slope([1.0, 2.0], [0.0, 1.0]))


def test_the_rule_line_of_a_policy_scatter_has_the_fitted_gain(axes):
    plotting.policy_scatter(axes, [-1.0, 2.0], [0.0, 1.0], gain=0.4)
    x, y = axes.lines[-1].get_data()
    np.testing.assert_allclose(y, 0.4 * x)
    np.testing.assert_allclose(x, [-1.0, 2.0])


def test_a_failed_claim_is_a_cross_and_a_met_one_a_dot(axes):
    plotting.tolerance_used(axes, ["met", "failed", "exact"], [0.5, 2.0, 0.0], [1.0, 1.0, 0.0])
    dots = [line for line in axes.lines if line.get_marker() not in ("None", None)]
    assert [line.get_marker() for line in dots] == ["o", "X", "o"]
    assert dots[0].get_color() == dots[2].get_color() != dots[1].get_color()


# ---------------------------------------------------------------- saving, and leaving the world
# alone


def test_saving_writes_both_files_and_the_same_bytes_again(drawn, tmp_path):
    first = plotting.save(drawn["coefficients"], tmp_path / "new" / "a.b")
    again = plotting.save(figures.coefficients(coefficients_data()), tmp_path / "again")
    assert [path.name for path in first] == ["a.b.png", "a.b.pdf"]
    assert first[0].read_bytes().startswith(b"\x89PNG")
    assert first[1].read_bytes().startswith(b"%PDF")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


def test_saving_refuses_a_path_with_a_suffix(drawn, tmp_path):
    with pytest.raises(ProblemError, match="path without suffix"):
        plotting.save(drawn["coefficients"], tmp_path / "picture.png")


def test_drawing_changes_no_global_setting(tmp_path):
    before = dict(matplotlib.rcParams)
    plotting.save(figures.verdict(verdict_data()), tmp_path / "picture")
    assert dict(matplotlib.rcParams) == before


def test_plotting_never_imports_pyplot():
    code = "import sys, landscape_control.plotting; print('matplotlib.pyplot' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout.strip()
        == "False"
    )


def test_a_key_describes_itself_in_one_line_and_its_meaning():
    key = figure_data.Key(name="paths", shape="K T 2", meaning="θ(t)", group="extra", gaps=True)
    assert (
        key.describe() == "paths : (K, T, 2), NaN and infinity allowed [optional: extra]\n    θ(t)"
    )
    assert (
        figure_data.Key(name="times", shape="T", meaning="t")
        .describe()
        .startswith("times : (T,)\n")
    )
    assert (
        figure_data.Key(name="title", shape="", meaning="w", text=True)
        .describe()
        .startswith("title : one value text\n")
    )
