"""The regrets of adam_from_beliefs: every rule in every cell, on numbers that no search has seen."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ._adam_from_beliefs_learners import RULES, SEARCH_EPISODES, SEARCH_SEED, Cell, learner, moved
from ._adam_from_beliefs_sets import Estimate, costs, prior_controls

EPISODES, SEED = 1000, 11


@dataclass(frozen=True, kw_only=True)
class Judged:
    """All rules in one cell.

    Attributes
    ----------
    regrets : {rule: J/J* - 1}, that of SGD exactly
    gaps : {(rule, other): (J - J')/J*}, on common random numbers
    gains : {rule: the largest share of its cost that moving one coefficient by 20 % saves}, on the
        numbers of the search
    """

    regrets: Mapping[str, Estimate]
    gaps: Mapping[tuple[str, str], Estimate]
    gains: Mapping[str, float]


def judged(cell: Cell, rules: tuple[str, ...] = RULES) -> Judged:
    """Costs on fresh random numbers, with SGD's exactly known cost and φ² as control variates.

    SGD must be among the rules.
    """
    fresh = {rule: costs(cell, [learner(rule, cell)], EPISODES, SEED)[0] for rule in rules}
    known = fresh["sgd"] - cell.sgd_cost
    controls = np.column_stack([known, prior_controls(cell, EPISODES, SEED)])

    def estimate(values: np.ndarray) -> Estimate:
        return Estimate.controlled(values, controls).over(cell.optimum)

    regrets = {
        rule: estimate(values - cell.optimum) for rule, values in fresh.items() if rule != "sgd"
    }
    regrets["sgd"] = Estimate(mean=cell.sgd_cost / cell.optimum - 1, error=0.0)
    gaps = {
        (rule, other): estimate(fresh[rule] - fresh[other])
        for rule in rules
        for other in rules
        if rule != other
    }
    return Judged(
        regrets=regrets,
        gaps=gaps,
        gains={rule: gain(rule, cell) for rule in rules if rule != "sgd"},
    )


def gain(rule: str, cell: Cell) -> float:
    """What moving a coefficient by 20 % saves at most, as a share of the cost."""
    members = [learner(rule, cell), *moved(rule, cell)]
    own, *others = costs(cell, members, SEARCH_EPISODES, SEARCH_SEED).mean(1)
    return float(1 - min(others) / own)
