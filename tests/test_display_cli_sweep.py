"""The commands sweep, resume and show: axes in words, results in a folder, one line when something
is wrong.
"""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import xarray

from landscape_control import ProblemError, load
from landscape_control.display import cli
from landscape_control.display.cli.axis_texts import read_axis

pytestmark = pytest.mark.usefixtures("sample_claims")


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("horizon=0.1:10:3log", "horizon", [0.1, 1.0, 10.0]),
        ("horizon=1:2:3", "horizon", [1.0, 1.5, 2.0]),
        ("horizon=1,2.5,inf", "horizon", [1, 2.5, float("inf")]),
        ("seed=0:4:5", "seed", [0, 1, 2, 3, 4]),
        ("cost=terminal,running", "cost", ["terminal", "running"]),
        ("family.constant=true,false", "family.constant", [True, False]),
        ("a.b=-1:1:2lin", "a.b", [-1, 1]),
        ("horizon/discount=1/0.1, 2/0.3", ("horizon", "discount"), [(1, 0.1), (2, 0.3)]),
    ],
)
def test_axes_are_read_from_words(text, name, values):
    found, given = read_axis(text)
    assert found == name
    assert given == pytest.approx(values) if isinstance(values[0], float) else given == values
    assert [type(one) for one in given] == [type(one) for one in values]


@pytest.mark.parametrize(
    "text",
    [
        "horizon",
        "horizon=",
        "=1",
        "horizon=1:2",
        "horizon=0:1:3log",
        "horizon=a:b:3",
        "horizon=1:inf:4",
        "horizon=1:2:0",
        "horizon=1:2:3:4",
        "horizon/discount=1,2",
    ],
)
def test_axes_that_cannot_be_read_are_refused(text):
    with pytest.raises(ProblemError, match="--axis"):
        read_axis(text)


def run(capsys, *arguments):
    status = cli.main([str(one) for one in arguments])
    return status, *capsys.readouterr()


def test_sweep_resume_and_show_tell_the_same_story(capsys, tmp_path):
    folder, file = tmp_path / "run", tmp_path / "run.nc"
    status, out, err = run(
        capsys,
        "sweep",
        "sample-rate",
        "--axis",
        "horizon=0.5,1,2",
        "--axis",
        "discount=0:1:2",
        "--measure",
        "cost,end_basin",
        "--store",
        folder,
        "--workers",
        1,
        "--output",
        file,
    )
    assert status == 0, err
    for part in (
        "horizon (objective.horizon): 3 values, 0.5 … 2",
        "6 of 6 done: 6 converged",
        "cost",
        "versions",
        "seed 0",
    ):
        assert part in out
    assert "6 of 6 cells" in err
    atlas = xarray.load_dataset(file)
    assert load(file).equals(load(folder))
    assert float(atlas["cost"].sel(horizon=1.0, discount=0.0)) == pytest.approx(
        np.tanh(1) / 2, rel=1e-6
    )
    assert run(capsys, "resume", folder)[1] == out == run(capsys, "show", folder)[1]
    document = json.loads(run(capsys, "show", folder, "--json")[1])
    assert document["status"] == {"converged": 6}
    assert document["failed"] == 0


@pytest.mark.parametrize("place", ["missing/out.nc", ".", "notes.nc"])
def test_an_output_that_cannot_be_written_is_said_before_anything_is_solved(
    capsys, tmp_path, place
):
    (tmp_path / "notes.nc").write_text("of somebody")
    status, _, err = run(
        capsys,
        "sweep",
        "sample-rate",
        "--axis",
        "horizon=1",
        "--output",
        tmp_path / place,
        "--store",
        tmp_path / "run",
    )
    assert status == 2
    assert "--output: expected a file that can be written" in err
    assert not (tmp_path / "run").exists()
    assert (tmp_path / "notes.nc").read_text() == "of somebody"


def test_parameters_move_together_on_the_command_line(capsys, tmp_path):
    status, out, err = run(
        capsys, "sweep", "sample-rate", "--axis", "horizon/discount=0.5/0,1/0.1", "--workers", 1
    )
    assert status == 0, err
    assert "2 of 2 done" in out


def test_failed_cells_are_counted_and_exit_1(capsys, tmp_path):
    status, out, _ = run(
        capsys,
        "sweep",
        "sample-rate",
        "--axis",
        "horizon=1,2",
        "--measure",
        "momentum",
        "--workers",
        1,
        "--store",
        tmp_path / "run",
    )
    assert status == 1
    assert "2 measure raised" in out
    assert run(capsys, "resume", tmp_path / "run", "--retry-failed")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sweep", "sample-rate"], "at least one axis"),
        (["sweep", "sampel-rate", "--axis", "horizon=1"], "did you mean 'sample"),
        (["sweep", "sample-rate", "--axis", "horizn=1"], "did you mean 'horizon'"),
        (["sweep", "sample-rate", "--axis", "horizon=-1"], "axis 'horizon' at -1"),
        (
            ["sweep", "sample-rate", "--axis", "horizon=1", "--measure", "cots"],
            "did you mean 'cost'",
        ),
        (["sweep", "sample-rate", "--axis", "horizon=1", "--axis", "horizon=2"], "different names"),
        (
            ["sweep", "sample-rate", "--axis", "horizon=1", "--method", "nothing"],
            "one of 'auto', 'action'",
        ),
        (["resume", "nowhere"], "the folder of a sweep"),
        (["show", "nowhere"], "the folder of a sweep"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_2(capsys, arguments, words):
    status, _, err = run(capsys, *arguments)
    assert status == 2
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_ctrl_c_leaves_a_store_and_says_how_to_go_on(capsys, tmp_path):
    folder = tmp_path / "run"
    command = [
        sys.executable,
        "-m",
        "landscape_control.display.cli",
        "sweep",
        "double-well",
        "--axis",
        "horizon=0.5:10:30log",
        "--axis",
        "discount=0.01:1:30log",
        "--store",
        folder,
        "--workers",
        "2",
    ]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and len(list(folder.glob("chunks/*.npz"))) < 2:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: workers get it too
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (
        err.strip().splitlines()[-1]
        == f"interrupted; what was finished is kept: landscape-control resume {folder}"
    )
    assert "Traceback" not in err
    assert " done: " in run(capsys, "show", folder)[1]
