"""Maps u(θ) identified: the optimal policies of problems and solutions, and samples of any policy."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..model.problem import ControlProblem
from ..planning.solution import Solution
from ..rules import Rule, full_information
from ..support.errors import ProblemError
from .identification import MAP, Identification, of_verdict
from .map_residual import map_residual
from .maps import PolicySample, Verdict, fit_maps
from .maps.compare import compare_samples


def identify_problems(
    problems: ControlProblem | Sequence[ControlProblem],
    rules: Sequence[Rule] | None,
    **options: object,
) -> Identification:
    """The optimal policy of one or several problems; ``options`` are those of ``compare``."""
    posed = (problems,) if isinstance(problems, ControlProblem) else tuple(problems)
    words = "the optimal policy of a problem"
    if len(posed) > 1:
        words = f"the optimal policy of {len(posed)} problems"
    return _optimal_policy(posed, rules, words, options)


def identify_solution(
    solution: Solution,
    rules: Sequence[Rule] | None,
    *,
    problem: ControlProblem | Sequence[ControlProblem] | None = None,
    **options: object,
) -> Identification:
    """The optimal policy of a solution's problem, or of ``problem`` where it holds none."""
    if problem is None:
        problem = solution.problem
    if problem is None:
        raise ProblemError(
            "solution",
            expected="one that holds its problem",
            received="one without it",
            advice=(
                "pass problem=...: one path is not a policy, which is sampled from other starts too"
            ),
        )
    return _optimal_policy(problem, rules, "the optimal policy of a solved problem", options)


def identify_samples(
    samples: PolicySample | Sequence[PolicySample],
    rules: Sequence[Rule] | None,
    **options: Any,
) -> Identification:
    """Samples of any policy u(θ); ``options`` are those of ``fit_maps``."""
    given = (samples,) if isinstance(samples, PolicySample) else tuple(samples)
    if rules is None:
        hold = max(sample.hold for sample in given)
        rules = full_information(hold=hold) if hold else full_information()
    verdict = replace(fit_maps(given, rules, **options), sampling="samples given")
    return _with_residual(verdict, given, "samples of a policy")


def _optimal_policy(
    problems: ControlProblem | Sequence[ControlProblem],
    rules: Sequence[Rule] | None,
    words: str,
    options: dict[str, Any],
) -> Identification:
    verdict, samples = compare_samples(problems, rules, **options)
    return _with_residual(verdict, samples, words)


def _with_residual(verdict: Verdict, samples: Sequence[PolicySample], words: str) -> Identification:
    residual = map_residual(verdict.rows[0], samples)
    return of_verdict(verdict, subject=words, kind=MAP, residual=residual)
