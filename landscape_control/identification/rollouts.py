"""Samples of a rule of the library, as identify takes them: to see that a known rule is recognised."""

from collections.abc import Mapping, Sequence

from ..model.problem import ControlProblem
from ..rules import CausalRule, Rule, by_name
from ..support.arguments import Count, Index, Positive, checked
from ..support.call_settings import settings_kept
from ..support.errors import ProblemError
from .excitation import Excitation, watch
from .histories import Histories
from .maps import PolicySample, draw_starts
from .subjects import runner_for


@settings_kept
@checked
def rollout(
    rule: Rule | CausalRule | str,
    coefficients: Mapping[str, float],
    *,
    problem: ControlProblem | Sequence[ControlProblem] | None = None,
    excitation: Excitation | None = None,
    starts: Count = 24,
    spread: Positive | None = None,
    seed: Index = 0,
) -> Histories | tuple[PolicySample, ...]:
    """What a rule with these coefficients does: Histories of a causal rule, samples of u(θ) of a
    closed-form one.

    Parameters
    ----------
    problem : ControlProblem or several, for closed-form rules, whose controls are read at
        ``starts`` points drawn around each problem's start (``spread``: see
        :func:`landscape_control.identification.maps.draw_starts`)
    excitation : for causal rules, what they are shown; None is ``Excitation()``

    Raises
    ------
    ProblemError
        A closed-form rule without a problem or undefined at a point, a causal one with it,
        coefficients it does not admit.
    """
    rule = by_name(rule) if isinstance(rule, str) else rule
    if isinstance(rule, CausalRule):
        if problem is not None:
            raise ProblemError(
                "problem",
                expected="none for a causal rule",
                received="a problem",
                advice="causal rules are watched on an Excitation(curvatures=..., noise=...)",
            )
        runner = runner_for(rule.policy(coefficients))
        assert runner is not None, "a policy has init and update"
        return watch(runner, excitation or Excitation(), seed=seed)
    problems = (problem,) if isinstance(problem, ControlProblem) else tuple(problem or ())
    if not problems:
        raise ProblemError(
            "problem",
            expected=f"the problem that {rule.name} looks at",
            received="none",
            advice="pass problem=ControlProblem(...), or several",
        )
    return tuple(
        _sample(rule, coefficients, posed, starts, spread, seed + i)
        for i, posed in enumerate(problems)
    )


def _sample(
    rule: Rule,
    coefficients: Mapping[str, object],
    problem: ControlProblem,
    starts: int,
    spread: float | None,
    seed: int,
) -> PolicySample:
    points, _ = draw_starts(problem, starts, spread=spread, seed=seed)
    return PolicySample(
        problem=problem,
        points=points,
        controls=rule.control(problem, coefficients)(points),
        starts=range(len(points)),
    )
