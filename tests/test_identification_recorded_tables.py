"""Tables and arrays that are no recording are refused for what is wrong with them."""

import numpy as np
import pytest
from recorded_learning import recorded

from landscape_control import ProblemError, Recording


@pytest.fixture(scope="module")
def learning():
    return recorded("heavy_ball")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("step,value\n0,1,5\n", "a decimal point, not a comma"),
        ("step;value\n0;1,5\n", "a decimal point"),
        ("step,value\n0,inf\n", "infinity"),
        ("step,value,value\n0,1,2\n", "several called value"),
    ],
)
def test_numbers_that_would_be_read_as_others_are_refused(text, words, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(ProblemError, match=words):
        Recording.from_csv(path)


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_commas_semicolons_and_tabs_stand_between_entries(between, learning, tmp_path):
    weights, gradients = learning
    rows = [["step", "weight", "value", "gradient"]]
    for step, seen in enumerate(gradients):
        for weight, slope in enumerate(seen):
            rows.append(
                [str(step), f"w{weight}", repr(float(weights[step, weight])), repr(float(slope))]
            )
    path = tmp_path / "learning.csv"
    path.write_text("\n".join(between.join(row) for row in rows))
    direct = Recording.from_arrays(weights[:-1], gradients).runs[0]
    np.testing.assert_array_equal(Recording.from_csv(path).runs[0].updates, direct.updates)


def test_files_that_are_no_table_are_refused(tmp_path):
    with pytest.raises(ProblemError, match="which is a folder"):
        Recording.from_csv(tmp_path)
    path = tmp_path / "latin.csv"
    path.write_bytes("step,value\n0,1 µ\n".encode("latin-1"))
    with pytest.raises(ProblemError, match="UTF-8"):
        Recording.from_csv(path)


def test_arrays_are_refused_for_what_they_lack(learning):
    weights, gradients = learning
    with pytest.raises(ProblemError, match="missing everywhere"):
        Recording.from_arrays(np.full_like(weights, np.nan), gradients)
    with pytest.raises(ProblemError, match="3 steps at most"):
        Recording.from_arrays(weights[:4], gradients[:3])
    with pytest.raises(ProblemError, match="times of a recording"):
        Recording.from_arrays(weights, gradients, times=["noon"] * len(weights))
    with pytest.raises(ProblemError, match="weights of a recording"):
        Recording.from_arrays(weights + 0j, gradients)


def test_runs_that_are_too_short_are_said_to_be_left_out(learning):
    weights, gradients = learning
    recording = Recording.from_arrays([weights, weights[:4]], [gradients, gradients[:3]])
    assert "1 of 2 runs have fewer than 5 steps and are left out." in recording.notes
