"""The Hamiltonian on a grid and its Godunov form, which picks the one-sided derivative the optimal
motion looks into.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import ProblemError
from .coupled import select_plane
from .mesh import Grid


@dataclass(frozen=True, kw_only=True, eq=False)
class Hamiltonian:
    """H(θ, p) = ½ pᵀMp - fᵀp - kL with M = ηBG⁻¹Bᵀ, on the nodes: the HJB equation is V_s + γV +
    H(θ, ∇V) = 0.

    H is the maximum over controls of -[uᵀGu/2η + kL + pᵀ(f + Bu)]; the maximiser moves at f - Mp.

    Attributes
    ----------
    mobility : (n, n, N_1, …) or (n, n, 1, …), M
    drift : (n, N_1, …) or (n, 1, …), f
    running : (N_1, …), kL
    diagonal : whether M is diagonal on all nodes
    """

    mobility: np.ndarray
    drift: np.ndarray
    running: np.ndarray
    diagonal: bool

    def velocity(self, p: np.ndarray) -> np.ndarray:
        """f - Mp, the optimal θ̇ for the costate field p (n, N_1, …)."""
        if self.diagonal:
            return self.drift - np.stack([self.mobility[i, i] * p[i] for i in range(len(p))])
        return self.drift - np.einsum("ij...,j...->i...", self.mobility, p)

    def value(self, p: np.ndarray, velocity: np.ndarray) -> np.ndarray:
        """H(θ, p), given the velocity f - Mp."""
        return -(p * (self.drift + velocity)).sum(axis=0) / 2 - self.running

    def select(self, minus: np.ndarray, plus: np.ndarray) -> np.ndarray:
        """The gradient p for which H(θ, p) is the Godunov Hamiltonian of the one-sided derivatives.

        Each control looks into the cell it moves to: v_i > 0 uses D⁺, v_i < 0 uses D⁻; the maximum
        over controls is attained by one velocity v = f - Mp, and that p is returned. Monotone and
        consistent for every M ⪰ 0 and f (Osher & Shu 1991; Kushner & Dupuis 2001, upwind
        approximation of controlled dynamics).
        """
        if self.diagonal:
            return np.stack(
                [
                    _select_axis(self.mobility[i, i], self.drift[i], minus[i], plus[i])
                    for i in range(len(minus))
                ]
            )
        return select_plane(self.mobility, self.drift, minus, plus)


def hamiltonian_on(problem, grid: Grid, beyond=None) -> Hamiltonian:
    """The Hamiltonian of a problem on the nodes of a grid; with ``beyond`` the loss between the
    nodes is bounded below.

    Raises
    ------
    ProblemError
        Loss, drift or actuation not finite at a node, or the metric not positive definite at a node
        (says where).
    """
    model, points, n = problem.model, grid.points, grid.dimension
    fields = model.constant
    loss = problem.landscape.loss(points)
    _require("loss L", np.isfinite(loss), points, "finite values in the whole box", loss)
    if beyond is not None:
        loss = beyond.lowered_loss(loss, grid)
    few = points[:1] if fields["metric"] and fields["actuation"] else points
    mobility = problem.objective.learning_rate * _mobility(model, few)
    drift = model.drift(points[:1] if fields["drift"] else points)
    _require(
        "drift f", np.isfinite(drift).all(axis=1), points, "finite values in the whole box", drift
    )
    off = np.abs(mobility * (1 - np.eye(n))).max()
    return Hamiltonian(
        mobility=_field(mobility, grid),
        drift=_field(drift, grid),
        running=problem.objective.loss_weight * loss.reshape(grid.shape),
        diagonal=bool(off <= 1e-14 * np.abs(mobility).max()),
    )


def _field(values, grid):
    """(S, …) at all nodes, or at one for a constant, to (…, N_1, …) or (…, 1, …)."""
    shape = grid.shape if len(values) > 1 else (1,) * grid.dimension
    return np.moveaxis(values, 0, -1).reshape(*values.shape[1:], *shape)


def _mobility(model, points):
    """B G⁻¹ Bᵀ at points, (S, n, n)."""
    metric, actuation = model.metric(points), model.actuation(points)
    _require(
        "actuation B",
        np.isfinite(actuation).all(axis=(1, 2)),
        points,
        "finite values in the whole box",
        actuation,
    )
    finite = np.isfinite(metric).all(axis=(1, 2))
    lowest = np.full(len(metric), -np.inf)
    lowest[finite] = np.linalg.eigvalsh(metric[finite])[:, 0]
    _require(
        "metric G",
        lowest > 0,
        points,
        "a positive definite matrix in the whole box",
        lowest,
        "smallest eigenvalue",
    )
    return actuation @ np.linalg.solve(metric, actuation.transpose(0, 2, 1))


def _require(what, good, points, expected, values, label="value"):
    if good.all():
        return
    first = int(np.argmin(good))
    where, found = np.round(points[first], 4).tolist(), np.round(values[first], 6).tolist()
    raise ProblemError(
        f"{what} on the grid",
        expected=expected,
        received=f"{label} {found} at θ = {where}",
        advice="pass a smaller box=[(low, high), …] inside the domain of the problem's functions",
    )


def _select_axis(mobility, drift, minus, plus):
    """Godunov's choice along one axis: H decouples, and H - min H = v²/2M for the velocity v = f -
    Mp.
    """
    back = np.maximum(mobility * minus - drift, 0)
    ahead = np.maximum(drift - mobility * plus, 0)
    rest = drift / np.where(mobility > 0, mobility, 1) * (mobility > 0)
    return np.where(back > ahead, minus, np.where(ahead > 0, plus, rest))
