"""The HJB equation of a known problem marched in time-to-go.

WENO3, Godunov's Hamiltonian, Runge-Kutta.
"""

from collections.abc import Iterator

import numpy as np

from ..bounds.beyond import Beyond
from ..differences import one_sided
from ..hamiltonian import Hamiltonian
from ..march import COURANT, MOST_STEPS, explicit
from ..mesh import Grid

ORDER = 3  # of WENO3 in space and of the Runge-Kutta scheme in time, where V is smooth


def march(
    value: np.ndarray,
    hamiltonian: Hamiltonian,
    grid: Grid,
    *,
    discount: float,
    begin: float,
    stops: np.ndarray,
    beyond: Beyond | None = None,
    courant: float = COURANT,
    max_steps: int = MOST_STEPS,
) -> Iterator[np.ndarray]:
    """Solve V_s = -γV - H(θ, ∇V) from V = ``value`` at s = ``begin``.

    Yields V at each of the increasing ``stops``, see :func:`explicit`.

    With ``beyond`` (:class:`Beyond`) all nodes on the walls share one value, that of the outside.
    """

    def rate(field):
        energy, velocity = hamiltonian.upwind(*one_sided(field, grid, order=ORDER))
        speed = np.abs(velocity).T @ (1 / grid.spacing)
        change = -discount * field - energy
        if beyond is not None:
            beyond.share(change, beyond.running - discount * field[grid.walls][0], grid)
        return change, speed.max()

    return explicit(value, rate, begin=begin, stops=stops, courant=courant, max_steps=max_steps)
