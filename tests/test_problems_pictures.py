"""Every picture: drawn from closed forms and short simulations, with the panels its docstring
names, legibly; its data is checked key by key.
"""

import functools
import itertools

import numpy as np
import pytest
from landscape_control.problems.pictures import all_pictures, find_picture, own_names
from legible import check_legible
from matplotlib.figure import Figure
from picture_data import DATA, PANELS, causal

from landscape_control.display import plotting
from landscape_control.display.plotting import figures, style
from landscape_control.support.errors import ProblemError

PICTURES = all_pictures()


@pytest.fixture(scope="module")
def drawn():
    """Every picture, drawn once."""
    return {name: find_picture(name)(DATA[name]()) for name in DATA}


def required(draw):
    return [key for key in draw.keys if not key.group]


def panels(figure):
    return {panel.get_label(): panel for panel in figure.axes}


def test_every_picture_has_its_panels_and_only_those(drawn):
    assert set(drawn) == set(PANELS)
    for name, figure in drawn.items():
        assert isinstance(figure, Figure)
        assert set(panels(figure)) == set(PANELS[name].split()), name


@functools.cache
def single(name):
    """The figure of one noise or one discount instead of several."""
    draw, data = find_picture(name), DATA[name]()
    symbol = {"noises": "J", "discounts": "K", "horizons": "K"}
    letter = next(symbol[key.name] for key in draw.keys if key.shape == symbol.get(key.name))
    for key in draw.keys:
        if letter in key.shape.split():
            data[key.name] = np.take(data[key.name], [0], axis=key.shape.split().index(letter))
    return draw(data)


SINGLE = ["kernels", "resetting", "gaussian_weights", "noise_sweep"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [*PANELS, *(f"{name} of one" for name in SINGLE)])
def test_no_text_overlaps_another_or_leaves_the_page(drawn, name, monkeypatch):
    figure = drawn[name] if name in drawn else single(name.split()[0])
    check_legible(figure, monkeypatch)


@pytest.mark.parametrize("name", PANELS)
def test_optional_data_may_be_left_out(name, monkeypatch):
    draw, data = find_picture(name), DATA[name]()
    figure = draw({key.name: data[key.name] for key in required(draw)})
    assert set(panels(figure)) <= set(PANELS[name].split())
    check_legible(figure, monkeypatch)


@pytest.mark.parametrize("name", PICTURES)
def test_missing_data_is_named_key_by_key(name):
    draw = PICTURES[name]
    with pytest.raises(ProblemError) as error:
        draw({})
    assert all(repr(key.name) in error.value.received for key in required(draw))
    assert not any(repr(key.name) in error.value.received for key in draw.keys if key.group)


@pytest.mark.parametrize("name", PICTURES)
def test_the_docstring_lists_every_key_with_its_meaning(name):
    draw = PICTURES[name]
    assert all(
        f"{key.name} : " in draw.__doc__ and key.meaning in draw.__doc__ for key in draw.keys
    )


@pytest.mark.parametrize("name", PANELS)
def test_the_docstring_lists_every_panel(name):
    assert all(
        f"``{panel}``" in find_picture(name).__doc__
        for panel in PANELS[name].split()
        if panel[-1] not in "23>"
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
    draw, data = find_picture(name), DATA[name]()
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
        find_picture(name)(data | {key: change(np.asarray(data[key]))})


def test_a_rule_has_the_same_colour_in_every_picture(drawn):
    names = {look.label: look.color for look in style.RULES.values()}
    found = {}
    coloured = set(drawn) - set(causal.DATA)  # those tell some rules by line or marker, all in ink
    for figure in (drawn[name] for name in coloured):
        for line in itertools.chain.from_iterable(panel.lines for panel in figure.axes):
            if line.get_label() in names:
                found.setdefault(line.get_label(), set()).add(line.get_color())
    assert {
        "gradient descent",
        "momentum",
        "optimal plan",
        "Newton",
        "optimal in beliefs",
        "Adam",
        "RMSProp",
        "SGD",
        "no reset",
        "certainty equivalent",
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


def test_a_picture_is_found_by_its_name_and_a_misspelt_name_is_refused_with_the_near_match():
    assert find_picture("double_well").__name__ == "double_well"
    assert find_picture("verdict") is figures.verdict
    with pytest.raises(ProblemError, match="did you mean 'double_well'"):
        find_picture("doubel_well")


def test_plotting_figures_has_every_picture_by_name_and_by_group():
    grouped = [*figures.PLANNING, *figures.BELIEFS, *figures.CAUSAL]
    assert set(grouped) <= set(figures.FIGURES) == set(PICTURES)
    assert all(getattr(plotting.figures, name) is PICTURES[name] for name in PICTURES)
    assert set(own_names()) <= set(dir(figures))
    with pytest.raises(AttributeError, match="no attribute 'doubel_well'"):
        figures.doubel_well  # noqa: B018 - asking is the test
