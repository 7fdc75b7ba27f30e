"""Least squares with admissible ranges on plain arrays: fit, cross-validation, bootstrap."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import lsq_linear


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """A linear rule fitted to policy samples.

    Attributes
    ----------
    coefficients : (c,)
    intervals : (c, 2), central 95 % of the bootstrap over groups
    error : relative rms error on groups left out of the fit (cross-validation)
    fit_error : relative rms error of the fit on all samples
    condition : condition number of the feature matrix with columns of unit length
    undefined : number of rows on which the rule gives no number (counted as u = 0 in both errors)
    """

    coefficients: np.ndarray
    intervals: np.ndarray
    error: float
    fit_error: float
    condition: float
    undefined: int


_Blocks = tuple[np.ndarray, np.ndarray]  # per group XᵀX (K, c, c) and Xᵀy (K, c)


def fit_linear(
    features: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    bounds: np.ndarray,
    *,
    folds: int,
    resamples: int,
    seed: int,
) -> Fit:
    """Fit targets (R,) by features (R, c) with coefficients inside bounds (c, 2).

    Groups (R,) of rows stay together, in folds as in resamples.

    Rows with non-finite features cannot inform the fit and count as predictions of zero, so that a
    rule pays for the places where it is silent. With one group there is nothing to hold out and the
    error is that of the fit.
    """
    usable = np.isfinite(features).all(axis=1)
    silent = np.where(usable[:, None], features, 0.0)
    blocks = _normal_equations(silent, targets, groups)
    coefficients = _solve(_total(blocks), bounds)
    fitted = silent @ coefficients
    return Fit(
        coefficients=coefficients,
        intervals=_bootstrap(blocks, bounds, resamples, seed),
        error=_held_out(silent, targets, groups, blocks, bounds, folds, seed),
        fit_error=relative(targets - fitted, targets),
        condition=condition_number(silent),
        undefined=int((~usable).sum()),
    )


def relative(residual: np.ndarray, targets: np.ndarray) -> float:
    """rms(residual) / rms(targets); of targets that vanish 0 for no residual and else 1."""
    left, size = np.linalg.norm(residual), np.linalg.norm(targets)
    if size > 0:
        return float(left / size)
    return float(left > 0)


def condition_number(features: np.ndarray) -> float:
    """Of the matrix with columns of unit length: 1 for one coefficient, ∞ for a column of zeros."""
    sizes = np.linalg.norm(features, axis=0)
    if not (sizes > 0).all():
        return float("inf")
    values = np.linalg.svd(features / sizes, compute_uv=False)
    return float(values[0] / values[-1]) if values[-1] > 0 else float("inf")


def _normal_equations(features: np.ndarray, targets: np.ndarray, groups: np.ndarray) -> _Blocks:
    """Per group (XᵀX, Xᵀy): (K, c, c) and (K, c), in ascending order of the group labels."""
    _, index = np.unique(groups, return_inverse=True)
    order = np.argsort(index, kind="stable")
    ends = np.cumsum(np.bincount(index))[:-1]
    own = [(features[rows], targets[rows]) for rows in np.split(order, ends)]
    gram = np.array([part.T @ part for part, _ in own])
    moment = np.array([part.T @ wanted for part, wanted in own])
    return gram, moment


def _total(blocks: _Blocks, chosen: slice | np.ndarray = slice(None)) -> _Blocks:
    gram, moment = blocks
    return gram[chosen].sum(axis=0), moment[chosen].sum(axis=0)


def _solve(equations: _Blocks, bounds: np.ndarray) -> np.ndarray:
    """argmin |Xc - y|² within bounds, from (XᵀX, Xᵀy); a direction without data gets zero."""
    gram, moment = equations
    return _solve_all(gram[None], moment[None], bounds)[0]


def _solve_all(gram: np.ndarray, moment: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """As :func:`_solve`, of many equations (S, c, c) and (S, c): minimisers (S, c)."""
    scale = np.sqrt(np.diagonal(gram, axis1=1, axis2=2))
    safe = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(gram / (safe[:, :, None] * safe[:, None]))
    kept = values > 1e-13 * np.maximum(values[:, -1:], 1e-300)
    root = np.sqrt(np.where(kept, values, 1.0))
    turned = vectors.transpose(0, 2, 1)
    # a square root of the normal equations: |matrix c - target|² has their minimum, in c rows
    matrix = np.where(kept, root, 0.0)[:, :, None] * turned
    target = np.where(kept, (turned @ (moment / safe)[..., None])[..., 0] / root, 0.0)
    free = (vectors @ np.where(kept, target / root, 0.0)[..., None])[..., 0] / safe
    low, high = np.asarray(bounds, dtype=float).T
    inside = ((free >= low) & (free <= high)).all(axis=1)
    if free.shape[1] == 1:
        return np.clip(free, low, high)
    for i in np.flatnonzero(~inside):
        limits = low * safe[i], high * safe[i]
        bounded = lsq_linear(matrix[i], target[i], limits, method="bvls").x / safe[i]
        free[i] = np.clip(bounded, low, high)  # dividing may carry it over a bound by round-off
    return free


def _held_out(
    features: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    blocks: _Blocks,
    bounds: np.ndarray,
    folds: int,
    seed: int,
) -> float:
    labels, index = np.unique(groups, return_inverse=True)
    if len(labels) < 2:
        return relative(targets - features @ _solve(_total(blocks), bounds), targets)
    fold = np.random.default_rng(seed).permutation(len(labels)) % min(folds, len(labels))
    residual = np.empty_like(targets)
    for part in np.unique(fold):
        coefficients = _solve(_total(blocks, fold != part), bounds)
        rows = fold[index] == part
        residual[rows] = targets[rows] - features[rows] @ coefficients
    return relative(residual, targets)


def _bootstrap(blocks: _Blocks, bounds: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    gram, moment = blocks
    count = len(gram)
    draws = np.random.default_rng(seed).integers(count, size=(resamples, count))
    # how often each group is drawn: sums over the draws are sums over the groups
    times = np.array([np.bincount(draw, minlength=count) for draw in draws], dtype=float)
    grams, moments = np.tensordot(times, gram, 1), times @ moment
    values = _solve_all(grams, moments, bounds)
    return np.quantile(values, [0.025, 0.975], axis=0).T
