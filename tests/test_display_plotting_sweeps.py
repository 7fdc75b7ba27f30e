"""Pictures of sweeps: legible, with regions, failures and warnings shown."""

import numpy as np
import pytest
from legible import check_legible
from matplotlib.colors import LogNorm

import landscape_control as lc
from landscape_control.display import plotting
from landscape_control.display.plotting import (
    grid_cells,
    heat_maps,
    phase_diagrams,
    style,
    sweep_choice,
    sweep_data,
    sweeps,
)
from landscape_control.support.errors import ProblemError

xarray = pytest.importorskip("xarray")


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


def borders_of(regions):
    axes = style.new_figure(3, 2).add_subplot()
    rows, columns = np.shape(regions)
    phase_diagrams.region_map(axes, range(columns), range(rows), regions, ["newton", "ballistic"])
    vertices = [patch.get_path().vertices.reshape(-1, 2, 2) for patch in axes.patches]
    return [tuple(map(tuple, ends)) for path in vertices for ends in path.tolist()]


def test_borders_are_drawn_between_all_cells_of_different_kind_and_nowhere_else():
    assert sorted(borders_of([[0, 0, 1], [0, 1, 1]])) == [
        ((0.5, 0.5), (0.5, 1.5)),
        ((0.5, 0.5), (1.5, 0.5)),
        ((1.5, -0.5), (1.5, 0.5)),
    ]


def test_borders_of_cells_that_follow_each_other_are_one_line():
    """Of random cells: as long together as there are pairs of unlike neighbours."""
    regions = np.random.default_rng(0).integers(0, 2, (30, 40))
    pairs = np.count_nonzero(np.diff(regions, axis=0)) + np.count_nonzero(np.diff(regions, axis=1))
    lines = np.array(borders_of(regions))
    assert np.abs(lines[:, 1] - lines[:, 0]).sum() == pairs
    assert len(lines) < pairs
    assert borders_of(np.repeat([[0, 1]], 50, axis=0)) == [((0.5, -0.5), (0.5, 49.5))]


def test_a_map_of_very_many_borders_is_drawn_by_its_colours():
    regions = np.random.default_rng(0).integers(0, 2, (400, 400))
    assert borders_of(regions) == []


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


def test_a_few_numbers_get_a_tick_each():
    """Two discounts have no scale that goes below 0."""
    axes = style.new_figure(3, 2).add_subplot()
    heat_maps.number_map(axes, [0.01, 1.0], [0.5, 1.0, 2.0, 4.0], np.arange(8.0).reshape(4, 2))
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.01", "1"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["0.5", "1", "2", "4"]


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


def swept(**variables):
    """A sweep of 3 x 4 cells that measured these."""
    cells = {name: (("y", "x"), np.asarray(values)) for name, values in variables.items()}
    cells["status"] = (("y", "x"), np.full((3, 4), "converged"))
    return xarray.Dataset(cells, coords={"y": [1.0, 2.0, 4.0], "x": [1.0, 2.0, 3.0, 4.0]})


def test_truth_values_are_words_without_a_colour_bar():
    truth = np.eye(3, 4) > 0
    data = sweep_data.read_map(swept(basin=truth), "basin")
    assert data.is_text
    assert (np.where(truth, "yes", "no") == data.values.T).all()
    figure = sweeps.sweep_maps(swept(basin=truth), "basin")
    assert len(figure.axes) == 1


@pytest.mark.parametrize("name", ["regret.newton", "own"])
def test_logarithmic_colours_begin_at_what_numbers_are_good_to(name):
    """Regrets are good to 1e-5 of the cost scale; one's own variable says what it is good to."""
    values = np.geomspace(1e-13, 1.0, 12).reshape(3, 4)
    values[0, 0] = -1e-9
    dataset = swept(**{name: values})
    if name == "own":
        assert colours_of(dataset, name)[0] is None  # one is negative, and nobody says it is 0
        dataset[name].attrs["good_to"] = 1e-5
    begin, ticks = colours_of(dataset, name)
    assert begin == 1e-5
    assert ticks[0] == "≤ 1e-05"


def colours_of(dataset, name):
    """(where logarithmic colours begin, None for linear ones; words beside the bar)."""
    figure = sweeps.sweep_maps(dataset, name)
    cells = next(c for c in figure.axes[0].collections if c.get_label() == "_cells")
    is_log = isinstance(cells.norm, LogNorm)
    assert not np.ma.getmaskarray(cells.get_array()).any()  # no cell is empty
    words = [text.get_text() for text in figure.axes[1].get_yticklabels()]
    return cells.norm.vmin if is_log else None, words


def test_names_of_regions_stand_beside_marks():
    words = np.full((3, 4), "newton")
    warned = np.zeros((3, 4))
    warned[1] = 1.0
    dataset = swept(best_rule=words, hidden_basin=warned)
    panel = sweeps.sweep_maps(dataset, "best_rule").axes[0]
    (note,) = [text for text in panel.texts if text.get_text() == "Newton"]
    # the axes are those of read_map: rows of the dataset go across
    assert abs(note.get_position()[0] - 2.0) > 0.5


def test_constants_are_not_drawn_and_derived_variables_are():
    cost = np.arange(12.0).reshape(3, 4)
    dataset = swept(cost=cost, same=np.ones((3, 4)), truth=np.ones((3, 4), dtype=bool))
    assert sweep_choice.measured(dataset, "fiubUOS") == ["cost"]
    assert sweep_choice.constants(dataset, ["same", "truth", "cost"]) == {
        "same": 1.0,
        "truth": True,
    }
    panel = lc.plot_sweep(dataset, {"half": dataset.cost / 2})
    assert "half" in panel.get_title(loc="left")
    with pytest.raises(lc.ProblemError, match="over the sweep's axes"):
        lc.plot_sweep(dataset, {"least": dataset.cost.min("x")})


def test_round_off_of_a_coordinate_is_not_drawn():
    """A part of a measure that varies by 1e-13 of the largest part is a constant."""
    cells = np.arange(12.0).reshape(3, 4)
    places = {"end_basin.theta_1": cells, "end_basin.theta_2": 1e-13 * cells}
    dataset = swept(**places, regret=1e-13 * cells)
    assert sweep_choice.measured(dataset, "fiub") == ["end_basin.theta_1", "regret"]
    assert list(sweep_choice.constants(dataset, list(places))) == ["end_basin.theta_2"]
