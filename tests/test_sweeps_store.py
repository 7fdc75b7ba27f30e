"""A sweep on disk: nothing lost to kills, interrupts, full disks or flipped bits, and resumed to
the same dataset.
"""

import errno
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
import xarray
from standard import BOWL

from landscape_control import ControlProblem, Objective, ProblemError, double_well, load
from landscape_control.sweeps import describe, lines, load_store, resume, sweep
from landscape_control.sweeps.chunk_file import DamagedError, arrays_of, pack, texts_of, unpack
from landscape_control.sweeps.columns import columns_of
from landscape_control.sweeps.identity import code_of, why_other
from landscape_control.sweeps.measures import Measure, as_measure
from landscape_control.sweeps.store import Store

AXES = {"horizon": [1.0, 2.0, 3.0, 4.0], "discount": [0.0, 0.5, 1.0]}

SCRIPT = """
    import sys, os, signal
    import landscape_control as lc
    from landscape_control.sweeps import sweep
    problem = lc.ControlProblem(landscape=lc.quadratic(hessian=[[2.0]]), start=[1.0], objective=lc.Objective(horizon=1.0))
    def stop(progress):
        if progress.done >= 40:
            os.kill(os.getpid(), int(sys.argv[2]))
    grid = {"horizon": [1 + i / 10 for i in range(12)], "discount": [i / 10 for i in range(8)]}
    sweep(problem, grid, measure="cost", store=sys.argv[1], workers=2, chunk=8, progress=stop if int(sys.argv[2]) else None)
"""


def run(folder, **changes):
    return sweep(
        BOWL, AXES, **{"measure": ["cost"], "store": folder, "workers": 1, "chunk": 2, **changes}
    )


def same(one, other):
    assert one.identical(other.assign_attrs(one.attrs))


@pytest.fixture
def finished(tmp_path):
    return run(tmp_path / "run"), tmp_path / "run"


def chunks(folder):
    return sorted((folder / "chunks").iterdir())


def interrupted(folder, number):
    """A script that sends itself a signal in the middle of a sweep with two forked workers."""
    script = folder.with_suffix(".py")
    script.write_text(textwrap.dedent(SCRIPT))
    return subprocess.run(
        [sys.executable, script, folder, str(int(number))],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert interrupted(folder, 0).returncode == 0
    return folder


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_killed_or_interrupted_runs_resume_to_the_uninterrupted_dataset(tmp_path, whole, number):
    done = interrupted(tmp_path / "killed", number)
    assert done.returncode == -number or "KeyboardInterrupt" in done.stderr
    partial = load_store(tmp_path / "killed")
    count = int((partial["status"] == "converged").sum())
    assert 8 <= count < 96  # the chunk that was just reported may still be on its way to the disk
    assert "not run" in partial["status"]
    assert f"{count} of 96 done" in describe(partial)
    resumed = resume(tmp_path / "killed", workers=1)
    same(resumed, load_store(whole))
    same(resumed, load(whole / "result.nc"))
    if sys.platform == "linux":
        _wait_until_gone(str(tmp_path / "killed.py"))  # workers end with their parent


def _wait_until_gone(pattern):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and pattern in _commands():
        time.sleep(0.1)
    assert pattern not in _commands()


def _commands():
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    found.append(file.read().decode(errors="replace"))
            except OSError:
                continue
    return "\n".join(found)


def test_the_folder_holds_plain_files_that_say_what_they_are(finished):
    atlas, folder = finished
    assert {path.name for path in folder.iterdir()} == {"plan.json", "chunks", "result.nc", "lock"}
    assert len(chunks(folder)) == 6
    with np.load(chunks(folder)[0], allow_pickle=False) as archive:
        assert {"cells", "value cost", "words", "owner", "sha256"} <= set(archive.files)
    assert xarray.load_dataset(folder / "result.nc").equals(atlas)
    same(atlas, load(folder / "result.nc"))
    same(atlas, load_store(folder))


def test_a_finished_store_is_read_and_nothing_solved(finished, monkeypatch):
    atlas, folder = finished
    monkeypatch.setattr("landscape_control.planning.solver.Solver.solve", None)
    same(atlas, resume(folder))
    same(atlas, run(folder))


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "other"])
def test_a_damaged_chunk_is_found_and_computed_again(finished, damage):
    atlas, folder = finished
    path = chunks(folder)[2]
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[content.index(b"value cost") + 300] ^= 1
    path.write_bytes(
        {"cut": content[:200], "empty": b"", "other": b"not a chunk"}.get(damage, bytes(content))
    )
    assert int((load_store(folder)["status"] == "not run").sum()) == 2
    same(atlas, resume(folder))
    assert int((load_store(folder)["status"] == "not run").sum()) == 0


def test_the_checksum_covers_every_byte_of_the_numbers():
    rows = [{"status": "converged", "value x": 1.0}, {"status": "raised"}]
    packed = pack(arrays_of(columns_of([0, 1], rows)))
    columns = unpack(packed)
    assert texts_of(columns)["status"] == ["converged", "raised"]
    altered = {
        **columns,
        "value x": columns["value x"] + 1e-16 + np.array([np.finfo(float).eps, 0]),
    }
    with pytest.raises(DamagedError):
        unpack(pack(altered).replace(_digest(pack(altered)), _digest(packed)))


def _digest(packed):
    with np.load(__import__("io").BytesIO(packed)) as archive:
        return archive["sha256"].tobytes()


def test_a_chunk_of_another_sweep_or_place_is_found_and_computed_again(finished, tmp_path):
    atlas, folder = finished
    sweep(
        BOWL.changed(loss_weight=3.0),
        AXES,
        measure=["cost"],
        store=tmp_path / "other",
        workers=1,
        chunk=2,
    )
    shutil.copy(chunks(tmp_path / "other")[1], chunks(folder)[1])
    shutil.copy(chunks(folder)[3], chunks(folder)[4])
    assert int((load_store(folder)["status"] == "not run").sum()) == 4
    same(atlas, resume(folder))
    same(atlas, load_store(folder))


def test_an_edited_plan_is_refused(finished):
    path = finished[1] / "plan.json"
    text = path.read_text()
    assert "4.0" in text
    path.write_text(text.replace("4.0", "5.0"))
    for use in (load_store, resume, run):
        with pytest.raises(ProblemError, match="do not agree with their checksum"):
            use(finished[1])


def test_a_damaged_result_is_written_again(finished):
    atlas, folder = finished
    path = folder / "result.nc"
    for content in (path.read_bytes()[:-200], b"", b"notes"):
        path.write_bytes(content)
        resume(folder)
        same(atlas, load(path))
    before = path.stat().st_mtime_ns
    resume(folder)
    assert path.stat().st_mtime_ns == before


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path):
    for name in ("thesis.part", "result.nc"):
        (tmp_path / name).write_text("years of work")
    with pytest.raises(
        ProblemError, match="a new or empty folder, or one with a plan.json; received .*result.nc"
    ):
        run(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result.nc", "thesis.part"]
    run(tmp_path / "run")
    for name in ("mine.part", ".result.nc.0123abcd.part", "chunks/.000001.npz.0123abcd.part"):
        (tmp_path / "run" / name).write_text("")
    resume(tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").rglob("*.part")] == ["mine.part"]


SCALE = 1.0


def scaled(solution):
    return helped(solution) * SCALE


def helped(solution):
    return solution.cost


def weighing(weights):
    return lambda solution: float(np.sum(weights)) * solution.cost


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (lambda solution: solution.cost, lambda solution: -solution.cost),
        (lambda solution: solution.cost + 1, lambda solution: solution.cost + 2),
        (
            lambda solution, power=1: solution.cost**power,
            lambda solution, power=2: solution.cost**power,
        ),
        (weighing(np.ones(3)), weighing(np.ones(2))),
        (weighing([1, 2]), weighing([1, 3])),
        (
            Measure(name="m", function=lambda cell: cell.solution.cost),
            Measure(name="m", function=lambda cell: 0.0),
        ),
        (partial(pow, 2), partial(pow, 3)),
        (cache(lambda solution: solution.cost), cache(lambda solution: 0.0)),
    ],
)
def test_another_function_of_the_same_name_does_not_get_the_numbers_of_the_first(first, second):
    one, again, other = (code_of(as_measure(function)) for function in (first, first, second))
    assert one == again
    assert why_other(one, other) == "has other code, or uses other values"


def test_a_changed_measure_is_refused_naming_it(tmp_path, monkeypatch):
    first = run(tmp_path, measure=[lambda solution: solution.cost])
    # the same words, elsewhere
    same(first, run(tmp_path, measure=[lambda solution: solution.cost]))
    with pytest.raises(
        ProblemError,
        match=r"differs in measure 'lambda' \(has other code, or uses other values\)\. ",
    ):
        run(tmp_path, measure=[lambda solution: -1.0])
    chunks(tmp_path)[0].unlink()
    with pytest.raises(
        ProblemError,
        match="measure 'lambda': expected the function that the sweep was started with",
    ):
        resume(tmp_path, measure=[lambda solution: -1.0])
    same(first, resume(tmp_path, measure=[lambda solution: solution.cost], workers=1))


def test_code_is_known_again_in_another_process(tmp_path):
    (tmp_path / "mine.py").write_text(
        textwrap.dedent("""
        import numpy as np
        from landscape_control import quadratic
        WORDS, FEW = ("a", "b"), np.arange(3.0)
        bowl = quadratic(hessian=[[2.0]])

        def make(weights, names):
            return lambda solution: weights["w"] if solution.method in {"x", "y", "z"} | names else WORDS[0] + str(FEW)

        final = make({"w": np.ones(2)}, frozenset({"p", "q"}))
    """)
    )
    script = (
        "from landscape_control.sweeps.identity import code_of; from landscape_control.sweeps.measures"
        " import as_measure;import mine; print(code_of(as_measure(mine.final)))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in "12"
    }
    assert len(said) == 1
    assert len(said.pop().split()[1]) == 64


@pytest.mark.parametrize("change", [("SCALE", 2.0), ("helped", lambda solution: 0.0)])
def test_a_module_function_that_was_edited_is_refused_too(tmp_path, monkeypatch, change):
    run(tmp_path, measure=f"{__name__}:scaled")
    chunks(tmp_path)[0].unlink()
    monkeypatch.setitem(globals(), *change)
    with pytest.raises(ProblemError, match="measure 'scaled'"):
        resume(tmp_path, workers=1)
    with pytest.raises(ProblemError, match="measure 'scaled'"):
        run(tmp_path, measure=f"{__name__}:scaled")


def test_a_measure_whose_code_cannot_be_known_goes_on_only_where_its_owner_says_so(tmp_path):
    lock = threading.Lock()

    def guarded(solution):
        with lock:
            return solution.cost

    first = run(tmp_path, measure=guarded)
    chunks(tmp_path)[0].unlink()
    with pytest.raises(ProblemError, match="uses objects that cannot be compared"):
        run(tmp_path, measure=guarded)
    same(first, resume(tmp_path, measure=guarded, workers=1))


def test_a_second_process_is_refused_while_the_first_works(tmp_path):
    with (
        Store(tmp_path / "run"),
        pytest.raises(ProblemError, match=r"in use by process \d+ on ") as refused,
    ):
        run(tmp_path / "run")
    assert "wait for it" in refused.value.advice
    run(tmp_path / "run")  # the lock went with its owner


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"measure": ["cost", "iterations"]}, "measures (stored"),
        ({"seed": 1}, "seed (stored 0, now 1)"),
        ({"starts": 2}, "starts"),
        ({"options": {"tolerance": 1e-8}}, "options (stored {}"),
        ({"chunk": 3}, "most (stored 2, now 3)"),
    ],
)
def test_a_store_of_other_settings_is_refused_naming_them(finished, changes, words):
    with pytest.raises(ProblemError) as refused:
        run(finished[1], **changes)
    assert words in str(refused.value)
    assert "choose another folder" in refused.value.advice


def test_a_store_of_another_problem_grid_or_version_is_refused_naming_the_fields(
    finished, monkeypatch
):
    with pytest.raises(ProblemError, match=r"problem\.objective\.loss_weight; problem\.start"):
        sweep(
            BOWL.changed(loss_weight=2.0, start=[2.0]),
            AXES,
            measure=["cost"],
            store=finished[1],
            chunk=2,
        )
    with pytest.raises(ProblemError, match="values of axis 'discount'"):
        sweep(
            BOWL,
            {**AXES, "discount": [0.0, 0.5, 1.1]},
            measure=["cost"],
            store=finished[1],
            chunk=2,
        )
    with pytest.raises(ProblemError, match=r"axes \(stored horizon, discount, now horizon\)"):
        sweep(BOWL, {"horizon": AXES["horizon"]}, measure=["cost"], store=finished[1], chunk=2)
    monkeypatch.setattr("landscape_control.sweeps.plan.versions", lambda: {"casadi": "9.9"})
    with pytest.raises(ProblemError, match=r"version of casadi \(stored \d.*, now 9\.9\)"):
        run(finished[1])


def test_cells_are_not_computed_with_other_versions_than_planned(finished, monkeypatch):
    atlas, folder = finished
    monkeypatch.setattr("landscape_control.sweeps.versions.versions", lambda: {"casadi": "9.9"})
    same(atlas, resume(folder))
    chunks(folder)[0].unlink()
    with pytest.raises(ProblemError, match=r"versions: .*casadi 9\.9 \(planned \d"):
        resume(folder)


def test_a_full_disk_is_said_and_what_was_finished_kept(tmp_path, monkeypatch):
    written, replace = [], os.replace

    def full(source, target):
        written.append(target)
        if len(written) > 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(ProblemError, match="No space left on device") as refused:
        run(tmp_path / "run")
    assert "free some space; what was finished is kept: resume(" in refused.value.advice
    monkeypatch.undo()
    assert not list((tmp_path / "run").rglob("*.part"))
    assert int((load_store(tmp_path / "run")["status"] == "converged").sum()) == 6
    same(resume(tmp_path / "run", workers=1), run(tmp_path / "other"))


def test_folders_that_cannot_be_written_or_are_no_stores_are_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ProblemError, match="a folder that can be written to"):
        run(tmp_path / "file/run")
    with pytest.raises(ProblemError, match="without a readable plan.json"):
        resume(tmp_path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/plan.json").write_text("{}")
    with pytest.raises(ProblemError, match=r"plan.json is damaged or was edited"):
        load_store(tmp_path / "broken")


def test_failed_cells_are_retried_on_request_only(tmp_path):
    calls = tmp_path / "calls"  # a list in the closure would be another list by now

    def moody(solution):
        with calls.open("a") as file:
            file.write(".")
        if calls.stat().st_size == 3:
            raise ValueError("not today")
        return solution.cost

    first = run(tmp_path / "run", measure=moody)
    assert first.attrs["failed"] == 1
    with pytest.raises(ProblemError, match="pass the measures of the sweep again"):
        resume(tmp_path / "run", retry_failed=True)
    assert resume(tmp_path / "run").attrs["failed"] == 1
    assert (
        resume(tmp_path / "run", measure=moody, retry_failed=True, workers=1).attrs["failed"] == 0
    )
    assert calls.stat().st_size == 14  # the other cell of the chunk is done again too
    with pytest.raises(ProblemError, match="expected the measures of the store: moody"):
        resume(tmp_path / "run", measure="cost", retry_failed=True)


def test_variants_come_back_from_a_store_without_the_program_that_made_them(tmp_path):
    problem = ControlProblem(
        landscape=double_well(), start=[-0.6, 0.55], objective=Objective(horizon=2.0)
    )
    wells = {"flat": double_well(tilt=0.1), "tilted": double_well(tilt=0.6)}
    axes = {
        "landscape": wells,
        ("horizon", "start.0"): {"near": (1.0, 0.1), "far": (2.0, -0.3)},
        "seed": [0, 1],
    }
    atlas = sweep(problem, axes, measure="cost", store=tmp_path, workers=1, chunk=2)
    for path in chunks(tmp_path)[::2]:
        path.unlink()
    same(atlas, resume(tmp_path, workers=1))


def test_progress_counts_cells_and_foretells_the_rest(tmp_path):
    told, written = [], []
    run(tmp_path / "run", progress=told.append)
    assert [one.done for one in told] == [0, 2, 4, 6, 8, 10, 12]
    assert str(told[1]).startswith("2 of 12 cells, ")
    assert "about" in str(told[1])
    assert "left" not in str(told[-1])
    log = lines(written.append, every=1e9)
    for one in told:
        log(one)
    assert len(written) == 2  # the first and the last
    chunks(tmp_path / "run")[0].unlink()
    resume(tmp_path / "run", progress=told.append)
    assert told[-1].restored == 10


def test_infinite_values_and_words_survive_the_plan(tmp_path):
    axes = {"horizon": [1.0, np.inf], "terminal": {"none": None, "loss": "loss"}}
    atlas = sweep(BOWL, axes, measure="cost", store=tmp_path, workers=1)
    assert atlas["horizon"].values.tolist() == [1.0, np.inf]
    same(atlas, load_store(tmp_path))
    assert atlas["status"].values.tolist() == [["converged", "converged"], ["converged", "refused"]]


def test_stores_of_version_1_can_still_be_read():
    """L = ½hθ², γ = 0: J = ½√h tanh(√h T)."""
    atlas = load_store(Path(__file__).parent / "data/sweeps/v1")
    assert atlas["landscape"].values.tolist() == ["gentle", "steep"]
    root = np.array([1.0, 2.0])
    exact = root * np.tanh(np.array([[0.5], [1.0]]) * root) / 2
    np.testing.assert_allclose(atlas["cost"].sel(landscape=["gentle", "steep"]), exact, rtol=1e-6)
    assert set(atlas["status"].values.ravel()) == {"converged"}
    assert load(Path(__file__).parent / "data/sweeps/v1/result.nc").equals(atlas)
