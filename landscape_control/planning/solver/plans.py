"""Many plans from many guesses: which are the same, where they end, how far tails are trusted."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ...model.landscape import end_basin
from ...model.problem import ControlProblem, resting_length
from ..solution import Plan, Status
from .infinite import Rest

USABLE = (Status.CONVERGED, Status.REFINEMENT_CAP)
SAME_PATH = 1e-2  # plans closer than this fraction of their extent, everywhere, are one plan


def distinct(plans: list[Plan]) -> list[tuple[Plan, Plan]]:
    """(plan, original) pairs: stationary before failed, best first, duplicates merged.

    A merged plan names the guesses of all its duplicates.
    """
    chosen: list[tuple[Plan, Plan]] = []
    for plan in sorted(plans, key=lambda plan: (plan.status not in USABLE, cost_at_most(plan))):
        twin = next((i for i, (other, _) in enumerate(chosen) if is_same(plan, other)), None)
        if twin is None:
            chosen.append((plan, plan))
        else:
            kept, original = chosen[twin]
            chosen[twin] = replace(kept, found_from=kept.found_from + plan.found_from), original
    return [pair for pair in chosen if pair[0].status in USABLE] or chosen


def cost_at_most(plan: Plan) -> float:
    """What a plan is ranked by: its cost, and where that is not known to the tolerance its error
    estimate on top.

    A path may seem cheap because the mesh misses what it leaps over.
    """
    if plan.status is not Status.REFINEMENT_CAP:
        return plan.cost
    most = plan.cost + plan.cost_error
    return most if np.isfinite(most) else np.inf


def with_basin(problem: ControlProblem, plan: Plan, minima: np.ndarray) -> Plan:
    """The plan with the means to say, when asked, which local minimum's basin holds its end."""
    return plan.revised(_find_basin=lambda point: end_basin(problem.landscape, point, minima))


def cost_scale(plan: Plan) -> float:
    """What the tolerance of a certified plan is relative to."""
    if plan.certificate is None:
        raise TypeError("a plan that is part of another has no certificate")
    return plan.certificate.cost_scale


def near(plan: Plan, rest: Rest) -> bool:
    """Whether the plan's end is close to this rest, compared with the plan's extent."""
    extent = np.ptp(plan.parameters, axis=0).max()
    allowed = 0.1 * extent + resting_length(np.abs(plan.parameters).max())
    return bool(np.abs(plan.parameters[-1] - rest.tail.steady_state).max() <= allowed)


def continued(plan: Plan) -> Callable[[float], np.ndarray]:
    """The plan followed by its own linear tail, as a function of time."""
    last = plan.times[-1]

    def theta(t: float) -> np.ndarray:
        if t <= last:
            return plan.at(t)[0]
        return plan.follow_tail(plan.parameters[-1], t - last)[0]

    return theta


def settled(problem: ControlProblem, plan: Plan, resolved: float) -> Plan:
    """The part of an infinite-horizon plan that its own cost determines, its tail judged.

    Beyond γt = ``resolved`` the discount has faded what happens so far that the optimiser no longer
    sees it: the plan is cut at the next vertex. The tail is trusted where it reproduces the path
    around the cut (or the last fifth); on a quadratic landscape with affine drift and constant
    metric and actuation it is exact everywhere.
    """
    if plan.tail is None:
        raise TypeError("a plan without a tail is not that of an infinite horizon")
    vertices = plan.vertices
    faded = int(np.searchsorted(vertices * problem.objective.discount, resolved))
    keep = max(1, min(faded, len(vertices) - 1))  # elements
    reliable = tail_is_exact(problem) or _tail_agrees(plan, min(vertices[keep], 0.8 * vertices[-1]))
    nodes = keep * plan.degree + 1
    return replace(
        plan,
        times=plan.times[:nodes],
        parameters=plan.parameters[:nodes],
        controls=plan.controls[:nodes],
        costates=plan.costates[:nodes],
        vertices=vertices[: keep + 1],
        tail=replace(plan.tail, reliable=reliable),
    )


def tail_is_exact(problem: ControlProblem) -> bool:
    """Whether the linear-quadratic tail holds everywhere, as the problem is quadratic itself."""
    return problem.model.is_linear_quadratic


def _tail_agrees(plan: Plan, begin: float) -> bool:
    """Whether the tail reproduces the path from ``begin`` on, for a quarter of that time."""
    grid = np.linspace(begin, min(1.25 * begin, plan.times[-1]), 9)
    expected = np.array([plan.follow_tail(plan.at(begin)[0], t - begin)[0] for t in grid])
    extent = np.ptp(plan.parameters, axis=0).max()
    return bool(np.abs(plan.at(grid)[0] - expected).max() <= 1e-3 * extent)


def is_same(plan: Plan, other: Plan) -> bool:
    """Whether two plans are one as far as both go."""
    if not np.isfinite(plan.parameters).all() or not np.isfinite(other.parameters).all():
        return False
    last = min(plan.times[-1], other.times[-1])
    rounding = 1e-9 * (1 + np.abs(other.parameters).max())
    extent = max(np.ptp(other.parameters, axis=0).max(), rounding)
    apart = np.abs(plan.parameters[-1] - other.parameters[-1]).max() > SAME_PATH * extent
    if apart and plan.times[-1] == other.times[-1]:  # the ends alone tell most plans apart
        return False
    grid = np.linspace(0, last, 17)
    return bool(np.abs(plan.at(grid)[0] - other.at(grid)[0]).max() <= SAME_PATH * extent)
