"""The coefficients with which a causal rule costs least on a known landscape.

All lengths of the search are the problem's own: gradients, weights and controls are measured along
the optimal plan, so that the answer does not change with the units of loss, weights or time.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..model.landscape.data_losses import thinned
from ..model.problem import ControlProblem
from ..planning.certificate.examination import examine
from ..planning.solution import Solution
from ..rules import CausalRule
from ..rules.families import Coefficient
from ..simulation.coefficient_scales import Scale
from ..simulation.natural_units import Units
from ..simulation.simulate import simulate
from .side_by_side import SideBySide, with_finite_horizon

_MOST_ROUNDS = 16
_SETTLED = 1e-6  # of the plan's cost scale: rounds that save less
_FEW_SAMPLES, _ROUNDS_ON_FEW = 500, 2  # of a loss over data, which is searched on some of it first
_ELITE = 12  # candidates whose spread says where the next ones are drawn
_WIDER = 1.5  # than that spread, so that the search does not close in beside the minimum
_AT_END = 1e-3  # of a range
_DECADES = 2  # of the length of the first step, to both sides of what the plan suggests
_RATE = "learning_rate"


def tuned_causal(
    problem: ControlProblem, rule: CausalRule, solution: Solution, *, step: float, horizon: float
) -> tuple[dict[str, float], tuple[str, ...]]:
    """(the coefficients of least J, names of those at an end of what was searched).

    First Sobol points of the ranges are tried, then ever narrower clouds, until they save less than
    10⁻⁶ of the plan's cost. A cloud has the covariance of the best candidates so far, which follows
    valleys such as that of α/(1 - β) (the cross-entropy method, Rubinstein 1999), and one candidate
    more at the vertex of the parabola through them. What lies beyond the end of a range is drawn at
    that end, and every round tries the simpler rules that the family contains, so that β = 0 or
    w = 0 are found and not only come near to. All candidates of a round run side by side. Over many
    samples the first rounds see some of them; the costs that are compared at last are those of all.
    """
    from scipy.stats import qmc  # half a second of imports

    search = _CausalSearch(problem, rule, solution, step, horizon)
    size = len(search.scales)
    sizes = _sizes(size)
    cube = qmc.Sobol(size, seed=0, scramble=False)
    normal = qmc.MultivariateNormalQMC(np.zeros(size), seed=0)
    few = search.on_few_samples()
    search.try_points(cube.random(sizes.first))
    each, enough = sizes.each, sizes.quiet
    if few:
        for _ in range(_ROUNDS_ON_FEW):
            search.try_round(normal.random(each))
        search.begin_again(with_finite_horizon(problem, horizon))
        enough += 2  # near already: rounds that gain little are more often so by chance
    quiet = 0  # rounds without a gain, one after another
    for _ in range(_MOST_ROUNDS):
        before = search.lowest
        search.try_round(normal.random(each))
        saved = before - search.lowest
        quiet = quiet + 1 if saved <= _SETTLED * search.cost_scale else 0
        if quiet == enough:
            break
    return search.best, search.at_bounds()


@dataclass(frozen=True)
class _Sizes:
    """Candidates of the first and of a later round; rounds without a gain that end the search."""

    first: int
    each: int
    quiet: int


def _sizes(coefficients: int) -> _Sizes:
    """Costs over one or two coefficients have one valley; over more they may have several."""
    if coefficients <= 2:
        return _Sizes(first=64, each=32, quiet=2)
    return _Sizes(first=128, each=64, quiet=3)


class _CausalSearch:
    """Candidates tried so far: points of the unit cube of the ranges, and their costs."""

    def __init__(
        self,
        problem: ControlProblem,
        rule: CausalRule,
        solution: Solution,
        step: float,
        horizon: float,
    ) -> None:
        self.problem = with_finite_horizon(problem, horizon)
        self.rule, self.step = rule, step
        self.slopes = _typical_slopes(self.problem, solution)
        self.speed = _root_mean_square(solution.controls)
        self.cost_scale = examine(problem, solution.best, solution.best.tail).cost_scale
        units = _units_along(self.problem, solution, step)
        self.ranges = [_range(each, units) for each in rule.coefficients]
        self.scales = [Scale(each, None) for each in self.ranges]
        self.points = np.empty((0, len(self.scales)))
        self.costs = np.empty(0)
        self.best: dict[str, float] = {}
        self.lowest = math.inf

    def on_few_samples(self) -> bool:
        """Go on with some of the samples of a loss over many; whether it is one."""
        few = thinned(self.problem.landscape, _FEW_SAMPLES)
        if few is not None:
            self.problem = self.problem.changed(landscape=few)
        return few is not None

    def begin_again(self, problem: ControlProblem) -> None:
        """Keep the best points alone, and what they cost in another problem."""
        kept = self.points[np.argsort(self.costs, kind="stable")[:_ELITE]]
        self.problem = problem
        self.points, self.costs = self.points[:0], self.costs[:0]
        self.best, self.lowest = {}, math.inf
        self.try_points(kept)

    def try_round(self, normal: np.ndarray) -> None:
        """A cloud around the best points, and the simpler rules."""
        self.try_points(self.cloud(normal))
        self.try_contained()

    def try_points(self, points: np.ndarray) -> None:
        """Run the rule at points (B, P)."""
        columns = [
            scale.continued(column)[:, None]
            for scale, column in zip(self.scales, points.T, strict=True)
        ]
        values = dict(zip(self.rule.names, columns, strict=True))
        if _RATE in values:
            values[_RATE] = values[_RATE] * self._rate_of_first_step(values)
        costs = self._try_values(values)
        self.points = np.vstack([self.points, points])
        self.costs = np.concatenate([self.costs, costs])

    def try_contained(self) -> None:
        """Run the simpler rules at the faces of the family, from the best candidate so far."""
        faces = [each for each in self.rule.family.contained if each.is_face]
        held = [dict(face.held) for face in faces]
        held = [place for place in held if place.keys() <= self.best.keys()]
        if not held:
            return
        rows = [{**self.best, **place} for place in held]
        self._try_values(
            {name: np.array([[row[name]] for row in rows]) for name in self.rule.names}
        )

    def cloud(self, normal: np.ndarray) -> np.ndarray:
        """(B, P), around the best point with the spread of the best ones; one at the vertex."""
        order = np.argsort(self.costs, kind="stable")[:_ELITE]
        elite = self.points[order]
        spread = elite - elite[0]
        covariance = spread.T @ spread / len(elite)
        values, axes = np.linalg.eigh(covariance)
        lengths = np.sqrt(np.maximum(values, 0))
        points = elite[0] + _WIDER * (normal * lengths) @ axes.T
        points[0] = self._vertex()
        return np.clip(points, 0, 1)

    def _vertex(self) -> np.ndarray:
        """Minimum (P,) of the parabola through the best candidates, the best one if it has none."""
        size = len(self.scales)
        first, second = np.triu_indices(size)
        count = 3 * (1 + size + len(first))
        order = np.argsort(self.costs, kind="stable")[:count]
        centre, costs = self.points[order[0]], self.costs[order]
        order = order[np.isfinite(costs)]
        x = self.points[order] - centre
        width = np.maximum(np.abs(x).max(0), 1e-12)
        x = x / width
        columns = np.column_stack([np.ones(len(x)), x, x[:, first] * x[:, second]])
        if len(x) < columns.shape[1]:
            return centre
        fitted = np.linalg.lstsq(columns, self.costs[order] - self.lowest, rcond=None)[0]
        hessian = np.zeros((size, size))
        hessian[first, second] += fitted[1 + size :]
        hessian[second, first] += fitted[1 + size :]
        if np.linalg.eigvalsh(hessian)[0] <= 0:
            return centre
        newton = -np.linalg.solve(hessian, fitted[1 : 1 + size])
        return centre + width * np.clip(newton, -1, 1)

    def at_bounds(self) -> tuple[str, ...]:
        """Names of the best coefficients at an end of their range.

        Ends that are admissible limits, or where a simpler rule begins, are left out: nothing is
        missed there.
        """
        names = []
        simpler = {place for face in self.rule.family.contained for place in face.held}
        for each, scale in zip(self.ranges, self.scales, strict=True):
            if each.name == _RATE:  # a multiple of what the other coefficients suggest
                continue
            value = self.best[each.name]
            if (each.name, value) in simpler:
                continue
            position = scale.position(value)
            is_at_least = position < _AT_END and each.least > each.low and value >= each.least
            is_at_most = position > 1 - _AT_END and each.most < each.high
            if is_at_least or is_at_most:
                names.append(each.name)
        return tuple(names)

    def _try_values(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """J (B,) with coefficients (B, 1) each, infinite where a path runs off."""
        count = len(next(iter(values.values())))
        learner = SideBySide(rule=self.rule, values=values)
        rollout = simulate(self.problem, learner, episodes=count, step=self.step, throw=False)
        costs = np.where(np.isfinite(rollout.costs), rollout.costs, np.inf)
        place = int(np.argmin(costs))
        if costs[place] < self.lowest:
            self.lowest = float(costs[place])
            self.best = {name: float(column[place, 0]) for name, column in values.items()}
        return costs

    def _rate_of_first_step(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """(B, 1): the learning rates at which the rule's first step is as fast as the plan.

        The unit of a learning rate depends on the rule (θ/y for descent, θ for a sign, y^(2p-1) in
        between), and on the other coefficients; what its first step does says it for all.
        """
        count = len(values[_RATE])
        learner = SideBySide(rule=self.rule, values={**values, _RATE: np.ones((count, 1))})
        state = learner.init(count, len(self.slopes))
        slopes = np.tile(self.slopes, (count, 1))
        with np.errstate(all="ignore"):
            first, _ = learner.update(state, slopes, np.zeros_like(slopes), self.step)
        sizes = np.sqrt(np.mean(np.square(first), axis=1, keepdims=True))
        usable = np.isfinite(sizes) & (sizes > 0) & (self.speed > 0)
        return np.where(usable, self.speed / np.where(usable, sizes, 1.0), 1.0)


def _range(coefficient: Coefficient, units: Units) -> Coefficient:
    """Where a coefficient is searched; a learning rate as a multiple of what the plan suggests."""
    if coefficient.name != _RATE:
        return units.measured(coefficient)
    least, most = 10.0**-_DECADES, 10.0**_DECADES
    return replace(coefficient, least=least, most=most, high=math.inf, scale="log")


def _units_along(problem: ControlProblem, solution: Solution, step: float) -> Units:
    """Root mean squares along the plan; its length, and the time between updates."""
    gradient = _root_mean_square(_typical_slopes(problem, solution))
    parameter = _root_mean_square(solution.parameters)
    return Units(
        gradient=gradient if gradient > 0 else 1.0,  # nothing moves where all slopes are 0
        parameter=parameter if parameter > 0 else 1.0,
        speed=_root_mean_square(solution.controls),
        time=float(solution.times[-1]),
        step=step,
    )


def _typical_slopes(problem: ControlProblem, solution: Solution) -> np.ndarray:
    """(m,): root mean square along the plan of each slope that a rule sees."""
    slopes = problem.landscape.gradient(solution.parameters)
    if problem.learner.actuation is not None:
        actuation = problem.model.actuation(solution.parameters)
        slopes = np.einsum("ti,tij->tj", slopes, actuation)
    return np.sqrt(np.mean(np.square(slopes), axis=0))


def _root_mean_square(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
