"""Optimal paths read off a value function, by following θ̇ = f - ηBG⁻¹Bᵀ∇V."""

import numpy as np
from scipy.integrate import solve_ivp

from .value import ValueFunction

_STEP = 0.5  # cells travelled per step


def follow(value: ValueFunction, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(times (K+1,), paths (K+1, P, n)) of the optimal motion from the points ``start`` (P, n).

    Finite horizon: to the last slice of V, at T minus the short stretch before a fixed end.
    Infinite horizon: until the motion has come to rest. Points outside the box move with the
    velocity at the nearest wall, so leaving is seen.
    """
    start = np.atleast_2d(start)
    return _settle(value, start) if np.isinf(value.to_go[-1]) else _descend(value, start)


def _descend(value, theta):
    grid, to_go = value.grid, value.to_go
    times, path = [0.0], [theta]
    before = value.velocity(len(to_go) - 1)
    for k in range(len(to_go) - 2, -1, -1):
        after, span = value.velocity(k), to_go[k + 1] - to_go[k]
        speeds = [_cells_per_time(grid, theta, field).max() for field in (before, after)]
        count = int(np.clip(np.ceil(max(speeds) * span / _STEP), 1, 1000))
        for j in range(count):
            # Heun's method in a field that changes linearly between the slices
            here = before + (after - before) * (j / count)
            there = before + (after - before) * ((j + 1) / count)
            first = _sample(grid, here, theta)
            second = _sample(grid, there, theta + span / count * first)
            theta = theta + span / count * ((first + second) / 2)
        times.append(to_go[-1] - to_go[k])
        path.append(theta)
        before = after
    return np.array(times), np.array(path)


def _settle(value, start):
    """Every start followed until it stands still, sampled at common times.

    Held at its last point from then on.
    """
    grid, field = value.grid, value.velocity(0)
    fastest = (np.abs(field).T @ (1 / grid.spacing)).max()
    longest = 500 * max(grid.shape) / max(fastest, 1e-300)

    def flow(_, theta):
        return _sample(grid, field, theta[None])[0]

    def still(t, theta):  # what is left to travel is a small part of a cell
        return t * _cells_per_time(grid, theta[None], field)[0] - 0.05

    still.terminal, still.direction = True, -1
    runs = [
        solve_ivp(
            flow,
            (0, longest),
            point,
            events=still,
            rtol=1e-3,
            atol=1e-2 * grid.spacing,
            dense_output=True,
        )
        for point in start
    ]
    times = np.linspace(0, max(run.t[-1] for run in runs), 401)
    return times, np.stack([run.sol(np.minimum(times, run.t[-1])).T for run in runs], axis=1)


def _sample(grid, field, theta):
    return np.stack([grid.interpolate(component, theta) for component in field], axis=1)


def _cells_per_time(grid, theta, field):
    return np.abs(_sample(grid, field, theta)) @ (1 / grid.spacing)
