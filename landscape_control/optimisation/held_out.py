"""Costs of a rule on scenarios it was not planned on, by stepping it in NumPy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import casadi as ca
import numpy as np

from ..model.landscape import Landscape
from ..rules.families import Policy
from ..support.arguments import Count, checked
from ..support.pointwise import Pointwise
from .program import PolicyProgram, spectrum_of
from .programs import (
    Scenarios,
    follows_loss,
    loss_floor,
    mode_losses_at_start,
    multiplicative_noise,
    time_weights,
)
from .scenario_sets import (
    block_means,
    depends_on_state,
    draw,
    noise_of_mode,
    quadratic_loss,
    quadratic_slope,
)

OnEpisodes = Callable[[np.ndarray, np.ndarray], np.ndarray]  # of θ (S, n) and φ (S, p) or ξ (S, n)


def _quadratic_losses(theta: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    return quadratic_loss(theta.T, hidden.T)


def _quadratic_slopes(theta: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    return quadratic_slope(theta.T, hidden.T).T


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
    """Mean of independent, equally likely block means and its standard error.

    (inf, inf) if one of them is not finite.
    """
    if not np.isfinite(blocks).all():
        return np.inf, np.inf
    return float(blocks.mean()), float(blocks.std(ddof=1) / np.sqrt(len(blocks)))


def episode_costs(
    policy: Policy, program: PolicyProgram, scenarios: Sequence[Scenarios]
) -> list[np.ndarray]:
    """J_s of every scenario, (S,) per scene; infinite for episodes that overflow."""
    functions: list[tuple[OnEpisodes, OnEpisodes]] = [(_quadratic_losses, _quadratic_slopes)]
    if not program.task.is_quadratic:
        functions = [_functions(landscape) for landscape in program.task.population]
    with np.errstate(over="ignore", invalid="ignore"):
        costs = [
            _run(policy, program, drawn, loss, slope)
            for drawn, (loss, slope) in zip(scenarios, functions, strict=True)
        ]
    return [np.where(np.isfinite(cost), cost, np.inf) for cost in costs]


def _run(
    policy: Policy,
    program: PolicyProgram,
    scenarios: Scenarios,
    loss: OnEpisodes,
    slope: OnEpisodes,
) -> np.ndarray:
    """J_s (S,) of the scenarios of one scene."""
    theta, state = scenarios.starts.copy(), policy.init(*scenarios.starts.shape)
    level_at = _level_at(program, scenarios)
    noise_at, cost = _noise_at(program, theta.shape[1]), np.zeros(scenarios.count)
    for t, (weight, price) in enumerate(zip(*time_weights(program), strict=True)):
        hidden = scenarios.hidden[:, t]
        numbers = scenarios.noise[:, t]
        observed = slope(theta, hidden) + noise_at(theta, hidden, numbers, level_at(theta, hidden))
        move, state = policy.advance(state, observed, theta)
        theta = theta + move
        if weight:  # else an infinite loss that is not paid for would make it NaN
            cost += weight * loss(policy.readout(state, theta), scenarios.hidden[:, t + 1])
        if price:
            cost += price * (move**2).sum(axis=1)
    return cost


def _noise_at(program: PolicyProgram, size: int) -> Callable[..., np.ndarray]:
    """(θ (S, n), φ (S, p), ξ (S, n), level (S,)) -> noise of the gradient."""
    sees = program.sees
    if sees is None or not depends_on_state(sees):
        return lambda points, hidden, numbers, level: numbers
    if multiplicative_noise(program) or follows_loss(program):
        return lambda points, hidden, numbers, level: (
            noise_of_mode(program, points.T, hidden.T, numbers.T, level).T
        )
    theta, noise = ca.SX.sym("theta", size), ca.SX.sym("noise", size)
    scaled = ca.densify(sees.root(theta, size) @ noise)
    function = Pointwise(ca.Function("noise", [theta, noise], [scaled]))
    return lambda points, hidden, numbers, level: function(points, numbers).reshape(numbers.shape)


def _level_at(program: PolicyProgram, scenarios: Scenarios) -> Callable[..., np.ndarray | float]:
    """(θ (S, 1), φ (S, 2)) -> L_t/L_0 of each episode's block, where the noise follows the loss.

    A block is a population of its own, so that blocks stay independent; L_0 is exact.
    """
    if not follows_loss(program):
        return lambda theta, hidden: 1.0
    blocks = 1 + int(scenarios.blocks.max())
    curvatures, weights = spectrum_of(program).nodes(_NODES)
    floor = loss_floor(program)
    first = floor + mode_losses_at_start(program, curvatures) @ weights

    def level(theta: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        shares = scenarios.weights * blocks * _quadratic_losses(theta, hidden)
        losses = floor + np.bincount(scenarios.blocks, shares, blocks)
        return losses[scenarios.blocks] / first

    return level


_NODES = 200  # quadrature nodes for the loss at the start


def _functions(landscape: Landscape) -> tuple[OnEpisodes, OnEpisodes]:
    """(loss, slope) of (θ (S, n), φ (S, p))."""
    if landscape.hidden is None:
        return (
            lambda theta, hidden: landscape.loss(theta),
            lambda theta, hidden: landscape.gradient(theta),
        )
    theta = ca.SX.sym("theta", landscape.dimension)
    hidden = ca.SX.sym("hidden", landscape.hidden.dimension)
    value = landscape.symbolic(theta, hidden)
    loss = Pointwise(ca.Function("loss", [theta, hidden], [value]))
    slope = Pointwise(ca.Function("slope", [theta, hidden], [ca.gradient(value, theta)]))
    return loss, lambda points, numbers: slope(points, numbers).reshape(points.shape)
