"""The cost of a policy in a short simulation.

As many episodes and as fine a step as the comparison needs, no more.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..model.problem import ControlProblem
from ..planning.beliefs import Confirmation, GridSolution
from ..simulation import Rollout, simulate
from ..simulation.stepping import fastest_rate
from ..support.arguments import unchecked
from ..support.errors import ProblemError

EPISODES, MOST_EPISODES = 256, 2048
LEAST_STEPS, MANY_STEPS, MOST_STEPS = 64, 512, 16384
TOLERANCE = 0.05  # of the size of the cost: what an approximate plan may be off by

# steps per shortest time constant that are taken where that makes no more than MANY_STEPS
_PER_TIME_CONSTANT = 12
_STABLE = 3  # steps per shortest time constant that a simulation needs at the least
_FINER = 4  # by which factor a step that matters is divided, once
_OUTSIDE = 1e-3  # share of the time outside a grid's box that is worth a word
_REMAINDER = 0.002  # e^{-γH} where the simulation of an endless problem ends
_STEP_SHARE = 0.005  # of the cost's size: a step that leaves more is refined
_STEP_ERROR = 0.25  # part of the difference between two steps that extrapolation is taken to leave


def simulated_cost(
    problem: ControlProblem,
    policy: Callable,
    *,
    method: str,
    planned: float = math.nan,
    is_bound: bool = False,
    episodes: int | None = None,
    steps: int | None = None,
    seed: int = 0,
) -> Confirmation:
    """Simulate a policy with two steps on common random numbers.

    Its cost is set beside the planned one.

    What cannot be simulated has NaN for its cost, a policy that breaks down ∞; ``note`` says why.

    Both simulations share hidden paths and noise; the mean cost is extrapolated to step 0 (order
    1), and a quarter of what the step still changed counts as error. More episodes are drawn where
    the first 256 leave more than a tenth of the cost's size to chance, a finer step is taken where
    the step matters as much; ``episodes`` and ``steps`` fix them.

    Parameters
    ----------
    policy : as for :func:`~landscape_control.simulation.simulate`
    method : name of the policy
    planned, is_bound : the cost it is held against, and whether that is an upper bound
    """
    common = {
        "method": method,
        "planned": float(planned),
        "is_bound": is_bound,
        "tolerance": TOLERANCE,
        "seed": seed,
    }
    horizon, obstacle = _horizon(problem)
    if obstacle:
        return _nothing(common, horizon, obstacle)
    pair = _Pair(problem, policy, horizon, common)
    count = EPISODES if episodes is None else episodes
    fine = _first_steps(problem, horizon) if steps is None else steps
    if fine > MOST_STEPS:
        return _nothing(common, horizon, f"it would take {fine} steps or more")
    try:
        confirmation, step_error = pair.run(count, fine)
        # a step error that is not a number asks for a finer step too
        if steps is None and not step_error <= _STEP_SHARE * confirmation.scale:
            fine = min(_FINER * fine, MOST_STEPS)
            confirmation, step_error = pair.run(count, fine)
        # more episodes cannot bring costs together that lie far apart
        if episodes is None and confirmation.could_agree and not confirmation.is_decided:
            confirmation, _ = pair.run(MOST_EPISODES, fine)
    except ProblemError as refusal:
        # a policy that a diverging episode asked for what it cannot give
        return _nothing(common, horizon, f"the policy broke down: {refusal}", simulated=math.inf)
    return confirmation


class InsideBox:
    """The policy of a grid, which counts how often it is asked outside its box.

    There it answers as at the nearest wall.
    """

    def __init__(self, solution: GridSolution):
        self._solution = solution
        self.asked = self.outside = 0  # times an episode

    def __call__(self, theta: np.ndarray, belief: object, time: float) -> np.ndarray:
        inside = self._solution.grid.contains(theta, belief)
        self.asked += inside.size
        self.outside += int((~inside).sum())
        return unchecked(self._solution.policy)(theta, belief, time)

    @property
    def note(self) -> str:
        """What to say of it, if more than a thousandth was outside."""
        share = self.outside / max(self.asked, 1)
        if share <= _OUTSIDE:
            return ""
        return (
            f"{share:.2g} of the simulated time was spent outside the grid's box: pass a larger"
            " margin=... or box=..."
        )


class _Pair:
    """Simulations with a step and with half of it, which share their random numbers."""

    def __init__(
        self,
        problem: ControlProblem,
        policy: Callable,
        horizon: float,
        common: Mapping[str, Any],
    ):
        self.problem, self.policy = problem, policy
        self.horizon, self.common = horizon, common

    def run(self, episodes: int, fine: int) -> tuple[Confirmation, float]:
        """(the cost, and the error that the finer of the two steps leaves)."""
        # half the steps with two draws each see the same noise
        coarse = self._rollout(episodes, fine // 2, draws=2)
        rollout = self._rollout(episodes, fine, draws=1)
        mean, error, step_error = _extrapolated(coarse, rollout)
        confirmation = Confirmation(
            simulated=mean,
            error=error,
            episodes=episodes,
            step=rollout.step,
            horizon=self.horizon,
            scale=_size(rollout),
            **self.common,
        )
        return confirmation, step_error

    def _rollout(self, episodes: int, steps: int, draws: int) -> Rollout:
        endless = math.isinf(self.problem.objective.horizon)
        return simulate(
            self.problem,
            self.policy,
            episodes=episodes,
            seed=self.common["seed"],
            step=self.horizon / steps,
            horizon=self.horizon if endless else None,
            draws_per_step=draws,
            throw=False,
        )


def _extrapolated(coarse: Rollout, fine: Rollout) -> tuple[float, float, float]:
    """(mean, error, error of the step) of the cost from two rollouts on the same random numbers."""
    if not (math.isfinite(fine.cost) and math.isfinite(coarse.cost)):
        return fine.cost, math.inf, math.inf
    costs = (
        2 * fine.costs - coarse.costs
    )  # of order 1 in the step: twice the finer less the coarser
    step_error = _STEP_ERROR * abs(fine.cost - coarse.cost)
    # what comes after the horizon lies between 0 and the remainder: its middle, give or take half
    left = fine.remainder / 2
    chance = float(costs.std(ddof=1)) / math.sqrt(len(costs))
    return float(costs.mean()) + left, chance + step_error + abs(left), step_error


def _size(rollout: Rollout) -> float:
    """Mean size of what the cost is made of, so that gains and losses do not cancel."""
    parts = (rollout.losses, rollout.efforts, rollout.terminals)
    return float(sum(np.abs(part).mean() for part in parts))


def _horizon(problem: ControlProblem) -> tuple[float, str]:
    """(how long to simulate, why it cannot be simulated or "")."""
    objective = problem.objective
    if math.isfinite(objective.horizon):
        return objective.horizon, ""
    if objective.discount == 0:
        return math.inf, "an endless problem without discount has no horizon to simulate"
    return -math.log(_REMAINDER) / objective.discount, ""


def _first_steps(problem: ControlProblem, horizon: float) -> int:
    """An even number of steps, so that half of them is a coarser grid."""
    time_constants = fastest_rate(problem) * horizon
    accurate = min(_PER_TIME_CONSTANT * time_constants, MANY_STEPS)
    wanted = max(accurate, _STABLE * time_constants, LEAST_STEPS)
    return 2 * math.ceil(wanted / 2)


def _nothing(
    common: Mapping[str, Any], horizon: float, note: str, simulated: float = math.nan
) -> Confirmation:
    """What is said where no episode was simulated to its end."""
    return Confirmation(
        simulated=simulated,
        error=math.nan,
        scale=math.nan,
        step=math.nan,
        episodes=0,
        horizon=horizon,
        note=note,
        **common,
    )
