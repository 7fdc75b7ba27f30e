"""A causal rule as a learner of the simulation, with many sets of coefficients at once."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import casadi as ca
import numpy as np

from ..model.landscape import Landscape
from ..model.observation import ExactGradient
from ..model.problem import ControlProblem
from ..model.problem.model import Model
from ..rules import CausalRule
from ..rules.families import Clock
from ..simulation.raw_learner import RawLearner


@dataclass(frozen=True, eq=False)
class PushableSlope(ExactGradient):
    """The learner sees Bᵀ∇L exactly: the slope along the directions that it can push."""

    model: Model

    def expression(self, landscape: Landscape, theta: ca.SX, hidden: ca.SX | None) -> ca.SX:
        gradient = super().expression(landscape, theta, hidden)
        return ca.SX(self.model.actuation_at(theta)).T @ gradient


@dataclass(frozen=True, kw_only=True, eq=False)
class SideBySide(RawLearner):
    """A causal rule with C sets of coefficients at once: episode c has those of row c.

    u is a rate, Δθ = u·step, as for the learners of the simulation.
    """

    rule: CausalRule
    values: Mapping[str, np.ndarray]  # (C, 1) each

    formula: ClassVar[str] = "u_t = rule(y_0 … y_t)"
    source: ClassVar[str] = "the rule's"

    def init(self, episodes: int, dimension: int) -> tuple:
        size = self.rule.family.state_size
        return 0, tuple(np.zeros((episodes, dimension)) for _ in range(size))

    def update(
        self, state: tuple, observation: np.ndarray, theta: np.ndarray, step: float
    ) -> tuple[np.ndarray, tuple]:
        count, carried = state
        clock = Clock(step=count, horizon=1)  # a causal rule of the catalogue has no horizon
        u, carried = self.rule.family.step(self.values, carried, observation, theta, clock)
        return u, (count + 1, carried)

    @property
    def has_answer(self) -> bool:
        return self.rule.family.has_readout

    def answer(self, state: tuple, theta: np.ndarray) -> np.ndarray:
        count, carried = state
        clock = Clock(step=max(count - 1, 0), horizon=1)
        return self.rule.family.readout(self.values, carried, theta, clock)


def with_finite_horizon(problem: ControlProblem, horizon: float) -> ControlProblem:
    """The problem with exact slopes to be seen, and T = ∞ cut off at a horizon."""
    sees = ExactGradient()
    if problem.learner.actuation is not None:
        sees = PushableSlope(problem.model)
    learner = replace(problem.learner, sees=sees)
    posed = problem.changed(learner=learner)
    if math.isfinite(problem.objective.horizon):
        return posed
    return posed.changed(horizon=horizon, terminal=None)
