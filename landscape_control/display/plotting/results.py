"""From results to figure data: what the library returns, as the flat mappings that the whole
figures read.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...identification import Identification
from ...identification.maps import Verdict
from ...model.landscape import Landscape
from ...support.arguments import Count, Matrix, checked
from ...support.errors import ProblemError, shown
from .places import Side, grid_data

_PATH = ("times", "parameters", "controls", "costates")


@checked
def plan_data(
    plan: object,
    landscape: Landscape | None = None,
    box: Matrix | None = None,
    *,
    points: Side = 141,
    title: str | None = None,
) -> dict[str, Any]:
    """Data of ``figures.plan_overview`` from a Plan or Solution.

    With ``landscape`` (two parameters) also its loss on ``points``² points of ``box`` ((low₁,
    high₁), (low₂, high₂)), by default around the path and the known minima. Raises ProblemError
    when the landscape has another dimension.
    """
    if isinstance(plan, type) or not all(hasattr(plan, name) for name in _PATH):
        raise ProblemError(
            "plan",
            expected="a Plan or a Solution",
            received=shown(plan),
            advice="pass what landscape_control.solve(problem) returns",
        )
    data = {name: getattr(plan, name) for name in _PATH}
    data |= {} if title is None else {"title": title}
    if landscape is None:
        return data
    if landscape.dimension != 2:
        raise ProblemError(
            "map of a plan",
            expected="a landscape of two parameters",
            received=f"{landscape.dimension}",
            advice="leave out the landscape: the time series are drawn for any number",
        )
    known = np.empty((0, 2)) if landscape.minima is None else landscape.minima
    data |= grid_data(
        landscape,
        _box_around(np.vstack([plan.parameters, known])) if box is None else box,
        points=points,
    )
    return data | ({"minima": known[np.argsort(landscape.loss(known))]} if len(known) else {})


def _box_around(points):
    low, high = points.min(0), points.max(0)
    margin = 0.25 * np.maximum(high - low, 0.4 * (high - low).max())
    return tuple(zip(low - margin, high + margin, strict=True))


@checked
def verdict_data(verdict: Verdict | Identification) -> dict[str, Any]:
    """Data of ``figures.verdict`` from what ``compare`` returns."""
    rows = verdict.rows
    words = [
        ", ".join(f"{c.symbol} = {row.coefficients[c.name]:.3g}" for c in row.rule.coefficients)
        for row in rows
    ]
    return {
        "rules": [row.key for row in rows],
        "errors": [row.error for row in rows],
        "regrets": [np.nan if row.excess_cost is None else row.excess_cost for row in rows],
        "conditions": [row.condition for row in rows],
        "identifiable": [float(row.identifiable) for row in rows],
        "coefficients": words,
        "title": f"verdict: {verdict.conclusion.value}",
    }


@checked
def coefficients_data(verdict: Verdict | Identification) -> dict[str, Any]:
    """Data of ``figures.coefficients`` from what ``compare`` returns: every coefficient of every
    rule.
    """
    pairs = [(row, c) for row in verdict.rows for c in row.rule.coefficients]
    ends = np.array([row.intervals[c.name] for row, c in pairs], dtype=float)
    theory = [row.predicted.get(c.name) for row, c in pairs]
    return {
        "rules": [row.key for row, _ in pairs],
        "names": [f"{c.name.replace('_', ' ')} {c.symbol}" for _, c in pairs],
        "estimates": [row.coefficients[c.name] for row, c in pairs],
        "lower": ends[:, 0],
        "upper": ends[:, 1],
        "theory": [np.nan if value is None else value for value in theory],
    }


@checked
def policy_data(
    verdict: Verdict | Identification,
    *,
    group_names: Sequence[str] | None = None,
    count: Count = 3,
) -> dict[str, Any]:
    """Data of ``figures.policy_scatter`` from what ``compare`` returns: the ``count`` best rules.

    Samples are grouped by component of the control; of several problems, by problem.
    ``group_names`` names the groups.
    """
    samples, rows = verdict.scatter, verdict.rows[:count]
    several = len(samples) > 1
    groups = [
        np.full(part.controls.shape, i) if several else np.indices(part.controls.shape)[1]
        for i, part in enumerate(samples)
    ]
    kind, number = (
        ("problem", len(samples)) if several else ("component", samples[0].controls.shape[1])
    )
    names = [f"{kind} {i + 1}" for i in range(number)] if group_names is None else group_names
    descent, controls = (
        _flat(-part.slopes for part in samples),
        _flat(part.controls for part in samples),
    )
    return {
        "descent": descent,
        "controls": controls,
        "groups": _flat(groups),
        "group_names": names,
        "gain": float(descent @ controls / max(descent @ descent, 1e-300)),
        "rules": [row.key for row in rows],
        "predictions": np.array([_flat(row.fitted) for row in rows]),
        "errors": [row.error for row in rows],
    }


def _flat(parts):
    return np.concatenate([np.ravel(part) for part in parts])
