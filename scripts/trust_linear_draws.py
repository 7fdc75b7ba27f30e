"""Random numbers of linear-quadratic problems: sizes, horizons, metrics, drifts and ends."""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import expm
from trust_linear_reference import LinearNumbers


@dataclass(frozen=True, kw_only=True, eq=False)
class Units:
    """New numbers of a problem: every quantity is multiplied by its unit; effort and loss also
    share η·G and k·H anew.
    """

    time: float = 1.0
    cost: float = 1.0
    length: float = 1.0
    control: float = 1.0
    metric: float = 1.0
    hessian: float = 1.0
    terminal: float = 1.0


def draw_units(rng) -> Units:
    """Time, cost, θ and u multiplied by 10^U(-6, 6); G, H and Φ likewise by factors that the
    weights take back.
    """
    names = ("time", "cost", "length", "control")
    return Units(
        **{name: 10 ** rng.uniform(-6, 6) for name in names},
        **{name: 10 ** rng.uniform(-3, 3) for name in ("metric", "hessian", "terminal")},
    )


def draw_numbers(rng) -> tuple[LinearNumbers, tuple[str, ...]]:
    """Numbers of order one, and words for what is special about them."""
    n = int(rng.integers(1, 7))
    horizon, discount = draw_horizon(rng), 0.0 if rng.random() < 0.3 else log_uniform(rng, 1e-2, 10)
    endless = math.isinf(horizon)
    hessian, loss_tag = draw_hessian(rng, n, endless)
    actuation, push_tag = draw_actuation(rng, n)
    matrix, offset, drift_tag = draw_drift(rng, n, horizon, discount)
    minimum = (
        np.zeros(n) if rng.random() < 0.4 else rng.choice([1.0, 10.0]) * rng.standard_normal(n)
    )
    start = (
        minimum.copy()
        if rng.random() < 0.06
        else minimum * rng.integers(0, 2) + rng.standard_normal(n)
    )
    numbers = LinearNumbers(
        hessian=hessian,
        minimum=minimum,
        metric=draw_metric(rng, actuation.shape[1]),
        matrix=matrix,
        offset=offset,
        actuation=actuation,
        start=start,
        horizon=horizon,
        discount=discount,
        learning_rate=log_uniform(rng, 0.1, 10),
        loss_weight=log_uniform(rng, 0.1, 10),
        terminal_weight=log_uniform(rng, 0.1, 10),
    )
    end_tag = "free end"
    if not endless and rng.random() < 0.2:
        numbers, end_tag = replace(numbers, end=draw_end(rng, numbers)), "fixed end"
    elif not endless and rng.random() < 0.4:
        numbers, end_tag = replace(numbers, terminal=draw_terminal(rng, n)), "terminal cost"
    tags = (
        f"n = {n}",
        "T = inf" if endless else "T finite",
        loss_tag,
        push_tag,
        drift_tag,
        end_tag,
        "at the minimum" if (start == minimum).all() else "away",
    )
    return numbers, tags


def draw_extreme(rng, plain, tags):
    """One thing about ordinary numbers made extreme: the horizon, the discount, the start, or the
    place of it all.
    """
    n, kind = len(plain.start), rng.integers(0, 6)
    finite = 1.0 if math.isinf(plain.horizon) else plain.horizon
    if kind == 0:
        tag, changes = "tiny horizon", {"horizon": 10 ** rng.uniform(-9, -3), "end": None}
    elif kind == 1:
        calm = np.linalg.eigvals(plain.matrix).real.max(initial=0.0) <= plain.discount / 2
        changes = {"horizon": log_uniform(rng, 30, 3000) if calm else finite}
        tag = "long horizon"
    elif kind == 2:
        tag, changes = (
            "strong discount",
            {"discount": log_uniform(rng, 5, 300) / finite, "horizon": finite, "end": None},
        )
    elif kind == 3:
        changes = {
            "start": plain.minimum.copy(),
            "offset": np.zeros(n),
            "matrix": np.zeros((n, n)),
            "terminal": None,
        }
        if rng.random() < 0.5 and math.isfinite(plain.horizon):
            changes["end"] = plain.minimum.copy()
        tag = "at rest"
    elif kind == 4:
        changes = {
            "start": plain.minimum + 10 ** rng.uniform(-12, -3) * rng.standard_normal(n),
            "offset": np.zeros(n),
        }
        changes |= {"matrix": np.zeros((n, n)), "terminal": None, "end": None}
        tag = "near rest"
    else:
        away = 10 ** rng.uniform(2, 6) * rng.standard_normal(n)
        changes = {
            "minimum": plain.minimum + away,
            "start": plain.start + away,
            "end": None,
            "terminal": None,
        }
        changes["offset"] = plain.offset - plain.matrix @ away
        tag = "far from the origin"
    return replace(plain, **changes), (tag, *tags)


def log_uniform(rng, low, high):
    """Uniform in the logarithm."""
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))


def draw_horizon(rng):
    """A fifth infinite, the rest 10^-2 … 30."""
    return math.inf if rng.random() < 0.2 else log_uniform(rng, 1e-2, 30)


def rotated(rng, values):
    """A symmetric matrix with these eigenvalues."""
    frame = np.linalg.qr(rng.standard_normal((len(values), len(values))))[0]
    matrix = (frame * values) @ frame.T
    return (matrix + matrix.T) / 2


def draw_hessian(rng, n, endless):
    """Positive definite, singular, or with one negative eigenvalue (finite horizons)."""
    values, kind = np.exp(rng.uniform(math.log(0.03), math.log(10), n)), rng.random()
    if kind < 0.15 and n > 1:
        values[: rng.integers(1, n)] = 0.0
        return rotated(rng, values), "singular loss"
    if kind < 0.3 and not endless:
        values[0] = -log_uniform(rng, 1e-3, 1)
        return rotated(rng, values), "indefinite loss"
    return rotated(rng, values), "convex loss"


def draw_actuation(rng, n):
    """Identity, invertible, fewer columns than rows, or columns that depend on each other."""
    kind = rng.random()
    if kind < 0.35:
        return np.eye(n), "B = I"
    if kind < 0.55 or n == 1:
        return rng.standard_normal((n, n)) + np.eye(n), "B square"
    rank = int(rng.integers(1, n))
    tall = rng.standard_normal((n, rank))
    if kind < 0.8:
        return tall, "rank B < n"
    count = int(rng.integers(rank + 1, n + 1))
    return tall @ rng.standard_normal((rank, count)), "rank B < n, m"


def draw_metric(rng, m):
    """Identity, or positive definite with a condition number up to 10⁴."""
    if rng.random() < 0.5:
        return np.eye(m)
    return rotated(
        rng, np.exp(rng.uniform(0, rng.choice([1.0, math.log(100.0), math.log(1e4)]), m) - 1)
    )


def draw_drift(rng, n, horizon, discount):
    """None, decay, rotation, growth, or a general matrix; an offset sometimes."""
    kinds = ("no drift", "decay", "rotation", "growth", "general drift")
    kind = kinds[rng.choice(5, p=[0.35, 0.15, 0.15, 0.15, 0.2])]
    offset = rng.standard_normal(n) if kind != "no drift" and rng.random() < 0.4 else np.zeros(n)
    if kind == "no drift" and rng.random() < 0.15:
        offset, kind = rng.standard_normal(n), "constant drift"
    if math.isinf(horizon) and discount == 0 and rng.random() < 0.9:
        offset = np.zeros(n)
    span = min(horizon, 30.0)
    most = 5 / span + discount / 2  # growth that the discount does not outrun by more than e^5
    rate = log_uniform(rng, 0.03, 3)
    skew = rng.standard_normal((n, n))
    if kind == "decay":
        return -rate * np.eye(n), offset, kind
    if kind == "rotation":
        return rate * (skew - skew.T) / 2, offset, kind
    if kind == "growth":
        return min(rate, most) * np.eye(n), offset, kind
    if kind == "general drift":
        matrix = rate * skew / math.sqrt(n)
        fastest = max(np.linalg.eigvals(matrix).real.max(), 1e-12)
        return matrix * min(1.0, most / fastest), offset, kind
    return np.zeros((n, n)), offset, kind


def draw_terminal(rng, n):
    """Quadratic, linear, or both."""
    values = np.exp(rng.uniform(math.log(0.03), math.log(10), n)) * (rng.random(n) < 0.8)
    curvature = rotated(rng, values) if rng.random() < 0.7 else np.zeros((n, n))
    slope = rng.standard_normal(n) if rng.random() < 0.4 or not curvature.any() else np.zeros(n)
    return curvature, rng.standard_normal(n), slope


def draw_end(rng, p):
    """Where a random control leads, which is reachable; one in ten is off the reachable ones where
    there are such.
    """
    n, m = p.actuation.shape
    steps = 50
    generator = np.block([[p.matrix, p.offset[:, None]], [np.zeros((1, n + 1))]])
    flow = expm(generator * p.horizon / steps)
    end, frequency = np.append(p.start, 1.0), rng.uniform(0.3, 2.0, m)
    push = p.actuation / np.abs(p.actuation).max() / steps
    strength = rng.standard_normal(m)
    for k in range(steps):
        end = flow @ end
        end[:n] += push @ (strength * np.cos(frequency * k / steps * math.pi))
    return end[:n] + (rng.standard_normal(n) if rng.random() < 0.1 else 0.0)
