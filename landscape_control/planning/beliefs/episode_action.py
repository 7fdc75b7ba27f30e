"""The action of many episodes at once, where beliefs move by themselves: Newton's method, vectorised.

θ(·) of every episode minimises ∫₀ᵀ e^{-γt}[½η⁻¹(θ̇-f)ᵀB⁻ᵀGB⁻¹(θ̇-f) + kL(θ, b(t))] dt + κe^{-γT}Φ(θ, b(T))
from its own θ(0), along its own forecast b(t), with Gauss-Lobatto quadrature as in
``transcription.action``. The programs are small: their Hessians are factorised as they are.
"""

from dataclasses import dataclass
from functools import cached_property

import casadi as ca
import numpy as np

from ...model.problem import ControlProblem, inverse_metric
from ...support.elementwise import Elementwise
from ..transcription.quadrature import lobatto, lobatto_matrices

DEGREE = 5
_MOST_ITERATIONS, _HALVINGS = 30, 8
_ARMIJO, _ROUNDING = 1e-4, 1e-14
_STATIONARY = 1e-4  # of the tolerance: what the last step may promise; its error is squared by it


class Mesh:
    """Elements with these vertices (K+1,), as fractions of the horizon.

    Attributes
    ----------
    vertices : (K+1,)
    nodes : (M,), M = 5K+1 fractions
    points : (Q,), Q = 6K, the node that each point of the quadrature is
    weights : (Q,), of the quadrature over [0, 1]
    derivative : (Q, M), of θ by the fraction at these points
    """

    def __init__(self, vertices: np.ndarray) -> None:
        count = len(vertices) - 1
        rule, (inside, _) = lobatto(DEGREE + 1), lobatto_matrices(DEGREE + 1)
        width = np.diff(vertices)
        at = vertices[:-1, None] + width[:, None] * rule.points
        self.vertices = vertices
        self.nodes = np.append(at[:, :-1].ravel(), vertices[-1])
        self.points = (DEGREE * np.arange(count)[:, None] + np.arange(DEGREE + 1)).ravel()
        self.weights = (width[:, None] * rule.weights).ravel()
        self.derivative = np.zeros((len(self.points), len(self.nodes)))
        for k in range(count):
            rows = slice(k * (DEGREE + 1), (k + 1) * (DEGREE + 1))
            columns = slice(k * DEGREE, (k + 1) * DEGREE + 1)
            self.derivative[rows, columns] = inside / width[k]

    @cached_property
    def selection(self) -> np.ndarray:
        """(Q, M), from the nodes to the points of the quadrature."""
        chosen = np.zeros((len(self.points), len(self.nodes)))
        chosen[np.arange(len(self.points)), self.points] = 1.0
        return chosen


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecasts:
    """E episodes on a mesh: ``horizon`` T, and their beliefs at the nodes, (size, E, M)."""

    mesh: Mesh
    horizon: float
    beliefs: np.ndarray

    def taken(self, index: np.ndarray) -> "Forecasts":
        """Some of the episodes."""
        beliefs = np.ascontiguousarray(self.beliefs[:, index])
        return Forecasts(mesh=self.mesh, horizon=self.horizon, beliefs=beliefs)


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """Where E episodes ended.

    Attributes
    ----------
    nodes : (E, M, n)
    converged : (E,), at a minimum
    costs, sizes : (E,), J, and with |L| in the place of L
    costates : (E, n), λ(0)
    """

    nodes: np.ndarray
    converged: np.ndarray
    costs: np.ndarray
    sizes: np.ndarray
    costates: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class _System:
    """J (E,), its size (E,), gradient (E, M, n) and Hessian (E, M, n, M, n) at some nodes."""

    cost: np.ndarray
    size: np.ndarray
    gradient: np.ndarray
    hessian: np.ndarray


class EpisodeAction:
    """The action over θ (n,) of a problem over (θ, b). ValueError for functions that NumPy lacks."""

    def __init__(self, expanded: ControlProblem, dimension: int) -> None:
        self.objective, self.dimension = expanded.objective, dimension
        model, n = expanded.model, dimension
        theta, velocity = ca.SX.sym("theta", n), ca.SX.sym("velocity", n)
        b, costate = ca.SX.sym("b", expanded.dimension - n), ca.SX.sym("costate", n)
        z, own = ca.vertcat(theta, b), self.objective
        actuation = model.actuation_at(z)[:n, :]
        push = ca.solve(ca.SX(actuation), ca.SX(velocity - model.drift_at(z)[:n]))
        loss = own.loss_weight * model.loss_at(z)
        effort = ca.dot(push, model.metric_at(z) @ push) / (2 * own.learning_rate)
        self._running = _derivatives([theta, velocity, b], effort + loss, effort + ca.fabs(loss))
        self._ending: Elementwise | None = None
        if model.terminal is not None:
            last = own.terminal_weight * model.terminal_at(z)
            self._ending = _derivatives([theta, b], last, ca.fabs(last), varied=1)
        control = -own.learning_rate * inverse_metric(model, z, ca.SX(actuation).T @ costate)
        outputs = [ca.densify(control)]
        self._control = Elementwise(ca.Function("control", [theta, b, costate], outputs))

    def controls(self, forecasts: Forecasts, found: Found) -> np.ndarray:
        """u(0) (E, m) = -ηG⁻¹Bᵀλ(0)."""
        first = [found.nodes[:, 0].T, forecasts.beliefs[:, :, 0], found.costates.T]
        (control,) = self._control([np.ascontiguousarray(part) for part in first])
        return control.T.copy()

    @np.errstate(all="ignore")  # steps may overflow: they are then too long
    def minimised(self, forecasts: Forecasts, nodes: np.ndarray, tolerance: float) -> Found:
        """Minimise from ``nodes`` (E, M, n), of which the first stay, until the next step promises
        less than the tolerance of a cost's size.
        """
        nodes, total = nodes.copy(), len(nodes)
        converged, running = np.zeros(total, dtype=bool), np.arange(total)
        for _ in range(_MOST_ITERATIONS):
            if not len(running):
                break
            own = forecasts.taken(running)
            system = self._system(own, nodes[running])
            step, fall, positive = _newton_step(system)
            done = positive & (fall <= _STATIONARY * tolerance * system.size)
            moved, falls = self._searched(own, nodes[running], step, system, fall, done)
            good = positive & falls
            nodes[running[good]] = moved[good]
            converged[running[good & done]] = True
            running = running[good & ~done]
        return self._summed_up(forecasts, nodes, converged)

    def _searched(self, forecasts, nodes, step, system, fall, done):
        """(nodes after a step that is halved until the cost falls, whether it did)."""
        moved, falls = nodes + step, done.copy()
        length = 1.0
        for _ in range(_HALVINGS):
            index = np.flatnonzero(~falls)
            if not len(index):
                break
            trial = nodes[index] + length * step[index]
            cost = self._values(forecasts.taken(index), trial)
            limit = system.cost[index] - _ARMIJO * length * fall[index]
            good = cost <= limit + _ROUNDING * system.size[index]
            moved[index[good]] = trial[good]
            falls[index[good]] = True
            length /= 2
        return moved, falls

    def _summed_up(self, forecasts: Forecasts, nodes: np.ndarray, converged: np.ndarray) -> Found:
        system = self._system(forecasts, nodes)
        return Found(
            nodes=nodes,
            converged=converged & np.isfinite(system.cost),
            costs=system.cost,
            sizes=system.size,
            costates=system.gradient[:, 0].copy(),
        )

    # -- cost and derivatives

    def _at_points(self, forecasts: Forecasts, nodes: np.ndarray) -> list[np.ndarray]:
        """θ, θ̇ and b at the points of the quadrature, (…, E, Q)."""
        mesh, by_parameter = forecasts.mesh, np.ascontiguousarray(nodes.transpose(2, 0, 1))
        velocity = by_parameter @ mesh.derivative.T / forecasts.horizon
        parts = by_parameter[..., mesh.points], velocity, forecasts.beliefs[..., mesh.points]
        return [np.ascontiguousarray(part) for part in parts]

    def _weights(self, forecasts: Forecasts) -> np.ndarray:
        mesh, horizon = forecasts.mesh, forecasts.horizon
        times = horizon * mesh.nodes[mesh.points]
        return horizon * mesh.weights * np.exp(-self.objective.discount * times)

    def _at_end(self, forecasts: Forecasts, nodes: np.ndarray) -> list[np.ndarray]:
        assert self._ending is not None, "asked for where there is a terminal cost"
        last = [nodes[:, -1].T, forecasts.beliefs[:, :, -1]]
        fade = np.exp(-self.objective.discount * forecasts.horizon)
        outputs = self._ending([np.ascontiguousarray(part) for part in last])
        return [fade * output for output in outputs]

    def _values(self, forecasts: Forecasts, nodes: np.ndarray) -> np.ndarray:
        """J (E,)."""
        value = self._running(self._at_points(forecasts, nodes))[0][0]
        cost = value @ self._weights(forecasts)
        if self._ending is not None:
            cost = cost + self._at_end(forecasts, nodes)[0][0]
        return cost

    def _system(self, forecasts: Forecasts, nodes: np.ndarray) -> _System:
        n, mesh, weights = self.dimension, forecasts.mesh, self._weights(forecasts)
        value, size, slope, bend = self._running(self._at_points(forecasts, nodes))
        episodes, count = len(nodes), len(mesh.nodes)
        # how θ and θ̇ at the points follow from the nodes
        maps = mesh.selection, mesh.derivative / forecasts.horizon
        gradient = np.zeros((episodes, count, n))
        hessian = np.zeros((episodes, count, n, count, n))
        for part, left in enumerate(maps):
            for i in range(n):
                row = part * n + i
                gradient[..., i] += (slope[row] * weights) @ left
                for other, right in enumerate(maps):
                    for j in range(n):
                        entry = (bend[row * 2 * n + other * n + j] * weights)[:, None]
                        hessian[:, :, i, :, j] += (left.T * entry) @ right
        cost, sizes = value[0] @ weights, size[0] @ weights
        if self._ending is not None:
            value, size, slope, bend = self._at_end(forecasts, nodes)
            cost, sizes = cost + value[0], sizes + size[0]
            gradient[:, -1] += slope.T
            hessian[:, -1, :, -1] += bend.T.reshape(episodes, n, n)
        return _System(cost=cost, size=sizes, gradient=gradient, hessian=hessian)


def _derivatives(arguments: list[ca.SX], value: ca.SX, size: ca.SX, varied: int = 2) -> Elementwise:
    """(arguments) -> value, size, gradient and Hessian in the first ``varied`` arguments."""
    unknown = ca.vertcat(*arguments[:varied])
    hessian, gradient = ca.hessian(value, unknown)
    outputs = [value, size, gradient, ca.vec(ca.densify(hessian))]
    dense = [ca.densify(ca.SX(output)) for output in outputs]
    return Elementwise(ca.Function("derivatives", arguments, dense))


def _newton_step(system: _System) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(step (E, M, n), what it promises (E,), whether the Hessian is positive definite (E,))."""
    episodes, count, n = system.gradient.shape
    free = (count - 1) * n  # all but the first node
    gradient = system.gradient[:, 1:].reshape(episodes, free)
    hessian = system.hessian[:, 1:, :, 1:].reshape(episodes, free, free)
    positive = np.isfinite(hessian).all(axis=(1, 2)) & np.isfinite(gradient).all(axis=1)
    hessian = np.where(positive[:, None, None], hessian, np.eye(free))
    try:
        np.linalg.cholesky(hessian)
    except np.linalg.LinAlgError:  # of one at least
        positive &= np.linalg.eigvalsh(hessian)[:, 0] > 0
        hessian = np.where(positive[:, None, None], hessian, np.eye(free))
    newton = -np.linalg.solve(hessian, gradient[..., None])[..., 0]
    fall = -(gradient * newton).sum(axis=1)
    step = np.zeros_like(system.gradient)
    step[:, 1:] = newton.reshape(episodes, count - 1, n)
    return step, fall, positive
