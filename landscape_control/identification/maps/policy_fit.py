"""Every rule fitted to samples of a policy, and judged; nothing is solved here."""

from collections.abc import Iterable, Sequence
from typing import Annotated

import numpy as np

from ...rules import CausalRule, Information, Rule, by_name, observe
from ...rules.information import names
from ...support.arguments import Count, Filled, Index, Whole, Words, checked
from ...support.arrays import whole
from ...support.errors import ProblemError
from .criteria import Criteria
from .fitting import Fit, fit_linear
from .samples import PolicySample
from .verdict import RuleFit, Scatter, Verdict, judge


@checked
def fit_maps(
    samples: PolicySample | Annotated[Sequence[PolicySample], Filled()],
    rules: Annotated[
        Sequence[Rule | CausalRule | str], Filled(), Words(expected="at least one rule, or its key")
    ],
    *,
    seed: Index = 0,
    folds: Annotated[int, Whole(low=2)] = 5,
    resamples: Count = 200,
    criteria: Criteria | None = None,
    sees: frozenset[Information] | None = None,
) -> Verdict:
    """Fit every rule to samples of any policy u(θ), and judge; no control problem is solved.

    Coefficients are shared by all samples.
    Each start is one unit of the cross-validation (``folds``) and of the bootstrap (``resamples``).
    """
    criteria = Criteria() if criteria is None else criteria
    samples = (samples,) if isinstance(samples, PolicySample) else tuple(samples)
    targets = np.concatenate([sample.controls.ravel() for sample in samples])
    if not np.linalg.norm(targets) > 0:
        raise ProblemError(
            "policy samples",
            expected="a policy that moves",
            received="u = 0 at every sampled point",
            advice="start away from the optimum, or widen the spread of the starts",
        )
    groups = _groups(samples)
    refused: dict[str, str] = {}
    applicable: list[Rule] = []
    for rule in read_rules(rules):
        reason = _refusal(rule, samples, sees)
        if reason:
            refused[rule.key] = reason
        elif isinstance(rule, Rule):  # which a rule without objection is
            applicable.append(rule)
    if not applicable:
        raise ProblemError(
            "rules",
            expected="at least one rule that applies to these problems",
            received="; ".join(f"{k}: {v}" for k, v in refused.items()) or "none",
            advice="pass other rules",
        )
    settings = {
        "folds": whole("folds", folds, low=2),
        "resamples": whole("resamples", resamples),
        "seed": seed,
    }
    fits = [_fit_rule(rule, samples, targets, groups, settings) for rule in applicable]
    conclusion, rows, equivalent = judge(fits, targets, criteria)
    return Verdict(
        conclusion=conclusion,
        rows=rows,
        equivalent=equivalent,
        refused=refused,
        failures=(),
        samples=targets.size,
        starts=len(np.unique(groups)),
        criteria=criteria,
        scatter=tuple(_scatter(sample) for sample in samples),
    )


def read_rules(rules: Sequence[Rule | CausalRule | str]) -> tuple[Rule | CausalRule, ...]:
    """Rules or their names as rules, with distinct keys."""
    known = tuple(by_name(rule) if isinstance(rule, str) else rule for rule in rules)
    keys = [rule.key for rule in known]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ProblemError(
            "rules",
            expected="distinct keys",
            received=f"{twice[0]!r} more than once",
            advice="give one of them another key with dataclasses.replace(rule, key=...)",
        )
    return known


def _fit_rule(
    rule: Rule,
    samples: Sequence[PolicySample],
    targets: np.ndarray,
    groups: np.ndarray,
    settings: dict[str, int],
) -> RuleFit:
    features = [rule.features(sample.problem, sample.points) for sample in samples]
    rows = np.concatenate([feature.reshape(-1, len(rule.names)) for feature in features])
    bounds = np.array([(c.low, c.high) for c in rule.coefficients])
    fit = fit_linear(rows, targets, groups, bounds, **settings)
    fitted = tuple(feature @ fit.coefficients for feature in features)
    return RuleFit(
        rule=rule,
        coefficients=_named(rule, fit.coefficients.tolist()),
        intervals=_named(rule, map(tuple, fit.intervals.tolist())),
        predicted=_shared_prediction(rule, samples),
        error=fit.error,
        fit_error=fit.fit_error,
        condition=fit.condition,
        identifiable=False,
        equivalent_to=(),
        undefined=fit.undefined,
        at_bound=_at_bound(rule, fit),
        fitted=fitted,
    )


def _named(rule: Rule, values: Iterable) -> dict:
    return dict(zip(rule.names, values, strict=True))


def _shared_prediction(rule: Rule, samples: Sequence[PolicySample]) -> dict[str, float | None]:
    """The prediction that holds on every problem, None where they differ."""
    predictions = [rule.predicted(sample.problem, hold=sample.hold) for sample in samples]
    shared = {}
    for name in rule.names:
        values = [prediction[name] for prediction in predictions]
        known = [value for value in values if value is not None]
        agreed = len(known) == len(values) and np.allclose(known, known[0], rtol=1e-9, atol=0)
        shared[name] = values[0] if agreed else None
    return shared


def _at_bound(rule: Rule, fit: Fit) -> tuple[str, ...]:
    return tuple(
        c.name
        for c, value in zip(rule.coefficients, fit.coefficients, strict=True)
        if value in (c.low, c.high)
    )


def _refusal(
    rule: Rule | CausalRule, samples: Sequence[PolicySample], sees: frozenset[Information] | None
) -> str | None:
    """Why a rule cannot be compared with these samples, None where it can."""
    if sees is not None and not rule.sees <= sees:
        return f"needs {names(rule.sees - sees)}, which is not given"
    objections = (rule.objection(sample.problem) for sample in samples)
    return next((reason for reason in objections if reason), None)


def _groups(samples: Sequence[PolicySample]) -> np.ndarray:
    """The start that each control belongs to, numbered through all samples."""
    labels, offset = [], 0
    for sample in samples:
        _, index = np.unique(sample.starts, return_inverse=True)
        labels.append(np.repeat(index + offset, sample.controls.shape[1]))
        offset += index.max() + 1
    return np.concatenate(labels)


def _scatter(sample: PolicySample) -> Scatter:
    slopes = observe(sample.problem, sample.points, {Information.GRADIENT})[Information.GRADIENT]
    return Scatter(
        points=sample.points, controls=sample.controls, slopes=slopes, starts=sample.starts
    )
