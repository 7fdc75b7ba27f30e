"""Rules whose updates are smooth in their coefficients: least squares from the best of many draws."""

import numpy as np
from scipy.optimize import OptimizeResult, least_squares

from .maps.fitting import fit_linear
from .rule_on_histories import DIGITS, RuleOnHistories

_REFINED = 2  # of the draws
_FINE, _COARSE = 1e-9, 1e-4  # gain of a last step, relative to what is left
_EXPLAINED = 0.02  # of the targets' squared length: a rule that leaves more is refuted


def fit_smooth(
    run: RuleOnHistories, seed: int, resamples: int, start: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(coefficients (c,), their 95 % intervals (c, 2)), from a start or from many draws.

    Intervals are the bootstrap over histories of the problem linearised at the optimum.
    """
    run, best = _minimiser(run, run.draw(seed) if start is None else start[None])
    if run.histories.whitening is not None:
        return best, _normal_intervals(run, best)
    jacobian = run.jacobian(best)
    residual = run.targets - run(best[None])[0]
    # the updates as a linear function of the coefficients: y ≈ û(c₀) + J(c - c₀)
    linear_targets = residual + jacobian @ best
    unit = _units(run, best)
    linearised = fit_linear(
        jacobian * unit,
        linear_targets,
        run.histories.groups,
        run.bounds / unit[:, None],
        folds=2,
        resamples=resamples,
        seed=seed,
    )
    moved = unit * linearised.intervals.T - best
    wider = best + _expansion(run.histories.count) * moved
    low = np.minimum(wider[0], best)
    high = np.maximum(wider[1], best)
    # the minimiser itself is known no better than this
    accuracy = DIGITS * run.scales(best)
    intervals = np.column_stack([low - accuracy, high + accuracy])
    return best, np.clip(intervals, *run.bounds.T[:, :, None])


def _minimiser(run: RuleOnHistories, sets: np.ndarray) -> tuple[RuleOnHistories, np.ndarray]:
    """(what was fitted, the best of the minima that the best of the sets lead to).

    Where there are many weights some of them are fitted first; all of them only where that leaves a
    small part of the updates, so that the rule may be the one.
    """
    coarse = run.coarse
    best = _from_the_best(coarse, sets)
    if coarse is run:
        return run, best
    if coarse.squared_errors(best[None])[0] > _EXPLAINED * (coarse.targets @ coarse.targets):
        return coarse, best
    return run, _from_the_best(run, best[None])


def _from_the_best(run: RuleOnHistories, sets: np.ndarray) -> np.ndarray:
    solved, squares = run.solve_linear(sets)
    return _best_refined(run, solved[np.argsort(squares)[:_REFINED]])


def _normal_intervals(run: RuleOnHistories, best: np.ndarray) -> np.ndarray:
    """(c, 2): 95 % of generalised least squares, whose residuals are white and of known size.

    Wider by the root of χ² per degree of freedom where it is above 1.
    """
    from scipy.special import stdtrit

    seen, jacobian = run.histories, run.jacobian(best)
    count = int(seen.counts.sum())
    degrees = max(count - len(best), 1)
    residual = run.targets - run(best[None])[0]
    expected = seen.noise / np.sqrt(count)
    deviation = max(expected, float(np.linalg.norm(residual)) / np.sqrt(degrees))
    sizes = np.linalg.norm(jacobian, axis=0)
    safe = np.where(sizes > 0, sizes, 1.0)
    gram = (jacobian / safe).T @ (jacobian / safe)
    variances = np.diag(np.linalg.pinv(gram, rcond=1e-14, hermitian=True)) / safe**2
    errors = np.where(sizes > 0, deviation * np.sqrt(np.maximum(variances, 0.0)), np.inf)
    half = float(stdtrit(degrees, 0.975)) * errors
    half = half + DIGITS * run.scales(best)
    return np.clip(np.column_stack([best - half, best + half]), *run.bounds.T[:, :, None])


def _expansion(count: int) -> float:
    """By how much percentiles of the bootstrap over K histories are too near each other.

    The bootstrap's variance lacks the factor K/(K-1), and its quantiles are those of a normal
    distribution in the place of Student's t: √(K/(K-1)) t_{K-1}/z (T. Hesterberg, *What teachers
    should know about the bootstrap*, 2015, §4.3). 1 for a single history, whose spread is unknown.
    """
    if count < 2:
        return 1.0
    from scipy.special import ndtri, stdtrit

    student = stdtrit(count - 1, 0.975) / ndtri(0.975)
    return float(np.sqrt(count / (count - 1)) * student)


def _best_refined(run: RuleOnHistories, starts: np.ndarray) -> np.ndarray:
    """The best of the minima that these starts lead to."""
    floor = 1e-24 * (run.targets @ run.targets)  # round-off: a fit this good is exact
    best, least = _refine(run, starts[0])
    for start in starts[1:]:
        if least <= floor:
            break
        coefficients, square = _refine(run, start)
        if square < least:
            best, least = coefficients, square
    return best


def _refine(run: RuleOnHistories, start: np.ndarray) -> tuple[np.ndarray, float]:
    """(coefficients, squared error) of the minimum next to a start."""
    if run.linear.all():
        return start, float(((run.targets - run(start[None])[0]) ** 2).sum())
    unit = _units(run, start)  # for the tolerances of least squares are no relative ones
    low, high = run.bounds.T / unit
    # least_squares wants a start strictly inside; a bound may be infinite
    lowest = low + 1e-10 * (1 + np.abs(low))
    highest = high - 1e-10 * np.minimum(1 + np.abs(high), 1e10)
    size = np.linalg.norm(run.targets)

    def minimised(point: np.ndarray, ftol: float) -> OptimizeResult:
        return least_squares(
            lambda c: (run.linearised(c * unit)[0] - run.targets) / size,
            np.clip(point, lowest, highest),
            jac=lambda c: run.jacobian(c * unit) * unit / size,
            bounds=(low, high),
            x_scale="jac",
            xtol=1e-12,
            ftol=ftol,
            gtol=1e-15,
            max_nfev=40,
        )

    result = minimised(start / unit, _COARSE)
    if 2 * result.cost <= _EXPLAINED or run.histories.noise:
        result = minimised(result.x, _FINE)
    return _onto_bounds(run, result.x * unit, unit, 2 * result.cost * size**2)


def _units(run: RuleOnHistories, coefficients: np.ndarray) -> np.ndarray:
    """(c,), in which the coefficients are numbers of order one, whatever is recorded in what."""
    return np.where(run.linear & (coefficients > 0), coefficients, run.sizes)


def _onto_bounds(
    run: RuleOnHistories, coefficients: np.ndarray, unit: np.ndarray, square: float
) -> tuple[np.ndarray, float]:
    """The same with coefficients next to a bound put on it, one by one, where that costs nothing."""
    slack = 1e-9 * square + 1e-18 * (run.targets @ run.targets)
    for i, bounds in enumerate(run.bounds):
        for bound in bounds[np.isfinite(bounds)]:
            if 0 < abs(coefficients[i] - bound) <= 1e-4 * unit[i]:
                moved = coefficients.copy()
                moved[i] = bound
                there = float(((run.targets - run(moved[None])[0]) ** 2).sum())
                if there <= square + slack:
                    coefficients, square = moved, min(there, square)
    return coefficients, square
