"""The paths that a picture of a solution shows: plans, and rules beside them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....model.problem import ControlProblem
from ....planning.solution import Plan, Solution
from ....rules.gradient import uniform_metric
from ....support.errors import ProblemError
from ....trajectories import Trajectory, trajectory
from .. import style
from .numbers import short

_POINTS = 301  # of a plan, beside its nodes
_RULES = ("gradient_descent", "heavy_ball", "natural_gradient")
_STYLES = {"SGD": "sgd", "HeavyBall": "heavy_ball", "Adam": "adam", "RMSProp": "rmsprop"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """One path, ready to be drawn.

    Attributes
    ----------
    key : of its look, see ``style.rule``
    label : words with the cost
    times, parameters, controls : (N,), (N, n), (N, m)
    options : of ``Axes.plot``, that change its look
    """

    key: str
    label: str
    times: np.ndarray
    parameters: np.ndarray
    controls: np.ndarray
    options: dict[str, Any]


def of_plan(solution: Solution, plan: Plan, rank: int) -> Course:
    """A plan, the best in the look of the optimum, others thin."""
    name = "optimal plan" if plan.status.ok else f"plan, not converged ({plan.status})"
    if rank:
        name = f"another plan ({rank + 1})"
    options: dict[str, Any] = {"linewidth": 2.3, "zorder": 5.0}
    if rank:
        options = {"linewidth": 1.1, "linestyle": (0, (4, 1.4)), "zorder": 3.5}
    elif not plan.status.ok:
        options["linestyle"] = (0, (1.2, 1))
    # between its nodes a plan is a polynomial, not a straight line
    times = np.union1d(plan.times, np.linspace(0, plan.times[-1], _POINTS))
    parameters, controls, _ = plan.at(times)
    return Course(
        key="optimal",
        label=f"{name}, J = {short(plan.cost)}",
        times=times,
        parameters=parameters,
        controls=controls,
        options=options,
    )


def of_trajectory(path: Trajectory) -> Course:
    """A rule's path, with its cost and coefficients in words."""
    label = style.rule(_look(path.key)).label
    cost = f"no cost: {path.reason}" if path.cost is None else f"J = {short(path.cost)}"
    numbers = f" ({_first_two(path.words)})" if path.coefficients else ""
    until = f" ({path.reason})" if path.reason and path.cost is not None else ""
    return Course(
        key=_look(path.key),
        label=f"{label}{numbers}, {cost}{until}",
        times=path.times,
        parameters=path.parameters,
        controls=path.controls,
        options={},
    )


def _first_two(words: str) -> str:
    """Legends have no room for all four of Adam's."""
    parts = words.split(", ")
    return ", ".join(parts if len(parts) < 3 else [*parts[:2], "…"])


def _look(key: str) -> str:
    return _STYLES.get(key, key)


def rule_courses(
    solution: Solution, problem: ControlProblem, rules: object
) -> tuple[list[Course], list[str]]:
    """(paths of the rules, words on those that have none).

    None are those that apply of gradient descent, momentum and the natural gradient; what is asked
    for by name and does not apply is refused.
    """
    if problem.end is not None and rules is None:
        return [], ["no rule knows the fixed end"]
    asked = _default_rules(problem) if rules is None else _as_list(rules)
    courses, missing = [], []
    for rule in asked:
        try:
            path = rule
            if not isinstance(path, Trajectory):
                path = trajectory(problem, rule, solution=solution)
        except ProblemError as error:
            if rules is not None:
                raise
            missing.append(f"{style.rule(str(rule)).label}: {error.received}")
            continue
        courses.append(of_trajectory(path))
    return courses, missing


def _as_list(rules: object) -> list[object]:
    """What was asked for; a name, a rule or a path alone is a list of one."""
    if isinstance(rules, Iterable) and not isinstance(rules, str):
        return list(rules)
    return [rules]


def _default_rules(problem: ControlProblem) -> list[str]:
    """Without the natural gradient where it is gradient descent."""
    plain = uniform_metric(problem) is not None
    return [rule for rule in _RULES if not (plain and rule == "natural_gradient")]
