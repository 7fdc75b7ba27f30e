"""Many plans from many guesses: which are the same, where they end, how far their tails can be trusted."""

from dataclasses import replace

import numpy as np

from ..landscape import end_basin
from ..problem import ControlProblem
from ..solution import Plan, Status
from .infinite import Rest

SAME_PATH = 1e-2  # plans closer than this fraction of their extent, everywhere, are one plan


def distinct(plans: list[Plan]) -> list[tuple[Plan, Plan]]:
    """(plan, original) pairs: converged before failed, best first, duplicates merged with their guesses remembered."""
    chosen: list[tuple[Plan, Plan]] = []
    for plan in sorted(plans, key=lambda p: (not p.status.ok, p.status is not Status.REFINEMENT_CAP, p.cost)):
        twin = next((i for i, (other, _) in enumerate(chosen) if _same(plan, other)), None)
        if twin is None:
            chosen.append((plan, plan))
        else:
            kept, original = chosen[twin]
            chosen[twin] = replace(kept, found_from=kept.found_from + plan.found_from), original
    usable = [pair for pair in chosen if pair[0].status.ok or pair[0].status is Status.REFINEMENT_CAP]
    return usable or chosen


def with_basin(problem: ControlProblem, plan: Plan, minima: np.ndarray) -> Plan:
    """The plan with the local minimum whose basin holds its end."""
    if not np.isfinite(plan.parameters[-1]).all():
        return plan
    return replace(plan, end_basin=end_basin(problem.landscape, plan.parameters[-1], minima))


def near(plan: Plan, rest: Rest) -> bool:
    """Whether the plan's end is close to this rest, compared with the plan's extent."""
    return np.abs(plan.parameters[-1] - rest.tail.steady_state).max() <= 0.1 * np.ptp(plan.parameters, axis=0).max()


def continued(plan: Plan):
    """The plan followed by its own linear tail, as a function of time."""
    trusted = replace(plan, tail=replace(plan.tail, reliable=True))
    return lambda t: trusted.at(float(t))[0]


def with_judged_tail(plan: Plan, longer: Plan) -> Plan:
    """The longer plan; its tail is trusted if the shorter plan's tail agreed with the path it replaces."""
    grid, follow = np.linspace(plan.times[-1], longer.times[-1], 9), continued(plan)
    expected = np.array([follow(t) for t in grid])
    extent = np.ptp(longer.parameters, axis=0).max()
    reliable = bool(np.abs(longer.at(grid)[0] - expected).max() <= 1e-3 * extent)
    return replace(longer, tail=replace(longer.tail, reliable=reliable))


def _same(plan, other):
    if not np.isfinite(plan.parameters).all() or not np.isfinite(other.parameters).all():
        return False
    last = min(plan.times[-1], other.times[-1])
    grid = np.linspace(0, last, 17)
    extent = max(np.ptp(other.parameters, axis=0).max(), 1e-9 * (1 + np.abs(other.parameters).max()))
    return np.abs(plan.at(grid)[0] - other.at(grid)[0]).max() <= SAME_PATH * extent
