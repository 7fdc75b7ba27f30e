"""The filter of a learner that is told when the task switches, but not to which task."""

from dataclasses import replace

import numpy as np
from scipy.linalg import expm

from ..model.belief import GaussianBelief, TaskBelief, belief_model
from ..model.problem import ControlProblem
from ..support.arguments import checked
from ..support.errors import ProblemError


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
        self._hidden = hidden
        self._own = self._between = belief_model(problem)
        self._resting = hidden.between_switches()
        if self._resting is not hidden:
            resting = replace(problem.landscape, hidden=self._resting)
            self._between = belief_model(replace(problem, landscape=resting))
        if hidden.is_finite:
            self.tasks = hidden.tasks
        self.assumes = f"switches are announced; between them, {self._between.assumes}"

    def initial(self, episodes):
        """The belief at t = 0."""
        return self._own.initial(episodes)

    def update(self, belief, theta, observation, step):
        """The belief after an observation."""
        return self._between.update(belief, theta, observation, step)

    def predict(self, belief, step):
        """The belief a time ``step`` later, if no switch is announced."""
        if isinstance(belief, GaussianBelief):
            return belief
        stay = belief.probabilities * np.exp(np.diag(self._hidden.rates) * step)
        return TaskBelief(probabilities=stay / stay.sum(-1, keepdims=True))

    def switch(self, belief, switched, step):
        """The belief in which the episodes of the mask (E,) have just switched, some time within
        the last ``step``.
        """
        if not switched.any():
            return belief
        if isinstance(belief, TaskBelief):
            leave = expm(self._hidden.rates * step)
            moved = belief.probabilities @ (leave - np.diag(np.diag(leave)))
            moved /= moved.sum(-1, keepdims=True)
            return TaskBelief(
                probabilities=np.where(switched[:, None], moved, belief.probabilities)
            )
        mean = np.where(switched[:, None], self._resting.prior_mean, belief.mean)
        return GaussianBelief(
            mean=mean,
            covariance=np.where(
                switched[:, None, None], self._resting.prior_covariance, belief.covariance
            ),
        )
