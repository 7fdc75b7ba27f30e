"""Chunks that an executor is handed together: how many, and that nothing else depends on it."""

import time
from concurrent.futures import Executor, Future

import numpy as np
import pytest

import landscape_control as lc
from landscape_control.sweeps.bundles import SECONDS, UNKNOWN, Bundles, workers_of

BOWL = lc.ControlProblem(
    landscape=lc.quadratic(hessian=[[2.0]]), start=[1.0], objective=lc.Objective(horizon=1.0)
)
AXES = {"horizon": np.geomspace(0.5, 10, 40), "discount": np.geomspace(0.01, 1, 40)}


class Immediate(Executor):
    """Carries tasks out at once; ``spoil`` says of a bundle whether its worker dies."""

    def __init__(self, workers, spoil=lambda chunks: False):
        self._max_workers, self.spoil, self.tasks = workers, spoil, []

    def submit(self, function, /, *args, **kwargs):
        self.tasks.append(args[-1])
        future = Future()
        if self.spoil(args[-1]):
            future.set_exception(OSError("the worker died"))
        else:
            future.set_result(function(*args, **kwargs))
        return future


def bundled(chunks, workers, seconds, cells=10):
    bundles, made = Bundles(range(chunks), cells_per_chunk=cells, workers=lambda: workers), []
    while bundles.left:
        made.append(bundles.made[bundles.take()])
        bundles.note(seconds * len(made[-1]), len(made[-1]))
    return made


@pytest.mark.parametrize("workers", [1, 4, 1000])
@pytest.mark.parametrize("seconds", [0.0, 0.003, 0.5, 60.0])
def test_every_chunk_is_handed_out_once_and_bundles_shrink_towards_the_end(workers, seconds):
    made = bundled(5000, workers, seconds)
    assert [chunk for bundle in made for chunk in bundle] == list(range(5000))
    sizes = [len(bundle) for bundle in made]
    assert sizes[0] == 1  # nothing is known yet
    assert max(sizes) * seconds <= max(SECONDS, seconds)
    assert sizes[1:] == sorted(sizes[1:], reverse=True)
    # where work is left for all of them twice, no worker is given more than its share
    left = 5000 - np.cumsum([0, *sizes[:-1]])
    assert all(
        size == 1 or size <= most / (2 * workers) for size, most in zip(sizes, left, strict=True)
    )


def test_chunks_that_take_long_or_are_large_are_handed_out_one_by_one():
    assert len(bundled(50, 2, seconds=3.0)) == 50
    assert len(bundled(50, 2, seconds=1e-4, cells=2**17)) == 50


def test_times_of_single_chunks_that_build_solvers_do_not_count_for_the_others():
    bundles = Bundles(range(1000), cells_per_chunk=10, workers=lambda: 1)
    for seconds in (30.0, 0.01, 0.01):
        bundles.note(seconds, 1)
    assert len(bundles.made[bundles.take()]) == round(SECONDS / 0.01)


def test_the_size_of_a_cluster_is_asked_for_and_asked_again(monkeypatch):
    class Client:
        def nthreads(self):
            return {"a": 3, "b": 4}

    class OfDask:
        _client = Client()

    assert workers_of(OfDask()) == 7
    assert workers_of(Immediate(5)) == 5
    assert workers_of(Executor()) == UNKNOWN
    sizes = iter([2, 50])
    bundles = Bundles([], cells_per_chunk=1, workers=lambda: next(sizes))
    assert [bundles.workers, bundles.workers] == [2, 2]
    later = time.monotonic() + 60
    monkeypatch.setattr("landscape_control.sweeps.bundles.time.monotonic", lambda: later)
    assert bundles.workers == 50


def test_bundles_change_neither_numbers_nor_files(tmp_path):
    executor = Immediate(1)
    near = lc.sweep(BOWL, AXES, measure="exact_cost", chunk=8, workers=1, store=tmp_path / "near")
    far = lc.sweep(
        BOWL, AXES, measure="exact_cost", chunk=8, executor=executor, store=tmp_path / "far"
    )
    assert far.identical(near.assign_attrs(far.attrs))
    assert len(executor.tasks) < 100 < sum(map(len, executor.tasks)) == 200
    for one in (tmp_path / "near" / "chunks").iterdir():
        with np.load(one) as mine, np.load(tmp_path / "far" / "chunks" / one.name) as other:
            assert mine.keys() == other.keys()
            values = set(mine.keys()) - {"seconds", "sha256"}
            assert all(np.array_equal(mine[name], other[name]) for name in values)


def test_a_bundle_that_is_lost_costs_only_the_chunk_that_kills():
    executor = Immediate(1, spoil=lambda chunks: 77 in chunks)
    found = lc.sweep(BOWL, AXES, measure="exact_cost", chunk=8, executor=executor)
    lost = found["status"].values == "lost"
    assert lost.sum() == 8
    assert set(found["status"].values[~lost]) == {"computed"}
    tries = [chunks for chunks in executor.tasks if 77 in chunks]
    assert [len(chunks) for chunks in tries[1:]] == [1, 1]
    assert len(tries[0]) > 1
