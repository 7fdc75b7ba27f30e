"""Fitting a causal rule: every candidate is run on the subject's own inputs, its coefficients
shared by all histories.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..rules import CausalRule
from .histories import Histories
from .maps import RuleFit
from .maps.fitting import condition_number
from .rule_on_histories import RuleOnHistories
from .sign_fit import best_explaining, fit_ties
from .smooth_fit import fit_smooth


@dataclass(frozen=True, kw_only=True, eq=False)
class CausalFit:
    """A rule fitted to histories.

    Attributes
    ----------
    coefficients : (c,)
    intervals : (c, 2), central 95 % of the bootstrap over histories
    error : relative rms error on histories held out
    fit_error : the same on the histories fitted
    condition : condition number of the scaled Jacobian of the updates in the coefficients
    fitted : the rule's updates on the histories fitted, in the order of their targets
    at_bound : (c,) bool, which coefficients are at an end of their range
    """

    coefficients: np.ndarray
    intervals: np.ndarray
    error: float
    fit_error: float
    condition: float
    fitted: np.ndarray
    at_bound: np.ndarray


def fit_causal_rule(
    rule: CausalRule,
    train: Histories,
    held: Histories,
    *,
    seed: int,
    resamples: int,
    start: np.ndarray | None = None,
) -> CausalFit:
    """Least squares of the updates over the admissible coefficients, and what it says about them.

    An output-error fit: the rule runs by its own memory on the gradients that the subject saw, so
    that the subject's previous updates explain nothing. The coefficients in which the update is
    proportional are solved for exactly at each of many draws of the others; the best draws are
    refined together; with a ``start``, that one. Intervals: bootstrap over histories of the problem
    linearised at the optimum.

    A rule with signs fits all the same over a whole range of coefficients. Its error is that of the
    member of the range that does best on the histories held out: the rule is refuted if no member
    explains them. Intervals: the range, bootstrapped.
    """
    run, apart = RuleOnHistories(rule, train), RuleOnHistories(rule, held)
    if rule.smooth:
        coefficients, intervals = fit_smooth(run, seed, resamples, start)
    else:
        tied, intervals = fit_ties(run, seed, resamples)
        coefficients = best_explaining(tied, apart)
    fitted = run(coefficients[None])[0]
    unexplained = held.targets - apart(coefficients[None])[0]
    return CausalFit(
        coefficients=coefficients,
        intervals=intervals,
        error=apart.price_of_memory * held.relative_error(unexplained),
        fit_error=run.price_of_memory * train.relative_error(train.targets - fitted),
        condition=condition_number(run.jacobian(coefficients)) if rule.smooth else 1.0,
        fitted=fitted,
        at_bound=(coefficients[:, None] == run.bounds).any(axis=1),
    )


def starts_of(rows: Sequence[RuleFit]) -> Mapping[str, np.ndarray]:
    """{key of a rule: its coefficients as fitted}, from which another fit may start."""
    return {
        row.key: np.array([row.coefficients[name] for name in row.rule.names])
        for row in rows
        if isinstance(row.rule, CausalRule)
    }
