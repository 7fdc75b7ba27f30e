"""What users' policies and rules return while they run: wrong kinds, shapes and NaN are refused
with rule, step, episode.
"""

import numpy as np
import pytest

import landscape_control as lc
from landscape_control.identification import identify

PROBLEM = lc.ControlProblem(
    landscape=lc.quadratic(hessian=np.eye(2)), objective=lc.Objective(horizon=1.0), start=[1.0, 0.5]
)


def run(policy):
    return lc.simulate(PROBLEM, policy, episodes=3, seed=0, step=0.1)


def late(first, then, when=0.35):
    """A policy that returns something else after a while."""

    def policy(theta, belief, time):
        return first(theta) if time < when else then(theta)

    return policy


def gone(theta):
    values = -theta.copy()
    values[1] = np.nan
    return values


WRONG = {
    "nothing": (lambda theta: None, "None: end the function with 'return"),
    "text": (lambda theta: "a", "an array of <U1"),
    "objects": (lambda theta: np.array([[None, None]] * 3), "objects"),
    "complex numbers": (lambda theta: 1j * theta, "complex numbers"),
    "truth values": (lambda theta: theta > 0, "truth values"),
    "a masked array": (lambda theta: np.ma.masked_array(theta, theta > 0), "a masked array"),
    "one row": (lambda theta: -theta[0], r"shape \(2,\)"),
    "a number": (lambda theta: 0.0, r"shape \(\)"),
    "a ragged list": (lambda theta: [[1.0], [1.0, 2.0]], "received list"),
    "an error": (lambda theta: theta[7], "IndexError: index 7"),
    "NaN": (gone, r"NaN at step 4, t = 0.4, episode 1, for θ and observation \["),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_policy_is_checked_at_every_step(mistake):
    wrong, message = WRONG[mistake]
    with pytest.raises(lc.ProblemError, match=f"policy policy: .*{message}") as caught:
        run(late(lambda theta: -theta, wrong))
    assert "step 4, t = 0.4" in str(caught.value)


def test_lists_and_whole_numbers_serve():
    assert run(lambda theta, belief, time: (-theta).tolist()).costs == pytest.approx(
        run(lambda theta, belief: -theta).costs
    )
    assert run(lambda theta, belief: np.zeros(theta.shape, dtype=int)).costs == pytest.approx(
        run(lambda theta, belief: 0 * theta).costs
    )


def test_what_follows_from_divergence_is_divergence():
    rollout = lc.simulate(
        PROBLEM, lambda theta, belief: 1e40 * (theta - theta**2), episodes=2, step=0.1, throw=False
    )
    assert len(rollout.diverged) == 2


def test_a_policy_of_other_arguments_is_told_which():
    with pytest.raises(lc.ProblemError, match=r"of \(theta, belief, time\).*arguments \(theta\)"):
        run(lambda theta: -theta)


class Forgetful(lc.simulation.RawLearner):
    """Returns u without the state."""

    formula, source = "", ""

    def init(self, episodes, dimension):
        return 0

    def update(self, state, observation, theta, step):
        return -observation


def test_updates_return_two_things():
    problem = lc.ControlProblem(
        landscape=PROBLEM.landscape,
        learner=lc.Learner(sees=lc.ExactGradient()),
        objective=PROBLEM.objective,
        start=PROBLEM.start,
    )
    with pytest.raises(
        lc.ProblemError,
        match=r"update of Forgetful: expected \(u, the next state\); received ndarray",
    ):
        lc.simulate(problem, Forgetful(), episodes=2, step=0.1)
    with pytest.raises(lc.ProblemError, match=r"expected \(u, the next state\); received ndarray"):
        identify((lambda episodes, weights: 0, lambda state, gradient, theta, step: -gradient))


def switching(history):
    return np.full(history[:, -1].shape, np.nan) if history.shape[1] == 3 else -0.1 * history[:, -1]


IDENTIFIED = {
    "NaN": (switching, r"update of switching: .*NaN at step 2, episode 0, for gradient and θ"),
    "complex": (lambda history: 1j * history[:, -1], "complex numbers, at step 0"),
    "nothing": (lambda history: None, "None: end the function"),
    "an error": (lambda history: history["a"], "IndexError.*at step 0"),
}


@pytest.mark.parametrize("mistake", IDENTIFIED)
def test_rules_to_be_identified_are_checked_at_every_step(mistake):
    rule, message = IDENTIFIED[mistake]
    with pytest.raises(lc.ProblemError, match=message):
        identify(rule)
