"""Costs of a rule on scenarios it was not planned on, by stepping it in NumPy: no program, no
derivatives.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import casadi as ca
import numpy as np

from ..rules.families import Policy
from ..support.arguments import Count, checked
from ..support.pointwise import Pointwise
from .program import PolicyProgram
from .programs import Scenarios, time_weights
from .scenario_sets import block_means, depends_on_state, draw, quadratic_loss, quadratic_slope

_QUADRATIC = (
    (lambda theta, hidden: quadratic_loss(theta.T, hidden.T)),
    (lambda theta, hidden: quadratic_slope(theta.T, hidden.T).T),
)


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class HeldOut:
    """Scenarios from a seed of their own, in independent blocks.

    Attributes
    ----------
    scenarios : per scene of the program
    """

    scenarios: tuple[Scenarios, ...]

    @classmethod
    @checked
    def drawn(
        cls,
        program: PolicyProgram,
        count: Count,
        *,
        blocks: Count,
        seed: np.random.SeedSequence,
    ) -> "HeldOut":
        """About ``count`` scenarios."""
        return cls(scenarios=draw(program, count, blocks=blocks, seed=seed))

    @property
    def count(self) -> int:
        """Scenarios of all scenes."""
        return sum(drawn.count for drawn in self.scenarios)

    @checked
    def block_costs(self, policy: Policy, program: PolicyProgram) -> np.ndarray:
        """Mean cost on every block, (blocks,); infinite where the rule diverges."""
        return block_means(episode_costs(policy, program, self.scenarios), self.scenarios)

    @checked
    def cost(self, policy: Policy, program: PolicyProgram) -> tuple[float, float]:
        """(unbiased mean cost, its standard error)."""
        return mean_and_error(self.block_costs(policy, program))


def mean_and_error(blocks: np.ndarray) -> tuple[float, float]:
    """Mean of independent, equally likely block means and its standard error; (inf, inf) if one is
    not finite.
    """
    if not np.isfinite(blocks).all():
        return np.inf, np.inf
    return float(blocks.mean()), float(blocks.std(ddof=1) / np.sqrt(len(blocks)))


def episode_costs(
    policy: Policy, program: PolicyProgram, scenarios: Sequence[Scenarios]
) -> list[np.ndarray]:
    """J_s of every scenario, (S,) per scene; infinite for episodes that overflow."""
    task = program.task
    known = (
        [_QUADRATIC]
        if task.is_quadratic
        else [_functions(landscape) for landscape in task.population]
    )
    with np.errstate(over="ignore", invalid="ignore"):
        costs = [
            _run(policy, program, drawn, *pair)
            for drawn, pair in zip(scenarios, known, strict=True)
        ]
    return [np.where(np.isfinite(cost), cost, np.inf) for cost in costs]


def _run(policy, program, scenarios, loss, slope):
    theta, state = scenarios.starts.copy(), policy.init(*scenarios.starts.shape)
    root, cost = _root(program, theta.shape[1]), np.zeros(scenarios.count)
    for t, (weight, price) in enumerate(zip(*time_weights(program), strict=True)):
        observed = slope(theta, scenarios.hidden[:, t]) + root(theta, scenarios.noise[:, t])
        move, state = policy.advance(state, observed, theta)
        theta = theta + move
        cost += weight * loss(theta, scenarios.hidden[:, t + 1]) if weight else 0.0
        cost += price * (move**2).sum(axis=1) if price else 0.0
    return cost


def _root(program, size):
    """(θ (S, n), ξ (S, n)) -> noise of the gradient."""
    if not depends_on_state(program.sees):
        return lambda theta, noise: noise
    theta, noise = ca.SX.sym("theta", size), ca.SX.sym("noise", size)
    function = Pointwise(
        ca.Function("noise", [theta, noise], [ca.densify(program.sees.root(theta, size) @ noise)])
    )
    return lambda points, numbers: function(points, numbers).reshape(numbers.shape)


def _functions(landscape):
    """(loss, slope) of (θ (S, n), φ (S, p))."""
    if landscape.hidden is None:
        return (lambda theta, hidden: landscape.loss(theta)), (
            lambda theta, hidden: landscape.gradient(theta)
        )
    theta, hidden = (
        ca.SX.sym("theta", landscape.dimension),
        ca.SX.sym("hidden", landscape.hidden.dimension),
    )
    value = landscape.symbolic(theta, hidden)
    loss = Pointwise(ca.Function("loss", [theta, hidden], [value]))
    slope = Pointwise(ca.Function("slope", [theta, hidden], [ca.gradient(value, theta)]))
    return loss, lambda points, numbers: slope(points, numbers).reshape(points.shape)
