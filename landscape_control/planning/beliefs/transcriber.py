"""From a belief space to plans: guesses, the multi-start, and a Solver with the right options."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from ...model.belief import GaussianModel, belief_model
from ...model.problem import ControlProblem
from ...support.errors import ProblemError
from ..solution import Plan
from ..solver import Solver
from .advice import CARRIED_OUT
from .belief_space import BeliefSpace


@dataclass(frozen=True, kw_only=True, eq=False)
class Transcriber:
    """A belief space and its Solver: built once, solved from many (θ, belief)."""

    space: BeliefSpace
    solver: Solver = field(repr=False)

    def plans(self, aims: int, seed: int) -> tuple[Plan, ...]:
        """Plans from the start and prior, one per aim, best first.

        Duplicates (same cost and first control) are merged.
        """
        plans: list[Plan] = []
        refusals = []
        for guess in self._guesses(aims, seed):
            try:
                plans.append(self.solver.solve(guess=guess, throw=False).best)
            except ProblemError as refusal:
                refusals.append(refusal)
        if not plans:
            raise refusals[-1]
        plans.sort(key=_rank)
        return tuple(
            plan
            for i, plan in enumerate(plans)
            if not any(_same(plan, other) for other in plans[:i])
        )

    def _guesses(self, aims: int, seed: int) -> Iterator[np.ndarray]:
        """Paths (N+1, states), equally spaced in time, straight to an aim.

        The belief is what its filter then has.
        """
        space, horizon = self.space, self.space.problem.objective.horizon
        fractions = np.linspace(0, 1, 65)
        start, prior = space.problem.start, space.coordinates.start
        if math.isinf(horizon):
            # the times of the guess are the solver's to choose: a straight line to the rest
            for aim in space.aims(settled_belief(space, start), aims, seed):
                rest = space.join(aim, settled_belief(space, aim), 0.0)
                yield space.start + fractions[:, None] * (rest - space.start)
            return
        for aim in space.aims(prior, aims, seed):
            theta = start + fractions[:, None] * (aim - start)
            beliefs = space.followed(theta, prior, horizon)
            yield space.join(theta, beliefs, fractions * horizon)


def belief_solver(expanded: ControlProblem, tolerance: float, options: Mapping[str, Any]) -> Solver:
    """A Solver for the problem over (θ, belief)."""
    return Solver(expanded, tolerance=tolerance, **options)


def with_optimiser(problem: ControlProblem, options: dict[str, object]) -> dict[str, object]:
    """The options, with IPOPT where the filter is not linear with constant noise.

    Unless the user chose another solver.

    Small noise then makes the covariance equation stiff and curved, and there Fatrop was seen not
    to return.
    """
    model = belief_model(problem)
    if not isinstance(model, GaussianModel):
        return options
    has_constant_noise = not callable(getattr(problem.learner.sees, "noise", None))
    if model.is_linear and has_constant_noise:
        return options
    return {"solver": "ipopt", **options}


def settled_belief(space: BeliefSpace, theta: np.ndarray) -> np.ndarray:
    """Where the belief coordinates settle when θ stays and nothing surprises."""

    def rate(_, b):
        return space.motion(theta[None], b[None])[0].ravel()

    b, span = np.array(space.coordinates.start), 10.0
    for _ in range(14):  # up to a time of 1.6e5, each span twice the last
        if np.abs(rate(0.0, b)).max() <= 1e-10 * (1 + np.abs(b).max()):
            break
        flow = solve_ivp(rate, (0, span), b, method="LSODA", rtol=1e-9, atol=1e-12)
        b, span = flow.y[:, -1], 2 * span
    return b


def _rank(plan: Plan) -> tuple[bool, bool, float]:
    """Converged plans first, then those that can be carried out; by cost among themselves."""
    return not plan.status.ok, plan.status not in CARRIED_OUT, plan.cost


def _same(plan: Plan, other: Plan) -> bool:
    scale = np.abs(other.controls).max() + 1e-12
    same_control = np.abs(plan.controls[0] - other.controls[0]).max() <= 1e-4 * scale
    return bool(same_control and abs(plan.cost - other.cost) <= 1e-6 * abs(other.cost))
