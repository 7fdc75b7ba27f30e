"""compare: sample the optimal policy, fit and run every rule, and say which one it is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

import numpy as np

from ...model.problem import ControlProblem
from ...planning.solution import Solution
from ...rules import CausalRule, Information, Rule, full_information
from ...support.arguments import Count, Filled, Index, NonNegative, Points, Positive, Words, checked
from ...support.arrays import number, whole
from ...support.call_settings import settings_kept
from ...support.errors import ProblemError
from ...support.progress import wrapped
from .criteria import Criteria
from .policy_fit import fit_maps, read_rules
from .running import run_rules
from .samples import PolicySample, sample_policy
from .verdict import Verdict


@settings_kept
@checked
def compare(
    problems: Annotated[
        ControlProblem | Solution | Sequence[ControlProblem | Solution],
        Filled(),
        Words(expected="a ControlProblem, a Solution, or several"),
    ],
    rules: Annotated[
        Sequence[Rule | CausalRule | str] | None,
        Filled(),
        Words(expected="at least one rule, or its key"),
    ] = None,
    *,
    starts: Index | Points = 24,
    spread: Positive | None = None,
    seed: Index = 0,
    points_per_plan: Count = 3,
    hold: NonNegative = 0.0,
    run: bool = True,
    solver: object = None,
    resamples: Count = 200,
    criteria: Criteria | None = None,
    sees: frozenset[Information] | None = None,
    progress: object = None,
) -> Verdict:
    """Which closed-form rule is the optimal policy of these problems?

    The policy is sampled at the problem's own start and at ``starts`` others: first controls for a
    finite horizon; for T = ∞, where the policy is stationary, also points further along each plan.
    Each rule is fitted with coefficients shared by all samples of all problems, inside their
    admissible ranges, and scored on held-out starts. Several problems (same learner and objective,
    other landscapes) supply the curvatures that tell rules apart; errors are relative to the rms of
    u over all of them, so that landscapes with larger controls weigh more.

    Parameters
    ----------
    problems : ControlProblem, a Solution of one (its problem is compared), or a sequence of them
    rules : what to compare with, Rule objects or their keys; None is
        :func:`landscape_control.rules.full_information`
    starts : number of starts to draw per problem, or an array (S, n) of them, in addition to the
        problem's own
    spread : standard deviation per parameter of the starts drawn around the problem's; None is half
        the distance per parameter to the nearest minimum, see :func:`draw_starts`; what was used is
        in ``verdict.sampling``
    seed : of the starts, the folds and the bootstrap
    points_per_plan : with T = ∞, points per plan, equally far apart along its path
    hold : 0 compares instantaneous controls; Δt > 0 the mean control of a plan held for Δt, where
        Newton's step emerges
    run : whether to integrate θ̇ = f + Bû with every fitted rule, for J_rule/J* - 1 (not done for
        held plans, whose mean control is no policy for a single moment)
    solver : None, or something with ``solve(start=...) -> Solution`` (one per problem), instead of
        building a Solver
    resamples : of the bootstrap over starts that the intervals come from
    criteria : Criteria, the thresholds of the verdict
    sees : kinds of information that the learner has; rules that need more are refused by name. None
        is full information
    progress : None or a callable that wraps an iterable of problems (tqdm, say)

    Raises
    ------
    ProblemError
        No problems, rules or usable samples (fewer than two starts solved); inconsistent arguments.
        Failed solves as such are counted in ``verdict.failures``.
    """
    return compare_samples(
        problems,
        rules,
        starts=starts,
        spread=spread,
        seed=seed,
        points_per_plan=points_per_plan,
        hold=hold,
        run=run,
        solver=solver,
        progress=progress,
        resamples=resamples,
        criteria=criteria,
        sees=sees,
    )[0]


def compare_samples(
    problems: ControlProblem | Solution | Sequence[ControlProblem | Solution],
    rules: Sequence[Rule | CausalRule | str] | None = None,
    *,
    starts: int | np.ndarray = 24,
    spread: float | None = None,
    seed: int = 0,
    points_per_plan: int = 3,
    hold: float = 0.0,
    run: bool = True,
    solver: object = None,
    progress: object = None,
    **fit: Any,
) -> tuple[Verdict, tuple[PolicySample, ...]]:
    """(the verdict of :func:`compare`, its samples in the order of its ``scatter``)."""
    posed = _as_problems(problems)
    hold = number("hold Δt", hold, low=0)
    if rules is None:
        rules = full_information(hold=hold) if hold else full_information()
    rules = read_rules(rules)
    count = whole("points_per_plan", points_per_plan)
    work = list(zip(posed, _solvers(posed, solver), strict=True))
    sampled = [
        sample_policy(
            problem,
            its_solver,
            starts=starts,
            spread=spread,
            seed=seed,
            hold=hold,
            points_per_plan=count,
        )
        for problem, its_solver in wrapped(progress, work)
    ]
    failures = tuple(
        (i, *failure) for i, sampling in enumerate(sampled) for failure in sampling.failures
    )
    usable = tuple(sampling.sample for sampling in sampled if sampling.sample is not None)
    _check_samples(usable, failures)
    verdict = fit_maps(usable, rules, seed=seed, **fit)
    verdict = replace(verdict, failures=failures, sampling=sampled[0].words)
    if run and not hold:
        verdict = _run(verdict, posed, [sampling.optimum for sampling in sampled])
    return verdict, usable


def _run(
    verdict: Verdict, problems: Sequence[ControlProblem], optima: Sequence[float | None]
) -> Verdict:
    """The verdict with what it costs to run each of its rules on each problem."""
    fitted: list[tuple[Rule, Mapping[str, object]]] = []
    for row in verdict.rows:
        assert isinstance(row.rule, Rule), "a rule that was fitted to a map is a Rule"
        fitted.append((row.rule, row.coefficients))
    columns = [
        run_rules(problem, fitted, optimum=optimum)
        for problem, optimum in zip(problems, optima, strict=True)
    ]
    rows = tuple(
        replace(row, runs=runs)
        for row, runs in zip(verdict.rows, zip(*columns, strict=True), strict=True)
    )
    return replace(verdict, rows=rows)


def _as_problems(
    problems: ControlProblem | Solution | Sequence[ControlProblem | Solution],
) -> tuple[ControlProblem, ...]:
    given = (problems,) if isinstance(problems, ControlProblem | Solution) else tuple(problems)
    posed = tuple(_problem_of(each) if isinstance(each, Solution) else each for each in given)
    if not posed or not all(isinstance(problem, ControlProblem) for problem in posed):
        raise ProblemError(
            "problems",
            expected="a ControlProblem or a Solution, or a non-empty sequence of them",
            received=f"{len(posed)} entries of {sorted({type(p).__name__ for p in posed})}",
            advice="build each with landscape_control.ControlProblem(...)",
        )
    return posed


def _problem_of(solution: Solution) -> ControlProblem:
    """What a solution solves."""
    problem: ControlProblem | None = solution.problem
    if problem is None:
        raise ProblemError(
            "problems",
            expected="a solution with its problem",
            received="one that has been read from a pickle",
            advice="pass the problem itself; solution.save(path) keeps it",
        )
    return problem


def _solvers(problems, solver):
    if solver is None:
        from ...planning.solver import Solver  # built only when nothing else is given

        return [Solver(problem) for problem in problems]
    solvers = list(solver) if isinstance(solver, (list, tuple)) else [solver]
    if len(solvers) != len(problems) or not all(hasattr(given, "solve") for given in solvers):
        raise ProblemError(
            "solver",
            expected=f"{len(problems)} object(s) with solve(start=...)",
            received=f"{len(solvers)}",
            advice="pass one solver per problem, or none",
        )
    return solvers


def _check_samples(
    usable: Sequence[PolicySample], failures: Sequence[tuple[int, np.ndarray, str]]
) -> None:
    count = sum(len(np.unique(sample.starts)) for sample in usable)
    if count < 2:
        reasons = "; ".join(sorted({reason for _, _, reason in failures})) or "no failure"
        raise ProblemError(
            "policy samples",
            expected="at least two starts that could be solved",
            received=f"{count} ({reasons})",
            advice="add starts, move them, or repair what the solver complains about",
        )
