"""identify: one front door for policies of every kind."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np

from ..arguments import Count, Filled, Index, Positive, Words, checked, option_names
from ..comparison import Criteria, PolicySample, fit_rules
from ..comparison.compare import compare, compare_samples
from ..comparison.policy_fit import read_rules
from ..emergence import solve_program
from ..errors import ProblemError, check_options
from ..landscape import Spectrum
from ..planning import BeliefSolution
from ..policies import PolicyProgram
from ..problem import ControlProblem
from ..rules import CausalRule, Rule, causal, full_information
from ..simulation import RawLearner
from ..simulation.resets import WeightDecay
from ..solution import Solution
from ..verification import solve
from .beliefs import predicted, watch_beliefs
from .causal_fit import fit_causal, weight_by_weight
from .excitation import Excitation, watch
from .histories import Histories
from .identification import MAP, Identification, of_verdict
from .map_residual import map_residual
from .subjects import runner_for

_LONGEST = 200  # steps of a policy with a horizon that are watched
_OWN = ("rules", "problem", "excitation", "step", "histories", "seed", "resamples", "criteria")
_COMPARE = tuple(name for name in option_names(compare) if name not in _OWN)


@checked
def identify(
    subject: object,
    rules: Annotated[
        Sequence[Rule | CausalRule | str] | None,
        Filled(),
        Words(expected="at least one rule, or its key"),
    ] = None,
    *,
    problem: ControlProblem | Sequence[ControlProblem] | None = None,
    excitation: Excitation | None = None,
    step: Positive | None = None,
    histories: Count | None = None,
    seed: Index = 0,
    resamples: Count = 200,
    criteria: Criteria | None = None,
    **options: object,
) -> Identification:
    """Which rule of the library is this policy, with what numbers; or why none can be named.

    A policy that maps θ to u is held against the closed forms of a learner that knows the
    landscape; a policy with memory against causal rules, which are run on the very gradients that
    it saw (so that its own previous updates explain nothing), with coefficients shared by all
    histories, inside their admissible ranges, scored on histories held out.

    Parameters
    ----------
    subject :
        ControlProblem, several of them, or a Solution: the optimal policy u(θ), see
        :func:`landscape_control.compare`; a ControlProblem with hidden variables or a PolicyProgram
        is solved, and its solution identified;
        BeliefSolution: a policy of beliefs, watched with its filter in its own problem as a rule of
        raw observations;
        Policy, PolicyResult, a raw learner, an (init, update) pair, or a function of the history of
        gradients (E, t+1, n) -> Δθ (E, n): a causal rule, watched on an excitation; what
        :func:`rollout` returns, Histories, or PolicySamples: the samples themselves
    rules : Rule and CausalRule objects or their keys, those of the other kind being refused by
    name; None is
        :func:`landscape_control.rules.full_information` for maps and
        :func:`landscape_control.rules.causal` for the others
    problem : instead of a Solution's own problem, where it was read without one
    excitation : the landscapes, starts and noise that a causal policy is shown. None: those of a
    PolicyResult's own program,
        with noise 0.3 where it has none; else ``Excitation()``
    step : Δt between observations, for policies of beliefs (None: 1/25 of their fastest time
    constant) and raw learners
        (None: 1)
    histories : how many episodes of a policy of beliefs are watched (None: 36); an excitation says
    it for the others seed : of everything drawn resamples : of the bootstrap over histories, or
    over the starts of samples criteria : Criteria, the thresholds options : starts, spread,
    points_per_plan, hold, run, solver, sees, progress of ``compare``, for maps u(θ)

    Raises
    ------
    ProblemError
        A subject that is no policy, options of the other kind, a policy that does not move or runs
        away.
    """
    fit = {"seed": seed, "resamples": resamples, "criteria": criteria}
    subject = _solved(subject, seed)
    if _is_map(subject):
        _check_unused("a map u(θ)", excitation=excitation, step=step, histories=histories)
        return _identify_map(
            subject, None if rules is None else read_rules(rules), problem, options, fit
        )
    check_options("identify", options, _OWN)
    _check_unused("a causal rule", problem=problem)
    rules = causal() if rules is None else read_rules(rules)
    if isinstance(subject, Histories):
        _check_unused("histories", excitation=excitation, step=step, histories=histories)
        return fit_causal(subject, rules, **fit)
    if isinstance(subject, BeliefSolution):
        _check_unused(
            "a policy of beliefs, which is watched in its own problem", excitation=excitation
        )
        return _identify_beliefs(subject, rules, histories, step, fit)
    _check_unused("a policy watched on an excitation, which says how many", histories=histories)
    return _identify_policy(subject, rules, excitation, 1.0 if step is None else step, fit)


def _solved(subject, seed):
    """The solution of a question whose answer is a policy with memory; anything else as it is."""
    if isinstance(subject, PolicyProgram):
        return solve_program(subject, seed=seed)
    if isinstance(subject, ControlProblem) and not subject.is_known:
        return solve(subject, seed=seed)
    return subject


def _identify_beliefs(solution, rules, count, step, fit):
    seed, count = fit["seed"], Excitation.histories if count is None else count
    histories, step = watch_beliefs(solution, histories=count, step=step, seed=seed)
    found = fit_causal(
        histories,
        rules,
        subject=f"a policy of beliefs ({solution.method})",
        predicted=predicted(solution, step),
        **fit,
    )
    return weight_by_weight(found, histories, seed=seed)


def _check_unused(what, **given):
    for name, value in given.items():
        if value is not None:
            raise ProblemError(
                name,
                expected=f"none for {what}",
                received=type(value).__name__,
                advice="see the docstring of identify for what goes with what",
            )


def _is_map(subject):
    if isinstance(subject, ControlProblem | Solution | PolicySample):
        return True
    parts = tuple(subject) if isinstance(subject, list | tuple) else ()
    return bool(parts) and all(isinstance(part, ControlProblem | PolicySample) for part in parts)


def _identify_map(subject, rules, problem, options, fit):
    parts = tuple(subject) if isinstance(subject, list | tuple) else (subject,)
    if isinstance(parts[0], PolicySample):
        return _identify_samples(parts, rules, options, fit)
    check_options("identify", options, (*_OWN, *_COMPARE))
    if isinstance(subject, Solution):
        problem = subject.problem if problem is None else problem
        if problem is None:
            raise ProblemError(
                "solution",
                expected="one that holds its problem",
                received="one without it",
                advice=(
                    "pass problem=...: one path is not a policy, which is sampled from other"
                    " starts too"
                ),
            )
        parts, words = (problem,), "the optimal policy of a solved problem"
    else:
        words = (
            "the optimal policy of a problem"
            if len(parts) == 1
            else f"the optimal policy of {len(parts)} problems"
        )
    verdict, samples = compare_samples(parts, rules, **fit, **options)
    return of_verdict(
        verdict, subject=words, kind=MAP, residual=map_residual(verdict.rows[0], samples)
    )


def _identify_samples(samples, rules, options, fit):
    check_options("identify", options, (*_OWN, "sees"))
    hold = max(sample.hold for sample in samples)
    rules = full_information(**({"hold": hold} if hold else {})) if rules is None else rules
    verdict = replace(fit_rules(samples, rules, **fit, **options), sampling="samples given")
    return of_verdict(
        verdict,
        subject="samples of a policy",
        kind=MAP,
        residual=map_residual(verdict.rows[0], samples),
    )


def _identify_policy(subject, rules, excitation, step, fit):
    program = getattr(subject, "program", None)
    policy = subject.policy if program is not None and hasattr(subject, "policy") else subject
    runner = runner_for(policy, step=step)
    if runner is None:
        raise ProblemError(
            "subject",
            received=type(subject).__name__,
            expected=(
                "a problem, a solution, a policy with init and update, or a function of gradients"
            ),
            advice=(
                "a family or a rule needs coefficients (Policy, rollout); a plan is one path of a"
                " policy: give the problem that it solves"
            ),
        )
    excitation = _excitation(program) if excitation is None else excitation
    if runner.horizon is not None:
        excitation = replace(excitation, steps=min(runner.horizon, _LONGEST))
    home = "start" if _pulls_to_start(subject) else "origin"
    words = (
        f"{runner.name} optimised for T = {program.steps}" if program is not None else runner.name
    )
    found = fit_causal(
        watch(runner, excitation, seed=fit["seed"], home=home), rules, subject=words, **fit
    )
    return replace(found, notes=(*found.notes, *_unfelt(subject)))


def _unfelt(result):
    """A note where the cost that a result minimises leaves some of its coefficients open."""
    try:
        felt = getattr(result, "identifiability", None)
    except ProblemError:  # a result without its checker
        return ()
    if felt is None or felt.identifiable:
        return ()
    return (f"These numbers are one optimum of many: as a question to the cost, {felt}.",)


def _excitation(program) -> Excitation:
    """What the policy was planned for, with noise where it had none."""
    if program is None:
        return Excitation()
    task, noise = program.task, getattr(program.sees, "noise", 0.0)
    noise = float(noise) if np.isscalar(noise) and noise > 0 else Excitation.noise
    given = {"curvatures": task.curvatures} if isinstance(task.curvatures, Spectrum) else {}
    return Excitation(**given, noise=noise)


def _pulls_to_start(subject):
    if isinstance(subject, WeightDecay) and subject.centre is None:
        return True
    return (
        isinstance(subject, RawLearner)
        and subject.inner is not None
        and _pulls_to_start(subject.inner)
    )
