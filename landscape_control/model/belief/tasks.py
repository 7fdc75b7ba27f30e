"""The belief of a task chain: its dynamics in symbols, its exact filter in numbers."""

from functools import cached_property, reduce
from typing import Literal

import casadi as ca
import numpy as np
from scipy.linalg import expm

from ...support.arguments import ArrayLike
from ...support.expressions import Expression
from ...support.vectorised import Vectorised
from ..landscape import Landscape
from ..observation import Sees
from .observation import Observation
from .state import TaskBelief

_SAME = 1e-9  # relative difference up to which an exact observation agrees with a task


class TaskModel:
    """Probabilities p of K tasks; build with :func:`belief_model`.

    dp = Qᵀp dt + pᵢ(hᵢ - h̄)ᵀR^{-1/2}dI with a standard innovation I (Wonham 1965); in discrete
    time Bayes' rule between the exact transitions e^{Q step}.

    Attributes
    ----------
    kind : "tasks"
    hidden_dimension, observation_dimension, size : p, q, and K probabilities
    tasks : (K, p), the values of φ
    exact : True
    assumes : str, what the filter assumes, in words
    """

    kind: Literal["tasks"] = "tasks"
    exact = True
    assumes = "Bayes' rule over the tasks (Wonham filter): exact"

    def __init__(self, landscape: Landscape, sees: Sees):
        assert landscape.hidden is not None  # see belief_model
        self.hidden, self.tasks = landscape.hidden, landscape.hidden.tasks
        self.size, self.hidden_dimension = self.tasks.shape
        self.observation = Observation(landscape, sees)
        self.observation_dimension = self.observation.dimension
        theta, hidden = self.observation.theta, self.observation.hidden
        loss = ca.Function("loss", [theta, hidden], [landscape.symbolic(theta, hidden)])
        losses = [loss(theta, ca.DM(task)) for task in self.tasks]
        self._losses = ca.Function("losses", [theta], [ca.vertcat(*losses)])
        self._transitions: dict[float, np.ndarray] = {}
        self.outruns: str | None = None  # see model.unbounded, at its first use

    def symbolic_expected_loss(self, theta: Expression, probabilities: Expression) -> Expression:
        """Σ pᵢ L(θ, task i)."""
        return ca.dot(probabilities, self._losses(theta))

    def symbolic_probability_drift(self, probabilities: Expression) -> Expression:
        """Qᵀp, (K,), with the generator Q."""
        return ca.DM(self.hidden.rates).T @ probabilities

    def symbolic_observations(self, theta: Expression) -> Expression:
        """R^{-1/2}hᵢ, (q, K): what would be seen without noise, task by task, in units of the noise."""
        values = [self.observation.symbolic_white(theta, ca.DM(task))[0] for task in self.tasks]
        return ca.horzcat(*values)

    def symbolic_probability_diffusion(
        self, theta: Expression, probabilities: Expression
    ) -> Expression:
        """pᵢ(hᵢ - h̄)ᵀR^{-1/2}ᵀ, (K, q): the probabilities' answer to a standard innovation."""
        seen = self.symbolic_observations(theta)
        offset = seen - ca.repmat(seen @ probabilities, 1, self.size)
        return ca.repmat(probabilities, 1, self.observation_dimension) * offset.T

    def initial(self, episodes: int) -> TaskBelief:
        """The prior probabilities, for many episodes: (E, K)."""
        return TaskBelief.trusted(np.tile(self.hidden.probabilities, (episodes, 1)))

    def predict(self, belief: TaskBelief, step: float) -> TaskBelief:
        """The belief a time ``step`` later without observation: pᵀe^{Q step}."""
        if step not in self._transitions:
            self._transitions[step] = expm(self.hidden.rates * step)
        return TaskBelief.trusted(belief.probabilities @ self._transitions[step])

    def update(
        self, belief: TaskBelief, theta: np.ndarray, observation: np.ndarray, step: float
    ) -> TaskBelief:
        """Bayes' rule for y (E, q) seen at θ (E, n) for a time ``step``."""
        likelihood = self._likelihood(np.atleast_2d(theta), np.atleast_2d(observation), step)
        weights = likelihood * belief.probabilities
        total = (weights @ np.ones(self.size))[:, None]
        possible = total > 0  # where no task explains what was seen, the belief stays as it is
        after = np.where(possible, weights / np.where(possible, total, 1.0), belief.probabilities)
        single = belief.probabilities.ndim == np.ndim(theta) == 1
        return TaskBelief.trusted(after[0] if single else after)

    def _likelihood(self, theta: np.ndarray, seen: np.ndarray, step: float) -> np.ndarray:
        """Likelihood of each task (E, K), up to a factor per episode."""
        expected = self._white_observations(theta).reshape(len(theta), self.size, -1)
        gap = expected - self.observation.whiten(theta, seen)[:, None]
        distance = np.einsum("ekq,ekq->ek", gap, gap)
        # much faster than min over so short an axis
        nearest = reduce(np.minimum, distance.T)[:, None]
        if self.observation.is_exact:
            scale = (expected**2).sum(-1).max(-1) + (seen**2).sum(-1)
            return (distance <= nearest + _SAME**2 * scale[:, None]).astype(float)
        return np.exp((nearest - distance) * (step / 2))

    @cached_property
    def _white_observations(self) -> Vectorised:
        theta, hidden = self.observation.theta, self.observation.hidden
        white = ca.Function("white", [theta, hidden], [self.observation.white[0]])
        seen = ca.vertcat(*[white(theta, ca.DM(task)) for task in self.tasks])
        return Vectorised(ca.Function("white_observations", [theta], [ca.densify(seen)]))

    @cached_property
    def _task_losses(self) -> Vectorised:
        return Vectorised(self._losses)

    def expected_loss(self, theta: ArrayLike, belief: TaskBelief) -> np.ndarray:
        """Σ pᵢ L(θ, task i) at θ (E, n): shape (E,); a number for one θ (n,) and one belief (K,)."""
        losses = self._task_losses(np.atleast_2d(theta)).reshape(-1, self.size)
        value = np.einsum("...k,...k->...", losses, belief.probabilities)
        return value if max(np.ndim(theta), belief.probabilities.ndim) == 2 else value[0]

    def observe(
        self, theta: np.ndarray, hidden: np.ndarray, noise: np.ndarray, step: float
    ) -> np.ndarray:
        """What the learner sees in a step: y = h(θ, φ) + R^{1/2}ξ/√step, standard noise ξ (E, q)."""
        return self.observation.seen(theta, hidden, noise, step)
