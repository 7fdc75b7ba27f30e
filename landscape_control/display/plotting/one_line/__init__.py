"""Results drawn in one line: the functions that are the methods ``plot`` of results.

Each takes the result first and ``axes``, None for a figure of its own, and returns Axes.
"""

from .policies import plot_policy
from .rollouts import plot_belief_solution, plot_rollout
from .solutions import plot_solution, plot_trajectory
from .sweep import plot_sweep
from .verdicts import plot_verdict

__all__ = [
    "plot_belief_solution",
    "plot_policy",
    "plot_rollout",
    "plot_solution",
    "plot_sweep",
    "plot_trajectory",
    "plot_verdict",
]
