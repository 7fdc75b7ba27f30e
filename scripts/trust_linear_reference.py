"""Discounted linear-quadratic problems solved by doubling, and again by a banded two-point
boundary-value solve.

Nothing here comes from the package. With z = e^{-γt/2} (θ - μ, 1) a problem with discount, drift
offset and linear terminal cost becomes an undiscounted, homogeneous one; see ``trust_scattering``
for those.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.integrate import trapezoid
from scipy.linalg import expm, null_space, solve_banded, solve_continuous_are
from trust_linear_numbers import (
    LinearNumbers,
    bounded,
    homogeneous,
    may_be_unbounded,
    reachable_basis,
    reachable_dimension,
)
from trust_scattering import Homogeneous, UndecidedError, compose, step_flow, value_before

SEGMENTS = 48  # of the boundary-value check
AGREE = 1e-8  # both methods, relative to the scale
ROUND_OFF = 1e-13  # of numbers of order one, at rest


@dataclass(frozen=True, kw_only=True, eq=False)
class Exact:
    """The answer: what kind it is, J, u(0), and what errors are measured by.

    kind : "finite", "unbounded" (below), "infinite" (every plan costs infinitely much),
        "unreachable" (the fixed end)
    scale : ∫ e^{-γt}(effort + k|L|) dt + |terminal| along the optimal path
    floor : cost below which round-off of the loss at these numbers hides everything
    control_scale : max over the path of e^{-γt/2} √(uᵀGu), the effort that counts
    control_floor : √(uᵀGu) of a steady control that costs no more than the floor, or 10⁻¹² of the
        scale
    """

    kind: str
    cost: float = math.nan
    control: np.ndarray | None = None
    scale: float = math.nan
    floor: float = 0.0
    control_scale: float = math.nan
    control_floor: float = 0.0


@np.errstate(all="ignore")
def solve_exactly(p: LinearNumbers) -> Exact:
    """The optimal cost and first control. Raises UndecidedError where two ways to it do not
    agree.
    """
    h = homogeneous(p)
    if math.isinf(p.horizon):
        return _endless(p, h)
    if p.end is not None and not _reachable(p, h):
        return Exact(kind="unreachable")
    if may_be_unbounded(p) and not bounded(p, h):
        return Exact(kind="unbounded")
    form = step_flow(h, p.horizon)
    costate = _first_costate(p, h, form)
    costates, states = _boundary_value_path(p, h)
    cost, other = _cost(p, h, form, costate), _path_cost(p, h, costates, states)
    answer = _exact(p, h, cost, costate, costates, states)
    if not abs(cost - other) <= AGREE * (answer.scale + answer.floor) + ROUND_OFF:
        raise UndecidedError(f"doubling {cost:.12g}, boundary-value solve {other:.12g}")
    return answer


def _first_costate(p, h, form):
    e, g, value = form
    if p.end is None:
        return value_before(form, h.terminal) @ h.start
    return value @ h.start + e.T @ _last_costate(p, h, form)


def _last_costate(p, h, form):
    """G λ(T) = E z(0) - z(T) on the directions that can be pushed; the others do not matter to any
    control.
    """
    e, g, _ = form
    n = len(p.start)
    gap = (e @ h.start - _last_state(p))[:n]
    values, vectors = np.linalg.eigh(g[:n, :n])
    rank = reachable_dimension(p)
    sizes = np.abs(values)  # G is indefinite where a free end would be unbounded
    kept = np.argsort(sizes)[n - rank :]
    if sizes[kept].min() <= 1e-9 * sizes.max():
        raise UndecidedError("the end is reached through directions of very different price")
    solved = vectors[:, kept] @ ((vectors[:, kept].T @ gap) / values[kept])
    return np.append(solved, 0.0)


def _last_state(p):
    return math.exp(-p.discount * p.horizon / 2) * np.append(p.end - p.minimum, 1.0)


def _cost(p, h, form, costate):
    if p.end is None:
        return h.start @ costate / 2
    return h.start @ costate / 2 - _last_state(p) @ _last_costate(p, h, form) / 2


def _exact(p, h, cost, costate, costates, states):
    n = len(p.start)
    back = np.linalg.solve(p.metric, p.actuation.T)
    control = -p.learning_rate * back @ costate[:n]
    controls = -p.learning_rate * costates[:, :n] @ back.T  # times e^{-γt/2}
    speeds = np.sqrt(np.maximum(np.einsum("ti,ij,tj->t", controls, p.metric, controls), 0))
    scale, floor, span = float(_scale(h, cost, costates, states, p)), _floor(p), _effective_span(p)
    return Exact(
        kind="finite",
        cost=float(cost),
        control=control,
        scale=scale,
        floor=floor,
        control_floor=math.sqrt(2 * p.learning_rate * (floor + 1e-12 * scale) / span),
        control_scale=float(max(speeds.max(), math.sqrt(max(control @ p.metric @ control, 0)))),
    )


def _scale(h, cost, costates, states, p):
    """Cost, with the negative parts counted as positive."""
    if math.isinf(p.horizon):
        return abs(cost)
    final = states[-1] @ h.terminal @ states[-1] / 2
    loss = np.einsum("ti,ij,tj->t", states, h.cost, states) / 2
    negative = trapezoid(np.minimum(loss, 0), dx=p.horizon / (len(states) - 1))
    return cost - 2 * negative - 2 * min(final, 0)


def _floor(p):
    """Round-off of the loss at numbers of this size, over the effective horizon."""
    size = np.abs(p.start).max() + np.abs(p.minimum).max()
    final = 0.0
    if p.terminal is not None:
        curvature, centre, slope = p.terminal
        reach = size + np.abs(centre).max()
        final = p.terminal_weight * (
            np.abs(curvature).max() * reach**2 + np.abs(slope).max() * reach
        )
    return 1e-14 * (p.loss_weight * np.abs(p.hessian).max() * size**2 * _effective_span(p) + final)


def _effective_span(p):
    """∫ e^{-γt} dt, at most; one unit of time where that is infinite."""
    span = min(p.horizon, 1 / p.discount if p.discount > 0 else math.inf)
    return span if math.isfinite(span) else 1.0


def _boundary_value_path(p, h):
    """(λ, z) at the ends of SEGMENTS equal steps, from one banded (or least-squares) solve of their
    conditions.
    """
    size, count = len(h.start), SEGMENTS
    e, g, value = step_flow(h, p.horizon / count)
    unknowns = 2 * size * (count + 1)  # z₀, λ₀, z₁, λ₁, …
    matrix, right = np.zeros((unknowns, unknowns)), np.zeros(unknowns)
    eye = np.eye(size)
    matrix[:size, :size], right[:size] = eye, h.start
    for k in range(count):
        here, there, row = 2 * size * k, 2 * size * (k + 1), size + 2 * size * k
        matrix[row : row + size, here : here + size] = value
        matrix[row : row + size, here + size : here + 2 * size] = -eye
        matrix[row : row + size, there + size : there + 2 * size] = e.T
        row += size
        matrix[row : row + size, here : here + size] = e
        matrix[row : row + size, there : there + size] = -eye
        matrix[row : row + size, there + size : there + 2 * size] = -g
    last, row = unknowns - 2 * size, unknowns - size
    if p.end is None:
        matrix[row:, last : last + size], matrix[row:, last + size :] = h.terminal, -eye
    else:
        n = size - 1
        matrix[row : row + n, last : last + n], right[row : row + n] = np.eye(n), _last_state(p)[:n]
        matrix[-1, -1] = 1.0
    fixed_and_deficient = p.end is not None and reachable_dimension(p) < len(p.start)
    found = (
        np.linalg.lstsq(matrix, right, rcond=None)[0]
        if fixed_and_deficient
        else _banded(matrix, right, 3 * size)
    )
    nodes = found.reshape(count + 1, 2, size)
    return nodes[:, 1], nodes[:, 0]


def _banded(matrix, right, width):
    count = len(right)
    bands = np.zeros((2 * width + 1, count))
    for d in range(-width, width + 1):
        line = np.diagonal(matrix, d)
        bands[width - d, max(d, 0) : max(d, 0) + len(line)] = line
    return solve_banded((width, width), bands, right)


def _path_cost(p, h, costates, states):
    if p.end is None:
        return h.start @ costates[0] / 2
    return h.start @ costates[0] / 2 - states[-1] @ costates[-1] / 2


def _reachable(p, h):
    basis = reachable_basis(p)
    coasting = expm(h.drift * p.horizon) @ h.start
    gap = (_last_state(p) - coasting)[: len(p.start)]
    beyond = gap - basis @ (basis.T @ gap)
    return np.abs(beyond).max() <= 1e-8 * (np.abs(gap).max() + np.abs(p.start).max())


def _endless(p, h):
    """The limit of ever longer horizons without terminal cost, and again the algebraic Riccati
    equation.
    """
    if np.linalg.eigvalsh(p.hessian)[0] < -1e-12 * np.abs(p.hessian).max():
        raise UndecidedError("an indefinite loss over an infinite horizon")
    # what never enters the loss costs nothing and need not be stabilised
    seen = _observable_basis(h.drift, h.cost)
    observed = Homogeneous(
        drift=seen.T @ h.drift @ seen,
        push=seen.T @ h.push @ seen,
        cost=seen.T @ h.cost @ seen,
        start=seen.T @ h.start,
        terminal=seen.T @ h.terminal @ seen,
    )
    value = _limit_value(observed)
    if value is None:
        return Exact(kind="infinite")
    cost = observed.start @ value / 2
    other = _algebraic_cost(p, observed, seen)
    if not abs(cost - other) <= AGREE * abs(cost) + _floor(p):
        raise UndecidedError(f"doubling {cost:.12g}, algebraic Riccati equation {other:.12g}")
    costate = seen @ value
    return _exact(p, h, cost, costate, costate[None], h.start[None])


def _limit_value(h):
    """λ(0) over horizons that double until it settles; None where the cost grows without limit."""
    form, doublings = step_flow(h, 1.0), 0
    value, before = form[2] @ h.start, None
    while before is None or np.abs(value - before).max(initial=0) > 1e-13 * max(
        np.abs(value).max(initial=0), 1e-250
    ):
        form, doublings, before = compose(form, form), doublings + 1, value
        value = form[2] @ h.start
        if not np.isfinite(value).all() or h.start @ value > 1e14:
            return None
        if doublings > 48:
            raise UndecidedError("the cost does not settle with the horizon")
    return value


def _algebraic_cost(p, h, seen):
    """The same by scipy's Schur method; without discount the constant, which must cost nothing
    then, is left out.
    """
    kept = np.eye(len(h.start))
    if p.discount == 0:
        kept = null_space(seen[-1:]) if np.abs(seen[-1]).max(initial=0) > 1e-12 else kept
    drift, push, cost, start = (
        kept.T @ h.drift @ kept,
        kept.T @ h.push @ kept,
        kept.T @ h.cost @ kept,
        kept.T @ h.start,
    )
    if not len(start):
        return 0.0
    values, vectors = np.linalg.eigh(push)
    root = vectors * np.sqrt(np.maximum(values, 0))
    try:
        return start @ solve_continuous_are(drift, root, cost, np.eye(len(start))) @ start / 2
    except (np.linalg.LinAlgError, ValueError) as failure:
        raise UndecidedError(f"algebraic Riccati equation: {failure}") from None


def _observable_basis(drift, cost):
    rows = [cost / max(np.abs(cost).max(), 1e-300)]
    size = max(np.abs(drift).max(), 1e-300)
    for _ in range(len(drift) - 1):
        rows.append(rows[-1] @ drift / size)
    hidden = null_space(np.vstack(rows), rcond=1e-10)
    return null_space(hidden.T) if hidden.shape[1] else np.eye(len(drift))
