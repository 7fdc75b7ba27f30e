"""What is paid where a plan ends: rest, the terminal cost, and both together.

As functions to be followed downhill.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...model.problem import ControlProblem
from .resting import resting, resting_derivatives
from .scales import counted_time

Values = np.ndarray | float  # 0.0 for what is not needed
Derivatives = tuple[np.ndarray, np.ndarray, np.ndarray]  # value, gradient, Hessian


@dataclass(frozen=True, kw_only=True)
class EndCost:
    """A function a·r(θ) + b·Φ(θ) + c|θ - θ₀|² whose minima are candidate ends.

    The last term stands for the cost of going there.
    """

    rest: float
    terminal: float
    way: float = 0.0

    def of(self, rest: Values, terminal: Values) -> Values:
        """Its values (or slopes, or curvatures) from those of r and Φ."""
        if self.terminal == 0:
            return self.rest * rest
        if self.rest == 0:
            return self.terminal * terminal
        return self.rest * rest + self.terminal * terminal


PLAIN = EndCost(rest=1.0, terminal=0.0)


def end_costs(problem: ControlProblem, declared: np.ndarray | None) -> list[EndCost]:
    """What the search follows downhill; the loss itself only where its minima are not declared."""
    objective, has_drift = problem.objective, problem.model.has_drift
    resting_counts = objective.loss_weight > 0 or has_drift
    costs = []
    if resting_counts and (declared is None or has_drift):
        costs.append(PLAIN)
    if objective.terminal is None or objective.terminal_weight == 0 or problem.end is not None:
        return costs
    terminal_alone = EndCost(rest=0.0, terminal=1.0)
    if objective.terminal == "loss":
        is_covered = resting_counts or declared is not None
        return costs if is_covered else [terminal_alone]
    costs.append(terminal_alone)
    if objective.loss_weight > 0:  # rest and end together: over the last tenth, and all of the time
        fade = np.exp(-objective.discount * objective.horizon) * objective.terminal_weight
        counted = counted_time(problem)
        costs += [EndCost(rest=share * counted, terminal=fade) for share in (0.1, 1.0)]
    return costs


def as_functions(
    problem: ControlProblem, cost: EndCost
) -> tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], Derivatives]]:
    """(θ -> value, θ -> (value, gradient, Hessian)) of one of the end costs."""
    model, objective = problem.model, problem.objective
    start, twice = problem.start, 2 * cost.way * np.eye(problem.dimension)

    def value(points: np.ndarray) -> np.ndarray:
        rest = resting(model, points, objective)[0] if cost.rest else 0.0
        terminal = model.terminal_cost(points) if cost.terminal else 0.0
        total = np.asarray(cost.of(rest, terminal))
        if not cost.way:
            return total
        return total + cost.way * ((points - start) ** 2).sum(1)

    def derivatives(points: np.ndarray) -> Derivatives:
        rest: tuple[Values, Values, Values] = (0.0, 0.0, 0.0)
        if cost.rest:
            rest = resting_derivatives(model, points, objective)
        terminal: tuple[Values, Values, Values] = (0.0, 0.0, 0.0)
        if cost.terminal:
            terminal = (model.terminal_cost(points), *model.terminal_derivatives(points))
        values, gradients, hessians = (
            np.asarray(cost.of(of_rest, of_terminal))
            for of_rest, of_terminal in zip(rest, terminal, strict=True)
        )
        if not cost.way:
            return values, gradients, hessians
        offset = points - start
        return (
            values + cost.way * (offset**2).sum(1),
            gradients + 2 * cost.way * offset,
            hessians + twice,
        )

    return value, derivatives
