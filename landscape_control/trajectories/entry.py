"""trajectory: one path of any rule."""

import math
from collections.abc import Mapping
from dataclasses import replace

from ..model.problem import ControlProblem
from ..planning.solution import Solution
from ..rules import CausalRule, Rule, by_name
from ..rules.families import Policy
from ..simulation.raw_learner import LearnerPair, RawLearner, with_methods
from ..support.arguments import Count, Positive, checked
from ..support.call_settings import settings_kept
from ..support.errors import ProblemError, shown
from ..verification.solve import solve
from .causal_rules import causal_path, default_step, simulated_path
from .closed_forms import closed_form_path, tuned_coefficients
from .path import Trajectory
from .searching import tuned_causal


@settings_kept
@checked
def trajectory(
    problem: ControlProblem,
    rule: object,
    coefficients: Mapping[str, float] | None = None,
    *,
    solution: Solution | None = None,
    horizon: Positive | None = None,
    step: Positive | None = None,
    points: Count = 201,
) -> Trajectory:
    """The path of a rule from the problem's start on its known landscape, and what it costs.

    A closed-form rule moves in continuous time, θ̇ = f + Bû(θ). A causal rule (momentum, Adam, ...)
    sees ∇L exactly every ``step`` and holds its u in between: Δθ_t = u_t·step, so that its learning
    rate is per unit of time. Both pay J of the problem.

    Parameters
    ----------
    rule : a rule or its name ("gradient descent", "natural gradient", "momentum", "adam", ...), a
        learner (an object with ``init`` and ``update``, or the pair), a Policy or PolicyResult, or a
        function policy(theta, belief, time) -> u
    coefficients : {name: value} of a rule; None searches for those of least J, so that the rule is
        shown at its best. They are searched in ranges that are measured in the gradients, weights
        and controls of the plan: ε of Adam up to a tenth of the root mean square gradient, beyond
        which it is descent by another name. Learners and policies have their own
    solution : the optimal plan of the problem, where the search begins; None solves for it
    horizon : how long the path is; None is T, and for T = ∞ the computed horizon of the plan
    step : Δt of a causal rule; None is that of ``lc.simulate``, at least a thousandth of the
        horizon. With another step a rule with memory is another rule
    points : evenly spaced times of a closed form's path, beside those of the integrator

    Raises
    ------
    ProblemError
        Hidden variables (``lc.simulate`` closes that loop), a fixed end, which no rule knows, an
        unknown name, coefficients that the rule does not have or that are not admissible.
    SolveError
        Where the plan that the search needs cannot be found.
    """
    _check(problem)
    if isinstance(rule, str):
        rule = by_name(_MOMENTUM.get(rule.lower(), rule))
    rule = with_methods(rule)
    _check_rule(rule)
    known = isinstance(rule, Rule | CausalRule)
    if not known and coefficients is not None:
        raise ProblemError(
            "coefficients",
            expected="None for a learner or a policy, which has its own",
            received=shown(coefficients),
            advice="pass the rule's name with coefficients, or another learner",
        )
    tuned = known and coefficients is None
    endless = math.isinf(problem.objective.horizon)
    if solution is None and (tuned or (endless and horizon is None)):
        solution = _solved(problem)
    length = _length(problem, solution, horizon)
    if isinstance(rule, Rule):
        rule.check(problem)
        if coefficients is None:
            assert solution is not None, "it was solved for"
            coefficients = tuned_coefficients(problem, rule, solution)
        return closed_form_path(
            problem, rule, coefficients, tuned=tuned, horizon=length, points=points
        )
    if isinstance(rule, CausalRule):
        ends: tuple[str, ...] = ()
        step = default_step(problem, length) if step is None else step
        if coefficients is None:
            assert solution is not None, "it was solved for"
            coefficients, ends = tuned_causal(problem, rule, solution, step=step, horizon=length)
        path = causal_path(problem, rule, coefficients, tuned=tuned, step=step, horizon=length)
        return replace(path, at_bounds=ends)
    key = _key(rule)
    return simulated_path(
        problem,
        rule,
        step=step,
        horizon=length,
        key=key,
        name=key.replace("_", " "),
        coefficients={},
        symbols={},
        tuned=False,
    )


_MOMENTUM = {"momentum": "heavy_ball"}  # a word for a family of rules; the plainest is meant


def _check(problem: ControlProblem) -> None:
    if not problem.is_known:
        raise ProblemError(
            "problem",
            expected="a known landscape",
            received=f"{problem.landscape.hidden_dimension} hidden variable(s)",
            advice="close the loop with landscape_control.simulate, or pass problem.known(values)",
        )
    if problem.end is not None:
        raise ProblemError(
            "end",
            expected="a free end",
            received="a fixed end, which no rule knows",
            advice="free the end, with a terminal cost where it should be near",
        )


def _check_rule(rule: object) -> None:
    has_policy = isinstance(getattr(rule, "policy", None), Policy)
    is_learner = hasattr(rule, "init") and hasattr(rule, "update")
    is_rule = isinstance(rule, Rule | CausalRule)
    if (is_rule or is_learner or has_policy or callable(rule)) and not isinstance(rule, type):
        return
    raise ProblemError(
        "rule",
        expected=(
            "a rule or its name, a learner (or its init and update), a policy or its result, or a"
            " function"
        ),
        received=shown(rule),
        advice="e.g. 'gradient descent', 'momentum', or lambda theta, belief, time: -theta",
    )


def _solved(problem: ControlProblem) -> Solution:
    solution = solve(problem)
    assert isinstance(solution, Solution), "nothing is hidden"
    return solution


def _length(problem: ControlProblem, solution: Solution | None, horizon: float | None) -> float:
    if horizon is not None:
        return min(horizon, problem.objective.horizon)
    if math.isfinite(problem.objective.horizon):
        return problem.objective.horizon
    assert solution is not None, "it was solved for"
    return float(solution.times[-1])


def _key(rule: object) -> str:
    """What is simulated, by name: that of the family of a policy, of a class or of a function."""
    policy = rule if isinstance(rule, Policy) else getattr(rule, "policy", None)
    if isinstance(policy, Policy):
        return policy.family.name.replace(" ", "_")
    if isinstance(rule, LearnerPair):
        return rule.policy_name
    if isinstance(rule, RawLearner):
        return type(rule).__name__
    return str(getattr(rule, "__name__", type(rule).__name__))
