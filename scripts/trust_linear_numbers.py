"""The numbers of a discounted linear-quadratic problem, without discount and offset too, and
whether it is bounded and can be moved.

Nothing here comes from the package.
"""

import math
from dataclasses import dataclass

import numpy as np
from trust_scattering import Homogeneous, UndecidedError, step_flow, value_before

STEEP = 1e9  # terminal cost that stands for a fixed end, over the natural one
MARGIN = 0.03  # a horizon this close to a conjugate point is not judged


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearNumbers:
    """J = ∫ e^{-γt}[uᵀGu/2η + (k/2)(θ-μ)ᵀH(θ-μ)] dt + e^{-γT} κ [½(θ-ν)ᵀF(θ-ν) + qᵀθ],  θ̇ = Aθ + c
    + Bu.
    """

    hessian: np.ndarray
    minimum: np.ndarray
    metric: np.ndarray
    matrix: np.ndarray
    offset: np.ndarray
    actuation: np.ndarray
    start: np.ndarray
    horizon: float
    discount: float
    learning_rate: float
    loss_weight: float
    end: np.ndarray | None = None
    terminal_weight: float = 1.0
    terminal: tuple | None = None  # (F, ν, q)


def homogeneous(p: LinearNumbers) -> Homogeneous:
    """Augment by the constant, centre at the minimum, and put half of the discount into the
    drift.
    """
    n = len(p.start)
    drift, push, cost, final = (np.zeros((n + 1, n + 1)) for _ in range(4))
    drift[:n, :n], drift[:n, n] = p.matrix, p.offset + p.matrix @ p.minimum
    drift -= p.discount / 2 * np.eye(n + 1)
    push[:n, :n] = p.learning_rate * p.actuation @ np.linalg.solve(p.metric, p.actuation.T)
    cost[:n, :n] = p.loss_weight * p.hessian
    if p.terminal is not None:
        curvature, centre, slope = p.terminal
        away = centre - p.minimum
        final[:n, :n] = curvature
        final[:n, n] = final[n, :n] = slope - curvature @ away
        final[n, n] = away @ curvature @ away + 2 * slope @ p.minimum
        final *= p.terminal_weight
    return Homogeneous(
        drift=drift, push=push, cost=cost, start=np.append(p.start - p.minimum, 1.0), terminal=final
    )


def reachable_basis(p):
    """Orthonormal columns spanning [B, AB, …]."""
    size = max(np.abs(p.matrix).max(), 1e-300)
    columns = [p.actuation / np.abs(p.actuation).max()]
    for _ in range(len(p.start) - 1):
        columns.append(p.matrix @ columns[-1] / size)
    left, values, _ = np.linalg.svd(np.hstack(columns))
    return left[:, : int((values > 1e-10 * values[0]).sum())]


def reachable_dimension(p):
    return reachable_basis(p).shape[1]


def may_be_unbounded(p):
    matrices = [p.hessian] if p.terminal is None else [p.hessian, p.terminal[0]]
    return any(np.linalg.eigvalsh(matrix)[0] < -1e-12 * np.abs(matrix).max() for matrix in matrices)


def bounded(p, h):
    """Whether the Riccati solution of what can be moved lasts until the start; a fixed end is a
    steep terminal cost.
    """
    drift, push, cost, terminal = movable(p, h)
    size = len(drift)
    moved = Homogeneous(drift=drift, push=push, cost=cost, start=np.zeros(size), terminal=terminal)
    speed, bend = np.linalg.norm(push, 2), np.linalg.norm(cost, 2)
    growth = math.sqrt(speed * bend) + np.linalg.norm(drift, 2)
    count = int(min(max(64, 8 * growth * p.horizon), 6000))
    length = (1 + MARGIN) * p.horizon / count
    form = step_flow(moved, length)
    values, vectors = np.linalg.eigh(form[1])
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    value = (
        terminal
        if p.end is None
        else STEEP * (bend * p.horizon + 1 / (speed * p.horizon)) * np.eye(size)
    )
    for k in range(count):
        lowest = np.linalg.eigvalsh(np.eye(size) + root @ value @ root)[0]
        if lowest <= 0:
            lasted = k * length
            if lasted < (1 - MARGIN) * p.horizon:
                return False
            raise UndecidedError(f"conjugate point at {lasted:.4g} of {p.horizon:.4g}")
        value = value_before(form, value)
    if 2 * growth * length > 1:  # a step could hide one
        raise UndecidedError("a horizon too long for so indefinite a loss")
    return True


def movable(p, h):
    """Drift, push, loss and terminal cost of what controls can change; the rest only coasts, and
    curves nothing.
    """
    n, basis = len(p.start), reachable_basis(p)
    return tuple(basis.T @ part[:n, :n] @ basis for part in (h.drift, h.push, h.cost, h.terminal))
