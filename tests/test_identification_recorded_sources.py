"""Recordings from arrays, datasets and tables: runs, times, gaps, weights alone, rates by weight."""

import numpy as np
import pytest
import xarray
from recorded_learning import FEW, NUMBERS, is_near, named, recorded

import landscape_control as lc
from landscape_control import ProblemError, Recording
from landscape_control.identification import recorded_large
from landscape_control.identification.maps import Conclusion

BALL = NUMBERS["heavy_ball"]
EXACT = 1e-6


@pytest.fixture(scope="module")
def learning():
    return recorded("heavy_ball")


def is_exact(verdict, key="heavy_ball", numbers=BALL):
    found = verdict.best.coefficients
    return verdict.best.key == key and found == pytest.approx(numbers, rel=EXACT)


# ---- the same numbers from everywhere


def test_arrays_are_a_recording(learning):
    weights, gradients = learning
    whole = Recording.from_arrays(weights, np.vstack([gradients, gradients[:1]]))  # last not used
    pair, built = named((weights, gradients)), named(whole)
    assert pair.conclusion is Conclusion.RULE
    assert is_exact(pair)
    assert built.best.coefficients == pair.best.coefficients
    assert named((weights[:, 0], gradients[:, 0])).best.key == "heavy_ball"


def test_runs_may_be_of_unequal_length(learning):
    weights, gradients = learning
    recording = Recording.from_arrays([weights, weights[:20]], [gradients, gradients[:19]])
    assert [run.steps for run in recording.runs] == [60, 19]
    assert is_exact(named(recording))
    stacked = Recording.from_arrays(np.stack([weights, weights]), np.stack([gradients] * 2))
    assert len(stacked.runs) == 2


def rows_of(weights, gradients, runs=1):
    """Lines run, step, weight, value, gradient; the last row of each run has no gradient."""
    for run in range(runs):
        for step, row in enumerate(weights):
            for weight, value in enumerate(row):
                slope = f"{gradients[step, weight]!r}" if step < len(gradients) else ""
                yield f"{run},{step},w{weight},{value!r},{slope}"


def table(path, learning, header="run,step,weight,value,gradient", runs=1):
    weights, gradients = (array.tolist() for array in learning)
    lines = rows_of(np.array(weights, dtype=object), np.array(gradients, dtype=object), runs)
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def test_a_table_in_any_order_is_the_same_recording(learning, tmp_path):
    direct = Recording.from_arrays(*learning).runs[0]
    path = table(tmp_path / "learning.csv", learning, runs=2)
    recording = Recording.from_csv(path)
    assert len(recording.runs) == 2
    np.testing.assert_array_equal(recording.runs[1].updates, direct.updates)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *reversed(lines[1:])]))
    shuffled = Recording.from_csv(path).runs[0]
    # weights are numbered as they appear
    np.testing.assert_array_equal(shuffled.gradients[:, ::-1], direct.gradients)


def test_columns_may_have_names_of_their_own(learning, tmp_path):
    path = table(tmp_path / "own.csv", learning, header="seed,epoch,name,w,g")
    with pytest.raises(ProblemError, match="one for the time"):
        Recording.from_csv(path)
    columns = {"time": "epoch", "value": "w", "gradient": "g"}
    assert Recording.from_csv(path, columns=columns).runs[0].steps == 60
    with pytest.raises(ProblemError, match="columns of own.csv"):
        Recording.from_csv(path, columns={"time": "epok"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("step,value\n", "lines of"),
        ("step,value\n0,1\n0,2\n", "one line per weight and time"),
        ("step,value\n0,one\n", "column of the value"),
        ("step,value\n0\n", "line 2"),
    ],
)
def test_tables_that_are_none_are_refused(text, words, tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(ProblemError, match=words):
        Recording.from_csv(path)


def test_a_dataset_is_the_same_recording(learning):
    weights, gradients = learning
    padded = np.full_like(weights, np.nan)
    padded[:31] = weights[:31]
    seen = np.vstack([gradients, np.full(8, np.nan)])
    dataset = xarray.Dataset(
        {
            "weights": (("run", "time", "weight"), np.stack([weights, padded])),
            "gradients": (("run", "time", "weight"), np.stack([seen, seen])),
        },
        coords={"time": 0.5 * np.arange(61)},
    )
    recording = Recording.from_dataset(dataset)
    assert [run.steps for run in recording.runs] == [60, 30]
    np.testing.assert_array_equal(
        recording.runs[0].updates, Recording.from_arrays(weights, gradients).runs[0].updates
    )
    with pytest.raises(ProblemError, match="axes of weights"):
        Recording.from_dataset(dataset.rename(weight="layer"))


@pytest.mark.parametrize(
    ("weights", "gradients", "words"),
    [
        (np.ones((9, 2)), np.ones((7, 2)), "gradients of run 0"),
        ([np.ones((9, 2))] * 2, [np.ones((8, 2))], "as many as of the weights"),
        ("nothing", np.ones((8, 2)), "weights of a recording"),
        (np.ones((4, 2)), np.ones((3, 2)), "at least 5 steps"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(weights, gradients, words):
    with pytest.raises(ProblemError, match=words):
        Recording.from_arrays(weights, gradients)


# ---- what is missing


def test_updates_around_missing_weights_are_used_in_sums(learning):
    weights, gradients = learning
    holes = weights.copy()
    holes[np.random.default_rng(2).random(weights.shape) < 0.2] = np.nan
    recording = Recording.from_arrays(holes, gradients)
    run = recording.runs[0]
    first, last = 7, 12
    whole = weights[:, 0].copy()
    whole[first + 1 : last] = np.nan
    alone = Recording.from_arrays(whole, gradients[:, 0]).runs[0]
    assert alone.spans[last - 1, 0] == last - first
    assert alone.updates[last - 1, 0] == pytest.approx(whole[last] - whole[first])
    assert np.isnan(alone.updates[first : last - 1, 0]).all()
    assert run.known.sum() < run.updates.size
    verdict = named(recording)
    assert is_exact(verdict)
    assert "by themselves or in sums" in str(verdict)


def test_after_a_missing_gradient_the_memory_is_unknown(learning):
    weights, gradients = recorded("heavy_ball", steps=200)
    holes = gradients.copy()
    holes[70] = np.nan
    recording = Recording.from_arrays(weights, holes)
    assert [(run.steps, run.at_rest) for run in recording.runs] == [(70, True), (129, False)]
    verdict = named(recording)
    assert is_exact(verdict)
    assert "a memory that is unknown" in str(verdict)


def test_memory_from_before_the_recording_is_no_error_of_the_rule(learning):
    weights, gradients = recorded("heavy_ball", steps=260)
    late = weights[100:], gradients[100:]
    told = named(Recording.from_arrays(*late, at_rest=False), ["heavy_ball"])
    assert is_exact(told)
    untold = named(Recording.from_arrays(*late), ["heavy_ball"])
    assert untold.rows[0].error > 10 * told.best.error
    few = Recording.from_arrays(weights[100:130], gradients[100:129], at_rest=False)
    assert is_exact(named(few))  # whatever richer rule could take the memory for its own


def test_times_are_steps_with_samples_missing_or_a_continuous_course(learning):
    weights, gradients = learning
    seen = np.vstack([gradients, gradients[:1]])
    kept = np.delete(np.arange(61), [40])
    recording = Recording.from_arrays(weights[kept], seen[kept], times=2.5 * kept)
    assert [run.steps for run in recording.runs] == [40, 19]

    gaps = np.random.default_rng(0).uniform(0.5, 2.0, 60)
    flow = np.vstack([np.zeros(8), np.cumsum(-0.1 * gaps[:, None] * gradients, axis=0)])
    times = np.concatenate([[0.0], np.cumsum(gaps)])
    verdict = named(Recording.from_arrays(flow, gradients, times=times))
    assert is_exact(verdict, "sgd", {"learning_rate": 0.1 * gaps.max()})
    assert "per unit of time" in str(verdict)
    slower = named(Recording.from_arrays(flow, gradients, times=60 * times), ["sgd"])
    assert slower.best.coefficients == pytest.approx(verdict.best.coefficients)
    with pytest.raises(ProblemError, match="times of a recording"):
        Recording.from_arrays(flow, gradients, times=times[::-1])


# ---- weights alone


def test_weights_alone_are_identified_in_their_landscape():
    problem = lc.ControlProblem(
        landscape=lc.rosenbrock(3), objective=lc.Objective(horizon=1.0), start=[0.0, 0.0, 0.0]
    )
    runs = [descended(problem, seed) for seed in range(4)]
    recording = Recording.from_arrays(runs)
    with pytest.raises(ProblemError, match="weights alone"):
        named(recording)
    assert is_exact(named(recording, problem=problem), numbers=BALL | {"learning_rate": 0.002})
    with pytest.raises(ProblemError, match="all 3 of the landscape"):
        named(Recording.from_arrays([run[:, :2] for run in runs]), problem=problem)
    with pytest.raises(ProblemError, match="recorded gradients"):
        named(Recording.from_arrays(runs[0], runs[0]), problem=problem)


def test_gradients_of_noisy_weights_are_those_on_the_path_of_the_rule():
    """At the weights themselves the noise biases the rate by more than its interval."""
    problem = lc.ControlProblem(
        landscape=lc.rosenbrock(3), objective=lc.Objective(horizon=1.0), start=[0.0, 0.0, 0.0]
    )
    rng = np.random.default_rng(1)
    runs = [descended(problem, seed) for seed in range(4)]
    noisy = [run + 0.002 * rng.normal(size=run.shape) for run in runs]
    verdict = named(Recording.from_arrays(noisy, weight_noise=0.002), problem=problem)
    assert verdict.conclusion is Conclusion.RULE
    assert is_near(verdict.best, "heavy_ball", numbers=BALL | {"learning_rate": 0.002})
    assert "on the path of the fitted rule" in str(verdict)
    late = Recording.from_arrays(noisy, weight_noise=0.002, at_rest=False)
    assert "whose noise is in them" in str(named(late, problem=problem))


def descended(problem, seed, steps=60):
    """Heavy ball in the landscape of a problem."""
    place = 0.5 * np.random.default_rng(seed).normal(size=problem.landscape.dimension)
    path, update = [place], 0.0
    for _ in range(steps):
        slope = problem.landscape.gradient(path[-1][None])[0]
        update = BALL["momentum"] * update - 0.002 * slope
        path.append(path[-1] + update)
    return np.array(path)


# ---- learning rates by weight, and many updates


@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_a_learning_rate_for_each_weight_is_said(noise):
    rates = np.geomspace(0.05, 1, 8)
    verdict = named(recorded("heavy_ball", rates=rates, noise=noise))
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "heavy_ball")
    assert verdict.best.coefficients == pytest.approx(BALL, rel=1e-2 if noise else EXACT)
    words = str(verdict).split("that of the fastest: ")[1]
    said = [float(word) for word in words.split(", ...")[0].split(", ")]
    assert said == pytest.approx(0.1 * rates[:6], rel=1e-2 if noise else 1e-3)


def test_many_updates_are_read_from_a_part_first(monkeypatch):
    monkeypatch.setattr(recorded_large, "_LONG", 200)
    monkeypatch.setattr(recorded_large, "_PART", 1000)
    seen = []

    def progress(rules):
        seen.append(len(rules))
        return rules

    weights, gradients = recorded("nesterov", steps=300, weights=16, noise=0.01)
    verdict = named((weights, gradients), progress=progress)
    assert (verdict.conclusion, verdict.best.key) == (Conclusion.RULE, "nesterov")
    assert {row.key for row in verdict.rows} == set(FEW)
    assert "1920 of the 4800 updates" in str(verdict)
    assert seen[0] == len(FEW)
    # 4800 updates say σ to 1/√(2·4800) = 1 %
    assert verdict.weight_noise == pytest.approx(0.01, rel=0.04)


def test_progress_may_be_a_class_as_that_of_tqdm_is(learning):
    class Bar(list):
        shown = 0

        def __init__(self, rules):
            super().__init__(rules)
            Bar.shown += len(rules)

    named(learning, progress=Bar)
    assert Bar.shown == len(FEW)
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[1.0]]), objective=lc.Objective(horizon=1.0), start=[1.0]
    )
    lc.compare(
        [problem], ["gradient_descent"], starts=2, points_per_plan=2, run=False, progress=Bar
    )
    assert Bar.shown == len(FEW) + 1
    for wrong in (5, float):
        with pytest.raises(ProblemError, match="wraps an iterable"):
            named(learning, progress=wrong)


def test_recordings_are_saved_with_what_is_missing(learning, tmp_path):
    weights, gradients = learning
    holes = weights.copy()
    holes[5:7] = np.nan
    recording = Recording.from_arrays(holes, gradients, weight_noise=0.1, at_rest=False)
    recording.save(tmp_path / "recording.nc")
    again = lc.load(tmp_path / "recording.nc")
    assert again.weight_noise == 0.1
    run, same = recording.runs[0], again.runs[0]
    for name in ("updates", "spans", "numbers"):
        np.testing.assert_array_equal(getattr(same, name), getattr(run, name))
    assert not same.at_rest
    assert "sd of the noise" in again._repr_html_()
    alone = Recording.from_arrays(holes)
    alone.save(tmp_path / "alone.nc")
    assert lc.load(tmp_path / "alone.nc").runs[0].gradients is None
    assert "not recorded" in alone._repr_html_()
