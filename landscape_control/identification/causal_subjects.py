"""Policies with memory identified: histories, policies of beliefs, and whatever acts on gradients."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..planning.beliefs.solution import BeliefSolution
from ..rules import CausalRule, by_name, causal
from ..rules.families import Policy
from ..simulation import RawLearner
from ..simulation.resets import WeightDecay
from ..support.errors import ProblemError
from .beliefs import predicted, watch_beliefs
from .causal_fit import identify_causal, weight_by_weight
from .excitation import Excitation, watch
from .histories import Histories
from .identification import Identification
from .maps import Criteria
from .program_excitation import excitation_of
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
    return identify_causal(
        histories, _causal(rules), seed=seed, resamples=resamples, criteria=criteria
    )


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
    identification = identify_causal(
        seen,
        _causal(rules),
        subject=f"a policy of beliefs ({solution.method})",
        predicted=predicted(solution, step),
        seed=seed,
        resamples=resamples,
        criteria=criteria,
    )
    return weight_by_weight(identification, seen, seed=seed)


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
    program = getattr(subject, "program", None)  # of the result of an optimisation
    policy = subject
    if program is not None and hasattr(subject, "policy"):
        policy = subject.policy
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
    if excitation is None:
        excitation = excitation_of(program)
    if runner.horizon is not None:
        excitation = replace(excitation, steps=min(runner.horizon, _LONGEST))
    words = runner.name
    if program is not None:
        words = f"{runner.name} optimised for T = {program.steps}"
    home = "start" if _pulls_to_start(subject) else "origin"
    identification = identify_causal(
        watch(runner, excitation, seed=seed, home=home),
        _of_policy(policy) if rules is None else rules,
        subject=words,
        seed=seed,
        resamples=resamples,
        criteria=criteria,
    )
    notes = (
        *identification.notes,
        *_averaging(policy),
        *_answer(policy),
        *_open_coefficients(subject),
    )
    return replace(identification, notes=notes)


def _causal(rules: Sequence[CausalRule] | None) -> Sequence[CausalRule]:
    return causal() if rules is None else rules


def _averaging(policy: object) -> tuple[str, ...]:
    """A note on a linear rule with an average of its iterates: what it is, as it says itself."""
    if not isinstance(policy, Policy):
        return ()
    family = policy.family
    if not (family.linear and family.has_readout):
        return ()
    numbers = ", ".join(
        f"{each.symbol} = {float(policy.coefficients[each.name]):.4g}"
        for each in family.coefficients
        if np.ndim(policy.coefficients[each.name]) == 0
    )
    return (
        "By its own account it is a linear rule that averages its iterates,"
        f" {family.name} ({numbers}): {family.formula}.",
    )


def _of_policy(policy: object) -> Sequence[CausalRule]:
    """The rules that a policy is held against; where it answers with an average, of that kind too."""
    if not getattr(policy, "has_readout", False):
        return causal()
    averaging = by_name("schedule_free")
    assert isinstance(averaging, CausalRule)  # it has no closed form
    return *causal(), averaging


def _answer(policy: object) -> tuple[str, ...]:
    """A note where a rule answers with other parameters than those that it moves."""
    if not (getattr(policy, "has_readout", False) or getattr(policy, "has_answer", False)):
        return ()
    return (
        "What was watched is where it takes gradients; what it answers with, its readout, is no part"
        " of this.",
    )


def _open_coefficients(result: object) -> tuple[str, ...]:
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


def _pulls_to_start(subject: object) -> bool:
    """Whether θ is measured from the weights at the first update, as weight decay without centre."""
    if isinstance(subject, WeightDecay) and subject.centre is None:
        return True
    inner = subject.inner if isinstance(subject, RawLearner) else None
    return inner is not None and _pulls_to_start(inner)
