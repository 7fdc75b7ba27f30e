"""Many plans from many guesses: which are the same, where they end, how far their tails can be
trusted.
"""

from dataclasses import replace

import numpy as np

from ...model.landscape import end_basin
from ...model.problem import ControlProblem, resting_length
from ..solution import Plan, Status
from .infinite import Rest

USABLE = (Status.CONVERGED, Status.REFINEMENT_CAP)
SAME_PATH = 1e-2  # plans closer than this fraction of their extent, everywhere, are one plan


def distinct(plans: list[Plan]) -> list[tuple[Plan, Plan]]:
    """(plan, original) pairs: stationary before failed, best first, duplicates merged with their
    guesses remembered.
    """
    chosen: list[tuple[Plan, Plan]] = []
    for plan in sorted(plans, key=lambda p: (p.status not in USABLE, p.cost)):
        twin = next((i for i, (other, _) in enumerate(chosen) if _same(plan, other)), None)
        if twin is None:
            chosen.append((plan, plan))
        else:
            kept, original = chosen[twin]
            chosen[twin] = replace(kept, found_from=kept.found_from + plan.found_from), original
    return [pair for pair in chosen if pair[0].status in USABLE] or chosen


def with_basin(problem: ControlProblem, plan: Plan, minima: np.ndarray) -> Plan:
    """The plan with the means to say, when asked, which local minimum's basin holds its end."""
    return plan.revised(_find_basin=lambda point: end_basin(problem.landscape, point, minima))


def near(plan: Plan, rest: Rest) -> bool:
    """Whether the plan's end is close to this rest, compared with the plan's extent."""
    allowed = 0.1 * np.ptp(plan.parameters, axis=0).max() + resting_length(
        np.abs(plan.parameters).max()
    )
    return np.abs(plan.parameters[-1] - rest.tail.steady_state).max() <= allowed


def continued(plan: Plan):
    """The plan followed by its own linear tail, as a function of time."""
    last = plan.times[-1]
    return lambda t: (
        plan.at(t)[0] if t <= last else plan.follow_tail(plan.parameters[-1], t - last)[0]
    )


def settled(problem: ControlProblem, plan: Plan, resolved: float) -> Plan:
    """The part of an infinite-horizon plan that its own cost determines, with a verdict on the tail
    that continues it.

    Beyond γt = ``resolved`` the discount has faded what happens so far that the optimiser no longer
    sees it: the plan is cut at the next vertex. The tail is trusted where it reproduces the path
    around the cut (or the last fifth); on a quadratic landscape with affine drift and constant
    metric and actuation it is exact everywhere.
    """
    vertices = plan.vertices
    keep = max(
        1,
        min(
            int(np.searchsorted(vertices * problem.objective.discount, resolved)), len(vertices) - 1
        ),
    )
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
    """Whether the linear-quadratic tail holds everywhere: quadratic loss, affine drift, constant
    metric and actuation.
    """
    model = problem.model
    constant = model.constant["metric"] and model.constant["actuation"]
    return constant and model.drift_matrix is not None and problem.landscape.is_quadratic


def _tail_agrees(plan, begin):
    grid = np.linspace(begin, min(1.25 * begin, plan.times[-1]), 9)
    expected = np.array([plan.follow_tail(plan.at(begin)[0], t - begin)[0] for t in grid])
    return np.abs(plan.at(grid)[0] - expected).max() <= 1e-3 * np.ptp(plan.parameters, axis=0).max()


def _same(plan, other):
    if not np.isfinite(plan.parameters).all() or not np.isfinite(other.parameters).all():
        return False
    last = min(plan.times[-1], other.times[-1])
    extent = max(
        np.ptp(other.parameters, axis=0).max(), 1e-9 * (1 + np.abs(other.parameters).max())
    )
    apart = np.abs(plan.parameters[-1] - other.parameters[-1]).max() > SAME_PATH * extent
    if apart and plan.times[-1] == other.times[-1]:  # the ends alone tell most plans apart
        return False
    grid = np.linspace(0, last, 17)
    return np.abs(plan.at(grid)[0] - other.at(grid)[0]).max() <= SAME_PATH * extent
