"""What a sweep computes: every cell as if solved by itself, the same for any number of workers,
failures kept in place.
"""

import math
import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import casadi as ca
import numpy as np
import pytest
from standard import BOWL, WELL

from landscape_control import (
    Collocation,
    ControlProblem,
    Learner,
    Objective,
    ProblemError,
    double_well,
    linear_drift,
    quadratic,
    solve,
)
from landscape_control.model.landscape import Landscape, LandscapeDistribution, Uniform
from landscape_control.policies import GradientDescent, HeavyBall, PolicyProgram
from landscape_control.reference import LinearQuadratic
from landscape_control.sweeps import describe, sweep
from landscape_control.sweeps.measures import Measure
from landscape_control.sweeps.trajectories import TrajectoryRunner

GRID = {"discount": [0.1, 1.0, 3.0], "horizon": [0.5, 2.0, 4.0]}


def fussy(solution):
    """Refuses long horizons."""
    return (
        {"end": solution.parameters[-1, 0], "nodes": len(solution.times)}
        if solution.times[-1] < 3
        else 1 / 0
    )


def deadly_once(solution):
    """Kills its process the first time it is called at T = 2."""
    marker = Path(os.environ["SWEEP_TEST_MARKER"])
    if solution.times[-1] == 2 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return solution.cost


def deadly(solution):
    """Kills its process at T = 2, but never the one that runs the tests."""
    if solution.times[-1] == 2 and os.getpid() != int(os.environ["SWEEP_TEST_PARENT"]):
        os.kill(os.getpid(), signal.SIGKILL)
    return solution.cost


def same(one, other):
    """Bit for bit: values, words, coordinates and their attributes; only times taken may differ."""
    assert one.identical(other.assign_attrs(one.attrs))
    for name in one.data_vars:
        assert (
            one[name].values.tobytes() == other[name].values.tobytes() or one[name].dtype == object
        )
    timings = {"solver_seconds", "wall_seconds", "workers"}
    assert {k: v for k, v in one.attrs.items() if k not in timings} == {
        k: v for k, v in other.attrs.items() if k not in timings
    }


@pytest.fixture(scope="module")
def alone():
    return sweep(WELL, GRID, measure=["cost", fussy], workers=1, chunk=2)


def test_cells_are_what_solving_each_by_itself_gives(alone):
    for i, discount in enumerate(GRID["discount"]):
        for j, horizon in enumerate(GRID["horizon"]):
            cost = solve(WELL.changed(discount=discount, horizon=horizon)).cost
            assert alone["cost"][i, j] == pytest.approx(cost, rel=1e-9)


def test_two_processes_give_the_same_bits_as_one(alone):
    same(alone, sweep(WELL, GRID, measure=["cost", fussy], workers=2, chunk=2))


def test_one_worker_without_a_store_packs_and_sends_nothing(alone, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("nobody reads this")

    monkeypatch.setattr("landscape_control.sweeps.chunk_file.pack", refuse)
    monkeypatch.setattr("landscape_control.sweeps.plan.Plan.text", property(refuse))
    monkeypatch.setattr("pickle.dumps", refuse)
    same(alone, sweep(WELL, GRID, measure=["cost", fussy], workers=1, chunk=2))


def test_an_executor_of_processes_is_given_what_it_can_be_given():
    axes = {"horizon": [1.0, 2.0]}
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        with pytest.raises(ProblemError, match="functions that other processes can be given"):
            sweep(BOWL, axes, measure=lambda solution: solution.cost, executor=executor, chunk=1)
        far = sweep(BOWL, axes, measure="cost", executor=executor, chunk=1)
        same(sweep(BOWL, axes, measure="cost", workers=1, chunk=1), far)
    with pytest.raises(ProblemError, match="an executor that takes work; received RuntimeError"):
        sweep(BOWL, axes, measure="cost", executor=executor)


class Hopeless(Executor):
    """Every task fails, after it was taken."""

    def __init__(self, error):
        self.error, self.taken = error, 0

    def submit(self, function, /, *args, **kwargs):
        self.taken += 1
        future = Future()
        future.set_exception(self.error)
        return future


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError("no such package"),
            "workers that carry out at least one chunk; received OSError: no such package",
        ),
        (
            AttributeError("Can't pickle local object"),
            "functions that other processes can be given",
        ),
    ],
)
def test_an_executor_that_carries_out_nothing_is_no_grid_of_lost_cells(tmp_path, error, words):
    with pytest.raises(ProblemError) as refused:
        sweep(
            BOWL,
            {"horizon": [1.0, 2.0]},
            measure="cost",
            executor=Hopeless(error),
            chunk=1,
            store=tmp_path,
        )
    assert words in str(refused.value)
    assert not list((tmp_path / "chunks").iterdir())


def test_any_executor_gives_the_same_bits(alone):
    with ThreadPoolExecutor(2) as executor:
        same(alone, sweep(WELL, GRID, measure=["cost", fussy], executor=executor, chunk=2))


def test_a_measure_that_raises_costs_its_cell_only(alone):
    failed = alone["horizon"].values == 4.0
    assert (alone["status"].values[:, failed] == "measure raised").all()
    assert (alone["status"].values[:, ~failed] == "converged").all()
    assert "measure 'fussy': ZeroDivisionError" in str(alone["message"].values[0, 2])
    assert "in fussy" in str(alone["traceback"].values[0, 2])
    assert np.isnan(alone["fussy.end"].values[:, failed]).all()
    assert np.isfinite(alone["cost"].values).all()
    assert alone.attrs["failed"] == 3
    assert list(alone.data_vars)[:3] == ["cost", "fussy.end", "fussy.nodes"]
    assert "3 measure raised" in describe(alone)


# the second direction is concave: beyond T = 1 or so its cost falls without limit
UNSOLVABLE = ControlProblem(
    landscape=quadratic(hessian=np.diag([1.0, -0.3])),
    learner=Learner(actuation=[[1.0, 0.3], [0.0, 2.0]]),
    start=[1.0, 0.5],
    objective=Objective(horizon=1.0, discount=0.3),
)


def test_cells_without_an_answer_have_no_numbers():
    def words(solution):
        return "told"

    twice = Measure(
        name="twice", function=lambda cell: 2 * cell.problem.objective.horizon, needs="problem"
    )
    atlas = sweep(UNSOLVABLE, {"horizon": [1.0, 2.0]}, measure=["cost", words, twice], workers=1)
    assert atlas["status"].values.tolist() == ["converged", "unbounded"]
    assert np.isfinite(atlas["cost"].values).tolist() == [True, False]
    assert atlas["words"].values.tolist() == ["told", ""]
    assert atlas["twice"].values.tolist() == [2.0, 4.0]
    assert float(atlas["cost"].min()) == float(atlas["cost"][0])
    assert "(1 missing)" in describe(atlas)


def test_a_measure_that_fails_everywhere_still_has_a_variable():
    atlas = sweep(
        BOWL, {"horizon": [1.0, 2.0]}, measure=["cost", lambda solution: 1 / 0], workers=1
    )
    assert list(atlas.data_vars)[:2] == ["cost", "lambda"]
    assert np.isnan(atlas["lambda"].values).all()


def test_a_measure_that_leaves_the_program_costs_its_cell_only():
    def leaving(solution):
        return sys.exit("enough") if solution.times[-1] == 2 else solution.cost

    atlas = sweep(BOWL, {"horizon": [1.0, 2.0, 3.0]}, measure=leaving, workers=1)
    assert atlas["status"].values.tolist() == ["converged", "measure raised", "converged"]
    assert "SystemExit: enough" in str(atlas["message"].values[1])


def test_whole_numbers_stay_exact_and_gaps_are_no_numbers():
    def large(solution):
        return 2**60 + int(solution.times[-1])

    def gappy(solution):
        return large(solution) if solution.times[-1] > 1 else 1 / 0

    atlas = sweep(BOWL, {"horizon": [1.0, 2.0, 3.0]}, measure=[large, gappy], workers=1, chunk=1)
    assert atlas["large"].values.tolist() == [2**60 + 1, 2**60 + 2, 2**60 + 3]
    assert np.isnan(atlas["gappy"].values).tolist() == [True, False, False]


def ragged(solution):
    return np.zeros(2 if solution.times[-1] < 3 else 3)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", [1, 2, 4])
def test_arrays_of_another_shape_fail_in_the_same_cells_whoever_is_first(chunk):
    axes = {"horizon": [1.0, 2.0, 3.0, 4.0]}
    one, two = (
        sweep(BOWL, axes, measure=ragged, workers=workers, chunk=chunk) for workers in (1, 2)
    )
    same(one, two)
    assert one["status"].values.tolist() == ["converged"] * 2 + ["measure raised"] * 2
    assert one["ragged"].shape == (4, 2)
    assert np.isnan(one["ragged"].values).all(axis=1).tolist() == [False, False, True, True]
    assert one.attrs["failed"] == 2


def test_numbers_behind_labels_are_kept():
    atlas = sweep(BOWL, {"horizon": {"short": 1.0, "long": 2.0}}, measure="cost", workers=1)
    assert atlas["horizon"].values.tolist() == ["short", "long"]
    assert atlas["horizon_value"].values.tolist() == [1.0, 2.0]
    assert atlas["horizon_value"].dims == ("horizon",)


def test_labels_units_and_settings_travel_with_the_numbers(alone):
    assert alone["horizon"].attrs == {"long_name": "objective.horizon", "units": "time"}
    assert alone["cost"].attrs["units"]
    assert alone["fussy.end"].attrs["description"] == "Refuses long horizons."
    for name in ("fingerprint", "versions", "seed", "specification", "options", "solver_seconds"):
        assert name in alone.attrs
    assert float(alone["cost"].sel(discount=1.0, horizon=2.0)) == alone["cost"].values[1, 1]


def test_named_variants_and_parameters_that_move_together():
    turning = Learner(drift=linear_drift([[0.0, -0.3], [0.3, 0.0]]))
    atlas = sweep(
        WELL,
        {
            ("landscape", "start"): {
                "well": (double_well(), [-0.6, 0.55]),
                "bowl": (quadratic(hessian=np.eye(3)), [1.0, 1.0, 1.0]),
            },
            ("horizon", "discount"): [(1.0, 0.1), (2.0, 0.3)],
        },
        measure="cost",
        workers=1,
    )
    assert atlas["cost"].dims == ("landscape_start", "horizon_discount")
    assert atlas["landscape_start"].values.tolist() == ["well", "bowl"]
    assert atlas["horizon"].values.tolist() == [1.0, 2.0]
    exact = LinearQuadratic(hessian=np.eye(3), minimum=np.zeros(3), discount=0.3).finite(2.0)
    assert float(atlas["cost"].sel(landscape_start="bowl")[1]) == pytest.approx(
        exact.value(2.0, np.ones(3)), rel=1e-6
    )
    learners = sweep(
        WELL,
        {"learner": {"still": Learner(), "turning": turning}, "tilt": [0.3, 0.5]},
        measure="cost",
        workers=1,
    )
    expected = solve(
        ControlProblem(
            landscape=double_well(tilt=0.3),
            learner=turning,
            start=WELL.start,
            objective=WELL.objective,
        )
    ).cost
    assert float(learners["cost"].sel(learner="turning", tilt=0.3)) == pytest.approx(
        expected, rel=1e-9
    )


def test_fixed_and_free_ends_and_refused_corners_share_a_grid():
    atlas = sweep(
        BOWL,
        {"end": {"free": None, "there": [0.0]}, "horizon": [1.0, math.inf]},
        measure="cost",
        workers=1,
    )
    assert atlas["status"].values.tolist() == [["converged", "converged"], ["converged", "refused"]]
    assert "drop the end" in str(atlas["message"].values[1, 1])
    assert float(atlas["cost"].values[0, 1]) == pytest.approx(math.sqrt(2) / 2, rel=1e-6)


# its left minimum only is declared: straight ways from there find nothing better
NEAR_ONLY = ControlProblem(
    landscape=Landscape.from_expression(
        lambda t: (t[0] ** 2 - 1) ** 2 + t[1] ** 2 - t[0] / 2,
        dimension=2,
        minima=[[-0.93040293, 0.0]],
    ),
    start=WELL.start,
    objective=WELL.objective,
)


@pytest.mark.parametrize("right_first", [True, False])
def test_a_better_basin_found_once_spreads_to_the_neighbours_on_both_sides(right_first):
    """Right of the barrier cold starts stay in the better basin; left of it a neighbour's plan has
    to show the way, from the cell before or from the cell after, and must not hide the near basin
    where that is better."""
    starts = np.linspace(0.4, -0.9, 14)
    starts = starts if right_first else starts[::-1]
    lonely, helped = (
        sweep(NEAR_ONLY, {"start.0": starts}, measure="cost", workers=1, chunk=chunk)
        for chunk in (1, 14)
    )
    best = sweep(WELL, {"start.0": starts}, measure="cost", workers=1)["cost"].values
    assert (lonely["cost"].values > best + 0.01).sum() >= 4
    np.testing.assert_allclose(helped["cost"].values, best, rtol=1e-6, atol=1e-8)
    assert "previous plan" in helped["found_from"].values


def test_a_cell_that_a_second_look_finds_better_takes_that_plan_and_gives_it_to_its_neighbours():
    starts = np.linspace(-0.4, -0.9, 6)
    blind = sweep(NEAR_ONLY, {"start.0": starts}, measure="cost", workers=1)
    mended = sweep(NEAR_ONLY, {"start.0": starts}, measure=["cost", "hidden_basin"], workers=1)
    again = sweep(NEAR_ONLY, {"start.0": starts}, measure=["cost", "hidden_basin"], workers=2)
    best = sweep(WELL, {"start.0": starts}, measure="cost", workers=1)["cost"].values
    assert (blind["cost"].values > best + 0.01).all()
    np.testing.assert_allclose(mended["cost"].values, best, rtol=1e-6, atol=1e-8)
    assert not mended["hidden_basin"].values.any()
    assert (mended["cost"].values == again["cost"].values).all()


def test_a_neighbours_plan_does_not_settle_what_a_cells_own_starts_have_put_in_doubt():
    """A well so narrow that the mesh does not resolve it is worth a wait on the way to the end. The
    neighbour's plan, straight to the end, is solved well; it costs more than twice as much."""
    landscape = Landscape.from_expression(
        lambda t: 2.33 * (1 - ca.exp(-(((t[0] - 2.335) / 0.0333) ** 2) / 2)), dimension=1
    )
    problem = ControlProblem(
        landscape=landscape,
        learner=Learner(metric=lambda t: ca.exp(0.856 * ca.sin(1.3 * t[0])) * ca.SX.eye(1)),
        objective=Objective(horizon=75.0, learning_rate=0.147, loss_weight=0.988),
        start=[-1.18],
        end=[-0.194],
    )
    runner = TrajectoryRunner(problem, {"max_elements": 32}, None)
    changes = {"start.0": -1.18}
    by_the_well = np.interp(np.linspace(0, 1, 31), [0, 0.1, 0.9, 1], [-1.18, 2.335, 2.335, -0.194])
    own = runner.solver.solve(guess=by_the_well, throw=False)
    neighbour = solve(problem, guess="straight line")
    assert own.status.name == "REFINEMENT_CAP"
    assert neighbour.status.ok
    assert own.cost < neighbour.cost / 2
    kept = runner.improved(changes, 0, own, neighbour)
    assert kept.cost <= own.cost + own.best.cost_error
    assert not kept.status.ok


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ([], "at least one measure"),
        ("cots", "did you mean 'cost'"),
        (3, "received int"),
        ([Measure(name="status", function=len)], "other names than status"),
        (["cost", "cost"], "different names"),
        ([lambda s: s.cost, lambda s: 1.0], "Measure(name='final'"),
        ("nowhere:nothing", "can be imported"),
    ],
)
def test_measures_that_cannot_be_are_refused(measure, words):
    with pytest.raises(ProblemError) as refused:
        sweep(BOWL, {"horizon": [1.0]}, measure=measure)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"options": {"tolerence": 1}}, "did you mean 'tolerance'"),
        ({"workers": 0}, "workers: expected an integer >= 1"),
        ({"starts": 0}, "starts: expected an integer >= 1"),
        ({"seed": -1}, "seed: expected an integer >= 0"),
        ({"executor": 3}, "concurrent.futures.Executor"),
        ({"progress": 3}, "a function of a Progress"),
        ({"chunk": 0}, "chunk: expected an integer >= 1"),
        ({"options": {"method": Collocation()}}, "plain data"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, words):
    with pytest.raises(ProblemError) as refused:
        sweep(BOWL, {"horizon": [1.0]}, measure="cost", **settings)
    assert words in str(refused.value)


def test_functions_that_processes_cannot_be_given_are_refused_with_advice():
    with pytest.raises(
        ProblemError, match="functions that other processes can be given"
    ) as refused:
        sweep(
            BOWL,
            {"horizon": [1.0, 2.0]},
            measure=lambda solution: solution.cost,
            workers=2,
            chunk=1,
        )
    assert "workers=1" in refused.value.advice
    assert (
        sweep(BOWL, {"horizon": [1.0]}, measure=lambda solution: solution.cost, workers=1)[
            "lambda"
        ].size
        == 1
    )


def test_closed_forms_are_evaluated_for_all_cells_at_once():
    sizes = []

    def energy(problem, values):
        sizes.append(len(values["objective.horizon"]))
        return values["objective.horizon"] * values["objective.discount"] + problem.start[0]

    measure = Measure(name="energy", function=None.__init__, batch=energy, needs="problem")
    axes = {
        "horizon": np.linspace(1, 2, 300),
        "discount": np.linspace(0, 1, 300),
        "start": {"near": [1.0], "far": [5.0]},
    }
    atlas = sweep(BOWL, axes, measure=measure, workers=1)
    np.testing.assert_array_equal(
        atlas["energy"].sel(start="far"), np.outer(axes["horizon"], axes["discount"]) + 5.0
    )
    assert set(atlas["status"].values.ravel()) == {"computed"}
    assert sum(sizes) == 180_000
    assert len(sizes) <= 6


@pytest.mark.parametrize(
    "axes",
    [
        {"start.0": [0.5, 2.0], "horizon": [1.0, 2.0]},
        {"start": [[1.0], [3.0]], "discount": [0.0, 0.5]},
        {"horizon": [1.0, 2.0], "landscape.minimum.0": [0.0, 0.5]},
        {"seed": [0, 1], "learning_rate": [0.5, 1.0]},
    ],
)
def test_closed_forms_take_every_axis_that_the_solver_takes(axes):
    exact, solved = (
        sweep(BOWL, axes, measure=measure, workers=1) for measure in ("exact_cost", "cost")
    )
    assert set(exact["status"].values.ravel()) == {"computed"}
    np.testing.assert_allclose(exact["exact_cost"], solved["cost"], rtol=1e-6)


def test_a_variant_without_a_closed_form_costs_its_own_cells_only():
    landscapes = {
        "bowl": quadratic(hessian=np.eye(2)),
        "well": double_well(),
        "steep": quadratic(hessian=4 * np.eye(2)),
    }
    atlas = sweep(
        WELL,
        {"landscape": landscapes, "horizon": [1.0, 2.0]},
        measure=["exact_cost", "exact_gain"],
        workers=1,
    )
    assert atlas["status"].values[:, 0].tolist() == ["computed", "measure raised", "computed"]
    assert np.isfinite(atlas["exact_cost"].values).tolist() == [
        [True, True],
        [False, False],
        [True, True],
    ]
    assert "a loss that is not quadratic" in str(atlas["message"].values[1, 0])
    assert atlas.attrs["failed"] == 2


@pytest.mark.slow
def test_long_plans_travel_once_and_give_the_same_bits():
    points = [(1 + i / 7, i / 9000) for i in range(6000)]
    axes = {("horizon", "discount"): points}
    same(
        sweep(BOWL, axes, measure="exact_cost", workers=1, chunk=500),
        sweep(BOWL, axes, measure="exact_cost", workers=2, chunk=500),
    )


def test_the_room_is_the_verb():
    import landscape_control as lc
    import landscape_control.sweeps

    for _ in range(2):
        atlas = lc.sweep(BOWL, {"horizon": [1.0]}, measure="cost", workers=1)
        assert atlas["cost"].size == 1
    with pytest.raises(ProblemError, match="measur"):
        landscape_control.sweep(BOWL, {"horizon": [1.0]}, measur="cost")


def test_measures_of_the_problem_alone_solve_nothing():
    measure = Measure(
        name="double", function=lambda cell: 2 * cell.problem.objective.horizon, needs="problem"
    )
    atlas = sweep(BOWL, {"horizon": [1.0, 2.0], "seed": [3, 4]}, measure=measure, workers=1)
    assert atlas["double"].values.tolist() == [[2.0, 2.0], [4.0, 4.0]]
    assert set(atlas["status"].values.ravel()) == {"computed"}


def test_policies_over_noise_and_horizon_for_two_families():
    program = PolicyProgram(
        task=LandscapeDistribution.quadratic(curvatures=Uniform(0.05, 1.0), start_variance=1.0),
        family=HeavyBall(constant=True),
        objective=Objective(horizon=4, learning_rate=math.inf),
    )
    families = {"ball": program.family, "descent": GradientDescent(constant=True)}
    atlas = sweep(
        program,
        {"family": families, "horizon": [2, 4], "start_variance": [1.0, 2.0]},
        measure="cost",
        workers=1,
        starts=3,
    )
    assert set(atlas["status"].values.ravel()) == {"converged"}
    # J is linear in the variance
    np.testing.assert_allclose(atlas["cost"][..., 1], 2 * atlas["cost"][..., 0], rtol=1e-5)
    assert (
        atlas["cost"].sel(family="ball") <= atlas["cost"].sel(family="descent") * (1 + 1e-9)
    ).all()


def test_options_of_policies_are_checked_before_work_begins():
    program = PolicyProgram(
        task=LandscapeDistribution.quadratic(curvatures=Uniform(0.05, 1.0), start_variance=1.0),
        family=HeavyBall(constant=True),
        objective=Objective(horizon=4, learning_rate=math.inf),
    )
    with pytest.raises(ProblemError, match="did you mean 'most_nodes'"):
        sweep(program, {"horizon": [2, 4]}, measure="cost", options={"most_node": 3})


def test_a_worker_that_dies_costs_a_retry(tmp_path, monkeypatch):
    monkeypatch.setenv("SWEEP_TEST_MARKER", str(tmp_path / "died"))
    axes = {"horizon": [1.0, 2.0, 3.0, 4.0]}
    atlas = sweep(BOWL, axes, measure=deadly_once, workers=2, chunk=1)
    assert (tmp_path / "died").exists()
    same(atlas, sweep(BOWL, axes, measure=deadly_once, workers=1, chunk=1))


@pytest.mark.slow
def test_a_chunk_that_always_kills_is_given_up_and_named(monkeypatch):
    monkeypatch.setenv("SWEEP_TEST_PARENT", str(os.getpid()))
    atlas = sweep(BOWL, {"horizon": [1.0, 2.0, 3.0, 4.0]}, measure=deadly, workers=2, chunk=1)
    assert atlas["status"].values.tolist() == ["converged", "lost", "converged", "converged"]
    assert "the worker process died 3 times" in str(atlas["message"].values[1])


FRESH = """
import sys
import landscape_control as lc
import landscape_control.sweeps
from landscape_control.support.processes import start_method
loaded = {name.split(".")[0] for name in sys.modules} & {"xarray", "pandas", "h5netcdf", "dask", "tqdm", "matplotlib"}
problem = lc.ControlProblem(landscape=lc.quadratic(hessian=[[2.0]]), start=[1.0], objective=lc.Objective(horizon=1.0))
before = start_method()
lc.solve(problem)
print(before, start_method(), sorted(loaded))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere processes are always started fresh")
def test_a_process_is_forked_only_before_an_optimiser_is_loaded_and_the_room_opens_lightly():
    done = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "fork spawn []"


@pytest.mark.slow
def test_every_cell_of_the_escape_map_is_in_the_better_basin():
    """20 x 20 over (γ, T): the plan found from two starts costs no more than the best of twenty."""
    axes = {"discount": np.geomspace(0.01, 30, 20), "horizon": np.geomspace(0.1, 30, 20)}
    two, many = (
        sweep(WELL, axes, measure=["cost", "cost_error"], starts=starts) for starts in (None, 20)
    )
    assert set(two["status"].values.ravel()) == {"converged"}
    margin = 3 * (two["cost_error"] + many["cost_error"]) + 1e-6 * np.abs(many["cost"])
    assert (two["cost"] <= many["cost"] + margin).all()
