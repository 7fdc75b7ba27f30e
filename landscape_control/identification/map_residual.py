"""What a map u(θ) does that the nearest closed form does not, and what of the landscape it follows."""

from collections.abc import Sequence

import numpy as np

from ..rules import Rule
from .maps import PolicySample, RuleFit
from .residual import inside, shares


def map_residual(row: RuleFit, samples: Sequence[PolicySample]) -> tuple[tuple[str, float], ...]:
    """((what, share of the squared residual), ...), largest first.

    As :func:`.residual.residual_shape` for causal rules, from samples in the order of
    ``row.fitted``. Points where the rule is undefined are left out. Each input is one direction
    Bᵀ(·) with a number shared by all points.
    """
    rule = row.rule
    assert isinstance(rule, Rule), "a rule that was fitted to a map is a Rule"
    free = inside(rule, row.coefficients)
    directions = [_rows(rule.features(sample.problem, sample.points)) for sample in samples]
    tangent = np.vstack(directions)[:, free]
    fitted = np.concatenate([part.ravel() for part in row.fitted])
    targets = np.concatenate([sample.controls.ravel() for sample in samples])
    per_sample = [_inputs(sample.problem, sample.points) for sample in samples]
    shared = [name for name in per_sample[0] if all(name in columns for columns in per_sample)]
    inputs = {name: np.vstack([_rows(columns[name]) for columns in per_sample]) for name in shared}
    good = np.isfinite(fitted) & np.isfinite(tangent).all(1)
    good &= np.all([np.isfinite(column).all(1) for column in inputs.values()], axis=0)
    return shares(
        targets[good],
        fitted[good],
        tangent[good],
        {name: array[good] for name, array in inputs.items()},
    )


def _rows(features: np.ndarray) -> np.ndarray:
    """(S, m, c) -> (S·m, c)."""
    return features.reshape(-1, features.shape[2])


def _newton(hessian: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """H⁺g, NaN where there is no H."""
    good = np.isfinite(hessian).all((1, 2))
    inverse = np.full(hessian.shape, np.nan)
    inverse[good] = np.linalg.pinv(hessian[good], rcond=1e-10, hermitian=True)
    return np.einsum("sij,sj->si", inverse, slope)


def _finite(values: np.ndarray) -> np.ndarray:
    """NaN for ∞: an infinite entry would turn into NaN only in some of the products."""
    return np.where(np.isfinite(values), values, np.nan)


def _inputs(problem, points):
    """{what: (S, m, c)}, NaN where the landscape has no gradient or no Hessian."""
    slope = _finite(problem.landscape.gradient(points))
    hessian = _finite(problem.landscape.hessian(points))
    length = np.linalg.norm(slope, axis=1, keepdims=True)
    directions = {
        "the gradient": slope,
        "the gradient's direction alone": slope / np.where(length > 0, length, 1.0),
        "the gradient times the curvature": np.einsum("sij,sj->si", hessian, slope),
        "Newton's direction": _newton(hessian, slope),
        "the parameters": points,
    }
    minima = problem.landscape.minima
    if minima is not None and len(minima):
        lowest = minima[np.argmin(problem.landscape.loss(minima))]
        directions["the way to the lowest minimum"] = lowest - points
    if problem.model.has_drift:
        directions["the drift"] = problem.model.drift(points)
    # u acts on θ by B: a direction of θ is pushed at by Bᵀ times it
    actuation = problem.model.actuation(points)
    pushed = {
        name: np.einsum("snm,sn->sm", actuation, direction)[:, :, None]
        for name, direction in directions.items()
    }
    pushed["a constant push"] = np.tile(np.eye(problem.controls), (len(points), 1, 1))
    return pushed
