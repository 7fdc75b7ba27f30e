"""The front door: which method a problem is sent to, that methods agree where they all apply, and
how they say no.
"""

import inspect
import math
import pickle
import re

import casadi as ca
import numpy as np
import pytest
import standard

import landscape_control as lc
from landscape_control.planning.beliefs import METHODS, NotLinearQuadratic, read_belief, solve
from landscape_control.planning.beliefs.dispatch import _known_options
from landscape_control.planning.beliefs.expected_cost import Uncertainty
from landscape_control.planning.beliefs.lqg_cost import expected_cost
from landscape_control.support.arguments import declared

ALL = ("lqg", "transcription", "replanning", "dynamic programming")


def tracking(*, hidden=None, discount=0.5, **changes):
    hidden = hidden or lc.OrnsteinUhlenbeck([0.3], 0.4, [1.0])
    return standard.tracking(hidden=hidden, discount=discount, **changes)


def curved(theta, phi):
    return 0.5 * (theta[0] - phi[0]) ** 2 + 0.1 * theta[0] ** 4


def probing(theta, phi):
    return 0.5 * ca.exp(phi[0]) * (theta[0] - 1) ** 2


# ---------------------------------------------------------------------------------------------------------
# choosing a method


def test_known_landscapes_go_to_the_full_information_solver():
    problem = lc.ControlProblem(
        landscape=lc.double_well(),
        start=[-0.6, 0.55],
        objective=lc.Objective(horizon=4.0, discount=0.1),
    )
    ours, theirs = solve(problem), lc.Solver(problem).solve()
    assert isinstance(ours, lc.Solution)
    assert ours.cost == theirs.cost
    assert solve(problem, method="collocation").method == "collocation"


def test_linear_quadratic_problems_are_solved_exactly():
    assert solve(tracking()).method == "exact LQG"
    assert solve(tracking(), tolerance=1e-8, seed=3).cost == solve(tracking()).cost


def test_other_problems_are_transcribed_and_the_message_says_why():
    solution = solve(tracking(loss=curved))
    assert solution.method == "belief-space transcription"
    assert "not exact LQG" in solution.message
    assert "second derivative that is not constant: ∂²/∂θ∂θ" in solution.message
    asked = solve(tracking(loss=curved), method="transcription")
    assert asked.cost == pytest.approx(solution.cost, rel=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_methods_go_by_short_and_long_names(name):
    assert solve(tracking(), method=name).method == METHODS[name]
    assert solve(tracking(), method=METHODS[name]).method == METHODS[name]


# --------------------------------------------------------------------------------------------------
# four methods, one answer


@pytest.mark.parametrize("method", ALL)
def test_every_method_finds_the_shrink_factor_of_a_moving_task(method):
    r = math.sqrt(0.25 / 4 + 1) - 0.25
    s = (r + 0.5) / (r + 0.9)
    u = solve(tracking(), method=method).policy([1.0], ([0.2], [[0.5]]))
    np.testing.assert_allclose(u, [-r * (1.0 - 0.3 - s * (0.2 - 0.3))], rtol=1e-5)


@pytest.mark.parametrize("method", ALL)
def test_every_method_finds_the_shrink_factor_of_two_tasks(method):
    chain = lc.TaskChain(rates=[[-0.3, 0.3], [0.6, -0.6]], tasks=[-1.0, 1.0])
    r, centre = math.sqrt(0.25 / 4 + 1) - 0.25, -1 / 3
    s = (r + 0.5) / (r + 0.5 + 0.9)
    u = solve(tracking(hidden=chain), method=method).policy([0.5], [0.8, 0.2])
    np.testing.assert_allclose(u, [-r * (0.5 - centre - s * (-0.6 - centre))], rtol=1e-5)


def test_feeding_the_exact_filter_costs_less_than_the_best_linear_one():
    """The cost for two tasks is that of the filter that runs, as by dynamic programming, not the
    best linear filter's.
    """
    problem = tracking(hidden=lc.TaskChain(rates=[[-0.3, 0.3], [0.6, -0.6]], tasks=[-1.0, 1.0]))
    solution, grid = solve(problem), solve(problem, method="dynamic programming")
    linear = expected_cost(
        solution.linear, Uncertainty(solution.linear), solution.state_policy, problem
    )
    assert solution.cost == pytest.approx(grid.cost, abs=grid.grid.error)
    assert grid.cost + grid.grid.error < linear < 1.02 * grid.cost


def test_dynamic_programming_has_the_exact_cost_from_the_settled_filter():
    steady = solve(tracking()).steady_covariance
    problem = tracking(hidden=lc.OrnsteinUhlenbeck([0.3], 0.4, [1.0], [-0.2], steady))
    grid = solve(problem, method="dynamic programming", points=61)
    assert grid.cost == pytest.approx(solve(problem).cost, rel=1e-6)


# -----------------------------------------------------------------------------------------------------------------
# saying no


@pytest.mark.parametrize("method", [*METHODS, *METHODS.values()])
def test_known_landscapes_have_no_beliefs_to_plan_with(method):
    problem = lc.ControlProblem(
        landscape=lc.quadratic(hessian=[[1.0]], minimum=[0.0]),
        start=[1.0],
        objective=lc.Objective(horizon=1.0),
    )
    with pytest.raises(lc.ProblemError, match="landscape that is known"):
        solve(problem, method=method)


def test_exact_lqg_refuses_by_name_what_it_cannot_do():
    with pytest.raises(NotLinearQuadratic, match="exact LQG: expected a loss jointly quadratic"):
        solve(
            tracking(loss=probing, hidden=lc.GaussianPrior([0.0], [0.2]), horizon=1.0), method="lqg"
        )


def test_problems_whose_cost_is_infinite_are_not_passed_on_to_another_method():
    with pytest.raises(lc.ProblemError, match="E\\[J\\] = ∞"):
        solve(tracking(discount=0.0))


def test_unknown_methods_and_options_are_named():
    with pytest.raises(lc.ProblemError, match="did you mean 'replanning'"):
        solve(tracking(), method="replaning")
    with pytest.raises(lc.ProblemError, match="dynamic programming option"):
        solve(tracking(), method="dynamic programming", point=31)
    with pytest.raises(lc.ProblemError, match="exact LQG option"):
        solve(tracking(), method="lqg", starts=3)
    with pytest.raises(lc.ProblemError, match="ControlProblem"):
        solve("a problem")


@pytest.mark.parametrize(
    "given", [{"metod": "dynamic programming"}, {"tolerence": 1e-3}, {"points": 31}]
)
def test_the_front_door_drops_no_option_that_exact_answers_do_not_need(given):
    with pytest.raises(lc.ProblemError, match="(hidden variables'|solve) option: expected"):
        solve(tracking(), **given)
    # of the method that would have been next
    assert solve(tracking(), aims=2, max_elements=64).method == "exact LQG"
    with pytest.raises(lc.ProblemError, match="replanning option: .*did you mean 'inner'"):
        solve(tracking(), method="replanning", iner="belief")


def test_a_grid_that_is_too_coarse_raises_or_hands_its_status_back():
    problem, options = tracking(loss=curved), {"points": 21, "margin": 0.6, "accuracy": 1e-9}
    with pytest.raises(lc.SolveError, match="too coarse") as failure:
        solve(problem, method="dynamic programming", **options)
    assert not failure.value.solution.status.ok
    assert (
        "too coarse" in solve(problem, method="dynamic programming", throw=False, **options).message
    )


# -------------------------------------------------------------------------------------------------------------------
# beliefs


def test_beliefs_are_read_in_every_form():
    gaussian, chain = (
        lc.GaussianPrior([0.0, 0.0], [1.0, 1.0]),
        lc.TaskChain([[-1, 1], [1, -1]], [0.0, 1.0]),
    )
    mean, covariance = np.array([0.1, 0.2]), np.eye(2)

    class Gaussian:
        pass

    belief = Gaussian()
    belief.mean, belief.covariance = mean, covariance
    for given in (belief, (mean, covariance)):
        estimate, spread = read_belief(given, gaussian)
        np.testing.assert_array_equal(estimate, mean)
        np.testing.assert_array_equal(spread, covariance)
    assert read_belief(mean, gaussian)[1] is None
    tasks = Gaussian()
    tasks.probabilities = [0.4, 0.6]
    np.testing.assert_array_equal(read_belief(tasks, chain)[0], [0.4, 0.6])
    np.testing.assert_array_equal(read_belief([[0.4, 0.6]], chain)[0], [[0.4, 0.6]])


@pytest.mark.parametrize(
    ("belief", "words"),
    [
        ([0.1, 0.2], "a mean of 1 hidden"),
        (0.3, "a mean of 1 hidden"),
        (([0.1, 0.2], np.eye(2)), "a mean of 1 hidden"),
    ],
)
def test_beliefs_of_the_wrong_size_are_refused(belief, words):
    with pytest.raises(lc.ProblemError, match=words):
        solve(tracking()).policy([1.0], belief)


def test_a_mean_is_no_belief_about_tasks():
    solution = solve(tracking(hidden=lc.TaskChain([[-1, 1], [1, -1]], [0.0, 1.0])))
    for belief in ([0.5], ([0.5, 0.5], np.eye(2))):
        with pytest.raises(lc.ProblemError, match="probabilities of 2 tasks"):
            solution.policy([1.0], belief)


def test_summaries_and_pickles_of_a_grid_solution():
    solution = solve(tracking(), method="dynamic programming", points=31)
    assert "dynamic programming" in solution.summary()
    copy = pickle.loads(pickle.dumps(solution))
    np.testing.assert_allclose(copy.policy([1.0], [0.2]), solution.policy([1.0], [0.2]), rtol=1e-12)


def test_results_introduce_themselves_in_one_line():
    problem = standard.tracking(2.0, discount=0.3)
    solution = lc.solve(problem)
    rollout = lc.simulate(problem, solution, episodes=10, horizon=1.0, step=0.05)
    for result in (solution, rollout, lc.solve(problem, method="transcription")):
        assert "\n" not in repr(result)
        assert "J" in repr(result)


@pytest.mark.parametrize("belief", [[np.nan], ([0.3], [[-1.0]]), ([0.3], [[np.nan]])])
def test_arrays_that_are_no_belief_are_refused(belief):
    problem = standard.tracking(2.0, discount=0.3)
    with pytest.raises(lc.ProblemError, match="belief: expected"):
        lc.solve(problem).policy([1.0], belief)


def test_probabilities_that_do_not_sum_to_one_are_refused():
    chain = lc.TaskChain(rates=[[-0.5, 0.5], [0.2, -0.2]], tasks=[-1.0, 2.0])
    bowl = lc.Landscape.from_expression(lambda t, h: (t[0] - h[0]) ** 2, dimension=1, hidden=chain)
    problem = lc.ControlProblem(
        landscape=bowl,
        learner=lc.Learner(sees=lc.NoisyGradient(0.8)),
        start=[1.0],
        objective=lc.Objective(horizon=float("inf"), discount=0.3),
    )
    with pytest.raises(lc.ProblemError, match="sum to 1"):
        lc.solve(problem).policy([1.0], [0.3, 0.3])


@pytest.mark.parametrize("method", ["lqg", "transcription", "replanning"])
def test_unseen_combinations_are_named_by_every_method(method):
    bowl = lc.Landscape.from_expression(
        lambda t, h: (t[0] - h[0] - 2 * h[1]) ** 2,
        dimension=1,
        hidden=lc.GaussianPrior([0.0, 0.0], np.eye(2)),
    )
    problem = lc.ControlProblem(
        landscape=bowl,
        learner=lc.Learner(sees=lc.NoisyGradient(0.8)),
        start=[1.0],
        objective=lc.Objective(horizon=2.0, discount=0.3),
    )
    assert "no observation shows" in lc.solve(problem, method=method).message


@pytest.mark.parametrize(
    "method", ["lqg", "transcription", "auto", "replanning", "dynamic programming"]
)
def test_help_names_every_option_of_every_method(method):
    """Also those of a known landscape, which ``Solver`` takes."""
    text = inspect.getdoc(lc.solve)
    of_known = {*inspect.signature(lc.Solver.solve).parameters, *declared(lc.Solver)}
    options = _known_options(method) if method != "auto" else dict.fromkeys(of_known)
    left_out = {"self", "problem", "numbers", "throw", "method"}
    missing = {name for name in {*options} - left_out if not re.search(rf"\b{name}\b", text)}
    assert missing == set()
