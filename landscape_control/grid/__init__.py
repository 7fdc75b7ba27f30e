"""Grid certificates: the Hamilton-Jacobi-Bellman equation in one or two dimensions, and what it says about a plan."""

from .certificate import GlobalCertificate, Verdict
from .certify import certify_global
from .mesh import Grid
from .value import ValueFunction, value_function

__all__ = ["GlobalCertificate", "Grid", "ValueFunction", "Verdict", "certify_global", "value_function"]
