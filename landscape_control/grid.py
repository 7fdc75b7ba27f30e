"""Grid certificates: the Hamilton-Jacobi-Bellman equation in one or two dimensions, and what it
says about a plan.
"""

from .planning.dynamic_programming.bounds.leaving import Leaving, least_cost_of_leaving
from .planning.dynamic_programming.deterministic.certificate import GlobalCertificate, Verdict
from .planning.dynamic_programming.deterministic.certify import certify_global
from .planning.dynamic_programming.deterministic.outside import Outside
from .planning.dynamic_programming.deterministic.value import ValueFunction, value_function
from .planning.dynamic_programming.mesh import Grid

__all__ = [
    "GlobalCertificate",
    "Grid",
    "Leaving",
    "Outside",
    "ValueFunction",
    "Verdict",
    "certify_global",
    "least_cost_of_leaving",
    "value_function",
]
