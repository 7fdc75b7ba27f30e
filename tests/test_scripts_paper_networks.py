"""The script of the paper's networks, as a user calls it."""

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray
from data_files import write_mnist

import landscape_control as lc

pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
pytestmark = pytest.mark.networks

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "paper_networks.py"


def called(*options):
    command = [sys.executable, SCRIPT, *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_folder_gives_curves_and_a_picture_and_is_gone_on_with(tmp_path):
    write_mnist(tmp_path / "data")
    policy = lc.Policy(
        family=lc.policies.HeavyBall(constant=True),
        coefficients={"learning_rate": 0.02, "momentum": 0.9},
        horizon=4,
    )
    lc.save(policy, tmp_path / "policy.nc")
    common = ["--data", tmp_path / "data", "--seeds", 2, "--output", tmp_path / "out"]
    common += ["--only", "sgd", "ballistic", "planned", "--policy", tmp_path / "policy.nc"]
    first = called(*common, "--epochs", 1)
    assert first.returncode == 0, first.stderr
    assert "published 0.3646" in first.stdout
    assert "planned heavy ball" in first.stdout
    assert (tmp_path / "out" / "e" / "curves.png").is_file()
    one = lc.load(tmp_path / "out" / "e" / "result.nc")
    again = called(*common, "--epochs", 2)
    assert again.returncode != 0
    assert "--resume" in again.stderr
    assert "Traceback" not in again.stderr
    further = called(*common, "--epochs", 2, "--resume")
    assert further.returncode == 0, further.stderr
    two = lc.load(tmp_path / "out" / "e" / "result.nc")
    assert dict(two.sizes) == {"recipe": 3, "seed": 2, "epoch": 2}
    np.testing.assert_array_equal(two["training_loss"][..., :1], one["training_loss"])


def test_diverged_seeds_are_counted_and_not_averaged(capsys):
    """Of two seeds one has no second epoch; of another recipe none has any."""
    script = runpy.run_path(str(SCRIPT))
    dims = ("recipe", "seed", "epoch")
    loss = np.array([[[0.5, 0.25], [0.7, np.nan]], [[np.nan] * 2] * 2])
    table = xarray.Dataset(
        {"training_loss": (dims, loss), "test_accuracy": (dims, 100 * loss)},
        {"recipe": ["adam", "wild"], "label": ("recipe", ["Adam", "wild"]), "epoch": [1, 2]},
        {"tuning": "{}"},
    )
    script["tell"](table, ((), ()))
    said = capsys.readouterr().out
    assert "epoch  1  loss 0.6000 ± 0.1414  test 60.00 %\n" in said
    assert "epoch  2  loss 0.2500  test 25.00 %  (the others: 1 of 2 seeds diverged)" in said
    assert said.count("2 of 2 seeds diverged") == 2
    assert "nan" not in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--data", "nowhere"], "train-images-idx3-ubyte"),
        (["--data", "nowhere", "--panel", "f"], "cifar-10-binary.tar.gz"),
        (["--generated", "--panel", "f"], "panel e only"),
        (["--generated", "--only", "sdg"], "no recipe 'sdg'"),
        (["--generated", "--threads", 0], "--threads"),
    ],
)
def test_what_is_wrong_is_said_in_words(tmp_path, options, words):
    run = called(*options, "--output", tmp_path)
    assert run.returncode != 0
    assert words in run.stderr
    assert "Traceback" not in run.stderr


def test_a_file_that_holds_no_policy_is_refused_before_anything_is_trained(tmp_path):
    problem = lc.ControlProblem(
        landscape=lc.Landscape.from_expression(lambda theta: theta[0] ** 2, dimension=1),
        start=[1.0],
        objective=lc.Objective(horizon=1.0, learning_rate=0.1),
    )
    lc.save(problem, tmp_path / "problem.nc")
    run = called("--generated", "--policy", tmp_path / "problem.nc", "--output", tmp_path / "out")
    assert run.returncode != 0
    assert "expected a policy" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "out").exists()


def test_a_study_in_which_all_runs_diverge_is_told_kept_and_drawn(tmp_path):
    policy = lc.Policy(
        family=lc.policies.HeavyBall(constant=True),
        coefficients={"learning_rate": 1e30, "momentum": 0.9},
        horizon=4,
    )
    lc.save(policy, tmp_path / "far.nc")
    options = ["--seeds", 2, "--epochs", 2, "--only", "planned", "--policy", tmp_path / "far.nc"]
    run = called("--generated", *options, "--output", tmp_path / "out")
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "out" / "e" / "curves.png").is_file()
    table = lc.load(tmp_path / "out" / "e" / "result.nc")
    assert np.isnan(table["test_loss"]).all()
    np.testing.assert_array_equal(table["diverged"], 1)
