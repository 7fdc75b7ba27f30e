"""Rules whose updates are smooth in their coefficients: least squares from the best of many draws."""

import numpy as np
from scipy.optimize import least_squares

from .maps.fitting import fit_linear
from .rule_on_histories import DIGITS, RuleOnHistories

_REFINED = 2  # of the draws


def fit_smooth(run: RuleOnHistories, seed: int, resamples: int) -> tuple[np.ndarray, np.ndarray]:
    """(coefficients (c,), their 95 % intervals (c, 2)), the bootstrap over histories of the problem
    linearised at the optimum.
    """
    sets, squares, _ = run.solve_linear(run.draw(seed))
    floor = 1e-24 * (run.targets @ run.targets)
    best, least = None, np.inf
    for start in sets[np.argsort(squares)[:_REFINED]]:
        found, square = _refine(run, start)
        if square < least:
            best, least = found, square
        if least <= floor:
            break
    jacobian, residual = run.jacobian(best), run.targets - run(best[None])[0]
    linearised = fit_linear(
        jacobian,
        residual + jacobian @ best,
        run.histories.groups,
        run.bounds,
        folds=2,
        resamples=resamples,
        seed=seed,
    )
    around = np.column_stack(
        [np.minimum(linearised.intervals[:, 0], best), np.maximum(linearised.intervals[:, 1], best)]
    )
    accuracy = DIGITS * np.maximum(np.abs(best), np.where(run.linear, 0.0, 1e-3))
    return best, np.clip(around + accuracy[:, None] * [-1, 1], *run.bounds.T[:, :, None])


def _refine(run, start):
    if run.linear.all():
        return start, float(((run.targets - run(start[None])[0]) ** 2).sum())
    low, high = run.bounds.T
    inside = np.clip(
        start, low + 1e-10 * (1 + np.abs(low)), high - 1e-10 * np.minimum(1 + np.abs(high), 1e10)
    )
    size = np.linalg.norm(run.targets)
    result = least_squares(
        lambda c: (run.linearised(c)[0] - run.targets) / size,
        inside,
        jac=lambda c: run.jacobian(c) / size,
        bounds=(low, high),
        x_scale="jac",
        xtol=1e-12,
        ftol=1e-9,
        gtol=1e-15,
        max_nfev=40,
    )
    return _onto_bounds(run, result.x, 2 * result.cost * size**2)


def _onto_bounds(run, found, square):
    """The same with coefficients next to a bound put on it, one by one, where that costs nothing."""
    slack = 1e-9 * square + 1e-18 * (run.targets @ run.targets)
    for i, bounds in enumerate(run.bounds):
        for bound in bounds[np.isfinite(bounds)]:
            if 0 < abs(found[i] - bound) <= 1e-4:
                moved = found.copy()
                moved[i] = bound
                there = float(((run.targets - run(moved[None])[0]) ** 2).sum())
                if there <= square + slack:
                    found, square = moved, min(there, square)
    return found, square
