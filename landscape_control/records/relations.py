"""What must hold between the fields of recorded results: lengths that agree, order in time, finite
numbers.

A plan that converged is finite throughout; one that failed keeps the iterate, whatever it is, and
its status says so.
"""

import itertools
import math
from collections.abc import Mapping

import numpy as np

from ..errors import ProblemError
from ..planning.confirmation import CostKind
from ..policies import Policy
from .limits import LARGEST_COUNT, MOST_POLICY_STEPS

_KINDS_OF_BELIEF = ("mean and covariance", "mean", "tasks")
# starts, ends and costs that agree to this, relatively, are equal as far as a record can tell
_EQUAL = 1e-4
_KINDS_ON_GRIDS = ("probability", "mean", "mean and variance")


def refuse(place, expected, received):
    """Refuse the contents of a field."""
    raise ProblemError(
        place,
        expected=expected,
        received=received,
        advice=(
            "the file was not written by landscape_control, or was changed since: save the result"
            " again"
        ),
    )


def _plan(values):
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
    _ascending("times", times)
    _ascending("vertices", vertices)
    _ascending("positions", positions)
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
    _counted(values, "iterations")
    if values["status"].ok:
        for name in ("times", "parameters", "controls", "costates", "cost", "cost_error"):
            _finite(name, values[name])
    basin, tail = values.get("end_basin"), values.get("tail")
    if basin is not None and basin.shape != states.shape[1:]:
        refuse("end_basin", f"a point of {states.shape[1]} parameters", f"shape {basin.shape}")
    sizes = states.shape[1], values["controls"].shape[1]
    if tail is not None and (len(tail.steady_state), len(tail.steady_control)) != sizes:
        refuse("tail", f"one of {sizes[0]} parameters", f"one of {len(tail.steady_state)}")


def _on_mesh(times, vertices, positions):
    """Nodes stand at the positions of the elements between the vertices."""
    lengths = np.diff(vertices)
    inside = vertices[:-1, None] + lengths[:, None] * positions[:-1]
    wanted = np.append(inside.ravel(), vertices[-1])
    if not np.allclose(times, wanted, rtol=1e-9, atol=1e-9 * abs(vertices[-1])):
        refuse("times", "nodes at the positions of the mesh's elements", "others")


def _tail(values):
    n, m = len(values["steady_state"]), len(values["steady_control"])
    shapes = {
        "steady_costate": (n,),
        "closed_loop": (n, n),
        "gain": (m, n),
        "value_hessian": (n, n),
        "velocity": (n,),
    }
    for name, shape in shapes.items():
        _shaped(values, name, shape)


def _solution(values):
    plans, problem = values["plans"], values.get("problem")
    if not plans:
        refuse("plans", "at least one plan", "none")
    for i, plan in enumerate(plans if problem is not None else ()):
        shape = plan.parameters.shape[1], plan.controls.shape[1]
        if shape != (problem.dimension, problem.controls):
            refuse(
                f"plans/{i}",
                f"{problem.dimension} parameters and {problem.controls} controls, as the"
                " problem has",
                f"{shape[0]} and {shape[1]}",
            )
    _positive("tolerance", values["tolerance"])
    for name in ("starts", "build_seconds", "solve_seconds"):
        _counted(values, name)
    for i, plan in enumerate(plans if problem is not None else ()):
        if plan.status.ok:
            _plan_of(problem, plan, f"plans/{i}")
    certificate = values.get("certificate")
    if plans[0].status.ok and certificate is not None and not certificate.passed:
        refuse(
            "certificate",
            "one that passes, as the status says that the plan converged",
            "; ".join(certificate.failures),
        )
    costs = [plan.cost for plan in plans if plan.status.ok]
    if any(later < one - _EQUAL * abs(one) for one, later in itertools.pairwise(costs)):
        refuse("plans", "the best first", f"costs {', '.join(f'{cost:g}' for cost in costs[:4])}")


def _plan_of(problem, plan, place):
    """Refuse a plan that is said to have converged and is one of another problem: start, end and
    horizon tell.
    """
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


def _belief_solution(values):
    kind = values.get("cost_kind", CostKind.EXACT)
    if kind not in {str(one) for one in CostKind}:
        refuse("cost_kind", f"one of {', '.join(map(str, CostKind))}", f"{kind!r:.60}")
    if values["problem"].is_known:
        refuse("problem", "one with hidden variables", "a known landscape")


def _belief_size(problem):
    hidden = problem.landscape.hidden
    return len(hidden.tasks) if hasattr(hidden, "tasks") else hidden.dimension


def _layout(values):
    if values["kind"] not in _KINDS_OF_BELIEF:
        refuse("kind", f"one of {', '.join(_KINDS_OF_BELIEF)}", f"{values['kind']!r:.60}")
    if not 1 <= values["estimate"] <= LARGEST_COUNT:
        refuse("estimate", f"a length from 1 to {LARGEST_COUNT}", f"{values['estimate']}")


def _planned_belief(values):
    """Of replanning and transcription: the plan is over (θ, belief coordinates), perhaps with a
    clock.
    """
    problem, layout = values["problem"], values["layout"]
    if layout.estimate != _belief_size(problem):
        refuse(
            "layout",
            f"a belief of length {_belief_size(problem)}, as the problem has",
            f"{layout.estimate}",
        )
    states = problem.dimension + layout.size
    plans = {f"plans/{i}": one for i, one in enumerate(values.get("plans", ()))}
    for name, plan in {"plan": values["plan"], **plans}.items():
        if (
            plan.parameters.shape[1] not in (states, states + 1)
            or plan.controls.shape[1] != problem.controls
        ):
            refuse(
                name,
                f"{states} states and {problem.controls} controls",
                f"{plan.parameters.shape[1]} and {plan.controls.shape[1]}",
            )


def _transcribed(values):
    variation, states = values["variation"], values["plan"].parameters.shape[1]
    if values["dimension"] != values["problem"].dimension:
        refuse(
            "dimension",
            f"{values['problem'].dimension}, as the problem has",
            f"{values['dimension']}",
        )
    if not values["plans"]:
        refuse("plans", "at least one plan", "none")
    if (
        not values["dimension"] + values["layout"].size
        <= variation.value_hessian.shape[1]
        <= states
    ):
        refuse(
            "variation",
            f"one over the plan's {states} states",
            f"shape {variation.value_hessian.shape}",
        )


def _variation(values):
    count, n = values["value_hessian"].shape[:2]
    _shaped(values, "value_hessian", (count, n, n))
    _shaped(values, "times", (count,))
    _shaped(values, "gains", (count, values["gains"].shape[1], n))
    _ascending("times", values["times"])


def _lqg(values):
    problem = values["problem"]
    n, m, d = problem.dimension, problem.controls, values["belief_gain"].shape[1]
    size = _belief_size(problem)
    if d not in (size, size - 1):
        refuse("belief_gain", f"{size} columns", f"{d}")
    _shaped(values, "gain", (m, n))
    _shaped(values, "belief_gain", (m, d))
    _shaped(values, "steady_covariance", (d, d))
    for name in ("gain", "belief_gain"):
        _finite(name, values[name])


def _grid(values):
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
        _ascending(f"axes/{i}", axis)
    sizes, slices = tuple(map(len, axes)), len(values["to_go"])
    _shaped(values, "values", (slices, *sizes))
    _shaped(values, "controls", (slices, *values["controls"].shape[1:2], *sizes))
    for name in ("box", "core", "natural"):
        _shaped(values, name, (len(axes), 2))
    _shaped(values, "start", (len(axes) - len(coordinates.names),))
    if (
        not slices
        or (slices > 1 and not (np.diff(values["to_go"]) > 0).all())
        or np.isnan(values["to_go"]).any()
    ):
        refuse("to_go", "increasing times", "others")
    if values["status"].ok:
        for name in ("values", "controls"):
            _finite(name, values[name])


def _coordinates(values):
    if values["kind"] not in _KINDS_ON_GRIDS:
        refuse("kind", f"one of {', '.join(_KINDS_ON_GRIDS)}", f"{values['kind']!r:.60}")
    _shaped(values, "start", (len(values["names"]),))
    _finite("start", values["start"])


def _grid_solution(values):
    n, controls = values["problem"].dimension, values["grid"].controls.shape[1]
    if len(values["grid"].start) != n or controls != values["problem"].controls:
        refuse("grid", f"a policy of {n} parameters", f"one of {len(values['grid'].start)}")


def _identifiability(values):
    count, labels = len(values["stiffness"]), len(values["labels"])
    if values["directions"].size or count:
        _shaped(values, "directions", (count, labels))


def _policy(values):
    if not 1 <= values["horizon"] <= MOST_POLICY_STEPS:
        refuse("horizon", f"1 to {MOST_POLICY_STEPS} steps", f"{values['horizon']}")
    _full_coefficients(values["family"], values["coefficients"], values["horizon"])


def _policy_result(values):
    program, status = values["program"], values["status"]
    if not program.steps <= MOST_POLICY_STEPS:
        refuse("program", f"at most {MOST_POLICY_STEPS} steps", f"{program.steps}")
    _full_coefficients(program.family, values["coefficients"], program.steps)
    if status.ok:  # the constructor refuses names, shapes and numbers that do not fit
        Policy(family=program.family, coefficients=values["coefficients"], horizon=program.steps)
    for i, one in enumerate(values.get("optima", ())):
        sound = (
            isinstance(one, tuple)
            and len(one) == 3
            and isinstance(one[0], float | int)
            and isinstance(one[1], Mapping)
        )
        if not (sound and isinstance(one[2], int)):
            refuse(f"optima/{i}", "a cost, coefficients, and how many starts", f"{one!r:.60}")


def _full_coefficients(family, coefficients, steps):
    """Refuse a number in the place of many: it would become as many as the horizon or the family is
    long.
    """
    for one in family.coefficients:
        if one.name in coefficients:
            shape = (steps,) * one.varies + (one.size,) * (one.size > 1)
            if np.shape(coefficients[one.name]) != shape:
                refuse(
                    f"coefficients/{one.name}",
                    f"numbers of shape {shape}",
                    f"shape {np.shape(coefficients[one.name])}",
                )


def _scenario_result(values):
    for name, one in values["intervals"].items():
        if not (isinstance(one, tuple) and len(one) == 2):
            refuse(f"intervals/{name}", "a lower and an upper end", f"{one!r:.60}")


def _certificate(values):
    _positive("tolerance", values["tolerance"])
    if values.get("cost_mismatch") is not None and values.get("unseen") is None:
        refuse("unseen", "a number, as there is a cost mismatch to hold against it", "none")


def _shaped(values, name, shape):
    value = values.get(name)
    if value is not None and value.shape != shape:
        refuse(name, f"an array of shape {shape}", f"shape {value.shape}")


def _ascending(name, array):
    if len(array) < 2 or not (np.diff(array) > 0).all() or not np.isfinite(array).all():
        refuse(
            name,
            "at least two finite numbers in increasing order",
            f"{array!r:.60}".replace("\n", " "),
        )


def _finite(name, value):
    if not np.isfinite(value).all():
        refuse(name, "finite numbers, as the status says that it converged", "NaN or infinity")


def _positive(name, value):
    if not 0 < value < math.inf:
        refuse(name, "a number > 0", f"{value:g}")


def _counted(values, name):
    if not 0 <= values.get(name, 0) < math.inf:
        refuse(name, "a number >= 0", f"{values[name]:g}")


RELATIONS = {
    "BeliefCoordinates": (_coordinates,),
    "BeliefLayout": (_layout,),
    "BeliefSolution": (_belief_solution,),
    "Certificate": (_certificate,),
    "GridPolicy": (_grid,),
    "GridSolution": (_grid_solution,),
    "Identifiability": (_identifiability,),
    "LQGSolution": (_lqg,),
    "Plan": (_plan,),
    "Policy": (_policy,),
    "PolicyResult": (_policy_result,),
    "ReplanningSolution": (_planned_belief,),
    "ScenarioResult": (_scenario_result,),
    "SecondVariation": (_variation,),
    "Solution": (_solution,),
    "Tail": (_tail,),
    "TranscribedSolution": (_planned_belief, _transcribed),
    "WorstCaseResult": (_policy_result,),
}
