"""Runs of rules with signs that begin with an unknown memory: how much of it is left where they count."""

import numpy as np

from .histories import Histories
from .maps import RuleFit
from .noise_verdict import coefficients_of, rule_of


def unfaded_memory(row: RuleFit, seen: Histories) -> float:
    """What an unknown memory makes of the first updates that count, relative to them.

    0 for smooth rules, whose memory is fitted (:mod:`.unknown_memory`). Gradients of the first half
    of what fills the memory are forgotten: what that changes is to the whole as a memory after half
    of the filling is to one after all of it.
    """
    columns = np.flatnonzero(seen.unknown_columns & seen.counts.any(axis=1).ravel())
    if not columns.size or rule_of(row).smooth:
        return 0.0
    gradients, parameters = seen.columns
    first = seen.counts.transpose(1, 0, 2).reshape(gradients.shape).argmax(axis=0)
    forgetful = gradients.copy()
    for column in columns:
        forgetful[: first[column] // 2, column] = 0.0
    at = coefficients_of(row)[None]
    whole = rule_of(row).updates(at, gradients, parameters)[0]
    later = rule_of(row).updates(at, forgetful, parameters)[0]
    window = np.arange(3)  # of first updates
    rows = np.minimum(first[columns][:, None] + window, len(gradients) - 1)
    moved = whole[rows, columns[:, None]]
    changed = moved - later[rows, columns[:, None]]
    size = float(np.linalg.norm(moved))
    share = float(np.linalg.norm(np.nan_to_num(changed))) / size if size > 0 else 0.0
    return float(min(share, 1.0) ** 2)  # forgetting goes on at the same pace
