"""From a belief space to plans: guesses, the multi-start, and a Solver with the right options."""

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.integrate import solve_ivp

from ...model.belief import belief_model
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
        """Plans from the start and prior, one per aim, best first; duplicates (same cost and first
        control) merged.
        """
        found, refusals = [], []
        for guess in self._guesses(aims, seed):
            try:
                found.append(self.solver.solve(guess=guess, throw=False).best)
            except ProblemError as refusal:
                refusals.append(refusal)
        if not found:
            raise refusals[-1]
        found.sort(key=lambda plan: (not plan.status.ok, plan.status not in CARRIED_OUT, plan.cost))
        return tuple(
            plan
            for i, plan in enumerate(found)
            if not any(_same(plan, other) for other in found[:i])
        )

    def _guesses(self, aims, seed):
        """Paths (N+1, states), equally spaced in time: θ straight to an aim, the belief as its
        filter then has it.
        """
        space, horizon = self.space, self.space.problem.objective.horizon
        fractions = np.linspace(0, 1, 65)
        start = self.space.problem.start
        settled = settled_belief(space, start) if math.isinf(horizon) else None
        for aim in space.aims(space.coordinates.start if settled is None else settled, aims, seed):
            if settled is not None:
                rest = space.join(aim, settled_belief(space, aim), 0.0)
                yield space.start + fractions[:, None] * (rest - space.start)
                continue
            theta = start + fractions[:, None] * (aim - start)
            yield space.join(
                theta, space.followed(theta, space.coordinates.start, horizon), fractions * horizon
            )


def belief_solver(expanded: ControlProblem, tolerance: float, options: dict) -> Solver:
    """A Solver for the problem over (θ, belief)."""
    return Solver(expanded, tolerance=tolerance, **options)


def with_optimiser(problem: ControlProblem, options: dict) -> dict:
    """The options with IPOPT chosen, unless the user chose, where the filter is not linear with
    constant noise.

    Small noise then makes the covariance equation stiff and curved, and there Fatrop was seen not
    to return.
    """
    model = belief_model(problem)
    curved = model.kind == "gaussian" and (
        not model.is_linear or callable(problem.learner.sees.noise)
    )
    return {"solver": "ipopt", **options} if curved else options


def settled_belief(space: BeliefSpace, theta) -> np.ndarray:
    """Where the belief coordinates settle when θ stays and nothing surprises."""
    b, span = np.array(space.coordinates.start), 10.0
    for _ in range(14):
        rate = space.motion(theta[None], b[None])[0].ravel()
        if np.abs(rate).max() <= 1e-10 * (1 + np.abs(b).max()):
            break
        flow = solve_ivp(
            lambda _, b: space.motion(theta[None], b[None])[0].ravel(),
            (0, span),
            b,
            method="LSODA",
            rtol=1e-9,
            atol=1e-12,
        )
        b, span = flow.y[:, -1], 2 * span
    return b


def _same(plan, other):
    scale = np.abs(other.controls).max() + 1e-12
    same_control = np.abs(plan.controls[0] - other.controls[0]).max() <= 1e-4 * scale
    return same_control and abs(plan.cost - other.cost) <= 1e-6 * abs(other.cost)
