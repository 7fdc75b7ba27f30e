"""Files are data: nothing in a record or a store makes its reader solve, allocate, look elsewhere,
or raise wordlessly.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import hostile_forgeries
import hostile_records
import hostile_runner
import numpy as np
import pytest
from hostile_records import ATTACKS, SAMPLES, STILL_READ, STORE, STORES, VALID, change_plan
from standard import BOWL

import landscape_control as lc
from landscape_control.records import load
from landscape_control.support.errors import ProblemError
from landscape_control.sweeps import resume, sweep

assert hostile_forgeries, "its attacks are put into the list as it is imported"
RUNNER = Path(hostile_runner.__file__)
SECONDS, MEGABYTES = 2.0, 200.0
BELIEF = ([0.1], [[0.2]])


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """{name: what came of loading it}, in a process of its own, which must come to its end."""
    folder = tmp_path_factory.mktemp("hostile")
    paths = {}
    for name, make in (ATTACKS | STORES).items():
        (folder / name).mkdir()
        paths[name] = make(folder / name)
    done = subprocess.run(
        [sys.executable, RUNNER, *map(str, paths.values())],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = map(json.loads, done.stdout.splitlines())
    return dict(zip(paths, results, strict=True)), folder


@pytest.mark.parametrize("name", ATTACKS | STORES)
def test_whatever_is_wrong_is_one_clear_error(name, attacked):
    found = attacked[0][name]
    assert found["outcome"] == ("loaded" if name in VALID | STILL_READ else "refused"), found[
        "message"
    ]
    assert found["seconds"] < SECONDS
    assert found["megabytes"] < MEGABYTES


def test_refusals_name_the_place_in_the_file(attacked):
    places = {
        "a_path_of_nan": "plans/0/parameters",
        "a_soft_link": "plans/1",
        "a_step_that_calls": "problem, ControlProblem, landscape, loss expression, step 1",
        "brackets_fifty_thousand_deep": "plans/0, record_other",
        "a_plan_of_400_digits": "plan",
        "a_start_of_nan": "problem, ControlProblem",
    }
    for name, place in places.items():
        assert f", {place}" in attacked[0][name]["message"], name


def test_nothing_outside_the_file_is_touched(attacked):
    _, folder = attacked
    assert not (folder / "settings_that_write_a_file" / "written").exists()
    left = {path.name for path in folder.rglob("*") if path.is_file()}
    assert left <= {
        "hostile.nc",
        "secret.h5",
        "secret.bin",
        "plan.json",
        "result.nc",
        "lock",
        *(path.name for path in (STORE / "chunks").iterdir()),
    }


def test_loading_solves_nothing(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("something was solved")

    paths = sorted(SAMPLES.glob("*.nc"))
    for path in paths:  # a module that is first imported below would keep what is put in its place
        load(path)
    for place in (
        "casadi.nlpsol",
        "landscape_control.planning.solver.Solver.__init__",
        "landscape_control.planning.beliefs.lqg.solve_lqg",
        "landscape_control.planning.beliefs.replanning.belief_solver",
        "scipy.linalg.solve_continuous_are",
        "scipy.integrate.solve_ivp",
    ):
        monkeypatch.setattr(place, refuse)
    for path in paths:
        load(path)


def test_the_equations_of_an_exact_policy_are_made_when_it_acts_and_must_give_its_gains(tmp_path):
    whole = load(SAMPLES / "lqg.nc")
    assert "linear" not in vars(whole)
    whole.policy([0.3], [0.1])
    assert "linear" in vars(whole)
    path = hostile_records.edited(
        tmp_path, lambda file: file["gain"].__setitem__(..., 2 * file["gain"][()]), "lqg"
    )
    with pytest.raises(ProblemError, match="gain: expected the gains that follow from the problem"):
        load(path).policy([0.3], [0.1])


@pytest.mark.parametrize(
    "name",
    [
        "settings_that_write_a_file",
        "settings_that_load_a_library",
        "settings_without_end",
        "settings_that_nobody_knows",
    ],
)
def test_a_replanning_policy_does_not_solve_with_what_a_file_asks_for(name, tmp_path):
    loaded = load(ATTACKS[name](tmp_path))
    with pytest.raises(ProblemError, match=r"never taken from a file.*solution\.given"):
        loaded.policy([0.3], BELIEF)
    assert not (tmp_path / "written").exists()


def test_optimiser_options_of_a_replanning_policy_are_given_again(tmp_path):
    loaded = load(ATTACKS["settings_of_the_optimiser"](tmp_path))
    with pytest.raises(ProblemError, match="'options': expected {'max_iter': 300}"):
        loaded.given(options={"max_iter": 5})
    again = loaded.given(options={"max_iter": 300})
    plain = load(SAMPLES / "replanning.nc")
    assert again.policy([0.3], BELIEF) == pytest.approx(plain.policy([0.3], BELIEF), rel=1e-6)
    with pytest.raises(ProblemError, match="max_iter|options"):
        load(again.save(tmp_path / "again.nc")).policy([0.3], BELIEF)


def test_optimiser_options_of_a_sweep_are_given_again(tmp_path):
    options = {"options": {"max_iter": 200}, "tolerance": 1e-5}
    full = sweep(
        BOWL,
        {"horizon": [1.0, 2.0]},
        measure="cost",
        store=tmp_path / "run",
        workers=1,
        chunk=1,
        options=options,
    )
    sorted((tmp_path / "run/chunks").iterdir())[0].unlink()
    with pytest.raises(
        ProblemError, match=r"never taken from a file.*resume\(store, options={options=…}\)|options"
    ):
        resume(tmp_path / "run", workers=1)
    with pytest.raises(ProblemError, match="expected {'max_iter': 200}"):
        resume(tmp_path / "run", workers=1, options={"options": {"max_iter": 1}})
    again = resume(tmp_path / "run", workers=1, options={"options": {"max_iter": 200}})
    assert np.array_equal(again["cost"], full["cost"])


@pytest.mark.parametrize(
    "options",
    [
        {"options": {"output_file": "written"}},
        {"options": {"hsllib": "evil.so", "linear_solver": "ma27"}},
        {"time_limit": 1e300},
        {"shell": "sh"},
        {"max_elements": 10**9},
        {"method": "os.system"},
    ],
)
def test_a_resealed_plan_asks_for_nothing(options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(STORE, tmp_path / "store")
    change_plan(tmp_path / "store", lambda tree: tree.update(options=options))
    with pytest.raises(ProblemError, match="never taken from a file"):
        resume(tmp_path / "store", workers=1)
    assert os.listdir(tmp_path) == ["store"]


def test_a_resealed_plan_calls_no_function_of_python_itself(tmp_path):
    shutil.copytree(STORE, tmp_path / "store")
    change_plan(tmp_path / "store", lambda tree: tree["measures"][0].update(address="os:system"))
    with pytest.raises(ProblemError, match="a function of your own; received 'os:system'"):
        resume(tmp_path / "store", workers=1)


def test_a_folder_in_the_place_of_a_chunk_is_named_when_a_sweep_goes_on(tmp_path):
    store = STORES["a_folder_named_like_a_chunk"](tmp_path)
    with pytest.raises(
        ProblemError, match=r"chunks that are files and can be read; received .*\.npz"
    ):
        resume(store, workers=1)


def test_a_lock_that_is_a_link_is_not_written_through(tmp_path):
    (tmp_path / "mine.txt").write_text("years of work")
    shutil.copytree(STORE, tmp_path / "store")
    (tmp_path / "store/lock").unlink(missing_ok=True)
    (tmp_path / "store/lock").symlink_to(tmp_path / "mine.txt")
    with pytest.raises(ProblemError, match="store"):
        resume(tmp_path / "store", workers=1)
    assert (tmp_path / "mine.txt").read_text() == "years of work"


def test_large_arrays_that_compress_well_are_saved_so_that_they_load(tmp_path):
    xarray = pytest.importorskip("xarray")
    zeros = xarray.Dataset({"x": ("t", np.zeros(2**23 + 7))})
    path = lc.records.save(zeros, tmp_path / "zeros.nc")
    assert path.stat().st_size > zeros.nbytes
    assert load(path).identical(zeros)


def test_a_file_that_unfolds_to_much_is_loaded_where_that_is_wanted(tmp_path, monkeypatch):
    xarray = pytest.importorskip("xarray")
    zeros = xarray.Dataset({"x": ("t", np.zeros(2**23 + 7))})
    with monkeypatch.context() as patch:
        patch.setattr("landscape_control.records.netcdf.most_bytes_of", lambda _: 2**40)
        path = lc.records.save(zeros, tmp_path / "zeros.nc")
    with pytest.raises(ProblemError, match=r"load\(path, most_bytes=\d+\) takes it") as refused:
        load(path)
    most_bytes = int(refused.value.advice.partition("most_bytes=")[2].partition(")")[0])
    assert load(path, most_bytes=most_bytes).identical(zeros)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_ordinary_file_is_not_read(kind, tmp_path):
    path = Path("/dev/zero")
    if kind == "pipe":
        path = tmp_path / "pipe.nc"
        os.mkfifo(path)
    with pytest.raises(ProblemError, match="a device or a pipe"):
        load(path)
