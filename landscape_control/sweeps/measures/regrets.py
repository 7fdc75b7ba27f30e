"""Regret of each classic rule with its own best coefficients: searched for, not assumed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import numpy as np

from ...model.problem import ControlProblem
from ...planning.certificate.examination import examine
from ...planning.solution import Plan, Solution
from ...rules import CausalRule, Rule, by_name, full_information
from ...rules.gradient import uniform_metric
from ...support.arguments import AnyNumber, checked
from ...support.errors import ProblemError
from .searching import FINE, CoefficientSearch


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class RuleCost:
    """One rule at its best coefficients on one problem.

    Attributes
    ----------
    rule : Rule
    coefficients : {name: value}
    cost : J of its path, inf where every choice of coefficients runs off or is undefined
    regret : (cost - J*) / S, with S = ∫ e^{-γt}(effort + k|L|)dt + |terminal cost| of the optimal
        plan, which is |J*| for losses that are never negative
    determined : whether the coefficients mean anything: not where the cost is infinite, nor where
        it is that of doing nothing to within 1e-6 of S, as at a minimum
    """

    rule: Rule
    coefficients: Mapping[str, AnyNumber]
    cost: AnyNumber
    regret: AnyNumber
    determined: bool = True


@checked
def rule_costs(
    problem: ControlProblem,
    solution: object,
    rules: Sequence[Rule | str] | None = None,
) -> tuple[RuleCost, ...]:
    """Every rule that applies, at the coefficients that make its closed-loop cost least.

    The guess comes from the optimal plan (least squares of its controls on the rule's directions);
    the search zooms in grids of coefficients, all rules and candidates integrated side by side by
    LSODA at a relative tolerance of 1e-3, the winners at 1e-6. Costs are good to about 1e-5 of S,
    the coefficients to about 1 %: the cost is flat at its minimum. Two parameters take 0.1 to 0.3
    s, ten or a stiff landscape seconds. A path that comes near a place where its rule is undefined,
    and gets too rough to follow there, has no cost; neither has one at T = ∞ without discount that
    does not settle. A rule that needs what the problem lacks is left out; so are the natural
    gradient where G is a multiple of the identity, the same rule as gradient descent, and the
    linear-quadratic optimum where there is a drift: it would take seconds.

    Raises
    ------
    ProblemError
        A fixed end, which no rule knows; no plan; no rule that applies.
    """
    if problem.end is not None:
        raise ProblemError(
            "measure 'regret'",
            expected="a free end",
            received="a fixed end, which no rule knows",
            advice="leave this measure out, or set end=None",
        )
    asked: Sequence[Rule | CausalRule] = classic()
    if rules is not None:
        asked = [by_name(rule) if isinstance(rule, str) else rule for rule in rules]
    usable = applicable(problem, asked)
    if not usable:
        raise ProblemError(
            "measure 'regret'",
            expected="at least one rule that applies",
            received="none",
            advice="choose other rules",
        )
    plan = cast(Solution, solution).plans[0]
    scale = examine(problem, plan, plan.tail).cost_scale
    best, costs, idle = CoefficientSearch(problem, plan, usable, scale=scale).run()
    size = max(scale, _round_off(problem, plan), 1e-300)
    return tuple(
        RuleCost(
            rule=rule,
            coefficients=dict(zip(rule.names, map(float, values), strict=True)),
            cost=float(cost),
            regret=float((cost - plan.cost) / size),
            determined=math.isfinite(cost) and bool(abs(idle - cost) > FINE * size),
        )
        for rule, values, cost in zip(usable, best, costs, strict=True)
    )


@lru_cache(maxsize=1)
def classic() -> tuple[Rule, ...]:
    """The library's rules, but for the held plan, which is no rule for a single moment."""
    return tuple(rule for rule in full_information() if rule.key != "held_newton")


def applicable(problem: ControlProblem, rules: Sequence[Rule | CausalRule]) -> tuple[Rule, ...]:
    """Those that can be evaluated on the problem quickly; one of several that are the same there.

    A causal rule has no closed loop here: it is left out.
    """
    left_out = set()
    if uniform_metric(problem) is not None:
        left_out.add("natural_gradient")
    if problem.model.has_drift:
        left_out.add("linear_quadratic")  # a Riccati equation at every point
    return tuple(
        rule
        for rule in rules
        if isinstance(rule, Rule) and rule.key not in left_out and rule.objection(problem) is None
    )


def _round_off(problem: ControlProblem, plan: Plan) -> float:
    """S of a plan that starts at a minimum of zero loss, known as well as numbers are known."""
    objective = problem.objective
    end = min(float(plan.times[-1]), objective.horizon)
    gamma = objective.discount
    span = end if gamma == 0 else -math.expm1(-gamma * end) / gamma
    last = 0.0
    if objective.terminal is not None:
        last = objective.terminal_weight * math.exp(-gamma * end)
    curvature = float(np.nan_to_num(np.abs(problem.landscape.hessian(problem.start[None])).max()))
    size = 1e-3 + np.abs(problem.start).max()
    return 1e-14 * curvature * size**2 * (objective.loss_weight * span + last)
