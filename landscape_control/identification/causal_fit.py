"""Every causal rule fitted to histories, and judged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np

from ..rules import CausalRule, Information, Rule, causal
from ..rules.catalogue import LOOP_TWIN
from ..support.arguments import Count, Filled, Index, checked
from ..support.arrays import whole
from ..support.errors import ProblemError
from ..support.progress import wrapped
from .fitting import CausalFit, fit_causal_rule
from .histories import Histories
from .identification import CAUSAL, Identification
from .kernels.read_kernel import kernel_of
from .maps import Conclusion, Criteria, RuleFit
from .maps.formatting import percent
from .maps.verdict import Judgement, judge
from .noise_verdict import NoisyJudge, is_limited
from .randomness import random_updates
from .residual import (
    Schedule,
    innovation,
    read_schedule,
    regress_on_previous_update,
    residual_shape,
)
from .scheduled_rule import scheduled_rule
from .unknown_memory import in_order

_EXACT = 1e-8
_PER_STEP = 8  # updates of one step that its two coefficients are read from, at least


@checked
def identify_causal(
    histories: Histories,
    rules: Annotated[Sequence[CausalRule | Rule], Filled()],
    *,
    subject: str = "histories",
    seed: Index = 0,
    resamples: Count = 200,
    criteria: Criteria | None = None,
    predicted: Mapping[str, Mapping[str, float]] | None = None,
    progress: object = None,
    starts: Mapping[str, np.ndarray] | None = None,
) -> Identification:
    """Fit every rule to two thirds of the histories, score it on the rest, and judge.

    Coefficients are shared by all histories.
    ``predicted`` holds what theory says of coefficients, by rule and name. Rules that need what the
    histories do not hold are refused by name. ``progress`` wraps the rules while they are fitted, as
    tqdm does. ``starts`` holds coefficients by rule where a fit shall start.
    """
    criteria = Criteria() if criteria is None else criteria
    if not np.linalg.norm(histories.targets) > 0:
        raise ProblemError(
            "histories",
            expected="a policy that moves",
            received="Δθ = 0 at every step",
            advice="look at other inputs, or at later steps",
        )
    refused: dict[str, str] = {}
    applicable: list[CausalRule] = []
    for rule in rules:
        reason = _refusal(rule, histories)
        if reason:
            refused[rule.key] = reason
        elif isinstance(rule, CausalRule):  # which a rule that is not refused is
            applicable.append(rule)
    if not applicable:
        raise ProblemError(
            "rules",
            expected="at least one causal rule that sees no more than these histories hold",
            received="; ".join(f"{k}: {v}" for k, v in refused.items()) or "none",
            advice="pass landscape_control.rules.causal()",
        )
    train, held = histories.split(seed)
    resamples = whole("resamples", resamples)

    def fitted(rule: CausalRule) -> RuleFit:
        theory = (predicted or {}).get(rule.key, {})
        start = (starts or {}).get(rule.key)
        fit = fit_causal_rule(rule, train, held, seed=seed, resamples=resamples, start=start)
        return _row(rule, fit, theory)

    fits: list[RuleFit] = []
    exact: RuleFit | None = None
    for rule in wrapped(progress, in_order(applicable, histories)):
        if exact is not None and len(rule.names) > len(exact.rule.names):
            refused[rule.key] = f"richer than {exact.name}, which is exact with any memory"
            continue
        fits.append(fitted(rule))
        if histories.unknown_columns.any() and fits[-1].error <= _EXACT:
            exact = exact or fits[-1]
    noisy = NoisyJudge(histories, criteria) if is_limited(histories, criteria) else None
    if noisy is not None:
        fits = noisy.rescored(fits)
    conclusion, rows, equivalent = judge(fits, train.targets, criteria)
    added: tuple[str, ...] = ()
    if conclusion is Conclusion.NOT_IDENTIFIABLE:
        simpler = _in_common(rows, equivalent, train, fitted, criteria)
        if simpler is not None:
            rule, (conclusion, rows, equivalent) = simpler
            added = (_in_common_words(rule),)
    conclusion, equivalent, notes = _check_excitation(
        conclusion, rows, equivalent, histories, criteria
    )
    if noisy is not None and conclusion is not Conclusion.NONE_FITS:
        undecided_keys, hidden = noisy.undecided(rows)
        if undecided_keys:
            conclusion = Conclusion.NOT_IDENTIFIABLE
            equivalent = tuple(dict.fromkeys((*undecided_keys, *equivalent)))
            notes = (*notes, *hidden)
    if conclusion is Conclusion.NOT_IDENTIFIABLE:
        undecided = {rows[0].key, *equivalent}
        rows = tuple(
            replace(row, identifiable=False) if row.key in undecided else row for row in rows
        )
    schedule, kernel, scheduled, random = None, None, None, None
    if conclusion is Conclusion.NONE_FITS:
        schedule = _schedule(train, held, criteria)
        kernel = kernel_of(histories, seed=seed, criteria=criteria)
        scheduled = scheduled_rule(applicable, train, held, seed=seed, criteria=criteria)
        if kernel is None and scheduled is None:
            random = random_updates(rows, train, held, seed=seed)
    preferred = _causal_rule(rows[0])
    first = np.array([rows[0].coefficients[name] for name in preferred.names])
    return Identification(
        conclusion=conclusion,
        rows=rows,
        equivalent=equivalent,
        refused=refused,
        failures=(),
        samples=train.targets.size,
        starts=train.count,
        criteria=criteria,
        sampling=histories.words,
        scatter=(train.scatter,),
        subject=subject,
        kind=CAUSAL,
        residual=residual_shape(preferred, first, held),
        schedule=schedule,
        kernel=kernel,
        scheduled=scheduled,
        random=random,
        notes=(*added, *notes),
    )


def _causal_rule(row: RuleFit) -> CausalRule:
    """The rule of a row of histories."""
    assert isinstance(row.rule, CausalRule), "only causal rules are fitted to histories"
    return row.rule


def _in_common(
    rows: Sequence[RuleFit],
    tied: Sequence[str],
    train: Histories,
    fitted: Callable[[CausalRule], RuleFit],
    criteria: Criteria,
) -> tuple[CausalRule, Judgement] | None:
    """(rule, judgement) of the simplest rule that all the tied ones contain, None without one.

    It must give the same updates.

    Nested rules whose other numbers have no effect are no doubt about the policy: it is the one
    inside them.
    """
    shared = frozenset.intersection(*(row.rule.contains for row in rows if row.key in tied))
    known = {row.key for row in rows}
    for rule in sorted(causal(), key=lambda candidate: candidate.richness):
        if rule.key not in shared - known or _refusal(rule, train):
            continue
        judged = judge([*rows, fitted(rule)], train.targets, criteria)
        conclusion, ordered, _ = judged
        if conclusion is Conclusion.RULE and ordered[0].key == rule.key:
            return rule, judged
    return None


def _in_common_words(rule: CausalRule) -> str:
    return (
        f"{rule.name[:1].upper()}{rule.name[1:]} was not among the rules that were asked for: it is"
        " what those that fit alike have in common, with their other numbers where they have no"
        " effect."
    )


def weight_by_weight(
    identification: Identification, histories: Histories, *, seed: int = 0
) -> Identification:
    """The same with a note where the nearest rule fits with numbers of its own for each weight.

    For weights that mean the same in every history: coefficients that are matrices, as in
    n-dimensional LQG problems, are shared numbers only if they are multiples of the identity.
    """
    count = histories.gradients.shape[2]
    if identification.conclusion is not Conclusion.NONE_FITS or count < 2:
        return identification
    rule = _causal_rule(identification.rows[0])
    threshold = identification.criteria.threshold
    fits: list[CausalFit] = []
    for weight in range(count):
        fit = _next_weight(rule, histories.weight(weight), fits, threshold, seed)
        if fit.error > threshold:
            return identification
        fits.append(fit)
    worst = max(fit.error for fit in fits)
    numbers = []
    for i, coefficient in enumerate(rule.coefficients):
        values = ", ".join(f"{fit.coefficients[i]:.4g}" for fit in fits)
        numbers.append(f"{coefficient.symbol} = {values}")
    note = (
        f"With numbers of its own for each weight it is {rule.name}: {'; '.join(numbers)} (error at"
        f" most {percent(worst)})."
    )
    return replace(identification, notes=(*identification.notes, note))


def _next_weight(
    rule: CausalRule, histories: Histories, before: list[CausalFit], threshold: float, seed: int
) -> CausalFit:
    """A rule fitted to one weight, from the numbers of the weight before it if they lead far enough."""
    train, held = histories.split(seed)
    if before and rule.smooth:
        start = before[-1].coefficients
        fit = fit_causal_rule(rule, train, held, seed=seed, resamples=1, start=start)
        if fit.error <= threshold:
            return fit
    return fit_causal_rule(rule, train, held, seed=seed, resamples=1)


def _refusal(rule: CausalRule | Rule, histories: Histories) -> str | None:
    """Why a rule cannot be fitted to these histories, None where it can."""
    if not isinstance(rule, CausalRule):
        return "a map of what the landscape is; a causal policy sees its gradients only"
    if Information.PARAMETERS in rule.sees and histories.parameters is None:
        return "needs parameters (θ at each observation), which the histories do not hold"
    return None


def _row(rule: CausalRule, fit: CausalFit, theory: Mapping[str, float]) -> RuleFit:
    named = dict(zip(rule.names, fit.coefficients.tolist(), strict=True))
    return RuleFit(
        rule=rule,
        coefficients=named,
        intervals=dict(zip(rule.names, map(tuple, fit.intervals.tolist()), strict=True)),
        predicted={name: theory.get(name) for name in rule.names},
        error=fit.error,
        fit_error=fit.fit_error,
        condition=fit.condition,
        identifiable=False,
        equivalent_to=(),
        undefined=0,
        at_bound=tuple(np.array(rule.names)[fit.at_bound].tolist()),
        fitted=(fit.fitted,),
    )


def _schedule(train: Histories, held: Histories, criteria: Criteria) -> Schedule | None:
    """Heavy ball step by step, if it fits and every step has histories enough to say so."""
    # the first update has none before it: without it the schedule would start in the middle
    if train.settle or train.gradients[:, 0].size < _PER_STEP or held is train:
        return None
    if train.whitening is not None:  # noise of the weights looks like negative momentum
        return None
    schedule = read_schedule(train, held)
    fits = schedule.error <= criteria.threshold and (schedule.learning_rate >= 0).all()
    return schedule if fits else None


def _check_excitation(
    conclusion: Conclusion,
    rows: Sequence[RuleFit],
    equivalent: tuple[str, ...],
    histories: Histories,
    criteria: Criteria,
) -> tuple[Conclusion, tuple[str, ...], tuple[str, ...]]:
    """(conclusion, equivalent, notes): the same unless the inputs cannot carry it, and why."""
    notes = []
    if rows[0].key == LOOP_TWIN and "heavy_ball_decoupled_decay" in rows[0].equivalent_to:
        notes.append(
            "In the loop that the policy closes itself, decoupled decay with (β, w) is this rule"
            " with (β(1-w), w(1-β)): one rule in two sets of numbers."
        )
    if histories.count < 2:
        notes.append("There is one history only: nothing was held out.")
    if conclusion is not Conclusion.NONE_FITS and innovation(histories) <= criteria.resolution:
        conclusion = Conclusion.NOT_IDENTIFIABLE
        fitting = tuple(row.key for row in rows if row.error <= criteria.threshold)
        equivalent = tuple(dict.fromkeys((*(equivalent or fitting), *fitting)))
        path = "a single path" if histories.count < 2 else "a path of one curvature"
        notes.append(
            f"Every gradient follows from the two before it, as on {path} without noise: a rule"
            " with memory and one without give nearly the same updates there."
        )
    law = regress_on_previous_update(histories)
    # β > 1 with a negative rate is the costate's law along an optimal path
    planned = (
        law.error <= criteria.resolution
        and law.momentum > 1 - criteria.resolution
        and law.learning_rate < 0
    )
    explains_more = law.error * criteria.margin < rows[0].error
    if planned and (conclusion is not Conclusion.RULE or explains_more):
        if conclusion is not Conclusion.NONE_FITS:
            conclusion = Conclusion.NOT_IDENTIFIABLE
        numbers = (
            f"momentum {law.momentum:.4g} and learning rate {law.learning_rate:.3g} with error"
            f" {law.error:.1e}"
        )
        notes.append(
            f"Regressed on gradient and previous update, these updates give {numbers}. That is the"
            " law of a planned path on its stable manifold, no rule to run forward: identify the"
            " problem that it solves, policy against policy."
        )
    if len(equivalent) < 2:  # one rule alone is not equivalent to another
        equivalent = ()
    return conclusion, equivalent, tuple(notes)


fit_causal = identify_causal  # the older name
