"""Beliefs as states: the full-information problem in z = (θ, belief).

It is what remains of the problem where every innovation is zero.

A Gaussian belief enters as its mean and the lower triangle of its covariance, a belief about K
tasks as K - 1 probabilities. They move by their filter's equations with every innovation at its
mean ("maximum likelihood observations", Platt et al. 2010); the control acts on θ alone and the
loss is the one expected under the belief.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import casadi as ca
import numpy as np

from ...model.belief import GaussianModel, TaskModel
from ...model.landscape import Landscape, find_minima
from ...model.learner import Learner
from ...model.problem import ControlProblem
from ...support.errors import ProblemError
from ...support.pointwise import Pointwise
from .coordinates import (
    Coordinates,
    Expression,
    GaussianCoordinates,
    MeanCoordinates,
    SteadyCoordinates,
    TaskCoordinates,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class BeliefSpace:
    """A problem with hidden variables, and its expansion over z = (θ, b).

    With a clock z = (θ, b, t).

    Attributes
    ----------
    problem : ControlProblem, as stated
    coordinates : how beliefs are written as vectors b, and how they move
    charge : Charge or None
        (θ, b, t) -> CasADi expression added to k E[L]: the price of innovations; the clock t is
        then a state.
    """

    problem: ControlProblem
    coordinates: Coordinates
    charge: Callable[[Expression, Expression, Expression], Expression] | None = None

    @cached_property
    def expanded(self) -> ControlProblem:
        """The full-information problem over z: same effort, same horizon, expected loss."""
        problem, objective = self.problem, self.problem.objective
        landscape = Landscape(
            dimension=self.dimension,
            expression=self._loss,
            name=f"{problem.landscape.name}, expected",
            formula="E[L | belief]",
            # none are known, and searching for them is left to :meth:`aims`
            minima=np.zeros((0, self.dimension)),
            allow_kinks=True,  # the problem's own functions have been looked at
        )
        learner = Learner(metric=self._metric(), drift=self._drift, actuation=self._actuation())
        return ControlProblem(
            landscape=landscape,
            learner=learner,
            start=self.start,
            objective=replace(objective, terminal=self._terminal(objective.terminal)),
        )

    @property
    def size(self) -> int:
        """Length of the belief coordinates b."""
        return self.coordinates.layout.size

    @property
    def dimension(self) -> int:
        """Number of states of the expanded problem."""
        return self.problem.dimension + self.size + (self.charge is not None)

    @property
    def start(self) -> np.ndarray:
        """z at t = 0: the start and the prior."""
        return self.join(self.problem.start, self.coordinates.start, 0.0)

    def join(self, theta: np.ndarray, belief: np.ndarray, time: float | np.ndarray) -> np.ndarray:
        """z (..., states) from θ (..., n) and belief coordinates (..., size)."""
        parts = [theta, belief]
        if self.charge is not None:
            clock = np.broadcast_to(time, np.shape(theta)[:-1])
            parts.append(clock[..., None])
        return np.concatenate(parts, axis=-1)

    @cached_property
    def motion(self) -> Pointwise:
        """(θ, b) -> rate of the belief coordinates without innovations, their diffusion (size, q)."""
        theta, b = ca.SX.sym("theta", self.problem.dimension), ca.SX.sym("b", self.size)
        rate, diffusion = self.coordinates.rate(theta, b), self.coordinates.diffusion(theta, b)
        outputs = [ca.densify(ca.SX(rate)), ca.densify(ca.SX(diffusion))]
        return Pointwise(ca.Function("belief_motion", [theta, b], outputs))

    def followed(self, theta: np.ndarray, belief: np.ndarray, duration: float) -> np.ndarray:
        """Belief coordinates (N+1, size) without innovations along a path.

        θ (N+1, n) is equally spaced over ``duration``.

        Linearly implicit Euler steps: first order, but positive and stable whatever the step, as a
        guess has to be.
        """
        steps = len(theta) - 1
        widths = np.full((1, steps), duration / steps)
        path = self._belief_path(steps)(belief, theta[1:].T, widths)
        return np.vstack([belief, np.array(path).T])

    def _belief_path(self, steps: int) -> ca.Function:
        """(b at first, θ (n, steps), step lengths (1, steps)) -> b after each step, (size, steps)."""
        if steps not in self._belief_paths:
            n, size = self.problem.dimension, self.size
            theta, b, width = ca.SX.sym("theta", n), ca.SX.sym("b", size), ca.SX.sym("width")
            rate = self.coordinates.rate(theta, b)
            # (I - h ∂ḃ/∂b) Δb = h ḃ
            matrix = ca.SX.eye(size) - width * ca.jacobian(rate, b)
            moved = b + ca.solve(matrix, width * rate)
            step = ca.Function("belief_step", [b, theta, width], [moved])
            self._belief_paths[steps] = step.mapaccum("belief_path", steps)
        return self._belief_paths[steps]

    @cached_property
    def _belief_paths(self) -> dict[int, ca.Function]:
        return {}

    def diffusion(self, states: np.ndarray) -> np.ndarray:
        """How innovations move the belief coordinates at z (S, states): shape (S, size, q)."""
        n, size = self.problem.dimension, self.size
        _, diffusion = self.motion(states[:, :n], states[:, n : n + size])
        return diffusion.reshape(len(states), size, -1)

    def surprise(self, states: np.ndarray) -> np.ndarray:
        """Curvature of innovations, ½ ∂²(DDᵀ)_ab/∂z_i∂z_j, at z (S, n + size).

        Shape (S, states, states, states, states).
        """
        n, size = self.problem.dimension, self.size
        total = n + size
        curvature = np.zeros((len(states), total, total, total, total))
        # D has rows for the belief alone: innovations do not move θ
        of_beliefs = self._surprise(states[:, :total])
        curvature[:, n:, n:] = of_beliefs.reshape(len(states), size, size, total, total)
        return curvature

    @cached_property
    def _surprise(self) -> Pointwise:
        n, size = self.problem.dimension, self.size
        z = ca.SX.sym("z", n + size)
        diffusion = ca.SX(self.coordinates.diffusion(z[:n], z[n:]))
        intensity = diffusion @ diffusion.T / 2
        curvatures = [ca.hessian(intensity[a, b], z)[0] for a in range(size) for b in range(size)]
        return Pointwise(ca.Function("surprise", [z], [ca.densify(ca.vertcat(*curvatures))]))

    def aims(self, belief: np.ndarray, count: int, seed: int) -> list[np.ndarray]:
        """Up to ``count`` local minima in θ of the expected loss, then random places.

        The loss is expected under belief coordinates (size,).
        """
        n, start = self.problem.dimension, self.problem.start
        landscape = Landscape(
            dimension=n,
            allow_kinks=True,
            expression=lambda theta: self.coordinates.loss(theta, ca.SX(ca.DM(belief))),
        )
        rng = np.random.default_rng(seed)
        reach = 1.0 + np.abs(start).max()
        clouds = [
            start + scale * reach * rng.standard_normal((8, n))  # eight seeds at each distance
            for scale in (0.3, 1.0, 3.0)
        ]
        minima = list(find_minima(landscape, np.vstack([start, *clouds])))[:count]
        missing = count - len(minima)
        return minima + [start + 0.5 * reach * rng.standard_normal(n) for _ in range(missing)]

    def _loss(self, z):
        n, size = self.problem.dimension, self.size
        theta, b = z[:n], z[n : n + size]
        value = self.coordinates.loss(theta, b)
        if self.charge is None:
            return value
        # the running cost is k times the loss, and the charge is a cost already
        return value + self.charge(theta, b, z[n + size]) / self.problem.objective.loss_weight

    def _terminal(self, terminal):
        n, size = self.problem.dimension, self.size
        if callable(terminal):
            return lambda z: terminal(z[:n])
        if terminal is None:
            return None
        return lambda z: self.coordinates.loss(z[:n], z[n : n + size])

    def _drift(self, z):
        n, size = self.problem.dimension, self.size
        parts = [self.problem.model.drift_at(z[:n]), self.coordinates.rate(z[:n], z[n : n + size])]
        if self.charge is not None:
            parts.append(1)  # the clock
        return ca.vertcat(*parts)

    def _metric(self):
        given, model, n = self.problem.learner.metric, self.problem.model, self.problem.dimension
        return (lambda z: model.metric_at(z[:n])) if callable(given) else given

    def _actuation(self):
        model, n = self.problem.model, self.problem.dimension
        # the control acts on θ alone
        idle = np.zeros((self.dimension - n, model.controls))
        if model.constant["actuation"]:
            return np.vstack([model.actuation(self.problem.start)[0], idle])
        return lambda z: ca.vertcat(model.actuation_at(z[:n]), ca.DM(idle))


def belief_space(
    problem: ControlProblem, model: GaussianModel | TaskModel | None, covariance: str = "state"
) -> BeliefSpace:
    """The belief space of a problem.

    ``model`` is its belief model, or None for certainty equivalence (loss at the mean).

    ``covariance`` is "state" or, where the filter has one, "steady": the belief is then its mean
    alone.

    Raises
    ------
    ProblemError
        For a fixed end, which a belief cannot promise to reach, or where no loss is run up (k = 0
        with innovations).
    """
    if problem.end is not None:
        raise ProblemError(
            "end",
            expected="a free end when planning with beliefs",
            received="a fixed end",
            advice=(
                "price the distance to it with terminal=...: the path depends on what will be seen"
            ),
        )
    coordinates: Coordinates
    if model is None:
        coordinates = MeanCoordinates(problem)
    elif model.kind == "tasks":
        coordinates = TaskCoordinates(problem, model)
    elif covariance == "steady":
        coordinates = SteadyCoordinates(problem, model)
    else:
        coordinates = GaussianCoordinates(problem, model)
    return BeliefSpace(problem=problem, coordinates=coordinates)
