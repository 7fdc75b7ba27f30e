"""Explicit marching of the HJB equation in time-to-go s = T - t."""

from collections.abc import Iterator

import numpy as np

from ..errors import ProblemError
from ..solver.clock import clock
from .differences import one_sided
from .hamiltonian import Hamiltonian
from .mesh import Grid

ORDER = 3  # of WENO3 in space and of the Runge-Kutta scheme in time, where V is smooth
MOST_STEPS = 100_000
_LOOK = 500  # steps between looks at the clock and at what is left
_HOPELESS = (
    4.0  # times the most steps: a march that would need more at its present speed is given up
)


def upwind(value: np.ndarray, hamiltonian: Hamiltonian, grid: Grid, *, order: int = ORDER):
    """(H, v): the Godunov Hamiltonian (N_1, …) of a grid function, and the optimal velocity (n,
    N_1, …).
    """
    p = hamiltonian.select(*one_sided(value, grid, order=order))
    velocity = hamiltonian.velocity(p)
    return hamiltonian.value(p, velocity), velocity


def march(
    value: np.ndarray,
    hamiltonian: Hamiltonian,
    grid: Grid,
    *,
    discount: float,
    begin: float,
    stops: np.ndarray,
    beyond=None,
    courant: float = 0.9,
    max_steps: int = MOST_STEPS,
) -> Iterator[np.ndarray]:
    """Solve V_s = -γV - H(θ, ∇V) from V = ``value`` at s = ``begin``; yields V at each of the
    increasing ``stops``.

    With ``beyond`` (:class:`Beyond`) all nodes on the walls share one value, that of the outside.
    Strong-stability-preserving Runge-Kutta of order 3 (Shu & Osher 1988), steps limited by dt·max
    Σ|v_i|/h_i ≤ ``courant``.

    Raises
    ------
    ProblemError
        When the speeds in the box would need more than ``max_steps`` steps, or the time limit of
        the running solve is over.
    """

    def rate(field):
        energy, velocity = upwind(field, hamiltonian, grid)
        reach = np.abs(velocity).T @ (1 / grid.spacing)
        change = -discount * field - energy
        if beyond is not None:
            beyond.share(change, beyond.running - discount * field[grid.walls][0], grid)
        return change, reach.max()

    now, steps = begin, 0
    for stop in stops:
        while now < stop * (1 - 1e-14):
            slope, speed = rate(value)
            step = min(stop - now, courant / max(speed, 1e-300))
            value, step = _advance(value, slope, step, rate, courant)
            now, steps = now + step, steps + 1
            if steps > max_steps or not np.isfinite(value).all():
                raise _too_fast(steps, now, stops[-1], speed)
            if steps % _LOOK == 0:
                if (
                    steps + (stops[-1] - now) / step > _HOPELESS * max_steps
                ):  # speeds grow with time-to-go, if anything
                    raise _too_fast(steps, now, stops[-1], speed)
                if clock().seconds_left() <= 0:
                    raise _too_long(now, stops[-1])
        yield value


def _advance(value, slope, step, rate, courant):
    """One step; it is halved while the speeds after its first stage would break the Courant
    condition.
    """
    first = value + step * slope
    slope_1, speed_1 = rate(first)
    while step * speed_1 > 1.2 * courant:
        step /= 2
        first = value + step * slope
        slope_1, speed_1 = rate(first)
    second = (3 * value + first + step * slope_1) / 4
    return (value + 2 * (second + step * rate(second)[0])) / 3, step


def _too_fast(steps, now, horizon, speed):
    return ProblemError(
        "grid certificate",
        expected="optimal speeds that the grid can follow",
        received=(
            f"{steps} steps that only reach time-to-go {now:.3g} of {horizon:.3g}, at {speed:.3g} "
            "cells per unit time"
        ),
        advice=(
            "pass a smaller box=[(low, high), …] or fewer points; rescale parameters of different"
            " size"
        ),
    )


def _too_long(now, horizon):
    return ProblemError(
        "grid certificate",
        expected="an answer within the time limit",
        received=f"a march that came to time-to-go {now:.3g} of {horizon:.3g}",
        advice="raise time_limit=, pass a smaller box=[(low, high), …] or fewer points",
    )
