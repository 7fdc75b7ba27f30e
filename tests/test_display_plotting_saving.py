"""Saving pictures, and leaving the world alone."""

import subprocess
import sys

import matplotlib
import pytest
from picture_data.results import coefficients_data, verdict_data

from landscape_control.display import plotting
from landscape_control.display.plotting import figures
from landscape_control.support.errors import ProblemError


def test_saving_writes_both_files_and_the_same_bytes_again(tmp_path):
    first = plotting.save(figures.coefficients(coefficients_data()), tmp_path / "new" / "a.b")
    again = plotting.save(figures.coefficients(coefficients_data()), tmp_path / "again")
    assert [path.name for path in first] == ["a.b.png", "a.b.pdf"]
    assert first[0].read_bytes().startswith(b"\x89PNG")
    assert first[1].read_bytes().startswith(b"%PDF")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


def test_saving_refuses_a_path_with_a_suffix(tmp_path):
    with pytest.raises(ProblemError, match="path without suffix"):
        plotting.save(figures.coefficients(coefficients_data()), tmp_path / "picture.png")


def test_drawing_changes_no_global_setting(tmp_path):
    before = dict(matplotlib.rcParams)
    plotting.save(figures.verdict(verdict_data()), tmp_path / "picture")
    assert dict(matplotlib.rcParams) == before


def test_plotting_never_imports_pyplot():
    code = (
        "import sys, landscape_control.display.plotting; print('matplotlib.pyplot' in sys.modules)"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout.strip()
        == "False"
    )
