"""Starts beside the best plan, where not every path can be followed: a neighbour may be cheaper.

With fewer controls than parameters, or a drift that bends the ways, plans differ in how often they
swing, which way they turn first and when they leave. From the best plan so far: the same with
bumps, later, the other way first, slower, faster (basin hopping; Wales & Doye 1997).
"""

import numpy as np

from ...model.problem import ControlProblem
from ..solution import Plan
from .guess import Curve, Guess, in_time

MOST_ROUNDS = 3  # of variations, as long as they find something cheaper
_BUMPS, _WAVES = 3, 4  # paths with bumps; half waves that make one up
_SIZE = 0.2  # of the bumps, in units of how far the plan goes
_DELAY, _DETOUR = 0.2, 0.3  # of the time that counts
_PACES = (0.5, 2.0)
_COUNTED = 3.0  # γt up to which a plan counts


def varied(problem: ControlProblem, plan: Plan, seed: int) -> list[Guess]:
    """Seven variations of a plan, from its start, and to its end if that is fixed."""
    rng = np.random.default_rng(seed)
    discount, last = problem.objective.discount, float(plan.times[-1])
    counted = min(last, _COUNTED / discount) if discount else last
    extent = np.ptp(plan.parameters, axis=0)
    extent = np.where(extent > 0, extent, extent.max())

    def at(t: np.ndarray) -> np.ndarray:
        return plan.parameters_at(np.clip(t, 0.0, last))

    def detour(t: np.ndarray) -> np.ndarray:
        """Out on the other side of the start and back, then the plan."""
        begun = _DETOUR * counted
        out = 2 * problem.start - at(np.minimum(t, begun - t))
        return np.where((t < begun)[:, None], out, at(t - begun))

    paths: dict[str, Curve] = {
        f"bumps {k}": _bumped(at, rng, extent, counted) for k in range(_BUMPS)
    }
    paths["later"] = lambda t: at(t - _DELAY * counted)
    paths["the other way first"] = detour
    for pace in _PACES:
        paths[f"{pace:g} times as fast"] = _at_pace(at, pace)
    return [
        _as_guess(problem, path, last, f"{plan.found_from[0]}, {name}")
        for name, path in paths.items()
    ]


def _at_pace(at: Curve, pace: float) -> Curve:
    return lambda t: at(pace * t)


def _bumped(at: Curve, rng: np.random.Generator, extent: np.ndarray, counted: float) -> Curve:
    """The path with half waves of drawn sizes, which fade in the time that counts."""
    sizes = _SIZE * extent * rng.standard_normal((_WAVES, len(extent)))
    waves = np.pi * np.arange(1, _WAVES + 1)

    def path(t: np.ndarray) -> np.ndarray:
        early = t / counted
        bumps = np.sin(early[:, None] * waves) @ sizes
        return at(t) + np.exp(-early)[:, None] * bumps

    return path


def _as_guess(problem: ControlProblem, path: Curve, last: float, name: str) -> Guess:
    """The path as a guess; the end, which it may miss by now, is met by a shear."""
    if problem.end is None:
        return in_time(problem, name, path, last)
    missed = problem.end - path(np.array([last]))[0]
    return Guess(name=name, path=lambda s: path(s * last) + s[:, None] * missed)
