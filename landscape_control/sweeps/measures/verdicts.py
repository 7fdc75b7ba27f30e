"""Measures that compare the optimum with the classic rules: regret, best rule, coefficients.

Where the landscape is known the rules are those of a learner that sees it, on one path. Where it is
hidden they are linear rules of the observations, and their expected costs are exact.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
from scipy.integrate import solve_ivp

from ...identification.maps.closed_loop import ClosedLoops
from ...model.problem import ControlProblem
from ...planning.beliefs.solution import BeliefSolution
from ...planning.solution import Plan, Solution
from ...rules import Rule
from ...rules.choice import MARGIN, Conclusion, Margin, basic, select
from ...support.arguments import NonNegative, Positive, checked
from ...support.errors import ProblemError
from .library import plan_of
from .linear_rules import LINEAR_KEYS, LinearRuleCost, known_rows
from .measure import Cell, Measure, register
from .regrets import RuleCost, classic, rule_costs
from .searching import TIE

THRESHOLD = 0.05  # largest regret of a rule that is named
RESOLUTION = 1e-3  # regrets below this are not distinguished
MOMENTS = 33  # points of a trajectory
KEYS = tuple(rule.key for rule in classic())
RuleRow = RuleCost | LinearRuleCost  # on one path, or in expectation


@lru_cache(maxsize=2)
def _table(problem: ControlProblem, solution: Solution) -> dict[str, RuleCost]:
    """The rules of one cell, searched for once for all measures that ask."""
    return {row.rule.key: row for row in rule_costs(problem, solution)}


def _rows(cell: Cell, what: str, step: float | None = None) -> Mapping[str, RuleRow]:
    if isinstance(cell.solution, BeliefSolution):
        return known_rows(cell.problem, step)
    plan_of(cell, what)
    return _table(cell.problem, cell.solution)


class Regret:
    """Cell -> {key of a rule: its regret}; see :func:`regret_at`."""

    def __init__(self, step: float | None = None) -> None:
        self.step = step

    def __call__(self, cell: Cell) -> dict[str, float]:
        rows = _rows(cell, "regret", self.step)
        keys = LINEAR_KEYS if isinstance(cell.solution, BeliefSolution) else KEYS
        return {key: rows[key].regret if key in rows else math.nan for key in keys}


class RuleCoefficients:
    """Cell -> {rule_coefficient: value}; see :func:`rule_coefficients_at`."""

    def __init__(self, step: float | None = None) -> None:
        self.step = step

    def __call__(self, cell: Cell) -> dict[str, float]:
        rows = _rows(cell, "rule_coefficients", self.step)
        if isinstance(cell.solution, BeliefSolution):
            pairs = [(key, name) for key, row in rows.items() for name in row.coefficients]
        else:
            pairs = [(rule.key, name) for rule in classic() for name in rule.names]
        return {f"{key}_{name}": _number(rows.get(key), name) for key, name in pairs}


def _number(row: RuleRow | None, name: str) -> float:
    return math.nan if row is None or not row.determined else row.coefficients[name]


def choose(
    rows: Iterable[RuleRow], *, threshold: float = THRESHOLD, margin: float = MARGIN
) -> RuleRow | None:
    """The rule that costs least, unless a simpler one costs as little to within a factor ``margin``
    of regret; None where no regret is at most ``threshold``.

    See :func:`landscape_control.rules.choice.select`; regrets below RESOLUTION are not
    distinguished.
    """
    rows = [row for row in rows if math.isfinite(row.regret)]  # the others run off
    if not rows:
        return None
    selection = select(
        [row.rule for row in rows],
        [row.regret for row in rows],
        threshold=threshold,
        resolution=RESOLUTION,
        margin=margin,
    )
    if selection.conclusion is Conclusion.NONE_FITS:
        return None
    return next(row for row in rows if row.rule.key == selection.name)


class CheapestRule:
    """Cell -> key of the rule that costs least, or "none"; see :func:`cheapest_rule_within`."""

    def __init__(self, threshold: float, margin: float, step: float | None = None) -> None:
        self.threshold, self.margin, self.step = threshold, margin, step

    def __call__(self, cell: Cell) -> str:
        rows = _rows(cell, "cheapest_rule", self.step).values()
        chosen = choose(rows, threshold=self.threshold, margin=self.margin)
        return "none" if chosen is None else chosen.rule.key


@checked
def cheapest_rule_within(
    threshold: NonNegative = THRESHOLD,
    *,
    margin: Margin = MARGIN,
    name: str = "cheapest_rule",
    step: Positive | None = None,
) -> Measure:
    """Which rule, with its best coefficients, costs least on this path; "none" where the least
    regret is > ``threshold``.

    Regrets are fractions of S = ∫ e^{-γt}(effort + k|L|)dt + |terminal cost| of the optimal plan. A
    simpler rule is taken where its regret is within a factor ``margin`` of the least one, both not
    below RESOLUTION. Simpler is fewer coefficients, then fewer rules contained, then less to see. A
    rule can cost little on one path and still be another
    policy: that question is answered by the measure ``policy_rule``.

    Where the landscape is hidden the rules and their regrets are those of :func:`linear_rule_costs`, in
    expectation over hidden paths and noise, at this ``step`` (which plays no part elsewhere).
    """
    return Measure(
        name=name,
        function=CheapestRule(threshold, margin, step),
        description=(
            "classic rule that costs least on this path with its best coefficients; a simpler one"
            f" where its regret is within a factor {margin:g} of that; none where the least regret"
            f" is above {threshold:.3g} (not which rule the optimal policy is: policy_rule)"
        ),
    )


@checked
def best_rule_within(
    threshold: NonNegative = THRESHOLD,
    *,
    margin: Margin = MARGIN,
    name: str = "best_rule",
    step: Positive | None = None,
) -> Measure:
    """:func:`cheapest_rule_within` under its older name."""
    return cheapest_rule_within(threshold, margin=margin, name=name, step=step)


@checked
def regret_at(step: Positive | None = None, *, name: str = "regret") -> Measure:
    """How much more than the optimum each rule costs with its own best coefficients.

    Where the landscape is hidden: regrets of :func:`linear_rule_costs` at this ``step``, as shares of
    the optimum at the same step; None is the step of :func:`simulate`. Where it is known: shares of ∫
    e^{-γt}(effort + k|L|)dt on the optimal path; ``step`` plays no part.
    """
    return Measure(
        name=name,
        function=Regret(step),
        description=(
            "(J of each classic rule with its own best coefficients - J*) / ∫ e^{-γt}(effort +"
            " k|L|)dt; NaN where a rule does not apply, inf where it runs off. Hidden landscapes:"
            " (J - J*)/|J*| of linear rules of the observations, exactly, in expectation"
        ),
    )


@checked
def rule_coefficients_at(
    step: Positive | None = None, *, name: str = "rule_coefficients"
) -> Measure:
    """The coefficients of :func:`regret_at`, per unit of time where the landscape is hidden."""
    return Measure(
        name=name,
        function=RuleCoefficients(step),
        description=(
            "coefficients with which each classic rule costs least, searched for and not assumed;"
            " NaN where it does not apply or runs off, and where it gains nothing over doing"
            " nothing"
        ),
    )


def tied(rows: Sequence[RuleRow]) -> tuple[str, ...]:
    """Keys of other rules, as simple, that cost what the cheapest costs to within 1e-5 of S.

    Rules that contain another of these are left out: they are that other one, in a limit.
    """
    chosen = choose(rows)
    if chosen is None:
        return ()
    same = [row.rule for row in rows if abs(row.regret - chosen.regret) <= TIE]
    return tuple(rule.key for rule in basic(same) if rule.key != chosen.rule.key)


def _equivalent_rules(cell: Cell) -> str:
    return ", ".join(tied(tuple(_rows(cell, "equivalent_rules").values())))


def _best_regret(cell: Cell) -> float:
    return float(min(row.regret for row in _rows(cell, "best_regret").values()))


def _moments(cell: Cell, what: str) -> tuple[Plan, np.ndarray]:
    """(plan, MOMENTS times), dense at first, over the horizon; for T = ∞ over that of the plan."""
    plan, horizon = plan_of(cell, what), cell.problem.objective.horizon
    end = horizon if math.isfinite(horizon) else float(plan.times[-1])
    return plan, end * np.linspace(0.0, 1.0, MOMENTS) ** 2


def _trajectory(cell: Cell) -> dict[str, np.ndarray]:
    plan, times = _moments(cell, "trajectory")
    times = np.minimum(times, plan.times[-1])
    return {"times": times, "parameters": plan.parameters_at(times)}


def _rule_trajectories(cell: Cell) -> np.ndarray:
    _, times = _moments(cell, "rule_trajectories")
    rows = _table(cell.problem, cell.solution)
    paths = np.full((len(KEYS), MOMENTS, cell.problem.dimension), np.nan)
    usable = [key for key, row in rows.items() if math.isfinite(row.cost)]
    if not usable:
        return paths
    rules = [_candidate(rows[key]) for key in usable]
    # all paths in one integration; the Jacobian is a band, since no rule depends on another
    loops, n = ClosedLoops(cell.problem, rules), cell.problem.dimension
    flow = solve_ivp(
        lambda t, y: loops.velocity(t, y.reshape(-1, n))[0].ravel(),
        (0.0, times[-1]),
        np.tile(cell.problem.start, len(usable)),
        method="LSODA",
        t_eval=times,
        rtol=1e-5,
        atol=1e-8,
        lband=n - 1,
        uband=n - 1,
    )
    if not flow.success:
        raise ProblemError(
            "measure 'rule_trajectories'",
            expected="paths that can be followed",
            received=flow.message,
            advice="leave this measure out here",
        )
    for i, key in enumerate(usable):
        paths[KEYS.index(key)] = flow.y[i * n : (i + 1) * n].T
    return paths


def _candidate(row: RuleCost) -> tuple[Rule, np.ndarray]:
    """(Rule, coefficients (1, c))."""
    return row.rule, np.array([[row.coefficients[name] for name in row.rule.names]])


_STATE = ("moment", "parameter")
regret = register(regret_at())
cheapest_rule = register(cheapest_rule_within())
best_rule = register(best_rule_within())
best_regret = register(
    Measure(
        name="best_regret", function=_best_regret, description="least regret of the classic rules"
    )
)
equivalent_rules = register(
    Measure(
        name="equivalent_rules",
        function=_equivalent_rules,
        description=(
            "other rules, no richer, that cost what cheapest_rule costs to within 1e-5 of ∫"
            " e^{-γt}(effort + k|L|)dt: the cost cannot tell them apart; empty where cheapest_rule"
            " stands alone or is none"
        ),
    )
)
rule_coefficients = register(rule_coefficients_at())
trajectory = register(
    Measure(
        name="trajectory",
        function=_trajectory,
        dims={"times": ("moment",), "parameters": _STATE},
        units={"times": "time"},
        description="the optimal path at times (i/32)² T, dense at first",
    )
)
rule_trajectories = register(
    Measure(
        name="rule_trajectories",
        function=_rule_trajectories,
        dims=("rule", *_STATE),
        coords={"rule": KEYS},
        description=(
            "the paths of the classic rules with their best coefficients, at the times of"
            " 'trajectory'"
        ),
    )
)
