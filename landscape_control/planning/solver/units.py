"""The units of a program: in them lengths and costs of a guess, and what a drift makes of them, are
of order one.
"""

import math

import numpy as np

from ...model.problem import typical_mass, unit_growth


def program_numbers(subproblem, times: np.ndarray, states: np.ndarray) -> dict:
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
    if growth > 0:  # the unit of length grows along
        shrinking = np.exp(-growth * moments)
        distance = distance * shrinking
        half = np.exp((growth - objective.discount / 2) * moments)
    else:
        shrinking = 1.0
    moved, placed = float(distance.max()), float(np.abs(problem.start).max())
    # a guess at rest says less than what the drift alone would do
    if moved <= 1e-13 * placed and problem.model.has_drift:
        distance = np.abs(problem.model.drift(problem.start)[0]).max() * moments * shrinking
        moved = float(distance.max())
    has_moved = moved > 1e-13 * placed  # less is round-off
    length = max(moved, 1e-7 * placed) if has_moved else 1.0 + 1e-3 * placed
    felt = float((half * distance).max()) if has_moved else length
    loss = problem.landscape.loss(states.reshape(-1, problem.dimension)).reshape(times.shape)
    rise = (
        objective.loss_weight * float((fade * np.abs(loss - loss[0, 0])).max()) * subproblem.horizon
    )
    if objective.terminal is not None:
        terminal = problem.model.terminal_cost(states[[0, -1], [0, -1]])
        rise += objective.terminal_weight * fade[-1, -1] * np.ptp(terminal)
    # below the round-off of its parts no cost can be resolved
    level = objective.loss_weight * float((fade * np.abs(loss)).max()) * subproblem.horizon
    # a drift may carry what no cost feels far away for nothing: the unit is no more than a cost
    # that is known
    cost = min(
        typical_mass(problem) * felt**2 / (objective.learning_rate * subproblem.horizon),
        subproblem.known_cost,
    )
    least = max(1e-9 * level, subproblem.negligible)
    numbers = {
        "horizon": subproblem.horizon,
        "discount": objective.discount,
        "learning_rate": objective.learning_rate,
        "loss_weight": objective.loss_weight,
        "terminal_weight": objective.terminal_weight,
        "length": length,
        "cost": max(cost, math.sqrt(cost * rise), least) if math.isfinite(rise) else cost,
        "start": problem.start,
    }
    if growth > 0:
        numbers["growth"] = growth
    if problem.end is not None:
        numbers["end"] = problem.end
    if subproblem.rest is not None:
        tail = subproblem.rest.tail
        numbers |= {
            "tail_centre": tail.steady_state,
            "tail_costate": tail.steady_costate,
            "tail_hessian": tail.value_hessian,
            "tail_value": subproblem.rest.value,
        }
    return numbers
