"""A linear-quadratic problem in the discrete time of the simulation, closed by a linear learner.

Everything is as :func:`.simulate` has it, so that the simulation converges to the cost given here and
not to one that is O(Δt) away: y_k = Fθ_k + Cz_k + e + R^{1/2}ξ/√Δt at the start of a step, u held over
it, Heun's method for θ̇ = Aθ + c + Bu, z by its exact law, the loss by the trapezoidal rule under an
exact discount, the effort of the held u exactly.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..model.problem import ControlProblem
from ..planning.beliefs.linear_model import (
    LinearModel,
    NotLinearQuadratic,
    read_quadratic_model,
)
from ..support.errors import ProblemError
from .hidden_steps import HiddenSteps, hidden_steps
from .linear_forms import LinearForm, linear_form
from .raw_learner import RawLearner
from .second_moments import Stretch, endless_cost, repeated
from .stepping import FRACTION, discount_weights, fastest_rate, rollout_horizon, rollout_step

# √ρ times the largest |eigenvalue|, from which on the cost is said to be infinite
_STABLE = 1 - 1e-10


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """The time grid of a rollout, and what its nodes and steps weigh.

    Attributes
    ----------
    step : Δt
    count : N steps, None for ever
    fade : ρ = e^{-γΔt}
    node : weight of the loss at node k < N, in units of ρᵏ, but for ``first``
    first : what the loss at node 0 weighs less
    effort : weight of the effort of a step, in units of ρᵏ
    """

    step: float
    count: int | None
    fade: float
    node: float
    first: float
    effort: float

    @property
    def horizon(self) -> float:
        """The time that the steps take."""
        return math.inf if self.count is None else self.step * self.count


def time_grid(
    problem: ControlProblem, step: float | None, horizon: float | None, own: float | None
) -> Grid:
    """The grid that a rollout would have; one without end for T = ∞ and no ``horizon``."""
    discount = problem.objective.discount
    if math.isinf(problem.objective.horizon) and horizon is None:
        if not discount:
            raise ProblemError(
                "horizon",
                expected="a discount γ > 0 when T = ∞",
                received="discount 0",
                advice="pass horizon=..., or choose problem.changed(discount=...)",
            )
        step = own if step is None else step
        step = FRACTION / max(fastest_rate(problem), 1e-300) if step is None else step
        count = None
    else:
        step, count = rollout_step(problem, rollout_horizon(problem, horizon), step, own)
    nodes, steps = discount_weights(discount, step, 1)
    fade = math.exp(-discount * step)
    return Grid(
        step=step,
        count=count,
        fade=fade,
        node=float(nodes[0] + nodes[1] / fade),
        first=float(nodes[1] / fade),
        effort=float(steps[0]),
    )


class LinearLoop:
    """One problem on one grid, for any linear learner; x = (θ, s, z, 1).

    Raises
    ------
    NotLinearQuadratic
        Names what is not linear or quadratic in the problem.
    """

    def __init__(self, problem: ControlProblem, grid: Grid):
        self.problem, self.grid = problem, grid
        self.model = read_model(problem)
        self.hidden: HiddenSteps = hidden_steps(self.model.hidden, grid.step)
        self.drift, self.push, self.offset = _heun(self.model, grid.step)
        self.loss = _loss(self.model)
        noise = self.model.noise
        root = np.zeros_like(self.model.sight[0][:, :0]) if noise is None else _root(noise)
        self.shake = root / math.sqrt(grid.step)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """n, q, d."""
        return len(self.model.hessian), len(self.model.sight[0]), len(self.hidden.mean)

    def form(self, learner: RawLearner, values: Mapping[str, object]) -> LinearForm:
        """The learner as a linear system on this problem."""
        controls, (_, observations, _) = self.model.actuation.shape[1], self.sizes
        if controls != observations:
            raise ProblemError(
                type(learner).__name__,
                expected=f"observations with one entry per control ({controls})",
                received=f"{observations} per step",
                advice="raw learners step along what they see: show them a gradient",
            )
        return linear_form(learner, values, self.problem.start, observations)

    def costs(self, form: LinearForm) -> np.ndarray:
        """J of the form or batch of forms, () or (B,); infinite where the loop is unstable and
        goes on for ever, or grows beyond all numbers.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            costs = self._costs(form)
        return np.where(np.isfinite(costs.real), costs, np.inf)

    def _costs(self, form: LinearForm) -> np.ndarray:
        one, start = self._stretch(form), self.start(form.memory)
        features, grid = self.hidden.features, self.grid
        loss = self._spread(self.loss, form.memory)
        first = self.problem.objective.loss_weight * grid.first * np.sum(loss * start)
        if grid.count is None:
            stable = self._growth(one.flow, form.memory) < _STABLE
            cost = np.full(stable.shape, np.inf, dtype=one.weight.dtype)
            if stable.any():
                cost[stable] = endless_cost(_chosen(one, stable), start, features) - first
            return cost
        whole = repeated(one, grid.count)
        last = self.last(form.memory)
        end = np.einsum("...ab,ab->...", whole.moments(start, features), last)
        return whole.cost(start, features) - first + whole.fade * end

    def growth(self, form: LinearForm) -> np.ndarray:
        """√ρ times the largest |eigenvalue| of the loop of θ and s: below 1 where it is stable under
        the discount.
        """
        return self._growth(self._flow(form)[0], form.memory)

    def _growth(self, flow: np.ndarray, memory: int) -> np.ndarray:
        own = self.sizes[0] + memory
        loop = flow[..., :own, :own].real
        return math.sqrt(self.grid.fade) * np.abs(np.linalg.eigvals(loop)).max(axis=-1)

    def _flow(
        self, form: LinearForm
    ) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """(Φ (..., D, D), what ξ does to x (..., D, q), (u by x (..., m, D), u by ξ (..., m, q)))."""
        n, q, d = self.sizes
        size = n + form.memory + d + 1
        seen = self._inputs(form.memory)
        control, state = form.control @ seen, form.state @ seen
        batch = control.shape[:-2]
        flow = np.zeros((*batch, size, size), dtype=control.dtype)
        flow[..., :n, :] = self.push @ control
        flow[..., :n, :n] += self.drift
        flow[..., :n, -1] += self.offset
        flow[..., n : n + form.memory, :] = state
        flow[..., n + form.memory : -1, n + form.memory : -1] = self.hidden.decay
        flow[..., n + form.memory : -1, -1] = self.hidden.push
        flow[..., -1, -1] = 1.0
        shaken = form.control[..., n : n + q] @ self.shake
        kick = np.zeros((*batch, size, shaken.shape[-1]), dtype=control.dtype)
        kick[..., :n, :] = self.push @ shaken
        kick[..., n : n + form.memory, :] = form.state[..., n : n + q] @ self.shake
        return flow, kick, (control, shaken)

    def _inputs(self, memory: int) -> np.ndarray:
        """(θ, y, s, 1) of an observation without noise, from x."""
        n, q, d = self.sizes
        units = np.eye(n + memory + d + 1)
        slope, of_hidden, offset = self.model.sight
        seen = np.hstack([slope, np.zeros((q, memory)), of_hidden, offset[:, None]])
        return np.vstack([units[:n], seen, units[n : n + memory], units[-1:]])

    def _stretch(self, form: LinearForm) -> Stretch:
        """One step of the loop, with what it costs."""
        flow, kick, (control, shaken) = self._flow(form)
        objective, metric, grid = self.problem.objective, self.model.metric, self.grid
        price = grid.effort / objective.learning_rate / 2
        effort = price * control.swapaxes(-1, -2) @ metric @ control
        weight = objective.loss_weight * grid.node * self._spread(self.loss, form.memory) + effort
        weight[..., -1, -1] += price * np.einsum("...ai,ab,...bi->...", shaken, metric, shaken)
        features = len(self.hidden.features)
        noise = np.zeros((*flow.shape[:-2], features, *flow.shape[-2:]), dtype=flow.dtype)
        place = slice(-1 - len(self.hidden.mean), -1)
        noise[..., place, place] = self.hidden.gained
        noise[..., -1, :, :] += kick @ kick.swapaxes(-1, -2)
        return Stretch(
            flow=flow,
            noise=noise,
            follows=self.hidden.follows,
            fade=grid.fade,
            weight=weight,
            added=np.zeros((*flow.shape[:-2], features), dtype=flow.dtype),
        )

    def start(self, memory: int) -> np.ndarray:
        """M₀ (D, D): θ₀ known, s = 0, z of the prior."""
        hidden = self.hidden
        mean = np.concatenate([self.problem.start, np.zeros(memory), hidden.mean, [1.0]])
        moments = np.outer(mean, mean)
        place = slice(-1 - len(hidden.mean), -1)
        moments[place, place] += hidden.covariance
        return moments

    def last(self, memory: int) -> np.ndarray:
        """What x_N costs, in units of ρᴺ: the last node of the loss, and the terminal cost."""
        objective, loss = self.problem.objective, self.loss
        weight = objective.loss_weight * self.grid.first * loss
        if self.model.terminal == "loss":
            weight = weight + objective.terminal_weight * loss
        elif self.model.terminal is not None:
            weight = weight + objective.terminal_weight * _terminal(self.model)
        return self._spread(weight, memory)

    def _spread(self, square: np.ndarray, memory: int) -> np.ndarray:
        """A square form of (θ, z, 1) as one of x."""
        n = self.sizes[0]
        return np.insert(np.insert(square, [n] * memory, 0.0, axis=0), [n] * memory, 0.0, axis=1)


def read_model(problem: ControlProblem) -> LinearModel:
    """The numbers of a linear-quadratic problem. Raises NotLinearQuadratic for any other."""
    try:
        return read_quadratic_model(problem)
    except NotLinearQuadratic as error:
        raise NotLinearQuadratic(
            "exact cost of a linear rule",
            expected=error.expected,
            received=error.received,
            advice="use simulate, or best_coefficients with a method that simulates",
        ) from None


def _heun(model: LinearModel, step: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """θ' = drift θ + push u + offset over a step of θ̇ = Aθ + c + Bu: Heun's method."""
    matrix, constant = model.drift
    first = step * (np.eye(len(matrix)) + 0.5 * step * matrix)
    return np.eye(len(matrix)) + first @ matrix, first @ model.actuation, first @ constant


def _loss(model: LinearModel) -> np.ndarray:
    """The symmetric matrix of L as a square form of (θ, z, 1)."""
    own, linear, constant = model.own
    rest = np.array([[constant]])
    return np.block(
        [
            [model.hessian / 2, model.cross / 2, model.slope[:, None] / 2],
            [model.cross.T / 2, own / 2, linear[:, None] / 2],
            [model.slope[None] / 2, linear[None] / 2, rest],
        ]
    )


def _terminal(model: LinearModel) -> np.ndarray:
    """The symmetric matrix of Φ as a square form of (θ, z, 1)."""
    parts: Any = model.terminal
    hessian, slope, constant = parts
    n, d = model.cross.shape
    square = np.zeros((n + d + 1, n + d + 1))
    square[:n, :n] = hessian / 2
    square[:n, -1] = square[-1, :n] = slope / 2
    square[-1, -1] = constant
    return square


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0.0))


def _chosen(stretch: Stretch, chosen: np.ndarray) -> Stretch:
    """Of a batch (B,) those chosen; a single loop has no batch."""
    if not chosen.shape:
        return stretch
    return Stretch(
        flow=stretch.flow[chosen],
        noise=stretch.noise[chosen],
        follows=stretch.follows,
        fade=stretch.fade,
        weight=stretch.weight[chosen],
        added=stretch.added[chosen],
    )
