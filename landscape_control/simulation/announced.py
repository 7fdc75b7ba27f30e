"""The filter of a learner that is told when the task switches, but not to which task."""

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.linalg import expm

from ..model.belief import GaussianBelief, TaskBelief, TaskModel, belief_model
from ..model.problem import ControlProblem
from ..support.arguments import checked
from ..support.errors import ProblemError

Belief = GaussianBelief | TaskBelief


@checked
class AnnouncedSwitches:
    """Beliefs between announced switches, and the jump of the belief at each.

    Jump processes: nothing moves between switches, and a switch brings N(mean, covariance) back.
    Task chains: at a switch p_j ∝ Σ_i p_i q_ij over i ≠ j; that none was announced for Δt favours
    tasks that last, p_i ∝ p_i e^{q_ii Δt}. Exact but for two switches of a chain within a step,
    which look like none if they cancel.
    """

    @checked
    def __init__(self, problem: ControlProblem):
        hidden = problem.landscape.hidden
        if hidden is None or not hidden.switches:
            raise ProblemError(
                "announced switches",
                expected="hidden variables that switch (JumpProcess or TaskChain)",
                received=type(hidden).__name__,
                advice="leave beliefs=None for hidden variables that move continuously",
            )
        # Any: a chain alone has rates and tasks, and the kind of hidden variables decides which of
        # the two filters goes with which belief
        self._hidden: Any = hidden
        self._resting: Any = hidden.between_switches()
        self._own: Any = belief_model(problem)
        self._between: Any = self._own
        if self._resting is not hidden:
            resting = replace(problem.landscape, hidden=self._resting)
            self._between = belief_model(replace(problem, landscape=resting))
        if isinstance(self._own, TaskModel):
            self.tasks = self._own.tasks
        self.assumes = f"switches are announced; between them, {self._between.assumes}"

    def initial(self, episodes: int) -> Belief:
        """The belief at t = 0."""
        return self._own.initial(episodes)

    def update(
        self, belief: Belief, theta: np.ndarray, observation: np.ndarray, step: float
    ) -> Belief:
        """The belief after an observation."""
        return self._between.update(belief, theta, observation, step)

    def predict(self, belief: Belief, step: float) -> Belief:
        """The belief a time ``step`` later, if no switch is announced."""
        if isinstance(belief, GaussianBelief):
            return belief
        # the diagonal of the generator is minus the rate of leaving each task
        stay = belief.probabilities * np.exp(np.diag(self._hidden.rates) * step)
        return TaskBelief(probabilities=stay / stay.sum(-1, keepdims=True))

    def switch(self, belief: Belief, switched: np.ndarray, step: float) -> Belief:
        """The belief after switches in the episodes of the mask (E,).

        They happened some time within the last ``step``.
        """
        if not switched.any():
            return belief
        rows = switched[:, None]
        if isinstance(belief, TaskBelief):
            transition = expm(self._hidden.rates * step)
            # a task that was left is not the task that follows
            moved = belief.probabilities @ (transition - np.diag(np.diag(transition)))
            moved /= moved.sum(-1, keepdims=True)
            return TaskBelief(probabilities=np.where(rows, moved, belief.probabilities))
        prior = self._resting.prior_covariance
        return GaussianBelief(
            mean=np.where(rows, self._resting.prior_mean, belief.mean),
            covariance=np.where(rows[..., None], prior, belief.covariance),
        )
