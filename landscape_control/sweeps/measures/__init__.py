"""What a sweep measures in each cell: functions of a solution, with units.

Every measure is an object of this package and an entry of ``ALL``; any function of a solution serves
as well.
"""

from .basins import basin_margin, end_basin, escaped, hidden_basin
from .closed_forms import exact_cost, exact_exponent, exact_gain, preconditioner_exponent
from .forgetting import forgetting_of
from .information import certainty_equivalent_regret, value_of_information
from .library import (
    agreed,
    certificate_residuals,
    cost,
    cost_error,
    iterations,
    optimism_gap,
    seconds,
    standard_error,
)
from .linear_rules import LinearRuleCost, linear_rule_costs
from .measure import ALL, Cell, Measure, as_measure, by_name, plain_value
from .momenta import coefficients, decay, learning_rate, momentum, probing
from .paths import straightness
from .policy_rules import policy_error, policy_rule
from .regrets import RuleCost, rule_costs
from .verdicts import (
    best_regret,
    best_rule,
    best_rule_within,
    cheapest_rule,
    cheapest_rule_within,
    equivalent_rules,
    regret,
    regret_at,
    rule_coefficients,
    rule_coefficients_at,
    rule_trajectories,
    trajectory,
)

__all__ = [
    "ALL",
    "Cell",
    "LinearRuleCost",
    "Measure",
    "RuleCost",
    "agreed",
    "as_measure",
    "basin_margin",
    "best_regret",
    "best_rule",
    "best_rule_within",
    "by_name",
    "certainty_equivalent_regret",
    "certificate_residuals",
    "cheapest_rule",
    "cheapest_rule_within",
    "coefficients",
    "cost",
    "cost_error",
    "decay",
    "end_basin",
    "equivalent_rules",
    "escaped",
    "exact_cost",
    "exact_exponent",
    "exact_gain",
    "forgetting_of",
    "hidden_basin",
    "iterations",
    "learning_rate",
    "linear_rule_costs",
    "momentum",
    "optimism_gap",
    "plain_value",
    "policy_error",
    "policy_rule",
    "preconditioner_exponent",
    "probing",
    "regret",
    "regret_at",
    "rule_coefficients",
    "rule_coefficients_at",
    "rule_costs",
    "rule_trajectories",
    "seconds",
    "standard_error",
    "straightness",
    "trajectory",
    "value_of_information",
]


def __dir__() -> list[str]:
    return __all__
