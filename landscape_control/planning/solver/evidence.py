"""What other starts say about the best plan: saddles to leave, and cheaper unfinished paths."""

from dataclasses import replace

import numpy as np

from ...model.problem import ControlProblem
from ...support.interpolation import PiecewisePolynomial
from ..certificate.curvature import curvature_along
from ..certificate.examination import Examination, examine
from ..solution import Plan, Status
from ..transcription.base import node_times
from .guess import Guess
from .plans import cost_scale, is_same

STEPS = (0.03, 0.1, 0.3, 1.0, 3.0)  # off a saddle, in units of the path's extent
# largest residual of the dynamics at which an unfinished path counts as one that can be followed
FOLLOWS = 0.1
PIECES = 48  # of an element, in which the cost of a path that counts as evidence is summed again
FALLEN = 1e3  # cost scales below the best plan: from there on a path falls without limit


@np.errstate(all="ignore")  # steps may leave the domain of the loss: their cost is then not finite
def beside(problem: ControlProblem, plan: Plan) -> list[Guess]:
    """Paths to both sides of a stationary plan, where its cost falls fastest.

    How far is chosen by the cost of the paths themselves where every direction can be pushed, else
    a tenth of the extent.
    """
    direction = curvature_along(problem, plan).direction
    if direction is None:
        return []
    extent = max(np.abs(plan.parameters - plan.parameters[0]).max(), np.abs(problem.start).max())
    if extent == 0:
        extent = 1.0
    return [
        _stepped(problem, plan, extent * direction, "one"),
        _stepped(problem, plan, -extent * direction, "the other"),
    ]


def _stepped(problem: ControlProblem, plan: Plan, offset: np.ndarray, side: str) -> Guess:
    paths = [plan.parameters + step * offset for step in STEPS]
    chosen = paths[1]
    if problem.model.is_invertible:
        stepped = [replace(plan, parameters=path) for path in paths]
        costs = [examine(problem, path, plan.tail).path_cost for path in stepped]
        finite = np.where(np.isfinite(costs), costs, np.inf)
        chosen = paths[int(np.argmin(finite))]
    curve = PiecewisePolynomial(vertices=plan.vertices, positions=plan.positions, values=chosen)
    last = plan.times[-1]
    return Guess(
        name=f"beside {plan.found_from[0]}, {side} side",
        path=lambda s: curve(np.minimum(s, 1.0) * last),
    )


def with_evidence(
    problem: ControlProblem, plans: list[Plan], found: list[Plan], tolerance: float
) -> list[Plan]:
    """The plans, best first, with a status that says whether a cheaper path was met.

    By a start that did not converge: ``found`` are the plans of all starts.
    A path is evidence if it can be followed, so that its cost is one that a learner can have: with
    B invertible every path can, otherwise its dynamics must hold about as well as a plan's.
    """
    best = plans[0]
    if not best.status.ok:
        return plans
    scale = cost_scale(best)
    cheapest, lowest = None, best.cost - (tolerance * scale + best.cost_error)
    for plan in found:
        if plan.status is Status.CONVERGED or not np.isfinite(plan.parameters).all():
            continue
        if plan.status is Status.HORIZON_NOT_SETTLED and is_same(plan, best):
            continue  # cheaper by what comes after its end
        examination = examine(problem, plan, plan.tail)
        gap = examination.residuals["dynamics"]
        can_follow = problem.model.is_invertible or gap <= FOLLOWS
        cost = _at_most(examination)
        if not (can_follow and _meets_ends(problem, plan) and cost < lowest):
            continue
        finer = _on_finer_mesh(plan)  # a leap within an element may miss what it crosses
        cost = max(cost, _at_most(examine(problem, finer, plan.tail)))
        if cost < lowest:
            cheapest, lowest = plan, cost
    if cheapest is None:
        return plans
    falls = cheapest.status is Status.UNBOUNDED or best.cost - lowest > FALLEN * scale
    message = (
        f"the start '{cheapest.found_from[0]}' met a path of cost {lowest:.6g} and ended"
        f" {cheapest.status}"
    )
    if falls:
        message += (
            "; the plan returned is a local minimum of a cost that seems to have no lower bound"
        )
    status = Status.UNBOUNDED if falls else Status.CHEAPER_PATH_SEEN
    return [replace(best, status=status, message=message), *plans[1:]]


def _at_most(examination: Examination) -> float:
    """What following a path costs, with all that is not known of what comes after it."""
    return examination.path_cost + examination.unseen


def _on_finer_mesh(plan: Plan) -> Plan:
    """The same path, every element cut into equal pieces."""
    fractions = np.linspace(0, 1, PIECES + 1)[:-1]
    lengths = np.diff(plan.vertices)
    vertices = np.append(
        (plan.vertices[:-1, None] + lengths[:, None] * fractions).ravel(), plan.vertices[-1]
    )
    nodes = node_times(vertices, plan.positions)
    times = np.append(nodes[:, :-1].ravel(), vertices[-1])

    def at_nodes(values: np.ndarray) -> np.ndarray:
        path = PiecewisePolynomial(vertices=plan.vertices, positions=plan.positions, values=values)
        return path(times)

    return replace(
        plan,
        times=times,
        vertices=vertices,
        parameters=at_nodes(plan.parameters),
        controls=at_nodes(plan.controls),
        costates=at_nodes(plan.costates),
    )


def _meets_ends(problem: ControlProblem, plan: Plan) -> bool:
    extent = np.ptp(plan.parameters, axis=0).max()
    gap = np.abs(plan.parameters[0] - problem.start).max()
    if problem.end is not None:
        gap = max(gap, np.abs(plan.parameters[-1] - problem.end).max())
    return bool(gap <= 1e-6 * extent)
