"""Policies with memory identified: histories, policies of beliefs, and whatever acts on gradients."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..model.landscape import Spectrum
from ..planning.beliefs import BeliefSolution
from ..rules import CausalRule, causal
from ..simulation import RawLearner
from ..simulation.resets import WeightDecay
from ..support.errors import ProblemError
from .beliefs import predicted, watch_beliefs
from .causal_fit import identify_causal, weight_by_weight
from .excitation import Excitation, watch
from .histories import Histories
from .identification import Identification
from .maps import Criteria
from .subjects import runner_for

_LONGEST = 200  # steps of a policy with a horizon that are watched


def identify_histories(
    histories: Histories,
    rules: Sequence[CausalRule] | None,
    *,
    seed: int,
    resamples: int,
    criteria: Criteria | None,
) -> Identification:
    """What was seen and done, as it is."""
    fit = {"seed": seed, "resamples": resamples, "criteria": criteria}
    return identify_causal(histories, _causal(rules), **fit)


def identify_beliefs(
    solution: BeliefSolution,
    rules: Sequence[CausalRule] | None,
    *,
    seed: int,
    resamples: int,
    criteria: Criteria | None,
    step: float | None = None,
    histories: int = Excitation.histories,
) -> Identification:
    """A policy of beliefs with its filter as a rule of raw observations, in its own problem."""
    seen, step = watch_beliefs(solution, histories=histories, step=step, seed=seed)
    found = identify_causal(
        seen,
        _causal(rules),
        subject=f"a policy of beliefs ({solution.method})",
        predicted=predicted(solution, step),
        seed=seed,
        resamples=resamples,
        criteria=criteria,
    )
    return weight_by_weight(found, seen, seed=seed)


def identify_policy(
    subject: object,
    rules: Sequence[CausalRule] | None,
    *,
    seed: int,
    resamples: int,
    criteria: Criteria | None,
    excitation: Excitation | None = None,
    step: float = 1.0,
) -> Identification:
    """A policy that acts on gradients, or the policy of a result, watched on an excitation."""
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
    words = runner.name
    if program is not None:
        words = f"{runner.name} optimised for T = {program.steps}"
    home = "start" if _pulls_to_start(subject) else "origin"
    found = identify_causal(
        watch(runner, excitation, seed=seed, home=home),
        _causal(rules),
        subject=words,
        seed=seed,
        resamples=resamples,
        criteria=criteria,
    )
    return replace(found, notes=(*found.notes, *_open_coefficients(subject)))


def _causal(rules):
    return causal() if rules is None else rules


def _open_coefficients(result):
    """A note where the cost that a result minimises leaves some of its coefficients open."""
    try:
        identifiability = getattr(result, "identifiability", None)
    except ProblemError:  # a result without its checker
        return ()
    if identifiability is None or identifiability.identifiable:
        return ()
    return (
        f"These numbers are one optimum of many: as a question to the cost, {identifiability}.",
    )


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
    inner = subject.inner if isinstance(subject, RawLearner) else None
    return inner is not None and _pulls_to_start(inner)
