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
    gram = np.zeros((index.max() + 1, features.shape[1], features.shape[1]))
    moment = np.zeros(gram.shape[:2])
    np.add.at(gram, index, features[:, :, None] * features[:, None, :])
    np.add.at(moment, index, features * targets[:, None])
    return gram, moment


def _total(blocks: _Blocks, chosen: slice | np.ndarray = slice(None)) -> _Blocks:
    gram, moment = blocks
    return gram[chosen].sum(axis=0), moment[chosen].sum(axis=0)


def _solve(equations: _Blocks, bounds: np.ndarray) -> np.ndarray:
    """argmin |Xc - y|² within bounds, from (XᵀX, Xᵀy); a direction without data gets zero."""
    gram, moment = equations
    scale = np.sqrt(np.diag(gram))
    safe = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(gram / np.outer(safe, safe))
    kept = values > 1e-13 * max(values[-1], 1e-300)
    root = np.sqrt(np.where(kept, values, 1.0))
    # a square root of the normal equations: |matrix c - target|² has their minimum, in c rows
    matrix = np.where(kept, root, 0.0)[:, None] * vectors.T
    target = np.where(kept, vectors.T @ (moment / safe) / root, 0.0)
    free = vectors @ np.where(kept, target / root, 0.0) / safe
    low, high = np.asarray(bounds, dtype=float).T
    if ((free >= low) & (free <= high)).all():
        return free
    if len(free) == 1:
        return np.clip(free, low, high)
    bounded = lsq_linear(matrix, target, (low * safe, high * safe), method="bvls")
    return np.clip(bounded.x / safe, low, high)  # dividing may carry it over a bound by round-off


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
    count = len(blocks[0])
    draws = np.random.default_rng(seed).integers(count, size=(resamples, count))
    values = np.array([_solve(_total(blocks, draw), bounds) for draw in draws])
    return np.quantile(values, [0.025, 0.975], axis=0).T
