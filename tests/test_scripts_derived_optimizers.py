"""The script of the study of derived optimizers: tables of given runs, and a study that goes on."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import landscape_control as lc

torch = pytest.importorskip("torch", reason="needs PyTorch: make test-networks")
pytestmark = pytest.mark.networks

FOLDER = Path(__file__).resolve().parent.parent / "scripts"
sys.path.insert(0, str(FOLDER))

from derived_picture import ratios_data  # noqa: E402
from derived_results import OURS, Results  # noqa: E402
from derived_tables import against_grids, costs, deaths, equal_time, losses, predictions  # noqa: E402

from landscape_control.training.comparison import generated_tasks  # noqa: E402
from landscape_control.training.comparison.methods import GRIDS, grid, peers  # noqa: E402
from landscape_control.training.comparison.runs import compete  # noqa: E402
from landscape_control.training.comparison.store import RunStore  # noqa: E402


def a_run(loss, **numbers):
    plain = {"start_loss": 10.0, "test_loss": 2 * loss, "test_accuracy": np.nan, "diverged": 0}
    plain |= {"seconds": 1.0, "measuring_seconds": 0.0, "deriving_seconds": 0.0}
    plain |= {"measurements": 0, "lost_steps": 0, "predicted_loss": np.nan}
    return {"training_loss": loss, **plain, **numbers}


def made_up():
    """Losses 1, 2, ..., 16 in every grid, times 1 and 1.5 on two seeds; the derived one has 2.5."""
    steps, scale = 100, (1.0, 1.5)
    rows = {}
    for kind in GRIDS:
        for i, method in enumerate(grid(kind)):
            rows[method.key, steps] = {seed: a_run((i + 1) * scale[seed]) for seed in (0, 1)}
    for method in peers():
        if method.kind != "adam":
            rows[method.key, steps] = {seed: a_run(20 * scale[seed]) for seed in (0, 1)}
    spent = {"measuring_seconds": 8.0, "deriving_seconds": 1.0, "measurements": 4, "lost_steps": 3}
    ours = {
        seed: a_run(2.5 * scale[seed], predicted_loss=2.0 * scale[seed], **spent) for seed in (0, 1)
    }
    ours[2] = a_run(9.0, predicted_loss=1.0, **spent)
    rows[OURS.key, steps] = ours
    rows[grid("sgd")[0].key, 10 * steps] = {0: a_run(0.5)}
    return Results(task="made_up", steps=steps, rows=rows)


def cells(table, row):
    found = [line for line in table.splitlines() if line.startswith(f"| {row} ")]
    assert len(found) == 1
    return [cell.strip() for cell in found[0].strip("|").split("|")]


def test_tables_count_what_is_better_and_say_what_is_lost():
    each = made_up()
    assert cells(against_grids([each]), "made_up")[1:] == [
        *["2.5 [2.5, 2.5]"] * 5,
        "2, 2, 2, 2 of 16",
    ]
    ours = cells(losses([each]), "derived")[1]
    assert ours == f"{np.mean([2.5, 3.75, 9]):.4g} ± {np.std([2.5, 3.75, 9], ddof=1) / 3**0.5:.1g}"
    assert cells(losses([each]), "SGD tuned, constant")[1] == "1.25 ± 0.2 (α 0.01, an end)"
    assert cells(losses([each]), "Adam, median of the grid")[1] == f"{8.5 * 1.25:.4g}"
    measured = cells(costs([each]), "made_up")[1:]
    assert measured == ["1", "8", "1", "4.0", "3.0", "200", "10.0"]
    assert cells(deaths([each]), "made_up")[1:] == ["3", "0", "1", "9"]
    assert cells(equal_time([each]), "made_up")[2:] == ["10.0 ×", "0.5", "5"]
    expected = np.exp(np.mean(np.log([0.8, 0.8, 1 / 9])))
    assert cells(predictions([each]), "made_up")[3].startswith(f"{expected:.4g} [")


def test_the_picture_has_the_ratios_the_other_way_round():
    data = ratios_data([made_up()])
    np.testing.assert_allclose(data["ratios"][0, :5], [*[1 / 2.5] * 4, 20 / 2.5])
    np.testing.assert_allclose(np.sort(data["runs"][0])[::4], np.arange(1, 17) / 2.5)


def test_runs_that_diverged_are_told():
    each = made_up()
    each.rows[OURS.key, 100][0]["training_loss"] = np.inf
    assert cells(losses([each]), "derived")[1] == "diverged 1 of 3"
    assert cells(against_grids([each]), "made_up")[1] == "derived diverged"
    assert cells(deaths([each]), "made_up")[1:4] == ["3", "0", "2"]


def called(*options):
    command = [sys.executable, FOLDER / "derived_optimizers.py", *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_study_goes_on_where_it_was_and_gives_the_same_numbers(tmp_path):
    """One run is there already, with a loss that no run has: it stays; another is as made alone."""
    for package in ("sklearn", "prodigyopt", "schedulefree", "dog"):
        pytest.importorskip(package, reason="needs the extra study")
    store = RunStore(tmp_path)
    task = generated_tasks.noisy_logistic(seed=0)
    first, other = grid("adam")[11], grid("sgd")[9]
    found = compete(task=task, method=first)
    store.keep(task, first, 0, dataclasses.replace(found, training_loss=123.0))
    options = ["--output", tmp_path, "--only", "logistic", "--small", "--stage", "baselines"]
    run = called(*options)
    assert run.returncode == 0, run.stderr
    table = lc.load(tmp_path / "result.nc")
    kinds, rates = table["kind"].values, table["rate"].values
    made = (kinds == other.kind) & (rates == other.rate)
    alone = compete(task=task, method=other)
    assert table["training_loss"].values[made] == [alone.training_loss]
    assert 123.0 in table["training_loss"].values
    assert (tmp_path / "tables.md").read_text().strip() in run.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--only", "logistics"], "no task 'logistics'"),
        (["--data", "nowhere", "--only", "mnist_mlp"], "train-images-idx3-ubyte"),
        (["--table"], "none"),
    ],
)
def test_what_is_wrong_is_said_in_words(tmp_path, options, words):
    run = called(*options, "--output", tmp_path)
    assert run.returncode != 0
    assert words in run.stderr
    assert "Traceback" not in run.stderr
