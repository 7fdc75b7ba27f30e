"""Records on disk: what is saved loads into a working object with the same numbers, and damage is
told from a record.
"""

import dataclasses
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import record_samples
from record_samples import FOLDER, MAKERS, computed_numbers, stored_numbers
from recorded_problems import EVERY, HIDDEN, KNOWN, PROGRAMS

import landscape_control as lc
from landscape_control.optimisation import PolicyResult, optimize_policy
from landscape_control.policies import HeavyBall
from landscape_control.records import load, save, specification
from landscape_control.records.checksum import seal
from landscape_control.records.files import VERSION
from landscape_control.records.kinds import MODULES, class_of

xarray = pytest.importorskip("xarray")


@pytest.fixture(scope="module")
def made():
    """Each kind of result, made once."""
    return record_samples.made


def round_trip(value, folder):
    return load(save(value, folder / "record.nc"))


@pytest.mark.parametrize("name", MAKERS)
def test_loaded_results_give_the_same_numbers(name, made, tmp_path):
    value = made(name)
    loaded = round_trip(value, tmp_path)
    assert type(loaded) is type(value)
    assert stored_numbers(loaded) == stored_numbers(value)
    # it remembers its calls
    wanted = computed_numbers(round_trip(value, tmp_path) if name == "replanning" else value)
    assert np.array_equal(computed_numbers(loaded), wanted, equal_nan=True)
    if hasattr(value, "summary") and name != "replanning":
        assert loaded.summary() == value.summary()
        assert repr(loaded) == repr(value)


@pytest.mark.parametrize("name", EVERY)
def test_every_problem_survives_the_file(name, tmp_path):
    loaded = round_trip(EVERY[name], tmp_path)
    assert specification(loaded) == specification(EVERY[name])


@pytest.mark.parametrize("version", sorted(path.name for path in FOLDER.iterdir()))
def test_records_of_every_version_still_give_their_numbers(version):
    expected = json.loads((FOLDER / version / "expected.json").read_text(encoding="utf-8"))
    assert {path.stem for path in (FOLDER / version).glob("*.nc")} == set(expected)
    for name, wanted in expected.items():
        loaded = load(FOLDER / version / f"{name}.nc")
        assert type(loaded).__name__ == wanted["class"], name
        assert stored_numbers(loaded) == wanted["stored"], name
        scale = np.abs(wanted["computed"]).max(initial=0.0)
        assert computed_numbers(loaded) == pytest.approx(
            wanted["computed"], rel=1e-9, abs=1e-12 * scale
        ), name


def test_samples_cover_todays_format_and_every_kind_of_result():
    today = json.loads((FOLDER / f"v{VERSION}" / "expected.json").read_text(encoding="utf-8"))
    assert set(today) == set(MAKERS)
    results = {
        name
        for name in MODULES
        if issubclass(class_of(name), (lc.Solution, lc.BeliefSolution, PolicyResult))
    }
    assert results <= {sample["class"] for sample in today.values()}
    kinds = {
        kind
        for base in (lc.Solution, lc.BeliefSolution, PolicyResult)
        for kind in (base, *base.__subclasses__())
    }
    names = {kind.__name__ for kind in kinds if kind.__module__.startswith("landscape_control.")}
    assert names - {"BeliefSolution"} == results


def test_a_part_that_no_reader_knows_is_refused_when_it_is_saved(made, tmp_path):
    @dataclasses.dataclass(frozen=True)
    class Unknown:
        number: float

    with pytest.raises(lc.ProblemError, match="Unknown"):
        save(dataclasses.replace(made("lqg"), assumes=Unknown(1.0)), tmp_path / "x.nc")


def test_a_loaded_solution_is_solved_again_compared_and_certified(made, tmp_path):
    solution = made("solution")
    loaded = round_trip(solution, tmp_path)
    assert loaded.certificate == solution.certificate
    assert loaded.certificate.passed
    assert len(loaded.plans) == len(solution.plans) > 1
    for one, other in zip(loaded.plans, solution.plans, strict=True):
        assert np.array_equal(one.end_basin, other.end_basin)
        assert one.found_from == other.found_from
        assert np.array_equal(one.at(1.7)[2], other.at(1.7)[2])
    again = lc.Solver(loaded.problem).solve(guess=loaded)
    assert again.cost == pytest.approx(solution.cost, rel=1e-9)
    assert again.best.iterations <= 1
    law, wanted = lc.path_law(loaded), lc.path_law(solution)
    assert str(law) == str(wanted)


def test_a_loaded_solution_is_drawn(made, tmp_path):
    loaded = round_trip(made("solution"), tmp_path)
    one, other = (
        lc.plotting.plan_data(s.best, s.problem.landscape, points=11)
        for s in (made("solution"), loaded)
    )
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_an_endless_plan_keeps_its_tail(made, tmp_path):
    solution = made("solution_endless")
    loaded, late = round_trip(solution, tmp_path), solution.times[-1] + 3.0
    assert all(
        np.array_equal(one, other)
        for one, other in zip(loaded.at(late), solution.at(late), strict=True)
    )
    assert loaded.best.tail.reliable == solution.best.tail.reliable


def test_failed_solutions_keep_their_status_and_message(tmp_path):
    solution = lc.solve(
        KNOWN["double well"], tolerance=1e-13, throw=False, max_elements=8, method="shooting"
    )
    loaded = round_trip(solution, tmp_path)
    assert not solution.status.ok
    assert (loaded.status, loaded.message, loaded.cost) == (
        solution.status,
        solution.message,
        solution.cost,
    )


def test_exact_policies_keep_what_they_know_of_the_belief(made, tmp_path):
    solution = made("lqg")
    loaded = round_trip(solution, tmp_path)
    for name in ("gain", "belief_gain", "steady_covariance", "filter_gain", "unobserved", "shrink"):
        assert np.array_equal(getattr(loaded, name), getattr(solution, name)), name
    assert np.array_equal(loaded.covariance([0.0, 0.5]), solution.covariance([0.0, 0.5]))
    assert np.array_equal(lc.raw_rule(loaded).kernel([0.1]), lc.raw_rule(solution).kernel([0.1]))


def test_loaded_policies_act_in_simulations(made, tmp_path):
    one, other = (
        lc.simulate(HIDDEN["reverting"], policy, episodes=3, step=0.1, horizon=1.0, seed=2)
        for policy in (made("lqg"), round_trip(made("lqg"), tmp_path))
    )
    assert one.cost == other.cost


def test_a_policy_result_keeps_every_optimum_and_its_checks(tmp_path):
    result = optimize_policy(
        PROGRAMS["descent"].task,
        HeavyBall(constant=True),
        PROGRAMS["descent"].objective,
        sees=PROGRAMS["descent"].sees,
    )
    loaded = round_trip(result, tmp_path)
    assert isinstance(loaded, PolicyResult)
    for one in dataclasses.fields(result):
        if not one.name.startswith("_") and one.name not in ("program", "optima"):
            assert getattr(loaded, one.name) == getattr(result, one.name), one.name
    assert [(c, dict(k), n) for c, k, n in loaded.optima] == [
        (c, dict(k), n) for c, k, n in result.optima
    ]
    assert loaded.certificate == result.certificate
    assert np.array_equal(loaded.identifiability.directions, result.identifiability.directions)
    assert specification(loaded.program) == specification(result.program)


def test_parts_of_results_are_saved_alone(made, tmp_path):
    plan = round_trip(made("solution").plans[1], tmp_path)
    assert np.array_equal(plan.at(0.7)[0], made("solution").plans[1].at(0.7)[0])
    grid = round_trip(made("grid").grid, tmp_path)
    assert np.array_equal(grid.value_at([0.3], [0.1]), made("grid").grid.value_at([0.3], [0.1]))
    assert (grid.cost, grid.summary()) == (made("grid").grid.cost, made("grid").grid.summary())


def test_data_sets_come_back_identical(made, tmp_path):
    path = made("table")
    assert round_trip(path, tmp_path).identical(path)


def test_other_programs_read_the_labels(made, tmp_path):
    tree = xarray.open_datatree(save(made("solution"), tmp_path / "s.nc"))
    plan = tree["plans/0"]
    assert plan["parameters"].dims == ("node", "parameter")
    assert plan["times"].attrs["units"] == "time units of the problem"
    assert plan["costates"].attrs["long_name"].startswith("current-value costate")
    assert float(plan.attrs["cost"]) == made("solution").cost
    assert json.loads(tree.attrs["record_versions"])["casadi"]
    assert json.loads(str(tree["problem"].values))["problem"]["kind"] == "ControlProblem"
    tree.close()
    data = xarray.open_dataset(save(made("table"), tmp_path / "t.nc"))
    assert set(data.coords) == {"discount", "seed", "label"}
    assert data["escaped"].dtype == bool
    data.close()


def test_results_save_themselves_and_replace_earlier_records(made, tmp_path):
    path = tmp_path / "x.nc"
    assert made("policy").save(str(path)) == path
    KNOWN["curved"].save(path)
    assert specification(load(path)) == specification(KNOWN["curved"])
    assert [one.name for one in tmp_path.iterdir()] == ["x.nc"]


def test_a_fresh_process_loads_and_runs_what_this_one_saved(made, tmp_path):
    path = save(made("lqg"), tmp_path / "x.nc")
    code = (
        "import sys\nfrom landscape_control.records import"
        " load\nprint(float(load(sys.argv[1]).policy([0.3], [0.1], 0.0)[0]).hex(), 'xarray' in"
        " sys.modules)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    ).stdout
    assert printed.split() == [float(made("lqg").policy([0.3], [0.1], 0.0)[0]).hex(), "False"]


def damaged(path, data):
    path.write_bytes(data)
    return path


def test_any_changed_or_missing_byte_is_found(made, tmp_path):
    data = save(made("policy"), tmp_path / "x.nc").read_bytes()
    for place in np.linspace(0, len(data) - 1, 60).astype(int):
        for broken in (data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :], data[:place]):
            with pytest.raises(lc.ProblemError, match=r"damaged|seal|cut off"):
                load(damaged(tmp_path / "broken.nc", broken))


def test_foreign_and_later_files_are_named(made, tmp_path):
    foreign = tmp_path / "foreign.nc"
    xarray.Dataset({"x": ("t", [1.0])}).to_netcdf(foreign, engine="h5netcdf")
    with pytest.raises(lc.ProblemError, match="another program"):
        load(foreign)
    with pytest.raises(lc.ProblemError, match="NetCDF-4"):
        load(damaged(tmp_path / "text.nc", b"not a record"))
    with pytest.raises(lc.ProblemError, match="check the name"):
        load(tmp_path / "nothing.nc")


def test_records_of_a_later_version_are_refused(made, tmp_path, monkeypatch):
    monkeypatch.setattr("landscape_control.records.files.VERSION", VERSION + 1)
    path = save(made("policy"), tmp_path / "x.nc")
    monkeypatch.undo()
    with pytest.raises(lc.ProblemError, match=f"version {VERSION + 1}.*upgrade"):
        load(path)


def test_unknown_kinds_are_refused(made, tmp_path):
    data = (
        save(made("policy"), tmp_path / "x.nc")
        .read_bytes()[:-90]
        .replace(b"Policy\x00", b"Police\x00")
    )
    with pytest.raises(lc.ProblemError, match="upgrade"):
        load(damaged(tmp_path / "y.nc", seal(data)))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (lc.double_well(), "Landscape"),
        ([1.0], "one result"),
        ({"a": 1.0}, "one result"),
        (None, "NoneType"),
        (lambda: 1.0, "function"),
    ],
)
def test_only_results_are_saved(value, words, tmp_path):
    with pytest.raises(lc.ProblemError, match=words):
        save(value, tmp_path / "x.nc")
    assert list(tmp_path.iterdir()) == []


def test_a_pickled_belief_solution_has_no_problem_to_save(made, tmp_path):
    with pytest.raises(lc.ProblemError, match="with its problem"):
        save(pickle.loads(pickle.dumps(made("lqg"))), tmp_path / "x.nc")


def test_places_that_cannot_be_written_are_refused(made, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for path, words in (
        (tmp_path, "a folder"),
        (tmp_path / "no" / "x.nc", "does not exist"),
        (tmp_path / "notes.txt", "of another kind"),
        (7, "a path"),
        (None, "a path"),
    ):
        with pytest.raises(lc.ProblemError, match=words):
            save(made("policy"), path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("path", [None, 7, ["x.nc"]])
def test_what_is_no_path_is_not_loaded(path):
    with pytest.raises(lc.ProblemError, match="path: expected a path"):
        load(path)


def test_netcdf_files_of_other_programs_are_left_alone(made, tmp_path):
    """Even one that another program made out of a record: who knows what was added."""
    mine, again = tmp_path / "mine.nc", tmp_path / "again.nc"
    xarray.Dataset({"x": ("t", [1.0, 2.0])}).to_netcdf(mine, engine="h5netcdf")
    with xarray.open_dataset(save(made("table"), tmp_path / "x.nc")) as opened:
        opened.assign(note=1.0).to_netcdf(again, engine="h5netcdf")
    for path in (mine, again):
        before = path.read_bytes()
        with pytest.raises(lc.ProblemError, match="without the seal.*another program"):
            save(made("policy"), path)
        assert path.read_bytes() == before


def test_a_damaged_record_is_replaced_as_long_as_it_has_its_seal(made, tmp_path):
    path = save(made("policy"), tmp_path / "x.nc")
    data = path.read_bytes()
    damaged(path, data[:100] + bytes([data[100] ^ 4]) + data[101:])
    assert stored_numbers(load(save(made("policy"), path))) == stored_numbers(made("policy"))
    damaged(path, data[:-10])
    with pytest.raises(lc.ProblemError, match="cut off"):
        save(made("policy"), path)


def test_a_full_disk_leaves_the_earlier_record_and_nothing_else(made, tmp_path):
    path = save(made("policy"), tmp_path / "x.nc")
    before = path.read_bytes()
    code = (
        "import resource, sys\nfrom landscape_control import ProblemError\n"
        "from landscape_control.records import load, save\n"
        "value = load(sys.argv[1])\nresource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))\n"
        "try:\n    save(value, sys.argv[1])\nexcept ProblemError as error:\n    print(error)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert "free some space" in found.stdout
    assert found.stderr == ""
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["x.nc"]


def test_a_crash_while_writing_leaves_the_earlier_record(made, tmp_path, monkeypatch):
    path = save(made("policy"), tmp_path / "x.nc")
    before = path.read_bytes()

    def refuse(*_):
        raise OSError("no rename today")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(lc.ProblemError, match="no rename today"):
        save(KNOWN["curved"], path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["x.nc"]


def test_tables_of_other_things_are_refused(tmp_path):
    objects = xarray.Dataset({"x": ("t", np.array([object()], dtype=object))})
    with pytest.raises(lc.ProblemError, match="'x'"):
        save(objects, tmp_path / "x.nc")
    with pytest.raises(lc.ProblemError, match="'made'"):
        save(xarray.Dataset(attrs={"made": [1, 2]}), tmp_path / "x.nc")


def test_the_format_is_documented():
    text = (
        Path(record_samples.__file__).resolve().parent.parent
        / "landscape_control/records/FORMAT.md"
    ).read_text("utf-8")
    assert f"# The record format, version {VERSION}" in text
    for name in MODULES:
        assert name in text, name
