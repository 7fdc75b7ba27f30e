"""What must hold between the fields of solutions for hidden landscapes, on grids too."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..planning.beliefs.confirmation import CostKind
from .limits import LARGEST_COUNT
from .relation_checks import check_ascending, check_finite, check_shape, refuse

_KINDS_OF_BELIEF = ("mean and covariance", "mean", "tasks")
_KINDS_ON_GRIDS = ("probability", "probabilities", "mean", "mean and variance")


def check_belief_solution(values: Mapping) -> None:
    kind = values.get("cost_kind", CostKind.EXACT)
    if kind not in {str(member) for member in CostKind}:
        refuse("cost_kind", f"one of {', '.join(map(str, CostKind))}", f"{kind!r:.60}")
    if values["problem"].is_known:
        refuse("problem", "one with hidden variables", "a known landscape")


def _belief_size(problem: Any) -> int:
    hidden = problem.landscape.hidden
    return len(hidden.tasks) if hasattr(hidden, "tasks") else hidden.dimension


def check_layout(values: Mapping) -> None:
    if values["kind"] not in _KINDS_OF_BELIEF:
        refuse("kind", f"one of {', '.join(_KINDS_OF_BELIEF)}", f"{values['kind']!r:.60}")
    if not 1 <= values["estimate"] <= LARGEST_COUNT:
        refuse("estimate", f"a length from 1 to {LARGEST_COUNT}", f"{values['estimate']}")


def check_planned_belief(values: Mapping) -> None:
    """Of replanning and transcription: a plan of (θ, belief coordinates), perhaps with a clock."""
    problem, layout = values["problem"], values["layout"]
    if layout.estimate != _belief_size(problem):
        refuse(
            "layout",
            f"a belief of length {_belief_size(problem)}, as the problem has",
            f"{layout.estimate}",
        )
    states = problem.dimension + layout.size
    plans = {f"plans/{i}": plan for i, plan in enumerate(values.get("plans", ()))}
    for name, plan in {"plan": values["plan"], **plans}.items():
        size, controls = plan.parameters.shape[1], plan.controls.shape[1]
        if size not in (states, states + 1) or controls != problem.controls:
            refuse(
                name,
                f"{states} states and {problem.controls} controls",
                f"{size} and {controls}",
            )


def check_transcribed(values: Mapping) -> None:
    variation, states = values["variation"], values["plan"].parameters.shape[1]
    if values["dimension"] != values["problem"].dimension:
        refuse(
            "dimension",
            f"{values['problem'].dimension}, as the problem has",
            f"{values['dimension']}",
        )
    if not values["plans"]:
        refuse("plans", "at least one plan", "none")
    least = values["dimension"] + values["layout"].size
    if not least <= variation.value_hessian.shape[1] <= states:
        refuse(
            "variation",
            f"one over the plan's {states} states",
            f"shape {variation.value_hessian.shape}",
        )


def check_variation(values: Mapping) -> None:
    count, n = values["value_hessian"].shape[:2]
    check_shape(values, "value_hessian", (count, n, n))
    check_shape(values, "times", (count,))
    check_shape(values, "gains", (count, values["gains"].shape[1], n))
    check_ascending("times", values["times"])


def check_lqg(values: Mapping) -> None:
    problem = values["problem"]
    n, m, d = problem.dimension, problem.controls, values["belief_gain"].shape[1]
    size = _belief_size(problem)
    if d not in (size, size - 1):
        refuse("belief_gain", f"{size} columns", f"{d}")
    check_shape(values, "gain", (m, n))
    check_shape(values, "belief_gain", (m, d))
    check_shape(values, "steady_covariance", (d, d))
    for name in ("gain", "belief_gain"):
        check_finite(name, values[name])


def check_identifiability(values: Mapping) -> None:
    count, labels = len(values["stiffness"]), len(values["labels"])
    if values["directions"].size or count:
        check_shape(values, "directions", (count, labels))


def check_coordinates(values: Mapping) -> None:
    if values["kind"] not in _KINDS_ON_GRIDS:
        refuse("kind", f"one of {', '.join(_KINDS_ON_GRIDS)}", f"{values['kind']!r:.60}")
    check_shape(values, "start", (len(values["names"]),))
    check_finite("start", values["start"])


def check_grid(values: Mapping) -> None:
    axes, coordinates = values["axes"], values["coordinates"]
    if not axes or len(values["names"]) != len(axes):
        refuse(
            "axes",
            "one for each of the names",
            f"{len(axes)} axes and {len(values['names'])} names",
        )
    for i, axis in enumerate(axes):
        if axis.ndim != 1 or len(axis) < 2:
            refuse(f"axes/{i}", "at least two nodes", f"shape {axis.shape}")
        check_ascending(f"axes/{i}", axis)
    sizes, slices = tuple(map(len, axes)), len(values["to_go"])
    check_shape(values, "values", (slices, *sizes))
    check_shape(values, "controls", (slices, *values["controls"].shape[1:2], *sizes))
    for name in ("box", "core", "natural"):
        check_shape(values, name, (len(axes), 2))
    check_shape(values, "start", (len(axes) - len(coordinates.names),))
    to_go = values["to_go"]
    is_increasing = slices < 2 or (np.diff(to_go) > 0).all()
    if not slices or not is_increasing or np.isnan(to_go).any():
        refuse("to_go", "increasing times", "others")
    if values["status"].ok:
        for name in ("values", "controls"):
            check_finite(name, values[name])


def check_grid_solution(values: Mapping) -> None:
    n, controls = values["problem"].dimension, values["grid"].controls.shape[1]
    if len(values["grid"].start) != n or controls != values["problem"].controls:
        refuse("grid", f"a policy of {n} parameters", f"one of {len(values['grid'].start)}")
