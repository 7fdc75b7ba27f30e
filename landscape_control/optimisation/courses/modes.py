"""The modes of a program as arrays: curvatures, weights, noise, and moments at the start."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..program import PolicyProgram, spectrum_of
from ..programs import follows_loss, multiplicative_noise, noise_variance
from ..quadrature import first_nodes


@dataclass(frozen=True, kw_only=True, eq=False)
class Modes:
    """M independent quadratic modes, coupled at most by noise that follows the loss of all.

    Attributes
    ----------
    curvatures, noise : (M, 1) h, and the variance of the gradient's noise at the start
    shares : (M,), weight·h/2: the loss is Σ shares·Eθ²
    start : (M, d, d), E x xᵀ of x = (θ, state)
    multiplicative : b, the variance grows by b·(hθ)²
    follows_loss : whether the variance is multiplied by (floor + L_t)/(floor + L_0)
    floor : the loss at the minimum
    """

    curvatures: np.ndarray
    noise: np.ndarray
    shares: np.ndarray
    start: np.ndarray
    multiplicative: float
    follows_loss: bool
    floor: float

    @property
    def largest(self) -> float:
        """The largest curvature."""
        return float(self.curvatures.max())

    def levels(self, first: np.ndarray) -> Callable[[np.ndarray], np.ndarray | float]:
        """Excess loss (C,) -> what the noise at the start (excess loss ``first``) is multiplied by."""
        if not self.follows_loss:
            return lambda loss: 1.0
        start = first + self.floor
        return lambda loss: (loss + self.floor) / start

    @property
    def start_loss(self) -> float:
        """The loss above the floor at the start."""
        return float(self.shares @ self.start[:, 0, 0])


def modes_of(program: PolicyProgram, floor: float, start: np.ndarray | None = None) -> Modes:
    """The modes of a program; at rest unless moments at the ``start`` (M, d, d) are given."""
    curvatures, weights = spectrum_of(program).nodes(first_nodes(program))
    if start is None:
        size = 1 + program.family.state_size
        start = np.zeros((len(curvatures), size, size))
        start[:, 0, 0] = program.task.start_variances(curvatures) + program.task.start_mean**2
    return Modes(
        curvatures=curvatures[:, None],
        noise=noise_variance(program, curvatures)[:, None],
        shares=weights * curvatures / 2,
        start=start,
        multiplicative=multiplicative_noise(program),
        follows_loss=follows_loss(program),
        floor=floor,
    )
