"""Learning rules: closed forms u(θ) and causal rules of gradients.

Each with its formula, its source, what it must see, and how to run it.
"""

from .catalogue import causal
from .causal import CausalRule
from .gain import optimal_gain, optimal_step
from .gradient import decayed_gradient_descent, drift_compensated_gradient_descent, gradient_descent
from .information import Information, Observation, observation, observe
from .library import all_rules, by_name, full_information
from .linear_quadratic import linear_quadratic
from .network_rules import of_networks
from .proximal import proximal
from .rule import Coefficient, Rule
from .spectral import ballistic, held_newton, metric_modes, natural_gradient, newton

all = all_rules  # rules.all()
Sees = Information  # the older name

__all__ = [
    "CausalRule",
    "Coefficient",
    "Information",
    "Observation",
    "Rule",
    "Sees",
    "all_rules",
    "ballistic",
    "by_name",
    "causal",
    "decayed_gradient_descent",
    "drift_compensated_gradient_descent",
    "full_information",
    "gradient_descent",
    "held_newton",
    "linear_quadratic",
    "metric_modes",
    "natural_gradient",
    "newton",
    "observation",
    "observe",
    "of_networks",
    "optimal_gain",
    "optimal_step",
    "proximal",
]


def __dir__() -> list[str]:
    return __all__
