"""The data of a figure is checked before anything is drawn: every refusal names the key."""

import numpy as np
import pytest
from picture_data.plans import SADDLE, double_well_data, quadratic_modes_data

from landscape_control.display.plotting import data as figure_data
from landscape_control.display.plotting import figures
from landscape_control.support.errors import ProblemError


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
