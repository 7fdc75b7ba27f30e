"""Replanning: exact where certainty equivalence holds, warm per episode, and independent of its own
history.
"""

import math
import pickle

import numpy as np
import pytest
from planning_problems import (
    RATE,
    full_information_control,
    moving,
    planned,
    shrunk_control,
    two_tasks,
    unknown_curvature,
)

import landscape_control as lc
from landscape_control.model.belief import GaussianBelief, TaskBelief, belief_model
from landscape_control.planning.beliefs.replanning import INNER, solve_replanning
from landscape_control.planning.beliefs.transcribed import solve_transcribed

HORIZONS = (4.0, math.inf)


def gaussian(mean, covariance):
    return GaussianBelief(
        mean=np.array(mean, dtype=float), covariance=np.array(covariance, dtype=float)
    )


@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("horizon", HORIZONS)
def test_known_curvature_gives_the_exact_first_control(horizon, inner):
    solution = solve_replanning(planned(moving(), horizon), inner=inner)
    for theta, mean, covariance in ((1.0, -0.5, 0.7), (-1.5, 0.4, 0.1), (0.3, 0.3, 2.0)):
        exact = full_information_control(theta, mean, 0.2, RATE, horizon)
        assert solution.policy([theta], gaussian([mean], [[covariance]])) == pytest.approx(
            [exact], abs=1e-6
        )


@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("horizon", HORIZONS)
def test_two_tasks_with_unequal_minima(horizon, inner):
    """The two-task chain with minima -1 and 2: rate 0.9, stationary mean 0, whatever the belief."""
    solution = solve_replanning(planned(two_tasks(), horizon), inner=inner)
    for theta, first in ((1.0, 0.8), (-0.7, 0.05)):
        exact = full_information_control(theta, 2 - 3 * first, 0.0, 0.9, horizon)
        belief = TaskBelief(probabilities=np.array([first, 1 - first]))
        assert solution.policy([theta], belief) == pytest.approx([exact], abs=1e-6)


def test_transcription_and_replanning_agree_on_the_first_control():
    problem = unknown_curvature(2.0)
    plan, again = solve_transcribed(problem), solve_replanning(problem)
    assert again.policy([1.0], ([0.0], [[1.0]])) == pytest.approx(plan.controls[0], abs=1e-6)


def test_inner_plans_differ_where_uncertainty_matters():
    problem = unknown_curvature(2.0)
    believing, equivalent = (solve_replanning(problem, inner=inner) for inner in INNER[::-1])
    known = lc.solve(problem.known([0.0])).controls[0]
    assert equivalent.policy([1.0], ([0.0], [[1.0]])) == pytest.approx(known, abs=1e-6)
    assert believing.policy([1.0], ([0.0], [[1.0]]))[0] < known[0] - 0.1


def test_batches_and_history_do_not_matter():
    """A warm start changes the effort, not the answer: episodes in a batch, alone, and in another
    order.
    """
    solution, rng = solve_replanning(unknown_curvature(2.0)), np.random.default_rng(0)
    theta, mean, covariance = (
        rng.standard_normal((4, 1)),
        rng.standard_normal((4, 1)),
        rng.uniform(0.1, 1.0, (4, 1, 1)),
    )
    solution.policy(theta, gaussian(mean, covariance), 0.1)
    together = solution.policy(theta, gaussian(mean, covariance), 0.5)
    backwards = solution.policy(theta[::-1], gaussian(mean[::-1], covariance[::-1]), 0.5)[::-1]
    alone = np.vstack(
        [
            solution.policy(t, gaussian(m, c), 0.5)
            for t, m, c in zip(theta, mean, covariance, strict=True)
        ]
    )
    assert backwards == pytest.approx(together, abs=1e-5)
    assert alone == pytest.approx(together, abs=1e-5)
    assert solution.solves == 16
    assert solution.failures == 0


def test_closed_loop_follows_the_exact_rule():
    """The same noise, the exact rule beside the replanning one: the paths of the weights coincide."""
    problem = planned(moving(), math.inf)
    solution, model = solve_replanning(problem), belief_model(problem)
    step, episodes, rng = 0.05, 3, np.random.default_rng(1)
    hidden = problem.landscape.hidden.sample(rng, episodes, step * np.arange(41))
    replanned, exact = np.ones((episodes, 1)), np.ones((episodes, 1))
    beliefs = [model.initial(episodes), model.initial(episodes)]
    for k in range(40):
        noise = rng.standard_normal((episodes, 1))
        for i, theta in enumerate((replanned, exact)):
            seen = model.observe(theta, hidden[:, k], noise, step)
            beliefs[i] = model.predict(model.update(beliefs[i], theta, seen, step), step)
        replanned = replanned + step * solution.policy(replanned, beliefs[0], k * step)
        exact = exact + step * shrunk_control(exact, beliefs[1].mean, 0.2, RATE)
    assert replanned == pytest.approx(exact, abs=2e-6)
    assert np.ptp(exact) > 0.1
    assert solution.solves == 120
    assert solution.failures == 0


def test_plans_shorten_as_the_end_comes_near():
    """Without terminal cost the last control vanishes in proportion to the time left."""
    solution = solve_replanning(planned(moving(), 2.0))
    belief = gaussian([-0.5], [[0.5]])
    late = [solution.policy([1.0], belief, 2.0 - left)[0] for left in (0.02, 0.01)]
    assert late[0] == pytest.approx(2 * late[1], rel=0.02)
    assert abs(solution.policy([1.0], belief, 2.0)[0]) < 1e-4
    with pytest.raises(lc.ProblemError, match="horizon"):
        solution.policy([1.0], belief, 2.1)


def test_a_failed_plan_is_counted_and_the_last_one_carried_on():
    solution = solve_replanning(unknown_curvature(2.0), options={"max_iter": 1}, throw=False)
    control = solution.policy([1.0], gaussian([1.0], [[2.0]]), 0.3)
    assert solution.failures == solution.solves == 1
    assert control == pytest.approx(solution.plan.controls[0])
    with pytest.raises(lc.SolveError):
        solve_replanning(unknown_curvature(2.0), options={"max_iter": 1})


def test_it_says_what_it_is():
    solution = solve_replanning(planned(moving(), 2.0), inner="certainty equivalent")
    assert solution.method == "replanning"
    assert solution.inner == "certainty equivalent"
    assert math.isnan(solution.cost)
    assert "mean of the belief for the truth" in solution.assumes
    assert solution.status.ok
    with pytest.raises(TypeError, match="rebuild"):
        pickle.dumps(solution)


@pytest.mark.parametrize(
    ("build", "options", "word"),
    [
        (lambda: planned(moving(), 2.0).known([0.0]), {}, "hidden"),
        (lambda: planned(moving(), 2.0, end=[0.0]), {"inner": "certainty equivalent"}, "terminal"),
        (lambda: planned(moving(), 2.0), {"inner": "certainty"}, "certainty equivalent"),
    ],
)
def test_refusals_say_what_to_do(build, options, word):
    with pytest.raises(lc.ProblemError, match=word):
        solve_replanning(build(), **options)


def test_a_mean_without_covariance_is_refused_where_the_covariance_matters():
    with pytest.raises(lc.ProblemError, match="covariance"):
        solve_replanning(planned(moving(), 2.0)).policy([1.0], [0.3])
    assert solve_replanning(planned(moving(), 2.0), covariance="steady").policy(
        [1.0], [0.3]
    ).shape == (1,)


def test_a_simulation_of_plans_made_anew_takes_fewer_episodes(monkeypatch):
    """Of itself a hundred, also by its method; told otherwise, as many as it is told."""
    problem = unknown_curvature(2.0)
    solution = solve_replanning(problem)
    monkeypatch.setattr(type(solution), "_replan", lambda *_: np.zeros(1))
    settings = {"step": 1.0, "horizon": 2.0}
    for policy in (solution, solution.policy):
        assert lc.simulate(problem, policy, **settings).episodes == 100
    assert lc.simulate(problem, solution, episodes=3, **settings).episodes == 3
    still = lc.simulate(problem, lambda theta, *_: 0 * theta, **settings)
    assert still.episodes == 2000
