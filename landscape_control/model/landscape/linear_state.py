"""First and second moments of hidden variables: all that linear filters and linear-quadratic costs
ask of their law.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearState:
    """E dz = (ν - Λz) dt and Cov dz = Q(t) dt of a hidden state z.

    z is φ itself, or K - 1 indicators of a process with finitely many values.

    Attributes
    ----------
    reversion : (d, d), Λ
    push : (d,), ν
    centre : (d,), a point where the mean rests, Λ·centre = ν
    mean, covariance : (d,), (d, d), at t = 0
    diffusion : (d, d), Q where the law is stationary, and always for diffusions
    is_gaussian : bool
    is_stationary : bool, whether Q(t) is ``diffusion`` at every time
    spread : callable (mean (d,), covariance (d, d)) -> Q, for laws whose noise depends on where
        they stand
    to_state : callable, estimates (E, p) or probabilities (E, K) -> (E, d)
    """

    reversion: np.ndarray
    push: np.ndarray
    centre: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    diffusion: np.ndarray
    is_gaussian: bool
    is_stationary: bool
    spread: Callable
    to_state: Callable


def unchanged(estimate):
    """The estimate of φ itself."""
    return estimate
