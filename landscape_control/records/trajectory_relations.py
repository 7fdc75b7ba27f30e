"""What must hold between the fields of plans and solutions on known landscapes.

A plan that converged is finite throughout; one that failed keeps the iterate, whatever it is, and
its status says so.
"""

import itertools
from collections.abc import Mapping

import numpy as np

from ..model.problem import ControlProblem
from ..planning.solution import Plan
from .relation_checks import (
    check_ascending,
    check_counted,
    check_finite,
    check_positive,
    check_shape,
    refuse,
)

# starts, ends and costs that agree to this, relatively, are equal as far as a record can tell
_EQUAL = 1e-4


def check_plan(values: Mapping) -> None:
    times, states = values["times"], values["parameters"]
    vertices, positions = values["vertices"], values["positions"]
    nodes = len(times)
    for name in ("parameters", "controls", "costates"):
        if len(values[name]) != nodes:
            refuse(name, f"a row for each of {nodes} times", f"{len(values[name])} rows")
    if not (states.shape[1] and values["costates"].shape == states.shape):
        refuse(
            "costates",
            f"the shape of the parameters, {states.shape}",
            f"{values['costates'].shape}",
        )
    check_ascending("times", times)
    check_ascending("vertices", vertices)
    check_ascending("positions", positions)
    if not (positions[0] == 0 and positions[-1] == 1):
        refuse(
            "positions",
            "fractions of an element from 0 to 1",
            f"from {positions[0]:g} to {positions[-1]:g}",
        )
    wanted = (len(vertices) - 1) * (len(positions) - 1) + 1
    if nodes != wanted:
        refuse("times", f"{wanted} nodes of {len(vertices) - 1} elements", f"{nodes}")
    _on_mesh(times, vertices, positions)
    check_counted(values, "iterations")
    if values["status"].ok:
        for name in ("times", "parameters", "controls", "costates", "cost", "cost_error"):
            check_finite(name, values[name])
    basin, tail = values.get("end_basin"), values.get("tail")
    if basin is not None and basin.shape != states.shape[1:]:
        refuse("end_basin", f"a point of {states.shape[1]} parameters", f"shape {basin.shape}")
    sizes = states.shape[1], values["controls"].shape[1]
    if tail is not None and (len(tail.steady_state), len(tail.steady_control)) != sizes:
        refuse("tail", f"one of {sizes[0]} parameters", f"one of {len(tail.steady_state)}")


def _on_mesh(times: np.ndarray, vertices: np.ndarray, positions: np.ndarray) -> None:
    """Nodes stand at the positions of the elements between the vertices."""
    lengths = np.diff(vertices)
    inside = vertices[:-1, None] + lengths[:, None] * positions[:-1]
    wanted = np.append(inside.ravel(), vertices[-1])
    if not np.allclose(times, wanted, rtol=1e-9, atol=1e-9 * abs(vertices[-1])):
        refuse("times", "nodes at the positions of the mesh's elements", "others")


def check_tail(values: Mapping) -> None:
    n, m = len(values["steady_state"]), len(values["steady_control"])
    shapes = {
        "steady_costate": (n,),
        "closed_loop": (n, n),
        "gain": (m, n),
        "value_hessian": (n, n),
        "velocity": (n,),
    }
    for name, shape in shapes.items():
        check_shape(values, name, shape)


def check_solution(values: Mapping) -> None:
    plans = values["plans"]
    problem: ControlProblem | None = values.get("problem")
    if not plans:
        refuse("plans", "at least one plan", "none")
    for i, plan in enumerate(plans):
        if problem is None:
            break
        shape = plan.parameters.shape[1], plan.controls.shape[1]
        if shape != (problem.dimension, problem.controls):
            refuse(
                f"plans/{i}",
                f"{problem.dimension} parameters and {problem.controls} controls, as the"
                " problem has",
                f"{shape[0]} and {shape[1]}",
            )
    check_positive("tolerance", values["tolerance"])
    for name in ("starts", "build_seconds", "solve_seconds"):
        check_counted(values, name)
    for i, plan in enumerate(plans):
        if problem is not None and plan.status.ok:
            _plan_of(problem, plan, f"plans/{i}")
    certificate = values.get("certificate")
    if plans[0].status.ok and certificate is not None and not certificate.passed:
        refuse(
            "certificate",
            "one that passes, as the status says that the plan converged",
            "; ".join(certificate.failures),
        )
    costs = [plan.cost for plan in plans if plan.status.ok]
    if any(later < cost - _EQUAL * abs(cost) for cost, later in itertools.pairwise(costs)):
        refuse("plans", "the best first", f"costs {', '.join(f'{cost:g}' for cost in costs[:4])}")


def _plan_of(problem: ControlProblem, plan: Plan, place: str) -> None:
    """Refuse a converged plan of another problem: start, end and horizon tell."""
    path, horizon = plan.parameters, problem.objective.horizon
    near = _EQUAL * max(np.abs(path).max(), 1.0)
    if np.abs(path[0] - problem.start).max() > near:
        refuse(
            f"{place}/parameters",
            f"a path from the start of the problem, {problem.start}",
            f"one from {path[0]}",
        )
    if problem.end is not None and np.abs(path[-1] - problem.end).max() > near:
        refuse(
            f"{place}/parameters",
            f"a path to the end of the problem, {problem.end}",
            f"one to {path[-1]}",
        )
    ends = horizon if np.isfinite(horizon) else plan.times[-1]
    if plan.times[0] != 0 or abs(plan.times[-1] - ends) > _EQUAL * ends:
        refuse(
            f"{place}/times",
            f"times from 0 to the horizon {ends:g}",
            f"from {plan.times[0]:g} to {plan.times[-1]:g}",
        )


def check_certificate(values: Mapping) -> None:
    check_positive("tolerance", values["tolerance"])
    if values.get("cost_mismatch") is not None and values.get("unseen") is None:
        refuse("unseen", "a number, as there is a cost mismatch to hold against it", "none")
