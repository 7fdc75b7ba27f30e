"""Plans of a batch on finer meshes, until error and residuals are small; which pass, and as plans."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ...model.problem import ControlProblem
from ..certificate.certificate import ROUNDING, residual_limit
from ..solution import Plan
from ..solver.guess import Guess
from ..solver.mesh_plan import SAFETY
from ..solver.refinement import refined_guess, refined_mesh
from .drafts import Drafting, Group
from .plans import GroupPlans


@dataclass(kw_only=True, eq=False)
class Draft:
    """One plan on its present mesh.

    Attributes
    ----------
    lane : which of its group
    iterations : of Newton's method, on all meshes
    names : of the starts that led to it
    cap : of the elements
    negligible : cost errors below this are good enough
    """

    problem: ControlProblem
    guess: Guess
    group: Group
    plans: GroupPlans
    lane: int
    iterations: int
    names: tuple[str, ...]
    cap: int
    negligible: float = 0.0

    @property
    def has_converged(self) -> bool:
        """Whether it is stationary, and finite."""
        scale = float(self.group.examinations.cost_scale[self.lane])
        return bool(self.group.found.converged[self.lane]) and math.isfinite(scale)


@dataclass(frozen=True, kw_only=True, eq=False)
class Refinement:
    """The mesh logic of ``solver.refinement`` for plans of a batch.

    Attributes
    ----------
    order : of the transcription
    is_convex : whether the problem is
    """

    drafting: Drafting
    order: int
    tolerance: float
    is_convex: bool

    def failed(self, drafts: Sequence[Draft]) -> set[int]:
        """Refine the drafts in place as far as they need it; identities of those that failed."""
        failed: set[int] = set()
        doubtful = [draft for draft in drafts if self._is_doubtful(draft)]
        while doubtful:
            waiting = [draft for draft in doubtful if 2 * draft.group.elements <= draft.cap]
            failed |= {id(draft) for draft in doubtful} - {id(draft) for draft in waiting}
            self._make_finer(waiting)
            failed |= {id(draft) for draft in waiting if not draft.has_converged}
            running = [draft for draft in waiting if id(draft) not in failed]
            doubtful = [draft for draft in running if self._is_doubtful(draft)]
        return failed

    def uncertified(self, drafts: Sequence[Draft]) -> set[int]:
        """Identities of the drafts that do not pass their certificates."""
        by_group: dict[int, list[Draft]] = {}
        for draft in drafts:
            by_group.setdefault(id(draft.group), []).append(draft)
        failed: set[int] = set()
        for own in by_group.values():
            passed = self.passed(own[0].group, np.array([draft.lane for draft in own]))
            failed |= {id(d) for d, good in zip(own, passed.tolist(), strict=True) if not good}
        return failed

    def passed(self, group: Group, lanes: np.ndarray) -> np.ndarray:
        """As ``Certificate.passed``, and whether the metric is definite along the plan."""
        seen, tolerance = group.examinations, self.tolerance
        scale, error = seen.cost_scale[lanes], seen.cost_error[lanes]
        good = (seen.residuals[:, lanes] <= residual_limit(tolerance)).all(axis=0)
        good &= error <= tolerance * scale
        good &= seen.mismatch[lanes] <= tolerance * scale + error + ROUNDING * scale
        good &= self.drafting.are_minima(group, lanes)
        model = self.drafting.model
        if not model.constant["metric"]:
            for place, lane in enumerate(lanes.tolist()):
                nodes = group.paths.parameters[..., lane]
                by_node = nodes.reshape(-1, model.dimension, group.elements)
                points = by_node.transpose(0, 2, 1).reshape(-1, model.dimension)
                good[place] &= bool((np.linalg.eigvalsh(model.metric(points))[:, 0] > 0).all())
        return good

    def plan(self, draft: Draft, find_basin: Callable | None = None) -> Plan:
        """The draft as a plan with its certificate."""
        return draft.plans.plan(
            draft.lane,
            iterations=draft.iterations,
            names=draft.names,
            tolerance=self.tolerance,
            is_convex=self.is_convex,
            find_basin=find_basin,
        )

    def _is_doubtful(self, draft: Draft) -> bool:
        """Whether error or residuals are too large; as ``MeshPlan.doubts``."""
        seen, lane = draft.group.examinations, draft.lane
        scale = float(seen.cost_scale[lane])
        if not float(seen.cost_error[lane]) <= self._allowed_error(draft):
            return True
        if scale <= draft.negligible:
            return False
        return not float(seen.largest_residual[lane]) <= residual_limit(self.tolerance)

    def _allowed_error(self, draft: Draft) -> float:
        scale = float(draft.group.examinations.cost_scale[draft.lane])
        return max(SAFETY * self.tolerance * scale, draft.negligible)

    def _make_finer(self, drafts: Sequence[Draft]) -> None:
        """Every draft on a mesh of twice as many elements, from the plan it had."""
        by_size: dict[int, list[Draft]] = {}
        for draft in drafts:
            by_size.setdefault(draft.group.elements, []).append(draft)
        for own in by_size.values():
            problems, guesses, rows = [], [], []
            for draft in own:
                plan = self.plan(draft)
                rows.append(self._finer_vertices(draft, plan))
                guesses.append(refined_guess(plan))
                problems.append(draft.problem)
            group = self.drafting.made(problems, guesses, np.array(rows).T)
            plans = GroupPlans(group, self.drafting.degree)
            for lane, draft in enumerate(own):
                draft.group, draft.plans, draft.lane = group, plans, lane
                draft.iterations += int(group.found.iterations[lane])

    def _finer_vertices(self, draft: Draft, plan: Plan) -> np.ndarray:
        seen, lane = draft.group.examinations, draft.lane
        shares = seen.element_errors[:, lane]
        if float(seen.cost_error[lane]) <= self._allowed_error(draft):
            shares = seen.unpaid_per_element()[:, lane]
        return refined_mesh(plan, shares, draft.problem.objective.horizon, self.order)
