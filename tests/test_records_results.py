"""Results that are read off runs and plans, in files: every kind comes back with every number, and
what no run could have given is refused.
"""

import copy
import dataclasses
import inspect
import pickle
import typing

import numpy as np
import pytest
from record_result_samples import BOWL, HIDDEN
from record_samples import every_number, made

import landscape_control as lc
from landscape_control import simulation
from landscape_control.records import load, save
from landscape_control.records.axis_names import DIMS
from landscape_control.records.contents import _annotations
from landscape_control.records.kinds import ENUMS, MODULES, class_of
from landscape_control.records.parts import _CLASSES, FAMILIES
from landscape_control.rules import Rule
from landscape_control.support.results import Result

TREES = (*_CLASSES, *FAMILIES, Rule)

PARTS = {"Criteria", "Leaving", "Outside", "Paths", "RuleFit", "Run", "Scatter"}


def results_of_the_library():
    kinds, left = set(), [Result]
    while left:
        left += left.pop().__subclasses__() if not kinds.update(left[-1].__subclasses__()) else []
    return {kind for kind in kinds if kind.__module__.startswith("landscape_control.")}


def test_every_kind_of_result_has_a_record_and_a_sample():
    for name in MODULES:
        class_of(name)  # imports all of them
    names = {kind.__name__ for kind in results_of_the_library()} - {"BeliefSolution"}
    assert names <= set(MODULES)
    sampled = {type(made(name)).__name__ for name in ("compared", "tuned", "tuned_exactly")}
    assert sampled == {"Verdict", "Tuned", "ExactTuned"}


# what is no result: landscapes, beliefs, a data set, an optimizer, files
NO_RESULTS = {
    "belief_model", "data_loss", "derive_optimizer", "double_well", "export", "external_loss",
    "find_minima", "fingerprint", "linear_drift",
    "load", "minibatch_noise", "nearest_rules", "network_loss", "network_outputs",
    "paired_difference", "plot_sweep", "quadratic", "record_training", "replay",
    "resume", "rosenbrock", "save", "sweep", "three_hump_camel",
}  # fmt: skip


def test_every_public_function_returns_a_result():
    returned = {
        name: inspect.signature(getattr(lc, name)).return_annotation
        for name in lc.__all__
        if inspect.isfunction(getattr(lc, name)) and name not in NO_RESULTS
    }
    assert len(returned) >= 15
    for name, annotation in returned.items():
        kinds = [kind for kind in typing.get_args(annotation) or (annotation,) if kind is not tuple]
        assert issubclass(kinds[0], Result), name


def test_tables_of_kinds_name_what_is_there():
    for name in MODULES:
        assert class_of(name).__name__ == name
    for name in ENUMS:
        assert class_of(name, ENUMS).__name__ == name
    for name, axes in DIMS.items():
        fields = {field.name for field in dataclasses.fields(class_of(name))}
        # NetCDF: a variable named as an axis is its coordinate, and has no other
        assert not fields & {axis for dims in axes.values() for axis in dims}, name
        assert all(axis in fields or hasattr(class_of(name), axis) for axis in axes), name


def classes_in(annotation):
    """The classes that an annotation names, inside of unions and sequences too."""
    inside = typing.get_args(annotation)
    return [kind for part in inside for kind in classes_in(part)] if inside else [annotation]


def test_what_recorded_classes_hold_can_be_recorded():
    for name in MODULES:
        for field, (annotation, _) in _annotations(class_of(name)).items():
            for kind in classes_in(annotation):
                is_own = inspect.isclass(kind) and dataclasses.is_dataclass(kind)
                known = kind.__name__ in MODULES or issubclass(kind, TREES) if is_own else True
                assert known, f"{name}.{field} is a {kind.__name__}, which no record holds"


def test_every_field_of_a_simulation_comes_back(tmp_path):
    for name in ("simulated", "trajectory", "recorded", "linearised"):
        value = made(name)
        loaded = load(value.save(tmp_path / f"{name}.nc"))
        assert every_number(loaded) == every_number(value)
        assert len(every_number(value)) > 10
        assert type(loaded) is type(value)


def test_a_rule_of_the_library_works_again_and_one_of_a_user_says_why_not(tmp_path):
    verdict = load(save(made("compared"), tmp_path / "verdict.nc"))
    known, own = verdict.row("gradient_descent"), verdict.row("steep")
    step = known.rule.control(BOWL, known.coefficients)([0.3, 0.4])
    gradient = np.ravel(BOWL.landscape.gradient([0.3, 0.4]))
    assert step == pytest.approx(-known.coefficients["learning_rate"] * gradient)
    assert own.rule.name == "Größer"
    assert own.coefficients == made("compared").row("steep").coefficients
    with pytest.raises(lc.ProblemError, match=r"Größer.*files hold no code"):
        own.rule.control(BOWL, own.coefficients)([0.3, 0.4])


def test_a_rule_with_the_name_of_the_librarys_but_other_functions_is_a_users(tmp_path):
    known = lc.rules.gradient_descent()
    rule = dataclasses.replace(known, directions=lambda seen: 2 * known.directions(seen))
    verdict = lc.compare(BOWL, [rule], starts=3, resamples=5, run=False)
    loaded = load(verdict.save(tmp_path / "verdict.nc"))
    with pytest.raises(lc.ProblemError, match="files hold no code"):
        loaded.rows[0].rule.control(BOWL, loaded.rows[0].coefficients)([0.3, 0.4])


def test_a_rule_of_held_plans_keeps_its_time(tmp_path):
    verdict = lc.compare(
        BOWL, starts=3, resamples=5, hold=0.25, rules=[lc.rules.held_newton(hold=0.25)]
    )
    loaded = load(verdict.save(tmp_path / "verdict.nc")).rows[0]
    rule = verdict.rows[0].rule
    controls = [
        each.control(BOWL, verdict.rows[0].coefficients)([1.0, 2.0]) for each in (loaded.rule, rule)
    ]
    assert np.array_equal(*controls)
    assert controls[0].any()


def test_two_loaded_rollouts_are_paired(tmp_path):
    pair = [
        lc.simulate(HIDDEN, simulation.SGD(learning_rate=rate), episodes=20) for rate in (0.1, 0.4)
    ]
    loaded = [load(one.save(tmp_path / f"{i}.nc")) for i, one in enumerate(pair)]
    assert lc.paired_difference(*loaded) == lc.paired_difference(*pair)
    faster = lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.5, covariance=[1.0])
    other = dataclasses.replace(HIDDEN.landscape, hidden=faster)
    elsewhere = lc.simulate(
        HIDDEN.changed(landscape=other),
        simulation.SGD(learning_rate=0.1),
        episodes=20,
        step=pair[0].step,
    )
    with pytest.raises(lc.ProblemError, match="hidden variables"):
        lc.paired_difference(loaded[0], elsewhere)


def test_learners_of_every_kind_come_back(tmp_path):
    learners = [
        simulation.LinearLearner(transition=[[0.5]], gain=[[0.2]], readout=[[-1.0]]),
        simulation.BeliefAdam(drive=0.5, discount=0.1, ratio=0.3),
        simulation.PolicyLearner(
            policy=lc.Policy(
                family=lc.policies.HeavyBall(constant=True),
                coefficients={"learning_rate": 0.1, "momentum": 0.5},
                horizon=5,
            ),
            step=0.2,
        ),
    ]
    for learner in learners:
        exact = made("exact_cost")
        loaded = load(save(dataclasses.replace(exact, learner=learner), tmp_path / "x.nc"))
        assert type(loaded.learner) is type(learner)
        rollouts = [lc.simulate(HIDDEN, each, episodes=3) for each in (learner, loaded.learner)]
        assert np.array_equal(rollouts[0].costs, rollouts[1].costs)


@pytest.mark.parametrize("name", ["simulated", "compared", "recorded", "raw_rule"])
def test_a_damaged_file_is_refused(name, tmp_path):
    path = save(made(name), tmp_path / "whole.nc")
    data = bytearray(path.read_bytes())
    for place in (len(data) // 3, len(data) - 40):
        damaged = data.copy()
        damaged[place] ^= 1
        path.write_bytes(bytes(damaged))
        with pytest.raises(lc.ProblemError, match="damaged|seal"):
            load(path)


WRONG = {
    "costs": ("simulated", {"costs": np.ones(4)}, "episode"),
    "paths": ("simulated", {"losses": np.ones(3)}, "along the axis 'episode'"),
    "step": ("simulated", {"step": -1.0}, "> 0"),
    "shape": ("trajectory", {"controls": np.ones((3, 2))}, "along the axis 'node'"),
    "parameters": ("trajectory", {"parameters": np.ones((201, 5))}, "axis|as the problem has"),
    "rows": ("compared", {"rows": ()}, "at least one rule"),
    "equivalent": ("compared", {"equivalent": ("adam",)}, "adam"),
    "state": ("raw_rule", {"parameters": 7}, "rows and columns"),
    "rules": ("linearised", {"rules": ()}, "one for each of 2 times"),
    "schedule": ("schedule", {"momentum": np.ones(3)}, "along the axis 'step'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_no_run_gives_is_refused_before_it_is_written(case, tmp_path):
    name, changed, words = WRONG[case]
    with pytest.raises(lc.ProblemError, match=words):
        save(dataclasses.replace(made(name), **changed), tmp_path / "x.nc")
    assert not list(tmp_path.iterdir())


def test_a_class_of_the_same_name_is_foreign(tmp_path):
    @dataclasses.dataclass(frozen=True)
    class Run:
        cost: float

    with pytest.raises(lc.ProblemError, match="received Run"):
        save(Run(cost=1.0), tmp_path / "x.nc")


def test_results_are_their_own_copies_and_travel_in_pickles():
    path = made("trajectory")
    assert copy.copy(path) is path
    assert copy.deepcopy(path) is path
    again = pickle.loads(pickle.dumps(path))
    assert np.array_equal(again.parameters, path.parameters)


def test_results_by_name_are_one_file(tmp_path):
    rules = lc.nearest_rules(made("step_rule").kernel(20))
    loaded = lc.load(lc.save(rules, tmp_path / "rules.nc"))
    assert list(loaded) == list(rules)
    assert every_number(loaded) == every_number(rules)
    for wrong in ({"a": 1.0}, {"a/b": made("choice")}, {}, [made("choice")]):
        with pytest.raises(lc.ProblemError, match="a mapping from names"):
            lc.save(wrong, tmp_path / "x.nc")


def test_a_verdict_about_every_rule_of_the_library_is_saved(tmp_path):
    verdict = lc.compare(made("solution"), starts=6)
    verdict.save(tmp_path / "verdict.nc")
    loaded = lc.load(tmp_path / "verdict.nc")
    assert {row.rule.key for row in loaded.rows} == {row.rule.key for row in verdict.rows}
    assert len(loaded.rows) > 5
    assert str(loaded) == str(verdict)
