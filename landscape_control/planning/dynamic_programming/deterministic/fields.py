"""The functions of a known problem on the nodes of a grid, as its Hamiltonian."""

import numpy as np

from ....model.problem import ControlProblem
from ....model.problem.mobility import mobility
from ..bounds.beyond import Beyond
from ..fields import FINITE, require_defined
from ..hamiltonian import Hamiltonian
from ..mesh import Grid


def hamiltonian_on(
    problem: ControlProblem, grid: Grid, beyond: Beyond | None = None
) -> Hamiltonian:
    """The Hamiltonian of a problem on the nodes of a grid.

    With ``beyond`` the loss between the nodes is bounded below.

    Raises
    ------
    ProblemError
        Loss, drift or actuation not finite at a node, or the metric not positive definite at a node
        (says where).
    """
    model, points, objective = problem.model, grid.points, problem.objective
    constant = model.constant
    loss = problem.landscape.loss(points)
    _require("loss L", np.isfinite(loss), points, loss)
    if beyond is not None:
        loss = beyond.lowered_loss(loss, grid)
    # what does not depend on θ is evaluated at one node
    pushed = points[:1] if constant["metric"] and constant["actuation"] else points
    drifting = points[:1] if constant["drift"] else points
    pushes = objective.learning_rate * _checked_mobility(model, pushed)
    drift = model.drift(drifting)
    _require("drift f", np.isfinite(drift).all(axis=1), points, drift)
    return Hamiltonian.of(
        mobility=_field(pushes, grid),
        drift=_field(drift, grid),
        running=objective.loss_weight * loss.reshape(grid.shape),
    )


def _field(values, grid):
    """(S, …) at all nodes, or at one for a constant, to (…, N_1, …) or (…, 1, …)."""
    shape = grid.shape if len(values) > 1 else (1,) * grid.dimension
    return np.moveaxis(values, 0, -1).reshape(*values.shape[1:], *shape)


def _checked_mobility(model, points):
    """B G⁻¹ Bᵀ at points, (S, n, n), where B is finite and G positive definite."""
    metric, actuation = model.metric(points), model.actuation(points)
    _require("actuation B", np.isfinite(actuation).all(axis=(1, 2)), points, actuation)
    finite = np.isfinite(metric).all(axis=(1, 2))
    lowest = np.full(len(metric), -np.inf)
    lowest[finite] = np.linalg.eigvalsh(metric[finite])[:, 0]
    _require(
        "metric G",
        lowest > 0,
        points,
        lowest,
        expected="a positive definite matrix in the whole box",
        label="smallest eigenvalue",
    )
    return mobility(actuation, metric)


def _require(what, defined, points, values, *, expected=FINITE, label="value"):
    def received(node):
        where = np.round(points[node], 4).tolist()
        return f"{label} {np.round(values[node], 6).tolist()} at θ = {where}"

    require_defined(what, defined, received, expected=expected)
