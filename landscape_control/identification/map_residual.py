"""What a map u(θ) does that the nearest closed form does not: with which property of the landscape
it goes.
"""

from collections.abc import Sequence

import numpy as np

from .maps import RuleFit
from .residual import inside, shares


def map_residual(row: RuleFit, samples: Sequence) -> tuple[tuple[str, float], ...]:
    """((what, share of the squared residual), ...), largest first, as
    :func:`.residual.residual_shape` for causal rules.

    ``samples`` have ``problem``, ``points`` (S, n) and ``controls`` (S, m), in the order of
    ``row.fitted``. Points where the rule is undefined are left out. Each input is one direction
    Bᵀ(·) with a number shared by all points.
    """
    free = inside(row.rule, row.coefficients)
    directions = [_rows(row.rule.features(sample.problem, sample.points)) for sample in samples]
    tangent = np.vstack(directions)[:, free]
    fitted = np.concatenate([part.ravel() for part in row.fitted])
    targets = np.concatenate([sample.controls.ravel() for sample in samples])
    columns = [_inputs(sample.problem, sample.points) for sample in samples]
    names = [name for name in columns[0] if all(name in inputs for inputs in columns)]
    inputs = {name: np.vstack([_rows(inputs[name]) for inputs in columns]) for name in names}
    good = np.isfinite(fitted) & np.isfinite(tangent).all(1)
    good &= np.all([np.isfinite(column).all(1) for column in inputs.values()], axis=0)
    return shares(
        targets[good],
        fitted[good],
        tangent[good],
        {name: array[good] for name, array in inputs.items()},
    )


def _rows(features):
    """(S, m, c) -> (S·m, c)."""
    return features.reshape(-1, features.shape[2])


def _newton(hessian, slope):
    """H⁺g, NaN where there is no H."""
    good = np.isfinite(hessian).all((1, 2))
    inverse = np.full(hessian.shape, np.nan)
    inverse[good] = np.linalg.pinv(hessian[good], rcond=1e-10, hermitian=True)
    return np.einsum("sij,sj->si", inverse, slope)


def _inputs(problem, points):
    """{what: (S, m, c)}, NaN where the landscape has no gradient or no Hessian."""
    slope, hessian = (
        np.where(np.isfinite(values), values, np.nan)
        for values in (problem.landscape.gradient(points), problem.landscape.hessian(points))
    )
    length = np.linalg.norm(slope, axis=1, keepdims=True)
    found = {
        "the gradient": slope,
        "the gradient's direction alone": slope / np.where(length > 0, length, 1.0),
        "the gradient times the curvature": np.einsum("sij,sj->si", hessian, slope),
        "Newton's direction": _newton(hessian, slope),
        "the parameters": points,
    }
    minima = problem.landscape.minima
    if minima is not None and len(minima):
        found["the way to the lowest minimum"] = (
            minima[np.argmin(problem.landscape.loss(minima))] - points
        )
    if problem.model.has_drift:
        found["the drift"] = problem.model.drift(points)
    actuation = problem.model.actuation(points)
    pushed = {
        name: np.einsum("snm,sn->sm", actuation, direction)[:, :, None]
        for name, direction in found.items()
    }
    pushed["a constant push"] = np.tile(np.eye(problem.controls), (len(points), 1, 1))
    return pushed
