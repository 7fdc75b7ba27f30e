"""Grid certificates: the Hamilton-Jacobi-Bellman equation in one or two dimensions, and what it
says about a plan.
"""

from .certificate import GlobalCertificate, Verdict
from .certify import certify_global
from .leaving import Leaving, least_cost_of_leaving
from .mesh import Grid
from .outside import Outside
from .value import ValueFunction, value_function

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
