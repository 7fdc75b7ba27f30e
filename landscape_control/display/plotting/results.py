"""From results to figure data: the flat mappings that the whole figures read."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...identification.identification import Identification
from ...identification.maps import RuleFit, Verdict
from ...model.landscape import Landscape
from ...planning.solution import Plan, Solution
from ...support.arguments import Count, Matrix, checked
from ...support.errors import ProblemError, shown
from .places import Side, grid_data, known_minima

_PATH = ("times", "parameters", "controls", "costates")

if TYPE_CHECKING:
    PlanLike = Plan | Solution
else:
    PlanLike = object  # whatever has these four arrays, see plan_data


@checked
def plan_data(
    plan: PlanLike,
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
    data: dict[str, Any] = {name: getattr(plan, name) for name in _PATH}
    if title is not None:
        data["title"] = title
    if landscape is None:
        return data
    if landscape.dimension != 2:
        raise ProblemError(
            "map of a plan",
            expected="a landscape of two parameters",
            received=f"{landscape.dimension}",
            advice="leave out the landscape: the time series are drawn for any number",
        )
    minima = known_minima(landscape)
    if box is None:
        box = _box_around(np.vstack([plan.parameters, minima]))
    data |= grid_data(landscape, box, points=points)
    if len(minima):
        lowest_first = np.argsort(landscape.loss(minima))
        data["minima"] = minima[lowest_first]
    return data


def data_of_solution(solution: Solution) -> dict[str, Any]:
    """Data of ``figures.plan_overview`` from a Solution: with its landscape where that is a map."""
    problem = solution.problem
    if problem is None or problem.dimension != 2 or not problem.is_known:
        return plan_data(solution)
    return plan_data(solution, problem.landscape)


def _box_around(points: np.ndarray) -> np.ndarray:
    """((low₁, high₁), (low₂, high₂)) of the points, with a margin of a quarter on each side."""
    low, high = points.min(0), points.max(0)
    extent = high - low
    margin = 0.25 * np.maximum(extent, 0.4 * extent.max())  # a straight path has no width
    return np.column_stack([low - margin, high + margin])


@checked
def verdict_data(verdict: Verdict | Identification) -> dict[str, Any]:
    """Data of ``figures.verdict`` from what ``compare`` returns."""
    rows = verdict.rows
    return {
        "rules": [row.key for row in rows],
        "errors": [row.error for row in rows],
        "regrets": [np.nan if row.excess_cost is None else row.excess_cost for row in rows],
        "conditions": [row.condition for row in rows],
        "identifiable": [float(row.identifiable) for row in rows],
        "coefficients": [_coefficients_in_words(row) for row in rows],
        "title": f"verdict: {verdict.conclusion.value}",
    }


def _coefficients_in_words(row: RuleFit) -> str:
    numbers = row.coefficients
    return ", ".join(f"{c.symbol} = {numbers[c.name]:.3g}" for c in row.rule.coefficients)


@checked
def coefficients_data(verdict: Verdict | Identification) -> dict[str, Any]:
    """Data of ``figures.coefficients`` from what ``compare`` returns: all coefficients of all."""
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
    if several:
        groups = [np.full(part.controls.shape, i) for i, part in enumerate(samples)]
        names = [f"problem {i + 1}" for i in range(len(samples))]
    else:
        groups = [np.indices(part.controls.shape)[1] for part in samples]
        names = [f"component {i + 1}" for i in range(samples[0].controls.shape[1])]
    descent = _flat(-part.slopes for part in samples)
    controls = _flat(part.controls for part in samples)
    # Least squares of u = gain · (-∇L); at rest there is no slope to divide by.
    gain = float(descent @ controls / max(descent @ descent, 1e-300))
    return {
        "descent": descent,
        "controls": controls,
        "groups": _flat(groups),
        "group_names": names if group_names is None else group_names,
        "gain": gain,
        "rules": [row.key for row in rows],
        "predictions": np.array([_flat(row.fitted) for row in rows]),
        "errors": [row.error for row in rows],
    }


def _flat(parts: Iterable[np.ndarray]) -> np.ndarray:
    """The entries of all parts in one row."""
    return np.concatenate([np.ravel(part) for part in parts])
