"""Many members of a rule side by side on the same random numbers, and what they cost.

The same discrete time, and the same random numbers, as :func:`landscape_control.simulate`: written
out here for a bowl at rest with diagonal curvature, so that all coefficients are tried in one pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..rules.families import Clock
from ..simulation.randomness import Randomness
from ..simulation.stepping import discount_weights, rollout_step
from ._adam_from_beliefs_learners import STEP, Cell


def costs(cell: Cell, learners: Sequence, episodes: int, seed: int) -> np.ndarray:
    """(B, E): the cost of every episode for B learners of one kind.

    Inside, weights come first, (n, B, E), so that the innermost loops are long.
    """
    curvatures = np.array(cell.curvatures)[:, None, None]
    step, count = rollout_step(cell.problem, cell.settings["horizon"], STEP)
    nodes, steps = discount_weights(cell.discount, step, count)
    random = _random(cell, episodes, seed, step)
    goal = random.hidden.T[:, None].copy()
    noise_size = cell.noise * np.sqrt(curvatures / step)
    family, values = learners[0].rule, coefficients(learners)
    theta = np.zeros((len(curvatures), len(learners), episodes))
    state = tuple(np.zeros_like(theta) for _ in range(family.state_size))
    total = np.zeros(theta.shape[1:])
    for k in range(count):
        error = theta - goal
        gradient = curvatures * error
        total += nodes[k] / 2 * (gradient * error).sum(0)
        observed = gradient + noise_size * random.noise().T[:, None]
        rate, state = family.step(values, state, observed, theta, Clock(step=k, horizon=count))
        total += steps[k] / 2 * (rate * rate).sum(0)
        theta = theta + step * rate
    error = theta - goal
    return total + nodes[-1] / 2 * (curvatures * error * error).sum(0)


def _random(cell: Cell, episodes: int, seed: int, step: float) -> Randomness:
    """The random numbers that lc.simulate has for this seed."""
    return Randomness(
        cell.problem.landscape.hidden,
        seed=seed,
        episodes=episodes,
        step=step,
        draws=1,
        observations=len(cell.curvatures),
    )


def coefficients(learners: Sequence) -> dict[str, np.ndarray]:
    """{coefficient of the family: (B, 1)}."""
    first = learners[0]
    fields = {
        each.name: first.fields_of.get(each.name, each.name) for each in first.rule.coefficients
    }
    return {
        name: np.array([getattr(one, field) for one in learners])[:, None]
        for name, field in fields.items()
    }


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean with its standard error."""

    mean: float
    error: float

    def over(self, unit: float) -> "Estimate":
        """The same in units of a number that is known exactly."""
        return Estimate(mean=self.mean / unit, error=self.error / unit)

    @classmethod
    def controlled(cls, values: np.ndarray, controls: np.ndarray) -> "Estimate":
        """Mean of values (E,), with control variates (E, m) of mean 0 on the same random numbers.

        The constant of the least-squares fit of the values by the controls; the standard error is
        that of what the fit leaves. Source: P. Glasserman, *Monte Carlo methods in financial
        engineering*, 2003, § 4.1.
        """
        design = np.column_stack([np.ones(len(values)), controls])
        weights = np.linalg.lstsq(design, values, rcond=None)[0]
        left = values - design @ weights
        return cls(mean=float(weights[0]), error=float(left.std() / len(values) ** 0.5))

    @classmethod
    def of(cls, values: np.ndarray) -> "Estimate":
        """Mean of values (E,)."""
        return cls(mean=float(values.mean()), error=float(values.std() / len(values) ** 0.5))


def prior_controls(cell: Cell, episodes: int, seed: int) -> np.ndarray:
    """(E, n): φ² - 1 of the episodes of a seed, of mean 0."""
    return _random(cell, episodes, seed, STEP).hidden ** 2 - 1
