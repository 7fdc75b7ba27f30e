"""Results as data sets, tables and dictionaries: the numbers of the result, under names."""

import json
from dataclasses import replace

import numpy as np
import pytest
from record_result_samples import BOWL, HIDDEN, MAKERS
from record_samples import FOLDER, made

import landscape_control as lc
from landscape_control import simulation
from landscape_control.records import from_specification, specification

# every kind; those that are left out are made of the same parts and take long to make
KINDS = [*MAKERS, "policy", "emerged", "minimax", "measured", "course", "network_path", "lqg"]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_becomes_a_data_set_a_table_and_plain_python(name):
    result = made(name)
    plain = result.to_dict()
    assert json.loads(json.dumps(plain)).keys() == plain.keys()
    dataset, frame = result.to_xarray(), result.to_dataframe()
    assert dataset.attrs["type"] == type(result).__name__ == plain["type"]
    assert len(dataset.variables) >= 3
    assert len(frame) >= 1
    assert len(frame.columns) >= 1


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_describes_itself_and_its_method(name):
    result = made(name)
    words = result.describe()
    assert len(words.splitlines()) >= 3
    assert " at 0x" not in words
    for format in ("text", "latex"):
        paragraph = result.methods(format).replace("\\", "")
        assert paragraph.count(f"landscape_control {lc.__version__}") == 1
    shown = result._repr_html_()
    assert "<t" in shown
    assert len(shown) < 20_000


def test_the_data_set_of_a_solution_is_its_best_plan():
    solution = lc.solve(BOWL)
    dataset = solution.to_xarray()
    assert np.array_equal(dataset.parameters, solution.parameters)
    assert dataset.parameters.dims == ("node", "parameter")
    assert np.array_equal(dataset.coords["times"], solution.times)
    assert dataset.cost.item() == solution.cost
    assert dataset.tolerance.item() == solution.tolerance
    assert dataset.parameters.attrs["long_name"] == "θ"
    frame = solution.to_dataframe()
    assert np.array_equal(frame["controls[1]"], solution.controls[:, 1])
    assert np.array_equal(frame["times"], solution.times)


def test_the_table_of_a_verdict_has_a_row_for_every_rule():
    verdict = made("compared")
    frame = verdict.to_dataframe().set_index("key")
    assert list(frame.index) == [row.key for row in verdict.rows]
    for row in verdict.rows:
        assert frame.loc[row.key, "error"] == row.error
        for name, value in row.coefficients.items():
            assert frame.loc[row.key, f"coefficients_{name}"] == value
            assert frame.loc[row.key, f"intervals_{name}[1]"] == row.intervals[name][1]
    assert np.isnan(frame.loc["newton", "coefficients_learning_rate"])  # it has none


def test_the_table_of_a_recording_is_long_and_ends_where_runs_end():
    recording = made("recorded")
    frame = recording.to_dataframe()
    assert len(frame) == sum(run.gradients.size for run in recording.runs)
    for number, run in enumerate(recording.runs):
        own = frame[frame.run == number]
        assert np.array_equal(own.gradients, run.gradients.ravel())
        assert np.array_equal(own.step, np.repeat(np.arange(run.steps), run.gradients.shape[1]))
    whole = recording.to_xarray()
    assert whole.sizes == {"run": 2, "step": 12, "weight": 2, "notes_entry": 1}
    assert np.isnan(whole.gradients[1, 9:]).all()


def test_the_table_of_a_rollout_has_a_row_for_every_episode_or_node():
    rollout = made("simulated")
    assert np.array_equal(rollout.to_dataframe().costs, rollout.costs)
    along = rollout.to_dataframe("node")
    assert np.array_equal(along.paths_times, rollout.paths.times)
    assert rollout.to_xarray().standard_error.item() == rollout.standard_error
    with pytest.raises(lc.ProblemError, match="axis of the table.*episode"):
        rollout.to_dataframe("epsiode")


def test_wide_numbers_stay_out_of_tables():
    histories = lc.rollout("sgd", {"learning_rate": 0.1})
    verdict = lc.identify(histories, rules=["sgd"])
    frame = verdict.to_dataframe()
    assert not [name for name in frame if name.startswith("fitted")]
    assert verdict.to_xarray().fitted_1.shape[1] > 20


def test_the_problem_in_a_dictionary_is_its_specification():
    plain = made("trajectory").to_dict()
    text = json.dumps(plain["problem"])
    again = from_specification(text)
    assert specification(again) == specification(made("trajectory").problem)
    assert plain["parameters"] == made("trajectory").parameters.tolist()


def test_numbers_that_json_has_no_word_for_are_texts_that_are_read_back():
    rollout = replace(made("simulated"), losses=np.array([1.0, np.inf, -np.inf, np.nan]))
    losses = json.loads(json.dumps(rollout.to_dict(), allow_nan=False))["losses"]
    assert losses == [1.0, "inf", "-inf", "nan"]
    np.testing.assert_array_equal(np.array(losses, dtype=float), rollout.losses)


NO_RESULTS = {"problem", "program", "table"}
RECORDED = [path for path in sorted(FOLDER.glob("*/*.nc")) if path.stem not in NO_RESULTS]


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_every_recorded_kind_is_valid_json(path):
    plain = lc.load(path).to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_results_remember_the_settings_of_their_call(tmp_path):
    learner = simulation.HeavyBall(learning_rate=0.25, momentum=0.5)
    rollout = lc.simulate(HIDDEN, learner, episodes=4, seed=7)
    wanted = {"episodes": 4, "seed": 7, "draws_per_step": 1, "keep_paths": False, "throw": True}
    assert {name: rollout.made_with[name] for name in wanted} == wanted
    assert "momentum=0.5" in rollout.made_with["policy"]
    assert "problem" not in rollout.made_with
    assert f"landscape_control {lc.__version__}, CasADi" in rollout.made_with["software"]
    loaded = lc.load(rollout.save(tmp_path / "rollout.nc"))
    assert dict(loaded.made_with) == dict(rollout.made_with)
    assert lc.solve(BOWL, tolerance=1e-5).made_with["tolerance"] == 1e-5  # of **options
    assert dict(made("choice").made_with) == {}
    assert made("identified").made_with["rules"] == ("heavy_ball", "sgd", "nesterov")


def test_compare_reads_a_solution_as_its_problem():
    options = {"rules": ["gradient_descent"], "starts": 3, "resamples": 5, "run": False}
    one, other = (lc.compare(given, **options) for given in (lc.solve(BOWL), BOWL))
    assert one.rows[0].coefficients == other.rows[0].coefficients
    assert one.rows[0].error == other.rows[0].error
