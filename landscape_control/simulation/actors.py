"""Who acts in a rollout: a policy on beliefs, a policy that knows everything, or a learner on raw
observations.
"""

import inspect
from collections.abc import Callable

import numpy as np

from ..model.belief import TaskBelief, belief_model
from ..rules.families import Policy
from ..support.arguments import unchecked
from ..support.errors import ProblemError
from .announced import AnnouncedSwitches
from .policy_learner import PolicyLearner
from .raw_learner import RawLearner


class PolicyActor:
    """u = policy(θ, nothing or the true hidden values, t)."""

    tells_switches, assumes = False, ""

    def __init__(self, policy: Callable, *, truth: bool):
        self._policy, self._truth = policy, truth

    @property
    def own_step(self):
        """The step that the actor is made for, or None."""
        return None

    def start(self, episodes, dimension, rng):
        """Forget everything before a new rollout."""

    def act(self, theta, observation, hidden, time, step, switched):
        """u (E, m) for the coming step."""
        return self._policy(theta, hidden if self._truth else None, time)

    def moments(self):
        """(means (E, p), variances (E, p)) of the belief acted on, or None."""
        return

    def wait(self, step):
        """Let the belief age by a step."""


class BeliefActor(PolicyActor):
    """u = policy(θ, belief, t): the belief is updated with what is seen at θ, acted on, then
    predicted one step ahead.
    """

    def __init__(self, policy: Callable, filter_):
        super().__init__(policy, truth=False)
        self._filter, self._belief = filter_, None
        self.assumes, self.tells_switches = (
            getattr(filter_, "assumes", ""),
            hasattr(filter_, "switch"),
        )

    def start(self, episodes, dimension, rng):
        self._belief = self._filter.initial(episodes)

    def act(self, theta, observation, hidden, time, step, switched):
        if self.tells_switches:
            self._belief = self._filter.switch(self._belief, switched, step)
        self._belief = self._filter.update(self._belief, theta, observation, step)
        return self._policy(theta, self._belief, time)

    def moments(self):
        if isinstance(self._belief, TaskBelief):
            mean, covariance = self._belief.mean_and_covariance(self._filter.tasks)
        else:
            mean, covariance = self._belief.mean, self._belief.covariance
        return mean, np.broadcast_to(np.diagonal(covariance, axis1=-2, axis2=-1), mean.shape)

    def wait(self, step):
        self._belief = self._filter.predict(self._belief, step)


class LearnerActor(PolicyActor):
    """A :class:`RawLearner`, which sees the observation of the step and its own parameters."""

    def __init__(self, learner: RawLearner):
        self._learner, self._state = learner, None
        self.tells_switches = learner.told_of_switches

    @property
    def own_step(self):
        return getattr(self._learner, "own_step", None)

    def start(self, episodes, dimension, rng):
        draws = (rng,) if self._learner.draws else ()
        self._state = self._learner.init(episodes, dimension, *draws)

    def act(self, theta, observation, hidden, time, step, switched):
        told = (switched,) if self.tells_switches else ()
        return self._unpacked(self._learner.update(self._state, observation, theta, step, *told))

    def _unpacked(self, given):
        if not isinstance(given, tuple) or len(given) != 2:
            received = (
                f"a tuple of {len(given)}" if isinstance(given, tuple) else type(given).__name__
            )
            raise ProblemError(
                f"update of {type(self._learner).__name__}",
                expected="(u, the next state)",
                received=received,
                advice="end it with 'return u, state'",
            )
        u, self._state = given
        return u


def actor_for(problem, policy, beliefs):
    """(actor, its name) for a policy, a solution with a ``policy`` method, or a raw learner."""
    planned = getattr(policy, "policy", None)  # of a PolicyResult
    if isinstance(policy, Policy) or (
        isinstance(planned, Policy) and not isinstance(policy, RawLearner)
    ):
        policy = PolicyLearner(policy=policy if isinstance(policy, Policy) else planned)
    name = type(policy).__name__
    if hasattr(policy, "init") and hasattr(policy, "update"):
        check_raw(problem, policy, name)
        return LearnerActor(policy), name
    method = getattr(policy, "policy", policy)
    if not callable(method):
        raise ProblemError(
            "policy",
            expected=(
                "policy(theta, belief, time) -> u, a belief solution, or a learner with init and"
                " update"
            ),
            received=name,
            advice="for a plan of a known problem write lambda theta, belief, time: ...",
        )
    method, name = _timed(unchecked(method)), getattr(policy, "__name__", name)
    if problem.is_known or beliefs in ("none", "truth"):
        return PolicyActor(method, truth=beliefs == "truth"), name
    filter_ = _filter(problem, beliefs)
    missing = [part for part in ("initial", "update", "predict") if not hasattr(filter_, part)]
    if missing:
        raise ProblemError(
            "beliefs",
            expected=(
                "None, the name of a filter, 'none', 'truth', or a filter with initial, update and"
                " predict"
            ),
            received=f"{type(filter_).__name__} without {', '.join(missing)}",
            advice="for a filter that assumes something else pass belief_model(another_problem)",
        )
    return BeliefActor(method, filter_), name


def _timed(policy):
    """The policy as a function of (θ, belief, time), also where it takes (θ, belief) only."""
    try:
        signature = inspect.signature(policy)
    except ValueError:  # a built-in without a signature
        return policy
    if _takes(signature, 3):
        return policy
    if _takes(signature, 2):
        return lambda theta, belief, time: policy(theta, belief)
    raise ProblemError(
        "policy",
        expected="a function of (theta, belief, time), or of (theta, belief)",
        received=f"one with the arguments {signature}",
        advice=(
            "write def policy(theta, belief, time): ...; the belief is None where nothing is hidden"
        ),
    )


def _takes(signature, count):
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def _filter(problem, beliefs):
    if beliefs == "announced":
        return AnnouncedSwitches(problem)
    if beliefs is None or isinstance(beliefs, str):
        return belief_model(problem, **({} if beliefs is None else {"filter": beliefs}))
    return beliefs


def check_raw(problem, learner, name):
    if problem.learner.sees is None:
        raise ProblemError(
            name,
            expected="a problem that says what the learner sees",
            received="learner.sees = None",
            advice="pass Learner(sees=ExactGradient()) or Learner(sees=NoisyGradient(...))",
        )
    hidden = problem.landscape.hidden
    switching = hidden is not None and hidden.switches
    if getattr(learner, "told_of_switches", False) and not switching:
        raise ProblemError(
            name,
            expected="hidden variables that switch (JumpProcess or TaskChain)",
            received=type(problem.landscape.hidden).__name__,
            advice=(
                "a learner told of switches needs some; let it infer them (told=False,"
                " threshold=...)"
            ),
        )
