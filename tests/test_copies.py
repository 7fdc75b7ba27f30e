"""copy, deepcopy and pickle of everything public: it works, functions included, or the message says
what does.
"""

import copy
import gc
import pickle
import subprocess
import sys
import weakref

import casadi as ca
import numpy as np
import pytest

import landscape_control as lc
from landscape_control.model.problem.model import model_of


def tilted(**changes):
    landscape = lc.Landscape.from_expression(
        lambda t, tilt: (t[0] ** 2 - 1) ** 2 + tilt * t[0],
        dimension=1,
        parameters={"tilt": 0.2},
        minima=lambda tilt: [[-1.02], [0.97]],
    )
    given = {
        "landscape": landscape,
        "learner": lc.Learner(drift=lambda t: -0.1 * t),
        "start": [-0.6],
        "objective": lc.Objective(horizon=2.0, terminal=lambda t: t[0] ** 2),
    }
    return lc.ControlProblem(**(given | changes))


def hidden():
    landscape = lc.Landscape.from_expression(
        lambda t, h: 0.5 * (t[0] - h[0]) ** 2,
        dimension=1,
        hidden=lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.4, covariance=[1.0]),
    )
    return lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.Observe(lambda t, h: h - t, 0.8)),
        start=[1.0],
        objective=lc.Objective(horizon=3.0),
    )


PROBLEMS = {"known": tilted, "hidden": hidden}


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize(
    "how", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))]
)
def test_problems_with_lambdas_are_copied_and_pickled(how, name):
    problem = PROBLEMS[name]()
    again = how(problem)
    assert lc.records.specification(again) == lc.records.specification(problem)
    points = np.array([[0.3], [-1.2]])
    assert np.array_equal(again.model.drift(points), problem.model.drift(points))


def test_a_pickled_problem_solves_to_the_same_bits_in_another_process(tmp_path):
    problem, path = tilted(), tmp_path / "problem.pickle"
    path.write_bytes(pickle.dumps(problem))
    code = (
        "import pickle, sys, landscape_control as lc; "
        "print(lc.solve(pickle.load(open(sys.argv[1], 'rb'))).cost.hex())"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    ).stdout
    assert told.strip() == lc.solve(problem).cost.hex()


def test_landscapes_travel_alone_with_their_parameters():
    landscape = tilted().landscape
    again = pickle.loads(pickle.dumps(landscape))
    points = np.array([[0.3], [-1.2]])
    for one, other in zip(again.derivatives(points), landscape.derivatives(points), strict=True):
        assert np.array_equal(one, other)
    assert again.with_parameters(tilt=0.5).loss(points) == pytest.approx(
        landscape.with_parameters(tilt=0.5).loss(points)
    )
    assert copy.deepcopy(landscape) is landscape


def test_results_are_copied_whole_and_pickled_after_use():
    solution = lc.solve(tilted())
    assert copy.deepcopy(solution).problem is solution.problem
    assert pickle.loads(pickle.dumps(solution)).cost == solution.cost
    belief = lc.solve(hidden())
    u = belief.policy([1.0], [0.2], 0.0)  # computes what is kept for later calls
    assert pickle.loads(pickle.dumps(belief)).policy([1.0], [0.2], 0.0) == pytest.approx(u)


HELD = {
    "Learner": lambda: lc.Learner(drift=lambda t: -t),
    "Objective": lambda: lc.Objective(horizon=1.0, terminal=lambda t: t[0] ** 2),
    "Observe": lambda: lc.Observe(lambda t, h: h, 0.3),
    "NoisyGradient": lambda: lc.NoisyGradient(lambda t: 1 + t[0] ** 2),
}


@pytest.mark.parametrize("name", HELD)
def test_parts_with_lambdas_say_what_pickles(name, monkeypatch):
    for module in [module for module in sys.modules if module.rpartition(".")[2] == "cloudpickle"]:
        monkeypatch.delitem(sys.modules, module)
    part = HELD[name]()
    assert copy.deepcopy(part) is part
    with pytest.raises(
        lc.ProblemError, match=rf"pickle of {name}: .*'<lambda>' \(test_copies.py.*problem.save"
    ):
        pickle.dumps(part)


def test_parts_with_functions_of_a_module_pickle():
    learner = pickle.loads(
        pickle.dumps(lc.Learner(drift=ca.sin, metric=[[2.0]], sees=lc.NoisyGradient(0.3)))
    )
    assert learner.drift is ca.sin
    assert learner.sees.noise == 0.3


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, pickle.dumps])
def test_solvers_say_that_their_problem_travels(how):
    with pytest.raises(
        lc.ProblemError,
        match=r"Solver: .*compiled functions.*solver.problem.*landscape_control.load",
    ):
        how(lc.Solver(tilted()))


def test_models_of_problems_that_are_gone_are_let_go():
    """Fourteen fresh problems leave no more than the few that the cache holds on to; one in use
    keeps its model.
    """
    kept = tilted(landscape=lc.double_well(), start=[-0.6, 0.55])
    model, met = kept.model, []
    for k in range(14):
        landscape = lc.Landscape.from_expression(
            lambda t, k=k: (t[0] ** 2 - 1) ** 2 + 0.01 * k * t[0], dimension=1
        )
        met.append(weakref.ref(landscape))
        lc.solve(tilted(landscape=landscape), starts=1, tolerance=1e-2, throw=False)
    del landscape
    # compiled functions let go of what they hold only once they are gone themselves
    while gc.collect():
        pass
    assert sum(one() is not None for one in met) <= 8
    assert len(model_of.latest) <= 8
    assert kept.model is model
    assert kept.changed(horizon=1.0).model is model
