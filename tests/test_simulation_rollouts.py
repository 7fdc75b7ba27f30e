"""Rollouts: common random numbers, pairing, hidden paths, divergence, what a rollout says; mistakes
have messages.
"""

import pickle

import numpy as np
import pytest
import standard
from simulated_problems import (
    GAMMA,
    LAM,
    MU,
    PROBLEM,
    SHORT,
    SIGMA,
    H,
    Q,
    certainty_equivalent,
    gains,
    moving_bowl,
    steady_variance,
)

import landscape_control as lc
from landscape_control.simulation import SGD, HeavyBall, paired_difference, simulate


@pytest.mark.parametrize(
    "hidden",
    [
        lc.GaussianPrior([0.3, -0.2], [[1.0, 0.4], [0.4, 0.5]]),
        lc.RandomWalk([0.3, -0.2], [[1.0, 0.4], [0.4, 0.5]], [0.2, 0.7]),
        lc.OrnsteinUhlenbeck([0.5, 0.0], 0.4, [[1.0, 0.1], [0.1, 0.3]], start_mean=[2.0, -1.0]),
        lc.JumpProcess(rate=2.0, mean=[0.5], covariance=[0.8]),
        lc.TaskChain(rates=[[-2.0, 2.0], [1.0, -1.0]], tasks=[-1.0, 2.0]),
    ],
    ids=lambda h: type(h).__name__,
)
def test_hidden_paths_are_those_of_the_hidden_variables_own_exact_sampler(hidden):
    landscape = lc.Landscape.from_expression(
        lambda theta, phi: 0.5 * (theta[0] - phi[0]) ** 2, dimension=1, hidden=hidden
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        start=[0.0],
        objective=lc.Objective(horizon=1.0),
        learner=lc.Learner(sees=lc.NoisyGradient(1.0)),
    )
    run = simulate(problem, SGD(learning_rate=0.1), episodes=20, seed=5, step=0.1, keep_paths=True)
    stream = np.random.default_rng(np.random.SeedSequence(5).spawn(3)[0])
    assert run.paths.hidden == pytest.approx(hidden.sample(stream, 20, run.paths.times), abs=1e-12)
    noise = (
        run.paths.observations - (run.paths.parameters - run.paths.hidden[..., :1])[:, :-1]
    ) * np.sqrt(0.1)
    assert abs(noise.mean()) < 4 / np.sqrt(200)
    assert noise.std() == pytest.approx(1, abs=4 / np.sqrt(400))


def test_equal_seeds_give_bit_identical_rollouts_and_other_seeds_others():
    first, second, other = (
        simulate(SHORT, certainty_equivalent, episodes=50, step=0.05, seed=seed, keep_paths=3)
        for seed in (3, 3, 4)
    )
    assert (first.costs == second.costs).all()
    assert (first.paths.controls == second.paths.controls).all()
    assert (first.costs != other.costs).all()


def test_the_policy_changes_neither_hidden_paths_nor_noise():
    """A learner that draws random numbers of its own, one that does not, and a belief policy see
    the same world.
    """
    runs = [
        simulate(SHORT, policy, episodes=10, step=0.05, keep_paths=True)
        for policy in (
            certainty_equivalent,
            SGD(learning_rate=0.0),
            HeavyBall(learning_rate=0.3, momentum=0.5),
        )
    ]
    noise = [
        run.paths.observations - H * (run.paths.parameters - run.paths.hidden)[:, :-1]
        for run in runs
    ]
    for run, xi in zip(runs[1:], noise[1:], strict=True):
        assert (run.paths.hidden == runs[0].paths.hidden).all()
        assert xi == pytest.approx(noise[0], abs=1e-12)
    assert (runs[1].paths.parameters == MU).all()
    assert (runs[1].efforts == 0).all()


def test_paired_differences_are_far_more_precise_than_unpaired_ones():
    def bolder(theta, belief, time):
        return 1.1 * certainty_equivalent(theta, belief, time)

    a, b = (
        simulate(SHORT, policy, episodes=1000, step=0.02)
        for policy in (bolder, certainty_equivalent)
    )
    mean, error = paired_difference(a, b)
    assert mean == pytest.approx(a.cost - b.cost, abs=1e-12)
    assert error < 0.1 * np.hypot(a.standard_error, b.standard_error)
    elsewhere = simulate(SHORT, bolder, episodes=1000, step=0.02, seed=1)
    with pytest.raises(lc.ProblemError, match="paired difference: seed"):
        paired_difference(elsewhere, b)


def test_equal_worlds_are_one_world():
    runs = [
        simulate(problem, certainty_equivalent, episodes=10, step=0.1)
        for problem in (SHORT, moving_bowl(horizon=2.0))
    ]
    assert paired_difference(*runs) == (0.0, 0.0)


FASTER = lc.OrnsteinUhlenbeck([MU], 2 * LAM, [1.0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"episodes": 20}, "episodes"),
        ({"step": 0.05}, "grid of random draws"),
        ({"problem": moving_bowl(horizon=2.0, hidden=FASTER)}, "hidden variables"),
        ({"problem": SHORT.changed(discount=0.1)}, "objective.discount"),
        ({"problem": SHORT.changed(horizon=3.0), "step": 0.1}, "horizon"),
    ],
)
def test_rollouts_that_do_not_share_their_world_are_not_paired(change, words):
    settings = {"problem": SHORT, "policy": certainty_equivalent, "episodes": 10, "step": 0.1}
    with pytest.raises(lc.ProblemError, match=f"paired difference: {words}"):
        paired_difference(simulate(**settings), simulate(**(settings | change)))


def test_true_hidden_values_bound_what_beliefs_can_reach_and_no_beliefs_do_worse():
    def known(theta, truth, time):
        r, s = gains()
        return -r * (theta - MU - s * (truth - MU))

    runs = [
        simulate(SHORT, policy, beliefs=beliefs, episodes=1000, step=0.02)
        for policy, beliefs in (
            (known, "truth"),
            (certainty_equivalent, None),
            (lambda theta, nothing, time: np.zeros_like(theta), "none"),
        )
    ]
    for better, worse in zip(runs, runs[1:], strict=False):
        mean, error = paired_difference(worse, better)
        assert mean > 4 * error


def test_a_filter_that_assumes_something_else_can_be_run_in_its_place():
    class Stubborn:
        """Never learns."""

        assumes = "nothing is seen"

        def initial(self, episodes):
            return np.full((episodes, 1), MU)

        def update(self, belief, theta, observation, step):
            return belief

        def predict(self, belief, step):
            return belief

    run = simulate(
        SHORT, lambda theta, belief, time: belief - theta, beliefs=Stubborn(), episodes=10, step=0.1
    )
    assert (run.final == MU).all()
    assert run.assumes == "nothing is seen"


def test_paths_hold_the_belief_that_was_acted_on():
    run = simulate(SHORT, certainty_equivalent, episodes=30, step=0.02, keep_paths=4)
    paths = run.paths
    assert paths.times[-1] == pytest.approx(2.0)
    assert paths.parameters.shape == paths.hidden.shape == (4, 101, 1)
    r, s = gains()
    assert paths.controls == pytest.approx(
        -r * (paths.parameters[:, :-1] - MU - s * (paths.belief_means - MU)), abs=1e-12
    )
    assert paths.belief_variances == pytest.approx(
        np.full((4, 100, 1), steady_variance()), rel=0.03
    )
    assert (paths.parameters[:, -1] == run.final[:4]).all()
    assert np.diff(paths.parameters, axis=1) == pytest.approx(0.02 * paths.controls, abs=1e-14)


def test_divergence_is_loud_and_counted():
    learner = SGD(learning_rate=1e4)
    with pytest.raises(lc.SolveError, match="40 diverged by t =.*smaller step") as caught:
        simulate(SHORT, learner, episodes=40, step=0.005)
    run = simulate(SHORT, learner, episodes=40, step=0.005, throw=False)
    assert (run.diverged == np.arange(40)).all()
    assert np.isinf(run.cost)
    assert np.isinf(run.standard_error)
    assert 0 < run.diverged_by <= 2.0
    assert (caught.value.solution.diverged == run.diverged).all()
    with pytest.raises(lc.ProblemError, match="stayed finite"):
        paired_difference(run, simulate(SHORT, SGD(learning_rate=0.1), episodes=40, step=0.005))


def test_only_the_episodes_that_diverge_are_reported():
    def fragile(theta, truth, time):
        return np.where(truth > MU + 1.0, 1e3 * theta**3, 0.0)

    run = simulate(
        moving_bowl(horizon=2.0, hidden=lc.GaussianPrior([MU], [1.0])),
        fragile,
        beliefs="truth",
        episodes=60,
        step=0.01,
        throw=False,
    )
    assert 0 < len(run.diverged) < 30
    assert (np.isinf(run.costs) == np.isin(np.arange(60), run.diverged)).all()


def test_the_default_step_is_a_fiftieth_of_the_fastest_time_constant():
    run = simulate(PROBLEM, SGD(learning_rate=0.1), episodes=2, horizon=1.0)
    r, _ = gains()
    fastest = max(r, GAMMA, LAM, np.sqrt(Q) * H / SIGMA)
    assert 1 / run.step == pytest.approx(50 * fastest, rel=0.02)


def test_a_rollout_says_what_it_was_and_survives_pickling_as_plain_numbers():
    run = simulate(SHORT, certainty_equivalent, episodes=10, step=0.1)
    assert "J = " in run.summary()
    assert "(standard error of 10 episodes)" in run.summary()
    again = pickle.loads(pickle.dumps(run))
    assert (again.costs == run.costs).all()
    assert run.cost == pytest.approx((run.losses + run.efforts + run.terminals).mean())
    with pytest.raises(lc.ProblemError, match="forgotten in a pickle"):
        paired_difference(again, run)
    other = simulate(SHORT.changed(loss_weight=3.0), certainty_equivalent, episodes=10, step=0.1)
    with pytest.raises(lc.ProblemError, match="forgotten there too"):
        paired_difference(again, pickle.loads(pickle.dumps(other)))


TWO = lc.quadratic(hessian=np.eye(2), minimum=[0.0, 0.0])
MISTAKES = {
    "no horizon": (lambda: simulate(PROBLEM, certainty_equivalent), "explicit horizon"),
    "no discount": (
        lambda: simulate(moving_bowl(discount=0.0), certainty_equivalent, horizon=3.0),
        "discount γ > 0",
    ),
    "another horizon": (
        lambda: simulate(SHORT, certainty_equivalent, horizon=3.0),
        "the problem's own T = 2",
    ),
    "controls of the wrong shape": (
        lambda: simulate(SHORT, lambda theta, belief, time: theta[0], episodes=5),
        r"controls of shape \(5, 1\)",
    ),
    "no policy": (lambda: simulate(SHORT, 3.0), "a learner: an object with init and update"),
    "no filter": (
        lambda: simulate(SHORT, certainty_equivalent, beliefs=3.0),
        "a filter with initial",
    ),
    "nothing seen": (
        lambda: simulate(
            lc.ControlProblem(landscape=TWO, start=[1.0, 1.0], objective=lc.Objective(horizon=1.0)),
            SGD(learning_rate=0.1),
        ),
        "learner.sees = None",
    ),
    "loss seen by a gradient learner": (
        lambda: simulate(
            lc.ControlProblem(
                landscape=TWO,
                start=[1.0, 1.0],
                objective=lc.Objective(horizon=1.0),
                learner=lc.Learner(sees=lc.NoisyLoss(0.1)),
            ),
            SGD(learning_rate=0.1),
        ),
        r"one entry per control \(2\)",
    ),
    "fixed end": (
        lambda: simulate(
            lc.ControlProblem(
                landscape=TWO, start=[1.0, 1.0], end=[0.0, 0.0], objective=lc.Objective(horizon=1.0)
            ),
            certainty_equivalent,
        ),
        "a free end",
    ),
    "too many steps": (lambda: simulate(SHORT, certainty_equivalent, step=1e-7), "larger step"),
    "step zero": (lambda: simulate(SHORT, certainty_equivalent, step=0.0), "step"),
    "no episode": (lambda: simulate(SHORT, certainty_equivalent, episodes=0), "episodes"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_has_its_message(mistake):
    action, message = MISTAKES[mistake]
    with pytest.raises(lc.ProblemError, match=message):
        action()


def test_a_policy_of_weights_and_belief_alone_needs_no_time():
    problem = standard.tracking(2.0, horizon=1.0)
    short = lc.simulate(problem, lambda theta, belief: belief.mean - theta, episodes=20, step=0.1)
    timed = lc.simulate(
        problem, lambda theta, belief, time: belief.mean - theta, episodes=20, step=0.1
    )
    assert (short.costs == timed.costs).all()


def test_an_interrupted_simulation_hands_back_what_was_done():
    """Ctrl-C at t = 1.5 of 4: the costs up to then are those of a simulation that ends there."""
    hidden = lc.OrnsteinUhlenbeck(mean=[0.0], rate=0.4, covariance=[1.0])
    landscape = lc.Landscape.from_expression(
        lambda theta, h: (theta[0] - h[0]) ** 2, dimension=1, hidden=hidden
    )
    problem = lc.ControlProblem(
        landscape=landscape,
        learner=lc.Learner(sees=lc.NoisyGradient(noise=0.8)),
        start=[1.0],
        objective=lc.Objective(horizon=4.0, discount=0.3),
    )

    def policy(theta, belief, time):
        if time >= 1.5 and policy.stops:
            raise KeyboardInterrupt
        return -theta

    policy.stops = False
    shorter = lc.simulate(problem.changed(horizon=1.5), policy, episodes=7, seed=3, step=0.05)
    policy.stops = True
    with pytest.raises(lc.SolveInterrupted, match="t = 1.5 of 4") as stopped:
        lc.simulate(problem, policy, episodes=7, seed=3, step=0.05)
    part = stopped.value.solution
    assert part.horizon == pytest.approx(1.5)
    assert part.final == pytest.approx(shorter.final, rel=1e-12)
    # but for the weight of the last half step
    assert part.costs == pytest.approx(shorter.costs, rel=5e-3)
