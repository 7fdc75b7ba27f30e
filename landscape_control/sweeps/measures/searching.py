"""The coefficients with which rules cost least: grids that zoom in, all rules side by side."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from ...identification.maps.closed_loop import ClosedLoops
from ...identification.maps.integration import Effort, Integration
from ...model.problem import ControlProblem
from ...planning.solution import Plan
from ...rules import Rule, gradient_descent

FINE = 1e-6  # relative accuracy of the costs reported
_SEARCHING, _REPORTING = Effort(accuracy=1e-3), Effort(accuracy=FINE)
TIE = 1e-5  # of S: what costs of rules are good to
_ROUNDS = {1: 3, 2: 5}  # by number of coefficients
_MOST_ROUNDS = 9
# first search: factors from 1/6 to 6 of the guess; it moves on where the best is at an end
_SPAN = math.log(6.0)
_POINTS = {1: 7, 2: 5}  # candidates per coefficient in a round


def reading(problem: ControlProblem, plan: Plan) -> np.ndarray:
    """Nodes of a plan at which rules are read: not those at its end, where optimal steps vanish."""
    pick = np.unique(np.linspace(0, len(plan.times) - 1, 33).astype(int))
    horizon = problem.objective.horizon
    if math.isinf(horizon):
        return pick
    return pick[plan.times[pick] < 0.98 * horizon]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Arm:
    """One rule's coefficients in grid coordinates.

    The first is a positive rate and searched on a logarithmic scale; the others may vanish and are
    searched on a linear one. At the ``edge`` the rate is zero, out of reach of a logarithm, and
    only the others are searched.
    """

    place: int  # of the rule
    rule: Rule
    origin: np.ndarray  # (c,), where to begin
    unit: np.ndarray  # (c,)
    edge: bool

    @property
    def lowest(self) -> np.ndarray:
        """Grid coordinates of the lowest admissible coefficients."""
        low = np.array([c.low for c in self.rule.coefficients])
        linear = (low - self.origin)[1:] / self.unit[1:] * _SPAN
        lowest = np.concatenate([[-math.inf], linear])  # a logarithm has no lower end
        return lowest[int(self.edge) :]

    @property
    def linear(self) -> np.ndarray:
        """(c,) bool, which grid coordinates are linear: those end where their range ends."""
        return np.arange(len(self.origin))[int(self.edge) :] > 0

    def values(self, grid: np.ndarray) -> np.ndarray:
        """Coefficients (P, c) at grid coordinates."""
        rest = self.origin[1:] + self.unit[1:] * grid[:, 1 - self.edge :] / _SPAN
        rate = np.zeros((len(grid), 1)) if self.edge else self.origin[:1] * np.exp(grid[:, :1])
        return np.hstack([rate, rest])

    def admissible(self, grid: np.ndarray) -> np.ndarray:
        """The grid, moved into the admissible range."""
        return np.maximum(grid, self.lowest)


class CoefficientSearch:
    """Zooming grids of coefficients, all rules in one batch per round.

    ``scale`` is S of the optimal plan, the unit of what costs are good to.
    """

    def __init__(
        self, problem: ControlProblem, plan: Plan, rules: Sequence[Rule], *, scale: float
    ) -> None:
        self.problem, self.rules = problem, rules
        horizon = problem.objective.horizon
        self.end = horizon if math.isfinite(horizon) else float(plan.times[-1])
        self.arms = [
            arm
            for place, rule in enumerate(rules)
            for arm in _arms(place, rule, *_guess(problem, rule, plan))
        ]
        self.lowest = _lowest(problem)
        # candidates this much worse than the best of their rule so far need not be integrated on
        self.slack = 0.2 * max(scale, 1e-300)
        self.noise = TIE * scale
        self.best = np.full(len(rules), math.inf)

    def run(self) -> tuple[list[np.ndarray], list[float], float]:
        """(best coefficients, costs), one entry per rule, and the cost of doing nothing."""
        arms = self.arms
        grids = [
            arm.admissible(centre[None])
            for arm, centre in zip(arms, self._zoomed_centres(), strict=True)
        ]
        costs = np.concatenate(self._costs(range(len(arms)), grids, _REPORTING))
        winners = [i for i, arm in enumerate(arms) if not arm.edge]
        for i, arm in enumerate(arms):
            if arm.edge and costs[i] < costs[winners[arm.place]] - self.noise:
                winners[arm.place] = i
        best = [arms[i].values(grids[i])[0] for i in winners]
        return best, [float(costs[i]) for i in winners], self._idle()

    def _zoomed_centres(self) -> list[np.ndarray]:
        """The best grid coordinates of every arm, after rounds of ever narrower grids."""
        arms = self.arms
        centres = [np.zeros(len(arm.lowest)) for arm in arms]
        spans = [_SPAN] * len(arms)
        # rounds that narrow; those that move on do not count
        left = [_ROUNDS[len(centre)] for centre in centres]
        for _ in range(_MOST_ROUNDS):
            chosen = [i for i in range(len(arms)) if left[i]]
            if not chosen:
                break
            grids = []
            for i in chosen:
                around = centres[i] + spans[i] * _cross(len(centres[i]))
                grids.append(arms[i].admissible(around))
            costs = self._costs(chosen, grids, _SEARCHING)
            for i, grid, cost in zip(chosen, grids, costs, strict=True):
                centres[i], narrower = self._narrow(arms[i], grid, cost, centres[i], spans[i])
                left[i] -= narrower < spans[i]
                spans[i] = narrower
        return centres

    def _narrow(
        self, arm: _Arm, grid: np.ndarray, cost: np.ndarray, centre: np.ndarray, span: float
    ) -> tuple[np.ndarray, float]:
        """Where to look next, and how far around.

        Closer to the best candidate, or onwards past the end of the grid.
        """
        place = int(np.argmin(cost))
        if not np.isfinite(cost[place]):  # towards smaller rates, which move less
            if arm.edge:
                return centre, span / 3
            return centre - span * ~arm.linear, span
        self.best[arm.place] = min(self.best[arm.place], cost[place])
        can_move = ~arm.linear | (grid[place] > arm.lowest + 1e-9)
        is_inside = np.abs(grid[place] - centre) < 0.99 * span
        if not is_inside[can_move].all():
            return grid[place], span
        spacing = 2 * span / (_POINTS[grid.shape[1]] - 1)
        return _vertex(grid, cost, place, spacing), 0.7 * spacing

    def _idle(self) -> float:
        loops = ClosedLoops(self.problem, [(gradient_descent(), np.zeros((1, 1)))])
        with np.errstate(all="ignore"):
            return float(Integration(loops, _REPORTING, end=self.end).costs()[0])

    def _costs(
        self, chosen: Sequence[int], grids: Sequence[np.ndarray], effort: Effort
    ) -> list[np.ndarray]:
        arms = [self.arms[i] for i in chosen]
        groups = [(arm.rule, arm.values(grid)) for arm, grid in zip(arms, grids, strict=True)]
        best = self.best[[arm.place for arm in arms]]
        bound = np.repeat(best + self.slack, [len(grid) for grid in grids])
        loops = ClosedLoops(self.problem, groups)
        integration = Integration(loops, effort, end=self.end, bound=bound, lowest=self.lowest)
        with np.errstate(all="ignore"):
            costs = integration.costs()
        return [costs[place] for place in loops.places]


def _arms(place: int, rule: Rule, origin: np.ndarray, unit: np.ndarray) -> Iterator[_Arm]:
    """The search of a rule, and that of its edge where it is another rule without its rate."""
    yield _Arm(place=place, rule=rule, origin=origin, unit=unit, edge=False)
    if len(origin) > 1 and rule.coefficients[0].low == 0:
        yield _Arm(place=place, rule=rule, origin=origin, unit=unit, edge=True)


def _lowest(problem):
    """The least loss, as far as the landscape's own minima tell; -∞ where it declares none."""
    minima = problem.landscape.minima
    if minima is None or not len(minima):
        return -math.inf
    return float(problem.landscape.loss(minima).min())


@lru_cache(maxsize=4)
def _cross(dimensions: int) -> np.ndarray:
    """Grid on [-1, 1]^c, (P, c)."""
    ticks = np.linspace(-1, 1, _POINTS.get(dimensions, 3))
    return np.array(list(product(ticks, repeat=dimensions)))


def _vertex(grid: np.ndarray, cost: np.ndarray, place: int, spacing: float) -> np.ndarray:
    """Minimum (c,) of the quadratic through the neighbours of the best candidate.

    At most one spacing away from it; the candidate itself where the quadratic has no minimum.
    """
    offset = (grid - grid[place]) / spacing
    near = np.isfinite(cost) & (np.abs(offset).max(1) < 1.5)
    x = offset[near]
    c = grid.shape[1]
    # cost ≈ a + b·x + Σ_{i<=j} m_ij x_i x_j
    pairs = [(i, j) for i in range(c) for j in range(i, c)]
    columns = np.column_stack([np.ones(len(x)), x, *(x[:, i] * x[:, j] for i, j in pairs)])
    if len(x) < columns.shape[1]:
        return grid[place]
    fitted = np.linalg.lstsq(columns, cost[near], rcond=None)[0]
    hessian = np.zeros((c, c))
    for (i, j), value in zip(pairs, fitted[1 + c :], strict=True):
        hessian[i, j] += value
        hessian[j, i] += value
    if np.linalg.eigvalsh(hessian)[0] <= 0:
        return grid[place]
    newton = -np.linalg.solve(hessian, fitted[1 : 1 + c])
    return grid[place] + spacing * np.clip(newton, -1, 1)


def _guess(problem: ControlProblem, rule: Rule, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """(origin, unit), each (c,): where to begin and in which units.

    By least squares of the plan's controls on the rule's directions.
    """
    pick = reading(problem, plan)
    features = rule.features(problem, plan.parameters[pick])
    usable = np.isfinite(features).all((1, 2))
    objective = problem.objective
    fallback = np.full(len(rule.names), max(objective.learning_rate * objective.loss_weight, 1e-6))
    if not usable.any():
        return fallback, fallback
    flat = features[usable].reshape(-1, len(rule.names))
    controls = plan.controls[pick][usable].ravel()
    # of each coefficient: Σ|f u| / Σf², the size it would have alone, whatever the signs
    unit = np.abs(flat * controls[:, None]).sum(0) / np.maximum((flat**2).sum(0), 1e-300)
    unit = np.where((unit > 0) & np.isfinite(unit), unit, fallback)
    fitted = np.linalg.lstsq(flat, controls, rcond=None)[0]
    rate = fitted[:1] if fitted[0] > 1e-3 * unit[0] else unit[:1]
    return np.concatenate([rate, np.zeros(len(fitted) - 1)]), unit
