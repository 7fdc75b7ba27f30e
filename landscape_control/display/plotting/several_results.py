"""From several results to figure data: claims, training runs, plans of networks, comparisons."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...claims import Outcome
from ...claims.overview import overview_data
from ...support.errors import ProblemError, shown

_POINTS = 201  # of a path, evenly in time for plans and in length for flows
_LEVEL = 0.95  # of intervals over seeds


def data_of_claims(given: Any) -> Any:
    """Data of ``figures.claims_overview`` from outcomes, as ``claims.run_claims`` returns them."""
    if not _are(given, lambda each: isinstance(each, Outcome)):
        return given
    return overview_data(given)


def data_of_runs(given: Any) -> Any:
    """Data of ``figures.training_curves`` from runs of :func:`landscape_control.training.runs.train`.

    Runs of one recipe are its seeds; a run with fewer epochs has gaps. A recipe with fewer seeds than
    another is filled up with the mean of its own, which changes neither mean nor band.
    """
    if not _are(given, lambda each: hasattr(each, "recipe") and hasattr(each, "curve")):
        return given
    by_recipe: dict[str, list[Any]] = {}
    for run in given:
        by_recipe.setdefault(run.recipe.key, []).append(run)
    longest = max(len(run.epochs) for run in given)
    most = max(map(len, by_recipe.values()))
    recipes = [runs[0].recipe for runs in by_recipe.values()]
    curves = {
        name: np.full((len(recipes), most, longest), math.nan)
        for name in ("training_loss", "test_accuracy")
    }
    for i, runs in enumerate(by_recipe.values()):
        for j, run in enumerate(runs):
            for name, values in curves.items():
                values[i, j] = run.curve(name, longest)
        for values in curves.values():
            values[i, len(runs) :] = values[i, : len(runs)].mean(axis=0)
    return {
        "epochs": np.arange(1, longest + 1),
        "labels": [recipe.label for recipe in recipes],
        "rules": [recipe.style or recipe.key for recipe in recipes],
        **curves,
    }


def data_of_derived(given: Any) -> Any:
    """Data of ``figures.derived_run`` from the optimizer that ``lc.derive_optimizer`` returns."""
    curves = getattr(given, "curves", None)
    return curves() if callable(curves) else given


def data_of_network_paths(given: Any) -> Any:
    """Data of ``figures.network_paths`` from pairs (plan, gradient flow), one a seed.

    Of :func:`landscape_control.plan_training`, and of
    :func:`landscape_control.training.trajectories.flow.gradient_flow` from the same weights to the
    same loss. Losses of a plan are straight lines between its nodes; intervals are Student's, at
    95 %, for the mean over seeds.
    """
    if not _are(given, lambda each: isinstance(each, tuple) and len(each) == 2):
        return given
    planned = [_planned(plan) for plan, _ in given]
    flows = [_flowed(flow) for _, flow in given]
    ratios = np.array([_ratios(plan, flow) for plan, flow in given])
    weights = {int(plan.layer_weights.sum()) for plan, _ in given}
    return {
        "plan_lengths": np.array([lengths for lengths, _ in planned]),
        "plan_losses": np.array([losses for _, losses in planned]),
        "flow_lengths": np.array([lengths for lengths, _ in flows]),
        "flow_losses": np.array([losses for _, losses in flows]),
        "labels": ["length", "distance of its ends", "length / distance"],
        "ratios": ratios,
        "means": ratios.mean(axis=0),
        "half_widths": _half_widths(ratios),
        "title": f"{', '.join(map(str, sorted(weights)))} weights",
    }


def data_of_ratios(given: Any) -> Any:
    """Data of ``figures.loss_ratios`` from {task: {method: outcomes, one a seed}}.

    Methods are words, or :class:`~landscape_control.training.comparison.methods.Method`; the first is
    what the others are compared with, on the same seeds. Below the marks stand single seeds.
    """
    if not (isinstance(given, Mapping) and _are(list(given.values()), _is_table)):
        return given
    from ...training.comparison.scores import ratio

    methods = list(next(iter(given.values())))
    if any(list(table) != methods for table in given.values()) or len(methods) < 2:
        raise ProblemError(
            "outcomes of the tasks",
            expected="the same two methods or more, in one order, for every task",
            received=shown([list(map(str, table)) for table in given.values()]),
            advice="put the method that the others are compared with first",
        )
    found, single = [], []
    for table in given.values():
        first, *rest = [np.array([each.training_loss for each in runs]) for runs in table.values()]
        found.append([ratio(losses, first) for losses in rest])
        single.append(np.concatenate([losses / first for losses in rest]))
    longest = max(map(len, single))
    numbers = np.array([[(one.value, one.low, one.high) for one in row] for row in found])
    return {
        "tasks": [str(task).replace("_", " ") for task in given],
        "methods": [getattr(method, "label", str(method)) for method in methods[1:]],
        "rules": [getattr(method, "kind", str(method)) for method in methods[1:]],
        "ratios": numbers[..., 0],
        "low": numbers[..., 1],
        "high": numbers[..., 2],
        "runs": np.array(
            [np.pad(row, (0, longest - len(row)), constant_values=math.nan) for row in single]
        ),
        "against": getattr(methods[0], "label", str(methods[0])),
    }


def _are(given: Any, good: Any) -> bool:
    """Whether these are several, and all good; the data of a figure is one mapping."""
    is_several = isinstance(given, Sequence) and not isinstance(given, str) and len(given) > 0
    return is_several and all(map(good, given))


def _is_table(table: Any) -> bool:
    """{method: outcomes}."""
    if not isinstance(table, Mapping):
        return False
    return _are(
        [*table.values()], lambda runs: _are(runs, lambda one: hasattr(one, "training_loss"))
    )


def _planned(plan: Any) -> tuple[np.ndarray, np.ndarray]:
    """(lengths, losses) along a plan."""
    times = np.linspace(0.0, plan.times[-1], _POINTS)
    steps = np.linalg.norm(np.diff(plan.parameters_at(times), axis=0), axis=1)
    return np.append(0.0, np.cumsum(steps)), np.interp(times, plan.times, plan.losses)


def _flowed(flow: Any) -> tuple[np.ndarray, np.ndarray]:
    """(lengths, losses) along a gradient flow."""
    lengths = np.linspace(0.0, flow.length, _POINTS)
    return lengths, np.interp(lengths, flow.arc_lengths, flow.losses)


def _ratios(plan: Any, flow: Any) -> list[float]:
    """Of length, displacement, and length over displacement."""
    return [
        plan.length / flow.length,
        plan.displacement / flow.displacement,
        flow.straightness / plan.straightness,
    ]


def _half_widths(ratios: np.ndarray) -> np.ndarray:
    """Of the intervals of the means of columns (S, R); NaN for one seed."""
    from scipy.stats import t

    seeds = len(ratios)
    if seeds < 2:
        return np.full(ratios.shape[1], math.nan)
    factor = float(t.ppf((1 + _LEVEL) / 2, seeds - 1))
    return np.asarray(factor * np.std(ratios, axis=0, ddof=1) / math.sqrt(seeds))
