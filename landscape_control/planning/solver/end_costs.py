"""What is paid where a plan ends: rest, the terminal cost, and both together, as functions to be
followed downhill.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .resting import resting, resting_derivatives
from .scales import counted_time


@dataclass(frozen=True, kw_only=True)
class EndCost:
    """A function a·r(θ) + b·Φ(θ) + c|θ - θ₀|² whose minima are candidate ends; the last term stands
    for the way.
    """

    rest: float
    terminal: float
    way: float = 0.0

    def of(self, rest, terminal):
        """Its values (or slopes, or curvatures) from those of r and Φ."""
        if self.terminal == 0:
            return self.rest * rest
        if self.rest == 0:
            return self.terminal * terminal
        return self.rest * rest + self.terminal * terminal


PLAIN = EndCost(rest=1.0, terminal=0.0)


def end_costs(problem, declared) -> list[EndCost]:
    """What the search follows downhill; the loss itself only where its minima are not declared."""
    objective = problem.objective
    resting_counts = objective.loss_weight > 0 or problem.model.has_drift
    found = [PLAIN] if resting_counts and (declared is None or problem.model.has_drift) else []
    if objective.terminal is None or objective.terminal_weight == 0 or problem.end is not None:
        return found
    if objective.terminal == "loss":
        return (
            found if resting_counts or declared is not None else [EndCost(rest=0.0, terminal=1.0)]
        )
    found.append(EndCost(rest=0.0, terminal=1.0))
    if objective.loss_weight > 0:
        fade = np.exp(-objective.discount * objective.horizon) * objective.terminal_weight
        found += [
            EndCost(rest=share * counted_time(problem), terminal=fade) for share in (0.1, 1.0)
        ]
    return found


def callables(problem, faced) -> tuple[Callable, Callable]:
    """(θ -> value, θ -> (value, gradient, Hessian)) of one of the functions."""
    model, objective = problem.model, problem.objective

    start, twice = problem.start, 2 * faced.way * np.eye(problem.dimension)

    def value(points):
        rest = resting(model, points, objective)[0] if faced.rest else 0.0
        found = faced.of(rest, model.terminal_cost(points) if faced.terminal else 0.0)
        return found + faced.way * ((points - start) ** 2).sum(1) if faced.way else found

    def derivatives(points):
        rest = resting_derivatives(model, points, objective) if faced.rest else (0.0, 0.0, 0.0)
        terminal = (0.0, 0.0, 0.0)
        if faced.terminal:
            terminal = (model.terminal_cost(points), *model.terminal_derivatives(points))
        parts = tuple(faced.of(one, other) for one, other in zip(rest, terminal, strict=True))
        if not faced.way:
            return parts
        offset = points - start
        return (
            parts[0] + faced.way * (offset**2).sum(1),
            parts[1] + 2 * faced.way * offset,
            parts[2] + twice,
        )

    return value, derivatives
