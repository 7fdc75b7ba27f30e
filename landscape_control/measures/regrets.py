"""Regret of each classic rule with its own best coefficients: searched for, not assumed."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from ..certificate import dual_weighted_cost
from ..errors import ProblemError
from ..rules import Rule, full_information
from ..rules.gradient import uniform_metric
from .closed_loop import Batch

ROUGH, FINE = 1e-3, 1e-6  # relative accuracy of the integration while searching, and of the costs reported
_ROUNDS = {1: 3, 2: 5}  # by number of coefficients
_MOST_ROUNDS = 9
_SPAN = math.log(6.0)  # first search: factors from 1/6 to 6 of the guess; it moves on where the best is at an end
_NOTHING = 1e-7  # of a rule's direction one problem's length away, below which it vanishes
_POINTS = {1: 7, 2: 5}  # candidates per coefficient in a round


@dataclass(frozen=True, kw_only=True, eq=False)
class RuleCost:
    """One rule at its best coefficients on one problem.

    Attributes
    ----------
    rule : Rule
    coefficients : {name: value}
    cost : J of its path, inf where every choice of coefficients runs off or is undefined
    regret : (cost - J*) / S, with S = ∫ e^{-γt}(effort + k|L|)dt + |terminal cost| of the optimal plan, which is |J*| for
        losses that are never negative
    undetermined : names of coefficients that mean nothing: all of them where the cost is infinite, and those whose
        direction vanishes along the plan, as that of gradient descent does at a minimum
    """

    rule: Rule
    coefficients: Mapping[str, float]
    cost: float
    regret: float
    undetermined: frozenset[str] = frozenset()


def rule_costs(problem, solution, rules=None) -> tuple[RuleCost, ...]:
    """Every rule that applies, at the coefficients that make its closed-loop cost least.

    The guess comes from the optimal plan (least squares of its controls on the rule's directions); the search zooms in
    grids of coefficients, all rules and candidates integrated side by side by LSODA at a relative tolerance of 1e-3, the
    winners at 1e-6. Costs are good to about 1e-5 of S, the coefficients to about 1 %: the cost is flat at its minimum.
    Two parameters take 0.1 to 0.3 s, ten or a stiff landscape seconds. A path that comes near a place where its rule is
    undefined, and gets too rough to follow there, has no cost; neither has one at T = ∞ without discount that does not
    settle. A rule that needs what the problem lacks is left out; so are the natural gradient where G is a multiple of the
    identity, the same rule as gradient descent, and the linear-quadratic optimum where there is a drift: it would take
    seconds.

    Raises
    ------
    ProblemError
        A fixed end, which no rule knows; no plan; no rule that applies.
    """
    if problem.end is not None:
        raise ProblemError("measure 'regret'", expected="a free end", received="a fixed end, which no rule knows",
                           advice="leave this measure out, or set end=None")
    usable = applicable(problem, classic() if rules is None else rules)
    if not usable:
        raise ProblemError("measure 'regret'", expected="at least one rule that applies", received="none",
                           advice="choose other rules")
    plan = solution.plans[0]
    search = _Search(problem, plan, usable)
    best, costs = search.run()
    size = max(_scale(problem, plan), _round_off(problem, plan), 1e-300)
    return tuple(
        RuleCost(rule=rule, coefficients=dict(zip(rule.names, map(float, values), strict=True)), cost=float(cost),
                 regret=float((cost - plan.cost) / size), undetermined=_undetermined(problem, plan, rule, cost))
        for rule, values, cost in zip(usable, best, costs, strict=True))


@lru_cache(maxsize=1)
def classic() -> tuple[Rule, ...]:
    """The library's rules, but for the held plan, which is no rule to steer by from moment to moment."""
    return tuple(rule for rule in full_information() if rule.key != "held_newton")


def applicable(problem, rules) -> tuple[Rule, ...]:
    """Those that can be evaluated on the problem, quickly; one of several that are the same there."""
    left_out = {"natural_gradient"} if uniform_metric(problem) is not None else set()
    left_out |= {"linear_quadratic"} if problem.model.has_drift else set()  # a Riccati equation at every point
    return tuple(rule for rule in rules if rule.objection(problem) is None and rule.key not in left_out)


def _scale(problem, plan):
    objective = problem.objective
    size = dual_weighted_cost(problem.model, plan, objective)[1]
    if objective.terminal is None:
        return size
    fade = math.exp(-objective.discount * objective.horizon)
    return size + abs(fade * objective.terminal_weight * float(problem.model.terminal_cost(plan.parameters[-1])[0]))


def _reach(problem):
    """A length of the problem: that of its start, and not zero."""
    return 1e-3 + np.abs(problem.start).max()


def _round_off(problem, plan):
    """S of a plan that starts at a minimum of zero loss, known as well as numbers are known."""
    objective, end = problem.objective, min(float(plan.times[-1]), problem.objective.horizon)
    gamma = objective.discount
    span = end if gamma == 0 else -math.expm1(-gamma * end) / gamma
    last = objective.terminal_weight * math.exp(-gamma * end) if objective.terminal is not None else 0.0
    curvature = np.abs(problem.landscape.hessian(problem.start[None])).max()
    return 1e-14 * float(np.nan_to_num(curvature)) * _reach(problem) ** 2 * (objective.loss_weight * span + last)


def _undetermined(problem, plan, rule, cost):
    """Names of the coefficients that no cost tells anything about, see :class:`RuleCost`."""
    if not math.isfinite(cost):
        return frozenset(rule.names)
    around = _reach(problem) * np.vstack([np.eye(problem.dimension), -np.eye(problem.dimension)])
    there, elsewhere = (np.nan_to_num(np.abs(rule.features(problem, points))).max((0, 1))
                        for points in (plan.parameters[_reading(problem, plan)], problem.start + around))
    return frozenset(name for name, one, other in zip(rule.names, there, elsewhere, strict=True) if one <= _NOTHING * other)


def _reading(problem, plan):
    """Nodes of a plan at which rules are read: not those at the very end, where optimal steps vanish."""
    pick = np.unique(np.linspace(0, len(plan.times) - 1, 33).astype(int))
    horizon = problem.objective.horizon
    return pick[plan.times[pick] < 0.98 * horizon] if math.isfinite(horizon) else pick


@dataclass(frozen=True, kw_only=True, eq=False)
class _Arm:
    """One rule's coefficients in grid coordinates. The first is a positive rate and searched on a logarithmic scale; the
    others may vanish and are searched on a linear one. At the ``edge`` the rate is zero, out of reach of a logarithm, and
    only the others are searched."""

    place: int  # of the rule
    rule: Rule
    origin: np.ndarray  # (c,), where to begin
    unit: np.ndarray  # (c,)
    edge: bool

    @property
    def lowest(self):
        """Grid coordinates of the lowest admissible coefficients."""
        low = np.array([c.low for c in self.rule.coefficients])
        lowest = np.concatenate([[-math.inf], (low - self.origin)[1:] / self.unit[1:] * _SPAN])
        return lowest[int(self.edge):]

    @property
    def linear(self):
        """(c,) bool, which grid coordinates are linear: at the end of its range such a one is not looked for further."""
        return np.arange(len(self.origin))[int(self.edge):] > 0

    def values(self, grid):
        """Coefficients (P, c) at grid coordinates."""
        rest = self.origin[1:] + self.unit[1:] * grid[:, 1 - self.edge:] / _SPAN
        rate = np.zeros((len(grid), 1)) if self.edge else self.origin[:1] * np.exp(grid[:, :1])
        return np.hstack([rate, rest])

    def admissible(self, grid):
        """The grid, moved into the admissible range."""
        return np.maximum(grid, self.lowest)


class _Search:
    """Zooming grids of coefficients, all rules in one batch per round."""

    def __init__(self, problem, plan, rules):
        self.problem, self.rules = problem, rules
        horizon = problem.objective.horizon
        self.end = horizon if math.isfinite(horizon) else float(plan.times[-1])
        self.arms = [arm for place, rule in enumerate(rules) for arm in _arms(place, rule, *_guess(problem, rule, plan))]
        self.lowest = _lowest(problem)
        scale = max(_scale(problem, plan), 1e-300)
        self.slack, self.noise = 0.2 * scale, FINE * scale
        self.best = np.full(len(rules), math.inf)

    def run(self):
        """(best coefficients, costs), one entry per rule."""
        arms = self.arms
        centres, spans = [np.zeros(len(arm.lowest)) for arm in arms], [_SPAN] * len(arms)
        left = [_ROUNDS[len(centre)] for centre in centres]  # rounds that narrow; those that move on do not count
        for _ in range(_MOST_ROUNDS):
            chosen = [i for i in range(len(arms)) if left[i]]
            grids = [arms[i].admissible(centres[i] + spans[i] * _cross(len(centres[i]))) for i in chosen]
            for i, grid, cost in zip(chosen, grids, self._costs(chosen, grids, ROUGH) if chosen else (), strict=True):
                centres[i], narrower = self._narrow(arms[i], grid, cost, centres[i], spans[i])
                left[i] -= narrower < spans[i]
                spans[i] = narrower
        grids = [arm.admissible(centre[None]) for arm, centre in zip(arms, centres, strict=True)]
        costs = np.concatenate(self._costs(range(len(arms)), grids, FINE))
        found = [i for i, arm in enumerate(arms) if not arm.edge]
        for i, arm in enumerate(arms):
            if arm.edge and costs[i] < costs[found[arm.place]] - self.noise:
                found[arm.place] = i
        return [arms[i].values(grids[i])[0] for i in found], [costs[i] for i in found]

    def _narrow(self, arm, grid, cost, centre, span):
        """Where to look next, and how far around: closer to the best candidate, or onwards past the end of the grid."""
        place = int(np.argmin(cost))
        if not np.isfinite(cost[place]):  # towards smaller rates, which move less
            return (centre, span / 3) if arm.edge else (centre - span * ~arm.linear, span)
        self.best[arm.place] = min(self.best[arm.place], cost[place])
        inside = (np.abs(grid[place] - centre) < 0.99 * span)[~arm.linear | (grid[place] > arm.lowest + 1e-9)].all()
        spacing = 2 * span / (_POINTS[grid.shape[1]] - 1)
        return (_vertex(grid, cost, place, spacing), 0.7 * spacing) if inside else (grid[place], span)

    def _costs(self, chosen, grids, accuracy):
        arms = [self.arms[i] for i in chosen]
        groups = [(arm.rule, arm.values(grid)) for arm, grid in zip(arms, grids, strict=True)]
        bound = np.repeat(self.best[[arm.place for arm in arms]] + self.slack, [len(grid) for grid in grids])
        batch = Batch(self.problem, groups, end=self.end, bound=bound, lowest=self.lowest)
        with np.errstate(all="ignore"):
            costs = batch.costs(accuracy)
        return [costs[place] for place in batch.places]


def _arms(place, rule, origin, unit):
    """The search of a rule, and that of its edge where it is another rule without its rate."""
    yield _Arm(place=place, rule=rule, origin=origin, unit=unit, edge=False)
    if len(origin) > 1 and rule.coefficients[0].low == 0:
        yield _Arm(place=place, rule=rule, origin=origin, unit=unit, edge=True)


def _lowest(problem):
    """The least loss, as far as the landscape's own minima tell; -∞ where it declares none."""
    minima = problem.landscape.minima
    return float(problem.landscape.loss(minima).min()) if minima is not None and len(minima) else -math.inf


@lru_cache(maxsize=4)
def _cross(dimensions):
    """Grid on [-1, 1]^c, (P, c)."""
    ticks = np.linspace(-1, 1, _POINTS.get(dimensions, 3))
    return np.array(list(product(ticks, repeat=dimensions)))


def _vertex(grid, cost, place, spacing):
    """Minimum (c,) of the quadratic through the candidates around the best one, at most one spacing away from it."""
    offset = (grid - grid[place]) / spacing
    near = np.isfinite(cost) & (np.abs(offset).max(1) < 1.5)
    x, c = offset[near], grid.shape[1]
    pairs = [(i, j) for i in range(c) for j in range(i, c)]
    columns = np.column_stack([np.ones(len(x)), x, *(x[:, i] * x[:, j] for i, j in pairs)])
    if len(x) < columns.shape[1]:
        return grid[place]
    fitted = np.linalg.lstsq(columns, cost[near], rcond=None)[0]
    bend = np.zeros((c, c))
    for (i, j), value in zip(pairs, fitted[1 + c:], strict=True):
        bend[i, j] += value
        bend[j, i] += value
    if np.linalg.eigvalsh(bend)[0] <= 0:
        return grid[place]
    return grid[place] + spacing * np.clip(-np.linalg.solve(bend, fitted[1:1 + c]), -1, 1)


def _guess(problem, rule, plan):
    """(origin, unit), each (c,): where to begin and in which units, by least squares of the controls on the plan."""
    pick = _reading(problem, plan)
    features = rule.features(problem, plan.parameters[pick])
    usable = np.isfinite(features).all((1, 2))
    fallback = np.full(len(rule.names), max(problem.objective.learning_rate * problem.objective.loss_weight, 1e-6))
    if not usable.any():
        return fallback, fallback
    flat, controls = features[usable].reshape(-1, len(rule.names)), plan.controls[pick][usable].ravel()
    unit = np.abs(flat * controls[:, None]).sum(0) / np.maximum((flat**2).sum(0), 1e-300)
    unit = np.where((unit > 0) & np.isfinite(unit), unit, fallback)
    found = np.linalg.lstsq(flat, controls, rcond=None)[0]
    rate = found[:1] if found[0] > 1e-3 * unit[0] else unit[:1]
    return np.concatenate([rate, np.zeros(len(found) - 1)]), unit
