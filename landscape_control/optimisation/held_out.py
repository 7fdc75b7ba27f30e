"""Costs of a rule on scenarios it was not planned on, by stepping it in NumPy."""

from collections.abc import Callable, Iterator, Sequence
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
    with np.errstate(over="ignore", invalid="ignore"):
        costs = [
            _run(policy, program, drawn, loss, slope)
            for drawn, (loss, slope) in zip(scenarios, _scenes(program), strict=True)
        ]
    return [np.where(np.isfinite(cost), cost, np.inf) for cost in costs]


def mean_losses(
    policy: Policy, program: PolicyProgram, *, episodes: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """(mean loss of what the rule answers with at t = 0 … T, its standard error), (T+1,) each.

    Over about ``episodes`` scenarios drawn anew; infinite from where an episode overflows.
    """
    held = HeldOut.drawn(program, episodes, blocks=_BLOCKS, seed=np.random.SeedSequence(seed))
    means = []
    for scenarios, (loss, slope) in zip(held.scenarios, _scenes(program), strict=True):
        with np.errstate(over="ignore", invalid="ignore"):
            losses = [loss(scenarios.starts, scenarios.hidden[:, 0])]
            for answer, _, hidden in _steps(policy, program, scenarios, loss, slope):
                losses.append(loss(answer, hidden))
        losses = [np.where(np.isfinite(each), each, np.inf) for each in losses]
        means.append(losses)
    blocks = np.array(
        [block_means(list(at_step), held.scenarios) for at_step in zip(*means, strict=True)]
    )
    with np.errstate(invalid="ignore"):
        return blocks.mean(1), blocks.std(1, ddof=1) / np.sqrt(blocks.shape[1])


def _scenes(program: PolicyProgram) -> list[tuple[OnEpisodes, OnEpisodes]]:
    """(loss, slope) per scene."""
    if program.task.is_quadratic:
        return [(_quadratic_losses, _quadratic_slopes)]
    return [_functions(landscape) for landscape in program.task.population]


def _run(
    policy: Policy,
    program: PolicyProgram,
    scenarios: Scenarios,
    loss: OnEpisodes,
    slope: OnEpisodes,
) -> np.ndarray:
    """J_s (S,) of the scenarios of one scene."""
    cost = np.zeros(scenarios.count)
    steps = _steps(policy, program, scenarios, loss, slope)
    for weight, price, (answer, move, hidden) in zip(*time_weights(program), steps, strict=True):
        if weight:  # else an infinite loss that is not paid for would make it NaN
            cost += weight * loss(answer, hidden)
        if price:
            cost += price * (move**2).sum(axis=1)
    return cost


def _steps(
    policy: Policy,
    program: PolicyProgram,
    scenarios: Scenarios,
    loss: OnEpisodes,
    slope: OnEpisodes,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(what the rule answers with (S, n), Δθ (S, n), φ (S, p)) after each of T steps."""
    theta, state = scenarios.starts.copy(), policy.init(*scenarios.starts.shape)
    level_at = _level_at(program, scenarios)
    noise_at = _noise_at(program, theta.shape[1])
    for t in range(program.steps):
        hidden = scenarios.hidden[:, t]
        numbers = scenarios.noise[:, t]
        observed = slope(theta, hidden) + noise_at(theta, hidden, numbers, level_at(theta, hidden))
        move, state = policy.advance(state, observed, theta)
        theta = theta + move
        yield policy.readout(state, theta), move, scenarios.hidden[:, t + 1]


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


_BLOCKS = 16
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
