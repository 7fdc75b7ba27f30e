"""The units of a program, in which lengths and costs of a guess are of order one.

What a drift makes of them is of order one, too.
"""

import math

import numpy as np

from ...model.problem import typical_mass, unit_growth
from ..transcription.numbers import ProgramNumbers
from .subproblem import Subproblem


def program_numbers(
    subproblem: Subproblem, times: np.ndarray, states: np.ndarray
) -> ProgramNumbers:
    """Problem numbers and the scales that make the program dimensionless, by name.

    ``states`` (K, d+1, n) are the guess at ``times`` (K, d+1), fractions of the horizon. Lengths
    and losses count in the cost unit with their discount: a path that an unstable drift carries far
    away late moves the cost by no more than that.
    """
    problem, objective = subproblem.problem, subproblem.problem.objective
    distance = np.abs(states - problem.start).max(axis=2)
    growth = unit_growth(problem, subproblem.horizon)
    moments = subproblem.horizon * times
    half = np.exp(-objective.discount / 2 * moments)
    fade = half * half
    shrinking: np.ndarray | float = 1.0
    if growth > 0:  # the unit of length grows along
        shrinking = np.exp(-growth * moments)
        distance = distance * shrinking
        half = np.exp((growth - objective.discount / 2) * moments)
    moved, placed = float(distance.max()), float(np.abs(problem.start).max())
    # a guess at rest says less than what the drift alone would do
    if moved <= 1e-13 * placed and problem.model.has_drift:
        distance = np.abs(problem.model.drift(problem.start)[0]).max() * moments * shrinking
        moved = float(distance.max())
    has_moved = moved > 1e-13 * placed  # less is round-off
    length = max(moved, 1e-7 * placed) if has_moved else 1.0 + 1e-3 * placed
    costed = float((half * distance).max()) if has_moved else length  # length that counts
    loss = problem.landscape.loss(states.reshape(-1, problem.dimension)).reshape(times.shape)
    change = float((fade * np.abs(loss - loss[0, 0])).max())
    rise = objective.loss_weight * change * subproblem.horizon
    if objective.terminal is not None:
        terminal = problem.model.terminal_cost(states[[0, -1], [0, -1]])
        rise += objective.terminal_weight * fade[-1, -1] * np.ptp(terminal)
    # below the round-off of its parts no cost can be resolved
    level = objective.loss_weight * float((fade * np.abs(loss)).max()) * subproblem.horizon
    # a drift may carry far away, for nothing, what no cost depends on: the unit is no more than a
    # cost that is known
    effort = typical_mass(problem) * costed**2 / (objective.learning_rate * subproblem.horizon)
    cost = min(effort, subproblem.known_cost)
    least = max(1e-9 * level, subproblem.negligible)
    if math.isfinite(rise):
        cost = max(cost, math.sqrt(cost * rise), least)
    numbers: ProgramNumbers = {
        "horizon": subproblem.horizon,
        "discount": objective.discount,
        "learning_rate": objective.learning_rate,
        "loss_weight": objective.loss_weight,
        "terminal_weight": objective.terminal_weight,
        "length": length,
        "cost": cost,
        "start": problem.start,
    }
    if growth > 0:
        numbers["growth"] = growth
    if problem.end is not None:
        numbers["end"] = problem.end
    if subproblem.rest is not None:
        tail = subproblem.rest.tail
        numbers["tail_centre"] = tail.steady_state
        numbers["tail_costate"] = tail.steady_costate
        numbers["tail_hessian"] = tail.value_hessian
        numbers["tail_value"] = subproblem.rest.value
    return numbers
