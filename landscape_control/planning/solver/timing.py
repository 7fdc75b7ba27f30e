"""When to be where along a given curve: the best timing by dynamic programming, and what it costs.

The shape of a path and its timing are two questions. On a curve θ(ℓ) with metric arc length ℓ, dℓ²
= dθᵀG dθ, moving at speed v = dℓ/dt costs per unit time

    v²/2η - v p(ℓ)/η + r(ℓ),      r = kL + fᵀGf/2η  (what resting costs),    p = fᵀG dθ/dℓ  (how
        much the drift helps),

so the timing is a problem in one dimension, whatever n, T, γ, drift or terminal cost. It is solved
on a lattice of places and times: every path of the lattice is an admissible motion, hence its cost
an upper bound, up to the quadrature of r. Fast moves followed by a long rest, late departures and
stops on the way are all among them (Bellman's principle).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ...model.objective import Objective
from ...model.problem import ControlProblem
from ...support.arrays import freeze
from .resting import resting

STEPS = 24  # of time
_FADED = 14.0  # γt beyond which nothing counts
_RELAXED = 8.0  # relaxation times after which a plan without end or discount has come to rest


@dataclass(frozen=True, kw_only=True, eq=False)
class Timing:
    """The best motions along P curves: cost (P,), times (K+1,), positions (P, K+1, n)."""

    costs: np.ndarray
    times: np.ndarray
    positions: np.ndarray


@np.errstate(all="ignore")  # candidates may leave the domain; what is not finite is left out
def best_timing(
    problem: ControlProblem, curves: np.ndarray, rate: float, *, arriving: bool = False
) -> Timing:
    """The cheapest timing of each curve; ``curves`` (P, S, n) begin at the start, ``rate`` resolves
    its fastest part.

    With a fixed end a motion has to arrive at the curve's last point, if ``arriving`` by half of
    the horizon or of two planning times at the latest; else it may stop anywhere on it. Curves that
    leave the domain of the loss get an infinite cost.
    """
    objective = problem.objective
    places = _places(problem, curves)
    span = counted_span(problem, rate)
    two_layers = problem.end is not None or objective.terminal is not None
    times = span * time_mesh(STEPS, round(float(np.log2(max(rate * span, 1.0)))), two_layers)
    weights = _weights(objective.discount, times)
    value = _final_value(problem, curves, places.rest)
    deadline = deadline_index(objective, times) if arriving else -1
    choices = []
    ahead, part = np.empty_like(places.effort), np.empty_like(places.effort)
    curve, place = np.ogrid[: curves.shape[0], : curves.shape[1]]
    with np.errstate(all="ignore"):
        for begin, end, weight in zip(times[-2::-1], times[:0:-1], weights[::-1], strict=True):
            step = end - begin
            if deadline >= 0 and end == times[deadline]:
                value[:, :-1] = np.inf
            np.multiply(places.effort, weight / step**2, out=ahead)
            ahead += np.multiply(places.loss, weight, out=part)
            if places.help is not None:
                ahead -= np.multiply(places.help, weight / step, out=part)
            ahead += value[:, None, :]
            choice = ahead.argmin(axis=2)
            value = ahead[curve, place, choice]
            choices.append(choice)
    return Timing(costs=value[:, 0], times=times, positions=_follow(curves, choices[::-1]))


def deadline_index(objective: Objective, times: np.ndarray) -> int:
    """By which of the times (K+1,) a motion that shall arrive has to: who goes late has hardly gone,
    under a discount.
    """
    span = float(times[-1])
    deadline = min(span, 2 / objective.discount if objective.discount else np.inf) / 2
    return int(np.searchsorted(times, deadline))


def counted_span(problem: ControlProblem, rate: float) -> float:
    """The time in which a plan is decided: the horizon, as far as the discount lets it count."""
    objective = problem.objective
    span = min(objective.horizon, _FADED / objective.discount if objective.discount else np.inf)
    return float(span) if np.isfinite(span) else _RELAXED * 8 / max(rate, 1e-12)


@lru_cache(maxsize=64)
def time_mesh(steps: int, octaves: int, two_layers: bool) -> np.ndarray:
    """Times on [0, 1], geometric from a first step of 2^-octaves/2 where uniform steps are longer;
    at both ends if asked.
    """
    if two_layers:
        half = time_mesh(steps // 2, max(octaves - 1, 0), False) / 2
        return freeze(np.concatenate([half, 1 - half[-2::-1]]))
    first = 0.5**octaves / 2
    if first >= 1 / steps:
        return freeze(np.linspace(0.0, 1.0, steps + 1))
    low, high = 1e-9, 20.0
    for _ in range(60):  # the ratio e^x with (e^x - 1)/(e^{x steps} - 1) = first
        middle = (low + high) / 2
        if np.expm1(middle) / np.expm1(min(middle * steps, 700.0)) > first:
            low = middle
        else:
            high = middle
    return freeze(np.expm1(low * np.arange(steps + 1)) / np.expm1(low * steps))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Places:
    """What moving from node i to node j of a curve costs, apart from the clock: (P, S, S), and at
    rest (P, S).
    """

    effort: np.ndarray  # (ℓ_j - ℓ_i)²/2η, over dt
    loss: np.ndarray  # mean of r between them, times dt
    help: np.ndarray | None  # ∫ fᵀG dθ/η; None without drift
    rest: np.ndarray


def _places(problem: ControlProblem, curves: np.ndarray) -> _Places:
    count, nodes, n = curves.shape
    objective = problem.objective
    rest, metric, drift = resting(problem.model, curves.reshape(-1, n), objective)
    rest = rest.reshape(count, nodes)
    rest = np.where(np.isfinite(rest), rest, np.inf)
    offsets = np.diff(curves, axis=1)
    if metric is None:
        lengths = np.sqrt(np.einsum("psn,psn->ps", offsets, offsets))
    else:
        metric = metric.reshape(-1, nodes, n, n) if len(metric) > 1 else metric[:, None]
        middle = metric if metric.shape[1] == 1 else (metric[:, 1:] + metric[:, :-1]) / 2
        covector = np.einsum(
            "psmn,psn->psm", np.broadcast_to(middle, (count, nodes - 1, n, n)), offsets
        )
        lengths = np.sqrt(np.maximum(np.einsum("psn,psn->ps", offsets, covector), 0.0))
    lengths = np.maximum(lengths, 1e-300)
    arc = _summed(lengths)
    gap = arc[:, None, :] - arc[:, :, None]
    with np.errstate(all="ignore"):
        integral = _summed(lengths * (rest[:, 1:] + rest[:, :-1]) / 2)
        mean = (integral[:, None, :] - integral[:, :, None]) / gap
    diagonal = np.arange(nodes)
    mean[:, diagonal, diagonal] = rest
    mean = np.where(np.isnan(mean), np.inf, mean)
    aid = None
    if drift is not None:
        drift = drift.reshape(count, nodes, n)
        along = offsets if metric is None else covector
        middle_drift = (drift[:, 1:] + drift[:, :-1]) / 2
        work = np.einsum("psn,psn->ps", middle_drift, along) / objective.learning_rate
        work = _summed(work)
        aid = work[:, None, :] - work[:, :, None]
        aid = np.where(np.isfinite(aid), aid, 0.0)
    return _Places(effort=gap**2 / (2 * objective.learning_rate), loss=mean, help=aid, rest=rest)


def _summed(steps: np.ndarray) -> np.ndarray:
    total = np.zeros((len(steps), steps.shape[1] + 1))
    np.cumsum(steps, axis=1, out=total[:, 1:])
    return total


def _weights(discount: float, times: np.ndarray) -> np.ndarray:
    """∫ e^{-γt} dt over each step."""
    if discount == 0:
        return np.diff(times)
    return -np.diff(np.exp(-discount * times)) / discount


def _final_value(problem: ControlProblem, curves: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """What is still to be paid at the last time, (P, S): Φ, an end that has to be met, or rest for
    ever after.
    """
    objective, (count, nodes, n) = problem.objective, curves.shape
    if problem.end is not None:
        value = np.full((count, nodes), np.inf)
        value[:, -1] = 0.0
        return value
    value = np.zeros((count, nodes))
    if objective.terminal is not None and objective.terminal_weight > 0:
        fade = np.exp(-objective.discount * objective.horizon)
        final = problem.model.terminal_cost(curves.reshape(-1, n)).reshape(count, nodes)
        value = fade * objective.terminal_weight * np.where(np.isfinite(final), final, np.inf)
    return value


def _follow(curves: np.ndarray, choices: list[np.ndarray]) -> np.ndarray:
    rows = np.arange(len(curves))
    at = np.zeros(len(curves), dtype=int)
    nodes = [at]
    for choice in choices:
        at = choice[rows, at]
        nodes.append(at)
    return curves[rows[:, None], np.stack(nodes, axis=1)]
