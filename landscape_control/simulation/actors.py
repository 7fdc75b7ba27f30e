"""Who acts in a rollout.

A policy on beliefs, a policy that knows everything, or a learner on raw observations.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..model.belief import TaskBelief, belief_model
from ..model.problem import ControlProblem
from ..rules.families import Policy
from ..support.arguments import unchecked
from ..support.errors import ProblemError
from .announced import AnnouncedSwitches
from .policy_learner import PolicyLearner
from .raw_learner import RawLearner, with_methods


class Actor:
    """What a rollout asks of whoever acts in it.

    Attributes
    ----------
    tells_switches : whether ``act`` needs the mask of episodes whose task has just changed
    assumes : what the actor's filter assumes, in words; "" without one
    own_step : the step that the actor is made for, or None
    """

    tells_switches: bool = False
    assumes: str = ""

    @property
    def own_step(self) -> float | None:
        return None

    def start(self, episodes: int, dimension: int, rng: np.random.Generator) -> None:
        """Forget everything before a new rollout."""

    def act(
        self,
        theta: np.ndarray,
        observation: np.ndarray,
        hidden: np.ndarray,
        time: float,
        step: float,
        switched: np.ndarray,
    ) -> object:
        """u (E, m) for the coming step, as the policy gave it: not checked."""
        raise NotImplementedError

    def moments(self) -> tuple[np.ndarray, np.ndarray] | None:
        """(means (E, p), variances (E, p)) of the belief acted on, or None."""
        return None

    def wait(self, step: float) -> None:
        """Let the belief age by a step."""

    @property
    def has_answer(self) -> bool:
        """Whether losses are those of other parameters than θ."""
        return False

    def answer(self, theta: np.ndarray) -> np.ndarray:
        """The parameters (E, n) whose loss counts while the actor stands at θ."""
        return theta


class PolicyActor(Actor):
    """u = policy(θ, nothing or the true hidden values, t)."""

    def __init__(self, policy: Callable, *, truth: bool):
        self._policy, self._truth = policy, truth

    def act(
        self,
        theta: np.ndarray,
        observation: np.ndarray,
        hidden: np.ndarray,
        time: float,
        step: float,
        switched: np.ndarray,
    ) -> object:
        return self._policy(theta, hidden if self._truth else None, time)


class BeliefActor(Actor):
    """u = policy(θ, belief, t).

    The belief is updated with what is seen at θ, acted on, then predicted one step ahead.
    """

    def __init__(self, policy: Callable, filter_: Any):  # the filter may be a user's own
        self._policy, self._filter = policy, filter_
        self._belief: Any = None
        self.assumes = getattr(filter_, "assumes", "")
        self.tells_switches = hasattr(filter_, "switch")

    def start(self, episodes: int, dimension: int, rng: np.random.Generator) -> None:
        self._belief = self._filter.initial(episodes)

    def act(
        self,
        theta: np.ndarray,
        observation: np.ndarray,
        hidden: np.ndarray,
        time: float,
        step: float,
        switched: np.ndarray,
    ) -> object:
        if self.tells_switches:
            self._belief = self._filter.switch(self._belief, switched, step)
        self._belief = self._filter.update(self._belief, theta, observation, step)
        return self._policy(theta, self._belief, time)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        if isinstance(self._belief, TaskBelief):
            mean, covariance = self._belief.mean_and_covariance(self._filter.tasks)
        else:
            mean, covariance = self._belief.mean, self._belief.covariance
        variances = np.diagonal(covariance, axis1=-2, axis2=-1)
        # one covariance may be shared by all episodes
        return mean, np.broadcast_to(variances, mean.shape)

    def wait(self, step: float) -> None:
        self._belief = self._filter.predict(self._belief, step)


class LearnerActor(Actor):
    """A :class:`RawLearner`, which sees the observation of the step and its own parameters.

    Any other object with ``init`` and ``update`` is one that asks for nothing more.
    """

    def __init__(self, learner: Any):
        self._learner: Any = learner
        self._state: object = None
        self.tells_switches = getattr(learner, "told_of_switches", False)
        self._draws = getattr(learner, "draws", False)

    @property
    def own_step(self) -> float | None:
        return getattr(self._learner, "own_step", None)

    def start(self, episodes: int, dimension: int, rng: np.random.Generator) -> None:
        draws = (rng,) if self._draws else ()
        self._state = self._learner.init(episodes, dimension, *draws)

    def act(
        self,
        theta: np.ndarray,
        observation: np.ndarray,
        hidden: np.ndarray,
        time: float,
        step: float,
        switched: np.ndarray,
    ) -> object:
        news = (switched,) if self.tells_switches else ()
        return self._unpacked(self._learner.update(self._state, observation, theta, step, *news))

    @property
    def has_answer(self) -> bool:
        return isinstance(self._learner, RawLearner) and self._learner.has_answer

    def answer(self, theta: np.ndarray) -> np.ndarray:
        return self._learner.answer(self._state, theta) if self.has_answer else theta

    def _unpacked(self, given: object) -> object:
        """u of what ``update`` returned; the state is kept."""
        if not isinstance(given, tuple) or len(given) != 2:
            received = type(given).__name__
            if isinstance(given, tuple):
                received = f"a tuple of {len(given)}"
            raise ProblemError(
                f"update of {type(self._learner).__name__}",
                expected="(u, the next state)",
                received=received,
                advice="end it with 'return u, state'",
            )
        u, self._state = given
        return u


def _name(policy: Any) -> str:
    """What a policy calls itself: a solution by its method, a rule by its family, else its class."""
    if isinstance(policy, PolicyLearner):
        return str(policy.policy.family.name)
    said = getattr(policy, "policy_name", None)
    return said if isinstance(said, str) else type(policy).__name__


def actor_for(problem: ControlProblem, policy: Any, beliefs: object) -> tuple[Actor, str]:
    """(actor, its name) for a policy, a solution with a ``policy`` method, or a raw learner."""
    policy = with_methods(policy)
    planned = getattr(policy, "policy", None)  # of a PolicyResult
    if isinstance(policy, Policy):
        policy = PolicyLearner(policy=policy)
    elif isinstance(planned, Policy) and not isinstance(policy, RawLearner):
        policy = PolicyLearner(policy=planned)
    name = _name(policy)
    if hasattr(policy, "init") and hasattr(policy, "update"):
        check_raw(problem, policy, name)
        return LearnerActor(policy), name
    method = getattr(policy, "policy", policy)
    if not callable(method):
        raise ProblemError(
            "policy",
            expected=(
                "policy(theta, belief, time) -> u, a belief solution, or a learner: an object with"
                " init and update, or the pair (init, update)"
            ),
            received=name,
            advice="for a plan of a known problem write lambda theta, belief, time: ...",
        )
    # what the loop passes on needs no check at every step
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


def _timed(policy: Callable) -> Callable:
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


def _takes(signature: inspect.Signature, count: int) -> bool:
    """Whether a call with so many positional arguments is possible."""
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def _filter(problem, beliefs):
    if beliefs == "announced":
        return AnnouncedSwitches(problem)
    if beliefs is None:
        return belief_model(problem)
    if isinstance(beliefs, str):
        return belief_model(problem, filter=beliefs)
    return beliefs


def check_raw(problem: ControlProblem, learner: object, name: str) -> None:
    """Refuse a raw learner where nothing is seen, or where it waits for switches in vain."""
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
            received=type(hidden).__name__,
            advice=(
                "a learner told of switches needs some; let it infer them (told=False,"
                " threshold=...)"
            ),
        )
