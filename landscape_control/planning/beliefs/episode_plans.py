"""Plans of all episodes of a simulation at once, each from its own (θ, belief) over the same horizon.

Where the belief moves by itself (its forecast does not depend on where the weights go: linear
observations with constant noise, tasks, certainty equivalence), θ alone is planned.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import casadi as ca
import numpy as np
from scipy.integrate import solve_ivp

from ...model.problem import ControlProblem, implied_control
from ...support.interpolation import lagrange_matrix
from ..solution import Plan
from ..solver.mesh import initial_vertices
from ..transcription.quadrature import lobatto, lobatto_matrices
from .belief_space import BeliefSpace
from .episode_action import DEGREE, EpisodeAction, Forecasts, Mesh

MOST_PARAMETERS = 3  # Hessians of more are not factorised as they are
_FEWEST, _MOST = 4, 32  # elements
_NUMBERS = 4_000_000  # entries of Hessians that are held at the same time
_FORECAST = 1e-9  # relative accuracy of beliefs


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Paths of E episodes: nodes (E, M, n) on a mesh over [0, ``horizon``]."""

    mesh: Mesh
    horizon: float
    nodes: np.ndarray

    def at(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(θ, θ̇) (E, S, n) at times within the horizon."""
        fractions, vertices = times / self.horizon, self.mesh.vertices
        inside = np.clip(np.searchsorted(vertices, fractions, "right") - 1, 0, len(vertices) - 2)
        rule, (derivative, _) = lobatto(DEGREE + 1), lobatto_matrices(DEGREE + 1)
        width = np.diff(vertices)[inside]
        weights = lagrange_matrix(rule.points, (fractions - vertices[inside]) / width)
        slopes = weights @ derivative / (width * self.horizon)[:, None]
        columns = DEGREE * inside[:, None] + np.arange(DEGREE + 1)
        values = self.nodes[:, columns]  # (E, S, d+1, n)
        theta = np.einsum("sq,esqi->esi", weights, values)
        return theta, np.einsum("sq,esqi->esi", slopes, values)


@dataclass(frozen=True, kw_only=True, eq=False)
class EpisodePath:
    """One of the paths of a batch, with what replanning asks of a plan."""

    batch: Batch
    episode: int
    problem: ControlProblem = field(repr=False)

    @property
    def times(self) -> np.ndarray:
        """Its first and last time."""
        return np.array([0.0, self.batch.horizon])

    def parameters_at(self, times: np.ndarray) -> np.ndarray:
        """θ (S, n)."""
        return self.batch.at(np.asarray(times))[0][self.episode]

    def at(self, time: float) -> tuple[np.ndarray, np.ndarray]:
        """θ and u at a time."""
        theta, velocity = (part[self.episode] for part in self.batch.at(np.array([time])))
        return theta[0], implied_control(self.problem.model, theta, velocity)[0]


class EpisodePlans:
    """Plans many episodes of a replanning policy together.

    Attributes
    ----------
    obstacle : why it cannot, in words; empty where it can
    """

    def __init__(self, space: BeliefSpace, expanded: ControlProblem, tolerance: float) -> None:
        self.space, self.tolerance = space, tolerance
        self.elements = _FEWEST
        self.obstacle = _obstacle(space)
        if not self.obstacle:
            try:
                self.action = EpisodeAction(expanded, space.problem.dimension)
            except ValueError as error:
                self.obstacle = str(error)

    def made(
        self,
        states: np.ndarray,
        horizon: float,
        elapsed: float,
        before: Sequence[Plan | EpisodePath],
    ) -> tuple[np.ndarray, list[EpisodePath | None]]:
        """(u (E, m), the path of each episode, None where it has to be planned by itself).

        ``states`` (E, z); ``before`` are the plans made ``elapsed`` ago, one for each episode.
        """
        n = self.space.problem.dimension
        free = DEGREE * 2 * self.elements * n
        at_once = max(_NUMBERS // free**2, 1)
        controls = np.zeros((len(states), self.space.problem.model.controls))
        paths: list[EpisodePath | None] = [None] * len(states)
        finite = np.flatnonzero(np.isfinite(states).all(axis=1))
        for begin in range(0, len(finite), at_once):
            chosen = finite[begin : begin + at_once]
            left = self._planned(states, horizon, elapsed, before, chosen, controls, paths)
            # a mesh that is too coarse for some is kept finer for all from then on
            while len(left) and 2 * self.elements <= _MOST:
                self.elements *= 2
                left = self._planned(states, horizon, elapsed, before, left, controls, paths)
        return controls, paths

    def _planned(self, states, horizon, elapsed, before, chosen, controls, paths):
        """Plan the chosen episodes in place; those whose mesh is too coarse."""
        problem, n = self.space.problem, self.space.problem.dimension
        starts = states[chosen]
        forecast = self._forecast(starts[:, n:], horizon)
        if forecast is None:
            return chosen[:0]
        meshes = [self._mesh(count, horizon) for count in (self.elements, 2 * self.elements)]
        coarse, fine = (self._on(mesh, horizon, forecast) for mesh in meshes)
        guesses = _guessed(meshes[0], horizon, elapsed, [before[k] for k in chosen], n)
        gap = starts[:, None, :n] - guesses[:, :1]
        guesses = guesses + (1 - meshes[0].nodes)[:, None] * gap
        first = self.action.minimised(coarse, guesses, self.tolerance)
        refined = Batch(mesh=meshes[0], horizon=horizon, nodes=first.nodes)
        carried, _ = refined.at(horizon * meshes[1].nodes)
        found = self.action.minimised(fine, carried, self.tolerance)
        # of the coarse one, which is far larger than that of the fine one
        error = np.abs(found.costs - first.costs)
        converged = first.converged & found.converged
        good = converged & (error <= self.tolerance * found.sizes)
        batch = Batch(mesh=meshes[1], horizon=horizon, nodes=found.nodes)
        control = self.action.controls(fine, found)
        for place in np.flatnonzero(good):
            paths[chosen[place]] = EpisodePath(batch=batch, episode=place, problem=problem)
            controls[chosen[place]] = control[place]
        return chosen[converged & ~good]

    def _mesh(self, elements: int, horizon: float) -> Mesh:
        return Mesh(np.array(initial_vertices(elements, horizon, 0.0)))

    def _on(self, mesh: Mesh, horizon: float, forecast) -> Forecasts:
        return Forecasts(mesh=mesh, horizon=horizon, beliefs=forecast(mesh.nodes))

    def _forecast(self, beliefs: np.ndarray, horizon: float):
        """Fractions (S,) of the horizon -> beliefs (size, E, S) without innovations; None if none."""
        episodes, size = beliefs.shape
        rest = np.zeros((episodes, self.space.problem.dimension))  # no matter where the weights are

        def rate(_, flat):
            return self.space.motion(rest, flat.reshape(episodes, size))[0].ravel()

        flow = solve_ivp(
            rate,
            (0.0, horizon),
            beliefs.ravel(),
            method="DOP853",
            rtol=_FORECAST,
            atol=1e-3 * _FORECAST,
            dense_output=True,
        )
        if not flow.success:
            return None

        def at(fractions: np.ndarray) -> np.ndarray:
            values = flow.sol(horizon * fractions).reshape(episodes, size, -1)
            return np.ascontiguousarray(values.transpose(1, 0, 2))

        return at


def _guessed(mesh, horizon, elapsed, before, n):
    """What is left of the plans before, at the nodes of a mesh, (E, M, n)."""
    times = elapsed + horizon * mesh.nodes
    of_batches: dict[int, np.ndarray] = {}
    guesses = []
    for plan in before:
        own = np.minimum(times, plan.times[-1])
        if isinstance(plan, EpisodePath):
            key = id(plan.batch)
            if key not in of_batches:
                of_batches[key] = plan.batch.at(own)[0]
            guesses.append(of_batches[key][plan.episode])
        else:
            guesses.append(plan.parameters_at(own)[:, :n])
    return np.array(guesses)


def _obstacle(space: BeliefSpace) -> str:
    """Why episodes are planned one by one; empty where they need not be."""
    problem = space.problem
    if space.charge is not None:
        return "a price of innovations"
    if problem.dimension > MOST_PARAMETERS:
        return f"more than {MOST_PARAMETERS} parameters"
    if not problem.model.is_invertible:
        return "an actuation that is not square and invertible"
    if problem.landscape.allow_kinks:
        return "kinks"
    theta, b = ca.SX.sym("theta", problem.dimension), ca.SX.sym("b", space.size)
    rate = ca.SX(space.coordinates.rate(theta, b))
    if ca.jacobian(rate, theta).nnz():
        return "a belief that depends on where the weights go"
    if not math.isfinite(float(np.abs(space.start).max())):
        return "a prior that is not finite"
    return ""
