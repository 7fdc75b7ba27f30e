"""Time integration of V_s = rate(V) in time-to-go s = T - t, explicit and implicit.

A known problem has no diffusion: its steps are limited by the speeds alone, dt ~ h, and the
explicit scheme keeps the third order of WENO in space. A diffusion would limit them to dt ~ h², on
101 x 101 nodes (θ, p₁) to 1/25 000 of a unit of time, so that it is integrated implicitly, one
linear solve a step, and a hundred steps do.
"""

from collections.abc import Callable, Iterator

import numpy as np

from ...support.errors import ProblemError
from ..solver.clock import clock

Rate = Callable[[np.ndarray], tuple[np.ndarray, float]]  # V -> (V_s, the largest speed)

MOST_STEPS = 100_000
COURANT = 0.9  # cells that a speed may cross in one explicit step
_LOOK = 500  # steps between looks at the clock and at what is left
# times the most steps: a march that would need more at its present speed is given up
_HOPELESS = 4.0


def explicit(
    value: np.ndarray,
    rate: Rate,
    *,
    begin: float,
    stops: np.ndarray,
    courant: float = COURANT,
    max_steps: int = MOST_STEPS,
) -> Iterator[np.ndarray]:
    """March from V = ``value`` at s = ``begin``; yields V at each of the increasing ``stops``.

    Strong-stability-preserving Runge-Kutta of order 3 (Shu & Osher 1988). ``rate(V)`` is (V_s, the
    largest speed max Σ|v_i|/h_i in cells per unit time); steps are limited by dt·speed ≤
    ``courant``.

    Raises
    ------
    ProblemError
        When the speeds would need more than ``max_steps`` steps, or the time limit of the running
        solve is over.
    """
    now, steps = begin, 0
    for stop in stops:
        while now < stop * (1 - 1e-14):
            slope, speed = rate(value)
            step = min(stop - now, courant / max(speed, 1e-300))
            value, step = _runge_kutta(value, slope, step, rate, courant)
            now, steps = now + step, steps + 1
            if steps > max_steps or not np.isfinite(value).all():
                raise _too_fast(steps, now, stops[-1], speed)
            if steps % _LOOK == 0:
                # speeds grow with time-to-go, if anything
                expected_steps = steps + (stops[-1] - now) / step
                if expected_steps > _HOPELESS * max_steps:
                    raise _too_fast(steps, now, stops[-1], speed)
                if clock().seconds_left() <= 0:
                    raise _too_long(now, stops[-1])
        yield value


def implicit(
    first: np.ndarray,
    to_go: np.ndarray,
    solved: Callable[[float, np.ndarray, float, np.ndarray], np.ndarray],
) -> np.ndarray:
    """March from V = ``first`` at s = 0 through equally spaced times-to-go (K+1,): values (K+1, N).

    Backward differences of second order (BDF2; the first step by implicit Euler, whose local error
    is of second order too). ``solved(s, ahead, lead, memory)`` returns V at s, the solution of
    lead·V - memory = rate(V); ``ahead`` is V extrapolated from the two steps before, good enough to
    read a policy off: the value depends on the square of the policy's error only.
    """
    step, values = to_go[1] - to_go[0], [first]
    for k, s in enumerate(to_go[1:]):
        if k == 0:
            ahead, lead, memory = values[0], 1.0, values[0]
        else:
            ahead, lead = 2 * values[-1] - values[-2], 1.5
            memory = 2 * values[-1] - values[-2] / 2
        values.append(solved(s, ahead, lead / step, memory / step))
    return np.array(values)


def _runge_kutta(
    value: np.ndarray, slope: np.ndarray, step: float, rate: Rate, courant: float
) -> tuple[np.ndarray, float]:
    """One step, and how long it became.

    It is halved while the speeds after its first stage would break the Courant condition.
    """
    first = value + step * slope
    slope_1, speed_1 = rate(first)
    while step * speed_1 > 1.2 * courant:
        step /= 2
        first = value + step * slope
        slope_1, speed_1 = rate(first)
    second = (3 * value + first + step * slope_1) / 4
    slope_2, _ = rate(second)
    return (value + 2 * (second + step * slope_2)) / 3, step


def _too_fast(steps: int, now: float, horizon: float, speed: float) -> ProblemError:
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


def _too_long(now: float, horizon: float) -> ProblemError:
    return ProblemError(
        "grid certificate",
        expected="an answer within the time limit",
        received=f"a march that came to time-to-go {now:.3g} of {horizon:.3g}",
        advice="raise time_limit=, pass a smaller box=[(low, high), …] or fewer points",
    )
