"""What it costs to follow rules on one problem, at the same prices as the optimum."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...model.problem import ControlProblem
from ...rules import Rule
from ...support.arguments import AnyNumber, checked
from .closed_loop import ClosedLoops
from .integration import Effort, Integration

# Every path to its end; smooth closed loops need a few hundred evaluations, stiff ones some more.
_ALONE = Effort(
    accuracy=1e-9,
    still=0.0,
    settled=1e-7,
    stops=tuple(2.0**i for i in range(12)),
    patience=5_000,
    limit=5_000,
)
# Side by side, a path that holds up the others is left out early, and followed alone afterwards.
_TOGETHER = replace(_ALONE, patience=150, limit=50_000)


@checked
@dataclass(frozen=True, kw_only=True)
class Run:
    """The cost of running one rule on one problem.

    Attributes
    ----------
    cost : J of the rule's path, None if it has none
    excess : (J_rule - J*)/|J*|, that is J_rule/J* - 1 for J* > 0; None without either cost
    reason : why there is no cost or no excess, empty otherwise
    """

    cost: AnyNumber | None
    excess: AnyNumber | None
    reason: str = ""


@checked
def run_rule(
    problem: ControlProblem,
    rule: Rule,
    coefficients: Mapping[str, object],
    *,
    optimum: AnyNumber | None = None,
) -> Run:
    """Integrate the rule's path from the problem's start with the running cost as an extra state.

    T = ∞: the horizon doubles until the cost, with the rest charged as a geometric series
    e^{-γτ}·(cost rate)/(γ + rate at which it decays), no longer moves by 1e-7 of itself; a path that
    does not settle has no cost.
    """
    return run_rules(problem, [(rule, coefficients)], optimum=optimum)[0]


def run_rules(
    problem: ControlProblem,
    rules: Sequence[tuple[Rule, Mapping[str, object]]],
    *,
    optimum: float | None = None,
) -> tuple[Run, ...]:
    """:func:`run_rule` for several (rule, coefficients)."""
    if problem.end is not None:
        reason = "the end is fixed and the rule does not know it"
        return (Run(cost=None, excess=None, reason=reason),) * len(rules)
    candidates = []
    for rule, coefficients in rules:
        rule.check(problem)
        candidates.append((rule, rule.vector(coefficients)[None]))
    together = _follow(problem, candidates, _TOGETHER if len(rules) > 1 else _ALONE)
    runs = [_read(together, i, optimum) for i in range(len(rules))]
    for i, ending in together.loops.lost.items():
        if ending.rough and len(rules) > 1:
            runs[i] = _read(_follow(problem, [candidates[i]], _ALONE), 0, optimum)
    return tuple(runs)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Followed:
    """The closed loops of some candidates at their end."""

    loops: ClosedLoops
    costs: np.ndarray
    settled: np.ndarray
    stop: float


def _follow(
    problem: ControlProblem, candidates: Sequence[tuple[Rule, np.ndarray]], effort: Effort
) -> _Followed:
    loops = ClosedLoops(problem, candidates)
    integration = Integration(loops, effort, end=_first_stop(problem))
    with np.errstate(all="ignore"):
        costs = integration.costs()
    return _Followed(loops=loops, costs=costs, settled=integration.settled, stop=integration.stop)


def _read(followed: _Followed, i: int, optimum: float | None) -> Run:
    """The run of one candidate."""
    if i in followed.loops.lost:
        return Run(cost=None, excess=None, reason=str(followed.loops.lost[i]))
    if not (math.isfinite(followed.costs[i]) and followed.settled[i]):
        reason = f"the cost has not settled by t = {followed.stop:.3g}"
        return Run(cost=None, excess=None, reason=reason)
    return _against(float(followed.costs[i]), optimum)


def _against(cost: float, optimum: float | None) -> Run:
    """A cost compared with that of the optimum."""
    if optimum is None:
        return Run(
            cost=cost,
            excess=None,
            reason="no optimum to compare with: the solve from the problem's start failed",
        )
    if optimum == 0:
        return Run(cost=cost, excess=None, reason="the optimal cost is zero")
    return Run(cost=cost, excess=(cost - optimum) / abs(optimum))


def _first_stop(problem: ControlProblem) -> float:
    """The horizon, or for T = ∞ ten times the time constant of discount and curvature together."""
    objective = problem.objective
    if math.isfinite(objective.horizon):
        return objective.horizon
    curvature = np.abs(np.linalg.eigvalsh(problem.landscape.hessian(problem.start)[0])).max()
    # the optimal rate on a mode of this curvature is of order √(ηkh)
    rate = math.sqrt(objective.learning_rate * objective.loss_weight * curvature)
    scale = rate + objective.discount
    return 10.0 / scale if scale > 0 else 10.0
