"""The path of a rule in a landscape, fitted to noisy weights: coefficients and starts together.

Gradients computed at noisy weights have the noise in them. Those on the rule's own path do not: it
is run in the loop that it closes itself, from starts that are fitted too, for one noisy weight is
no start.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from ..model.problem import ControlProblem
from ..rules import CausalRule
from ..rules.families import Clock

_NUDGE = 1e-6
_MOST_STARTS = 120  # entries of all starts
_EVALUATIONS = 30
_FAR = 1e6  # residuals where a path runs away


@dataclass(frozen=True, kw_only=True, eq=False)
class Paths:
    """Paths (R, T, n) of a rule from R starts, and the gradients on them."""

    places: np.ndarray
    gradients: np.ndarray


def closed_loop(
    rule: CausalRule,
    problem: ControlProblem,
    coefficients: np.ndarray,
    starts: np.ndarray,
    steps: int,
) -> Paths:
    """The rule with coefficients (S, c) from starts (S, n), each by itself."""
    values = dict(zip(rule.names, coefficients.T[:, :, None], strict=True))
    state = tuple(np.zeros(starts.shape) for _ in range(rule.family.state_size))
    places, slopes, place = [], [], starts
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for t in range(steps):
            slope = problem.landscape.gradient(place)
            places.append(place)
            slopes.append(slope)
            clock = Clock(step=t, horizon=steps)
            update, state = rule.family.step(values, state, slope, place, clock)
            place = place + update
    return Paths(places=np.stack(places, axis=1), gradients=np.stack(slopes, axis=1))


def fitted_paths(
    rule: CausalRule, problem: ControlProblem, guess: np.ndarray, recorded: Sequence[np.ndarray]
) -> Paths | None:
    """The paths nearest to recorded weights, one (T, n) for each run; None where none is found.

    Least squares of the weights over coefficients inside their ranges and all starts. The runs do
    not depend on each other's starts, so that one run of all, nudged in one entry of each start,
    gives the derivatives by all of them.
    """
    runs, weights = len(recorded), recorded[0].shape[1]
    steps = max(len(places) for places in recorded)
    wanted = np.full((runs, steps, weights), np.nan)
    for run, places in enumerate(recorded):
        wanted[run, : len(places)] = places
    known = np.isfinite(wanted)
    if runs * weights > _MOST_STARTS or not known[:, 0].all():
        return None
    count = len(guess)
    low, high = np.array([(each.low, each.high) for each in rule.coefficients]).T
    nudges = _NUDGE * np.maximum(np.abs(guess), 1e-3)

    def split(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return numbers[:count], numbers[count:].reshape(runs, weights)

    def residual(numbers: np.ndarray) -> np.ndarray:
        coefficients, starts = split(numbers)
        every = np.repeat(coefficients[None], runs, axis=0)
        return _apart(closed_loop(rule, problem, every, starts, steps).places, wanted)[known]

    def jacobian(numbers: np.ndarray) -> np.ndarray:
        coefficients, starts = split(numbers)
        # backwards, where a coefficient stands at its upper bound
        moves = np.where(coefficients + nudges > high, -nudges, nudges)
        sets = [coefficients, *(coefficients + move for move in np.diag(moves))]
        sets += [coefficients] * weights
        shifts = [np.zeros(weights)] * (1 + count) + list(np.diag(np.full(weights, _NUDGE)))
        blocks = len(sets)
        paths = closed_loop(
            rule,
            problem,
            np.repeat(np.array(sets), runs, axis=0),
            np.concatenate([starts + shift for shift in shifts]),
            steps,
        )
        values = _apart(paths.places.reshape(blocks, runs, steps, weights), wanted)
        by_coefficient = (values[1 : 1 + count] - values[0]) / moves[:, None, None, None]
        by_start = (values[1 + count :] - values[0]) / _NUDGE
        rows = np.zeros((runs, steps, weights, len(numbers)))
        rows[..., :count] = np.moveaxis(by_coefficient, 0, -1)
        for run in range(runs):
            first = count + run * weights
            rows[run, ..., first : first + weights] = np.moveaxis(by_start[:, run], 0, -1)
        return rows[known]

    unbounded = np.full(runs * weights, np.inf)
    inside = np.clip(guess, low + 1e-10, np.maximum(high - 1e-10, low + 1e-10))
    found = least_squares(
        residual,
        np.concatenate([inside, wanted[:, 0].ravel()]),
        jac=jacobian,
        bounds=(np.concatenate([low, -unbounded]), np.concatenate([high, unbounded])),
        x_scale="jac",
        max_nfev=_EVALUATIONS,
    )
    coefficients, starts = split(found.x)
    paths = closed_loop(rule, problem, np.repeat(coefficients[None], runs, axis=0), starts, steps)
    return paths if np.isfinite(paths.gradients[known]).all() else None


def _apart(places: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Distances from the recorded weights, large numbers where a path runs away."""
    return np.nan_to_num(np.clip(places - wanted, -_FAR, _FAR), nan=_FAR)
