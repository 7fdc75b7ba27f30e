"""Scenario programs: the average cost of a rule over drawn scenarios, with exact derivatives.

One step of the rule on one landscape is traced once, as scalars; it is then applied to all S
scenarios together, one column per scalar, and folded over time. The graph holds one step, whatever
T and S are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import casadi as ca
import numpy as np

from ...rules.families import Clock, Family, Layout
from ...rules.families.elementwise import Value
from ...support.columns import over_columns
from ...support.errors import ProblemError
from .variables import Scale, coefficient_table

MOST_FOR_HESSIAN = 40  # variables up to which the exact Hessian is cheaper than what it saves
FLOOR = 1e-28  # of the reference: what cancels in steps of double precision, squared
_WIDEST = 128  # scenarios in one column: wider ones are no faster, and take longer to build


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """What happens on one landscape, as CasADi formulas.

    Attributes
    ----------
    dimension, hidden : n and p
    loss : (θ (n,), φ (p,)) -> L
    observed : (θ, φ, ξ (n,)) -> what the learner sees of ∇L(θ, φ), given the random numbers ξ of
        the step
    """

    dimension: int
    hidden: int
    loss: Callable
    observed: Callable


@dataclass(frozen=True, kw_only=True, eq=False)
class Scenarios:
    """S drawn episodes of T steps on one scene.

    Attributes
    ----------
    starts : (S, n), θ_0
    hidden : (S, T+1, p), φ at times 0 … T
    noise : (S, T, n), the random numbers of each observation
    weights : (S,), their shares of the average; over all scenes they sum to one, on average at
        least
    blocks : (S,) integers, which independent and equally likely draw of the whole population an
        episode belongs to
    """

    starts: np.ndarray
    hidden: np.ndarray
    noise: np.ndarray
    weights: np.ndarray
    blocks: np.ndarray

    @property
    def count(self) -> int:
        """S."""
        return len(self.starts)

    def numbers(self, width: int) -> np.ndarray:
        """Everything but the blocks in one vector: chunks of ``width`` scenarios.

        Each chunk holds one column per scalar.
        """
        arrays = (self.starts, self.hidden, self.noise, self.weights)
        chunks = [
            array.reshape(self.count // width, width, -1).transpose(0, 2, 1) for array in arrays
        ]
        return np.concatenate(chunks, axis=1).ravel()


class ScenarioProgram:
    """J(x) = Σ_s w_s J_s(c(x)),  J_s = Σ_{t<T} [a_t L(θ_{t+1}, φ_{t+1}) + b_t |Δθ_t|²].

    The variables x are the coefficients c on their own scales: log c, -log(1-c), or c itself where
    that would exclude admissible values or c varies. Parameters p = (weights a_t, b_t; then the
    numbers of every scene's scenarios): costs, prices, discounts, noise and fresh scenarios need no
    other program. ``counts`` are the scenarios per scene.

    What is minimised is dimensionless, so that a program means the same in any units: log(J/r +
    FLOOR) where losses are ``positive``, J/r elsewhere; the reference r follows the other numbers
    in the parameters of the optimiser.

    Attributes
    ----------
    value : Function (x, p) -> J
    gradient : Function (x, p) -> J, ∇J
    curvature : Function (x, p) -> J, ∇J, ∇²J; None for many variables
    """

    def __init__(
        self,
        *,
        family: Family,
        horizon: int,
        scenes: Sequence[Scene],
        counts: Sequence[int],
        positive: bool = False,
    ):
        self.layout, self.positive = family.layout(horizon), positive
        self.scale = Scale(self.layout)
        self.horizon, self.counts = horizon, tuple(counts)
        self.widths = tuple(
            max(w for w in range(1, _WIDEST + 1) if count % w == 0) for count in self.counts
        )
        self._chunks = [
            Chunk(family, horizon, scene, width, self.layout, self.scale)
            for scene, width in zip(scenes, self.widths, strict=True)
        ]

    def _summed(self, name: str, kind: str, outputs: int = 1) -> tuple[ca.MX, ca.MX, list[ca.MX]]:
        """(x, p, [outputs]): the chunks' function ``kind`` added up over all chunks of all scenes."""
        x, stage = ca.MX.sym("x", self.layout.size), ca.MX.sym("stage", 2 * self.horizon)
        numbers: list[ca.MX] = []
        terms: list[list[ca.MX]] = []
        for chunk, count, width in zip(self._chunks, self.counts, self.widths, strict=True):
            chunks = count // width
            shared, summed = [0, 1], list(range(outputs))  # x and stage; every output
            function = getattr(chunk, kind).map(kind, "serial", chunks, shared, summed)
            numbers.append(ca.MX.sym("scenarios", chunk.size, chunks))
            terms.append(function.call([x, stage, numbers[-1]]))
        totals = [sum(column[1:], column[0]) for column in zip(*terms, strict=True)]
        inside = ca.Function(name, [x, stage, *numbers], totals)
        # the same as a function of all numbers in one vector
        sizes = [2 * self.horizon, *(symbol.numel() for symbol in numbers)]
        p = ca.MX.sym("p", sum(sizes))
        stage_part, *parts = ca.vertsplit(p, np.cumsum([0, *sizes]).tolist())
        shaped = [
            ca.reshape(part, *symbol.shape) for part, symbol in zip(parts, numbers, strict=True)
        ]
        return x, p, inside.call([x, stage_part, *shaped])

    @cached_property
    def value(self) -> ca.Function:
        """(x, p) -> J."""
        x, p, outputs = self._summed("average", "value")
        return ca.Function("average_cost", [x, p], outputs)

    @cached_property
    def gradient(self) -> ca.Function:
        """(x, p) -> J, ∇J."""
        x, p, outputs = self._summed("slope", "gradient", outputs=2)
        return ca.Function("average_gradient", [x, p], outputs)

    @cached_property
    def curvature(self) -> ca.Function | None:
        """(x, p) -> J, ∇J, ∇²J; None where there are too many variables."""
        if self.layout.size > MOST_FOR_HESSIAN:
            return None
        x, p, outputs = self._summed("curvature", "curvature", outputs=3)
        return ca.Function("average_curvature", [x, p], outputs)

    @property
    def nlp(self) -> dict:
        """{x, f, p} for nlpsol; p are the numbers, then r."""
        x, p = self._variables()
        return {"x": x, "p": p, "f": self._outer(self.value(x, p[:-1]), p[-1])[0]}

    @property
    def derivatives(self) -> dict:
        """Ready-made grad_f and hess_lag for nlpsol."""
        x, p = self._variables()
        cost, slope = self.gradient(x, p[:-1])
        value, rate, _ = self._outer(cost, p[-1])
        functions = {"grad_f": ca.Function("scaled_gradient", [x, p], [value, rate * slope])}
        if self.curvature is not None:
            sigma, rows = ca.MX.sym("sigma"), ca.MX.sym("rows", 0)
            cost, slope, bent = self.curvature(x, p[:-1])
            _, rate, second = self._outer(cost, p[-1])
            whole = rate * bent + second * slope @ slope.T  # of F(J), by the chain rule
            functions["hess_lag"] = ca.Function(
                "scaled_hessian", [x, p, sigma, rows], [ca.triu(sigma * whole)]
            )
        return functions

    def scaled(
        self, x: np.ndarray, parameters: ca.DM, reference: float
    ) -> tuple[float, np.ndarray]:
        """(F, ∇F) of what is minimised, as numbers."""
        cost, slope = self.gradient(x, parameters)
        value, rate, _ = self._outer(cost, reference)
        return float(value), np.array(rate * slope).ravel()

    def bent(self, x: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """∇²J (n, n) as numbers, of a program that has a ``curvature``."""
        if self.curvature is None:
            raise ValueError(f"no Hessian of {self.layout.size} variables was built")
        return np.array(self.curvature(x, numbers)[2])

    def _variables(self) -> tuple[ca.MX, ca.MX]:
        return ca.MX.sym("x", self.layout.size), ca.MX.sym("p", self.value.numel_in(1) + 1)

    def _outer(self, cost: Value, reference: Value) -> tuple[Value, Value, Value]:
        """F(J), F'(J), F''(J) of what is minimised."""
        if not self.positive:
            return cost / reference, 1 / reference, 0
        level = cost + FLOOR * reference
        return ca.log(level / reference), 1 / level, -1 / level**2

    def numbers(self, stage_weights: np.ndarray, scenarios: Sequence[Scenarios]) -> np.ndarray:
        """The parameters p from the weights (2, T) of loss and effort and each scene's scenarios."""
        parts = [drawn.numbers(width) for drawn, width in zip(scenarios, self.widths, strict=True)]
        return np.concatenate([np.ravel(stage_weights), *parts])


class Chunk:
    """The cost of W scenarios of one scene, of (x, stage weights, numbers of the scenarios)."""

    def __init__(
        self,
        family: Family,
        horizon: int,
        scene: Scene,
        width: int,
        layout: Layout,
        scale: Scale,
    ):
        # per scenario: θ_0 and φ_0, then φ and ξ of every step, and the weight
        self.size = width * ((scene.dimension + scene.hidden) * (horizon + 1) + 1)
        x, stage = ca.MX.sym("x", layout.size), ca.MX.sym("stage", 2 * horizon)
        data = ca.MX.sym("scenarios", self.size)
        values = coefficient_table(layout, scale.coefficients(x))
        clock = ca.vertcat(ca.DM(np.arange(horizon)).T, ca.reshape(stage, horizon, 2).T)
        costs, weights = fold_over_time(family, horizon, scene, width, values, clock, data)
        self._symbols, self._total = [x, stage, data], ca.dot(weights, costs)

    @cached_property
    def value(self) -> ca.Function:
        """-> Σ w J."""
        return ca.Function("chunk_cost", self._symbols, [self._total])

    @cached_property
    def slope(self) -> ca.MX:
        """∇ Σ w J as an expression."""
        return ca.densify(ca.gradient(self._total, self._symbols[0]))

    @cached_property
    def gradient(self) -> ca.Function:
        """-> Σ w J and its gradient."""
        return ca.Function("chunk_gradient", self._symbols, [self._total, self.slope])

    @cached_property
    def curvature(self) -> ca.Function:
        """-> Σ w J, its gradient and its Hessian."""
        x = self._symbols[0]
        bent = ca.densify(ca.jtimes(self.slope, x, ca.MX.eye(x.numel())))
        return ca.Function("chunk_curvature", self._symbols, [self._total, self.slope, bent])


def one_step(family: Family, horizon: int, scene: Scene) -> ca.Function:
    """(state, coefficients, φ, φ', ξ, [t, a, b]) -> next state, in scalars.

    The state ends with the cost so far.
    """
    n = scene.dimension
    theta, inner = ca.SX.sym("theta", n), ca.SX.sym("inner", n, family.state_size)
    cost, noise, stage = ca.SX.sym("cost"), ca.SX.sym("noise", n), ca.SX.sym("stage", 3)
    now, later = ca.SX.sym("hidden", scene.hidden), ca.SX.sym("hidden_next", scene.hidden)
    size = sum(coefficient.size for coefficient in family.coefficients)
    entries = ca.SX.sym("coefficients", size)
    carried = tuple(ca.horzsplit(inner)) if family.state_size else ()
    clock = Clock(step=stage[0], horizon=horizon)
    try:
        observed = scene.observed(theta, now, noise)
        move, after = family.step(_named(family, entries), carried, observed, theta, clock)
    except (TypeError, NotImplementedError, RuntimeError) as error:
        raise ProblemError(
            f"family {family.name!r}",
            expected="a step that runs on CasADi symbols, the clock's step too",
            received=f"{type(error).__name__}: {str(error).strip().splitlines()[-1]}",
            advice="write it with + - * / ** and shared functions, without branches",
        ) from error
    ends = theta + move
    answer = family.readout(_named(family, entries), after, ends, clock)
    loss, effort = scene.loss(answer, later), ca.sumsqr(move)
    paid = cost + stage[1] * loss + stage[2] * effort
    outputs = ca.densify(ca.vertcat(ends, *after, paid))
    return ca.Function(
        "step",
        [ca.vertcat(theta, ca.vec(inner), cost), entries, now, later, noise, stage],
        [outputs],
        {"cse": True},
    )


def _named(family: Family, entries: ca.SX) -> dict[str, Value]:
    """The coefficients of one step by name: a scalar, or a list of scalars, each."""
    named: dict[str, Value] = {}
    place = 0
    for coefficient in family.coefficients:
        scalars = [entries[place + i] for i in range(coefficient.size)]
        named[coefficient.name] = scalars[0] if coefficient.size == 1 else scalars
        place += coefficient.size
    return named


def fold_over_time(
    family: Family,
    horizon: int,
    scene: Scene,
    count: int,
    values: ca.MX,
    clock: ca.MX,
    data: ca.MX,
) -> tuple[ca.MX, ca.MX]:
    """(costs (S,), weights (S,)) of S = ``count`` scenarios, all at once, step after step.

    ``values`` (coefficients of one step, T) and ``clock`` (3, T), the rows t, a_t and b_t, have a
    column per step; ``data`` holds starts, φ, ξ and weights, each scenario by scenario.
    """
    n, p = scene.dimension, scene.hidden
    sizes = np.array([n, p * (horizon + 1), n * horizon, 1]) * count
    places = np.cumsum([0, *sizes]).tolist()
    starts, course, noise, weights = ca.vertsplit(data, places)
    starts = ca.reshape(starts, count, n)
    course = ca.reshape(course, count, p * (horizon + 1))
    noise = ca.reshape(noise, count, n * horizon)
    step = over_columns(
        one_step(family, horizon, scene), count, columns=(0, 2, 3, 4), differentiable=(0, 1)
    )
    # the state is θ, what the rule carries, and the cost so far
    begin = ca.horzcat(starts, ca.MX.zeros(count, n * family.state_size + 1))
    now, later = course[:, : p * horizon], course[:, p:]
    end = step.fold(horizon)(begin, values, now, later, noise, clock)
    return end[:, -1], weights
