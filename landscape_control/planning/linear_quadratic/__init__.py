"""Linear-quadratic control as the planner uses it: discounted Riccati equations with affine drift.

The home of Riccati solutions for everything that plans: tails of infinite horizons, exact LQG, the
covariance of a filter (its dual), the linear-quadratic rule. Nothing here is shared with
:mod:`landscape_control.reference`, which solves the same problems by other algorithms and is used
to check this package.
"""

from .finite import FiniteHorizonPolicy
from .infinite import InfiniteHorizonPolicy
from .problem import LinearQuadraticProblem

__all__ = ["FiniteHorizonPolicy", "InfiniteHorizonPolicy", "LinearQuadraticProblem"]
