"""Whether an expression is smooth across a switching point.

A switching point is sought by Newton's method; value, slope and curvature are compared on both
sides of it.
"""

from collections.abc import Callable

import casadi as ca
import numpy as np

from ..pointwise import Pointwise
from .switches import Switch

_POINTS = 4  # of a switch, at which both sides are compared
# of the points from which switching points are sought
_SCALES = (1.0, 0.1, 1.0, 10.0, 1.0, 0.01, 100.0, 1e-3, 1e4, 1e6)
_SINGULAR_STARTS = 5  # of these, for operations that need not be singular anywhere
_STEPS, _PATIENCE = 80, 8  # of Newton's method, at most and without getting closer
_DISTANCES = 10.0 ** -np.arange(3, 9)  # from a switching point, where both sides are compared
_JUMP = 1e-9  # of the largest entry: smaller jumps count as round-off

# a point -> the operands of a switch (d,), their slopes (d, n)
Residual = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def both_sides(x: ca.SX, value: ca.SX) -> ca.Function:
    """The function (x, w) -> [value; slope; curvature along w]."""
    direction = ca.SX.sym("w", x.numel())
    slope = ca.gradient(value, x)
    return ca.Function(
        "sides",
        [x, direction],
        [ca.densify(value), ca.densify(slope), ca.densify(ca.jtimes(slope, x, direction))],
    )


def is_kink(switch: Switch, x: ca.SX, sides: ca.Function, rng: np.random.Generator) -> bool:
    """Whether the function behind ``sides`` is not twice continuously differentiable at a switch."""
    slope = ca.densify(ca.jacobian(switch.operands, x))
    evaluated = Pointwise(ca.Function("residual", [x], [ca.densify(switch.operands), slope]))

    def residual(point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, slopes = evaluated(point)
        return values.reshape(slope.size1()), slopes.reshape(slope.shape)

    located = 0
    scales = _SCALES if switch.certain else _SCALES[:_SINGULAR_STARTS]
    for attempt, scale in enumerate(scales):
        start = scale * rng.standard_normal(x.numel())
        if attempt % 3 == 2:  # some functions have positive numbers as their domain
            start = np.abs(start)
        point = _located(switch, residual, start)
        if point is None:
            continue
        located += 1
        if switch.single or _differs(sides, point, residual, rng):
            return True
        if located == _POINTS:
            break
    return switch.certain and not located


def _located(switch: Switch, residual: Residual, point: np.ndarray) -> np.ndarray | None:
    """A switching point that Newton's method reaches from ``point``; None where it reaches none."""
    target: np.ndarray | None = None
    last, factor, length = np.inf, 1.0, np.inf
    closest, since = np.inf, 0
    for _ in range(_STEPS):
        value, slope = residual(point)
        if target is None:
            target = _nearest(switch, value)
        value = value - target
        if not (np.isfinite(value).all() and np.isfinite(slope).all()):
            return None

        size = np.abs(value).max()
        closest, since = (size, 0) if size < 0.9 * closest else (closest, since + 1)
        if since > _PATIENCE:
            return None
        if not value.any():
            return point
        step = np.linalg.lstsq(slope, value, rcond=1e-12)[0]
        length = float(np.linalg.norm(step))
        if length <= 4e-16 * np.abs(point).max():
            return point

        # at a double zero each step goes half of the way that is left
        halving = 0.4 < length / last < 0.6 and factor == 1.0
        factor = 2.0 if halving else 1.0
        last = length
        point = point - factor * step
        if not np.isfinite(point).all() or np.abs(point).max() > 1e12:
            return None
    return point if length <= 1e-11 * max(np.abs(point).max(), 1e-3) else None


def _nearest(switch: Switch, value: np.ndarray) -> np.ndarray:
    """The value of the operands at the switching point next to one where they have this ``value``."""
    if not switch.period or not np.isfinite(value).all():
        return np.zeros_like(value)
    count = np.round((value - switch.offset) / switch.period)
    if not switch.at_zero:
        side = np.where(value < 0, -1.0, 1.0)
        count = np.where(count == 0, side, count)
    return switch.offset + switch.period * count


def _differs(
    sides: ca.Function, point: np.ndarray, residual: Residual, rng: np.random.Generator
) -> bool:
    """Whether value, slope or curvature jump at a point, or the latter two have no limit there."""
    across = rng.standard_normal(len(point))
    across /= np.linalg.norm(across)
    normal = residual(point)[1][0]
    size = np.linalg.norm(normal)
    if np.isfinite(size) and size > 0:
        across = normal / size + 0.5 * across  # surely across the switch, and not along an axis
    along = rng.standard_normal(len(point))

    distances = _DISTANCES * max(1.0, 1e-6 * np.abs(point).max())
    places = point[:, None] + across[:, None] * np.concatenate([distances, -distances])
    parts = [np.array(part) for part in sides(places, np.tile(along[:, None], places.shape[1]))]
    # (2 sides, distances, entries)
    values, slopes, curvatures = (np.stack(np.split(part.T, 2)) for part in parts)
    if not np.isfinite(values).all() or not np.isfinite(slopes).all() or not _has_limits(values):
        return False  # the edge of the domain, or a pole
    if _jumps(values) or _jumps(slopes) or _jumps(curvatures):
        return True
    return not _has_limits(slopes) or not _has_limits(curvatures)


def _jumps(parts: np.ndarray) -> bool:
    """Whether both sides keep apart as the distances shrink.

    So they do where the differences, extrapolated to distance zero, do not vanish: the linear part
    of a difference g(d) falls out of (10 g(d/10) - g(d))/9.
    """
    gaps = parts[0] - parts[1]
    extrapolated = np.abs((10 * gaps[1::2] - gaps[0::2]) / 9).max(axis=1)
    size = max(np.abs(parts).max(), 1e-300)
    return bool(extrapolated[2] > _JUMP * size and extrapolated[2] > 0.5 * extrapolated[1])


def _has_limits(parts: np.ndarray) -> bool:
    """Whether both sides settle as the distances shrink."""
    if not np.isfinite(parts).all():
        return False
    changes = np.abs(np.diff(parts, axis=1)).max(axis=2)[:, -2:]
    size = max(np.abs(parts[:, :2]).max(), 1e-300)
    shrinks = changes[:, 1] < 0.5 * changes[:, 0]
    is_round_off = changes[:, 1] < _JUMP * size
    return bool((shrinks | is_round_off).all())
