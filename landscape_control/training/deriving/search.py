"""A random search over the coefficients of a linear rule, judged by exact second moments."""

from dataclasses import dataclass

import numpy as np

from ...rules.families import Clock, Family

_ROUNDS, _CANDIDATES, _KEPT = 7, 24, 6
_HUGE = 1e12


@dataclass(frozen=True, kw_only=True, eq=False)
class Modes:
    """Curvatures (M,), second moments of the distance to the minimum, noise variance per step."""

    curvatures: np.ndarray
    start: np.ndarray
    noise: np.ndarray
    floor: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """The best candidate: its coefficients, E L_T, and E L_t for t = 0 … T."""

    coefficients: dict[str, float]
    loss: float
    losses: np.ndarray


def losses_of(family: Family, columns: dict, steps: int, modes: Modes) -> np.ndarray:
    """(T+1, P): E L_t of P candidates with coefficients {name: (P, 1)}."""
    h, size = modes.curvatures, 1 + family.state_size
    count = len(next(iter(columns.values())))
    start = np.broadcast_to(modes.start, (count, len(h))).copy()
    moments = [[np.zeros_like(start) for _ in range(size)] for _ in range(size)]
    moments[0][0] = start
    losses = [modes.floor + 0.5 * (h * start).sum(1)]
    reference = losses[0]
    for t in range(steps):
        clock = Clock(step=t, horizon=steps)
        rows = _rows(family, columns, h, size, clock)
        push = _column(family, columns, size, clock)
        seen = modes.floor + 0.5 * (h * moments[0][0]).sum(1)
        ratio = np.minimum(seen / reference, 1e6)[:, None]
        moments = _advance(moments, rows, push, ratio * modes.noise)
        answer = _readout(family, columns, size, clock)
        square = sum(
            answer[i] * answer[j] * moments[i][j] for i in range(size) for j in range(size)
        )
        losses.append(modes.floor + 0.5 * (h * square).sum(1))
    return np.array(losses)


def _rows(family, columns, h, size, clock):
    rows = []
    for i in range(size):
        unit = [0.0] * size
        unit[i] = 1.0
        move, state = family.step(columns, tuple(unit[1:]), h * unit[0], unit[0], clock)
        rows.append([unit[0] + move, *state])
    return rows  # rows[i][k]: entry k after, from unit i


def _column(family, columns, size, clock):
    zeros = tuple([0.0] * (size - 1))
    move, state = family.step(columns, zeros, 1.0, 0.0, clock)
    return [move, *state]


def _readout(family, columns, size, clock):
    answer = []
    for i in range(size):
        unit = [0.0] * size
        unit[i] = 1.0
        answer.append(family.readout(columns, tuple(unit[1:]), unit[0], clock))
    return answer


def _advance(moments, rows, push, noise):
    size = len(moments)
    half = [
        [sum(rows[i][k] * moments[i][j] for i in range(size)) for j in range(size)]
        for k in range(size)
    ]
    out = [[None] * size for _ in range(size)]
    for k in range(size):
        for m in range(k, size):
            value = sum(half[k][j] * rows[j][m] for j in range(size)) + push[k] * push[m] * noise
            out[k][m] = out[m][k] = (
                np.minimum(value, _HUGE) if k == m else np.clip(value, -_HUGE, _HUGE)
            )
    return out


def search(
    family: Family, steps: int, modes: Modes, *, cap: float, rise: float, seed: int, guess=None
) -> Found:
    """The best of a few hundred candidates, those that rise or pass the cap set back."""
    rng = np.random.default_rng(seed)
    names = [each.name for each in family.coefficients]
    top = modes.curvatures.max()
    centre, spread = _prior(names)
    if guess is not None:
        centre = np.array([guess.get(n, c) for n, c in zip(names, centre)])
    points = centre + spread * rng.standard_normal((3 * _CANDIDATES, len(names)))
    best, best_cost = None, np.inf
    for k in range(_ROUNDS):
        columns = _columns(names, points, top, cap, steps)
        losses = losses_of(family, columns, steps, modes)
        over = np.maximum(np.log(losses.max(0) / losses[0]) - np.log(rise), 0)
        cost = np.log(np.minimum(losses[-1], _HUGE)) + 100 * over
        order = np.argsort(cost)[:_KEPT]
        if cost[order[0]] < best_cost:
            best, best_cost = points[order[0]].copy(), cost[order[0]]
        elite = np.vstack([points[order], best])
        spread = np.maximum(elite.std(0), 0.02 * 0.8**k)
        points = elite.mean(0) + 1.3 * spread * rng.standard_normal((_CANDIDATES, len(names)))
        points[0] = best
        flips = rng.random((_CANDIDATES // 2, len(names))) < 0.5
        points[1 : 1 + len(flips)] = np.where(flips, best, points[1 : 1 + len(flips)])
    columns = _columns(names, best[None], top, cap, steps)
    losses = losses_of(family, columns, steps, modes)[:, 0]
    found = {name: float(column[0, 0]) for name, column in columns.items()}
    return Found(coefficients=found, loss=float(losses[-1]), losses=losses)


def _prior(names):
    centre, spread = [], []
    for name in names:
        if name == "learning_rate":
            centre.append(-1.5), spread.append(1.5)
        elif name == "momentum":
            centre.append(1.5), spread.append(1.2)
        elif name == "averaging":
            centre.append(-1.0), spread.append(1.0)
        else:
            centre.append(-0.5), spread.append(1.0)
    return np.array(centre), np.array(spread)


def _columns(names, points, top, cap, steps):
    """Points as coefficients: a log of the share of the cap, -log(1-β), log q, log knots."""
    at = {name: points[:, i : i + 1] for i, name in enumerate(names)}
    columns = {}
    beta = 1 - np.exp(-np.clip(at["momentum"], 0.0, 5.0)) if "momentum" in at else 0.0
    if "averaging" in at:
        columns["averaging"] = np.clip(np.exp(at["averaging"]), 0.0, 1.0)
    knots = [n for n in names if n.startswith("log_rate")]
    base = np.minimum(at["learning_rate"], 0.0)
    scale = np.exp(base) * cap * 2 * (1 + beta) / top
    columns["learning_rate"] = scale
    if "momentum" in at:
        columns["momentum"] = beta
    for n in knots:
        columns[n] = np.minimum(at[n], -base)
    return {name: columns[name] for name in names}
