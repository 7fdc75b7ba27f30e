"""Examinations of paths that were joined of several pieces, those of equally many elements at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...model.problem import ControlProblem
from ...support.interpolation import node_index
from ..certificate.certificate import Certificate
from ..certificate.curvature import CONVEX, FACTORED
from ..solution import Plan
from .drafts import Drafting, cells_of, known_of
from .examination import RESIDUALS, examined, is_minimum
from .path_functions import Paths
from .plans import made


@dataclass(frozen=True, kw_only=True, eq=False)
class ExaminedPlan:
    """What is found along one path; the names are those of ``certificate.Examination``."""

    element_costs: np.ndarray
    following: float
    cost_scale: float
    residuals: tuple[float, ...]
    is_minimum: bool
    tolerance: float

    @property
    def cost(self) -> float:
        """J along the path."""
        return float(self.element_costs.sum()) + self.following

    def certificate(self, plan: Plan, is_convex: bool) -> Certificate:
        """The certificate of the plan with this path."""
        fields = dict(zip(RESIDUALS, self.residuals, strict=True)) | {
            "cost_error": float(plan.cost_error),
            "cost_mismatch": abs(self.cost - float(plan.cost)),
            "cost_scale": self.cost_scale,
            "unseen": 0.0,
            "minimum": self.is_minimum,
            "second_variation": CONVEX.method if is_convex else FACTORED.method,
            "tolerance": self.tolerance,
        }
        return made(Certificate, fields)


def examined_plans(
    drafting: Drafting,
    problems: Sequence[ControlProblem],
    plans: Sequence[Plan],
    tolerance: float,
) -> list[ExaminedPlan]:
    """Every plan, examined as a path of its problem."""
    groups: dict[int, list[int]] = {}
    for place, plan in enumerate(plans):
        groups.setdefault(len(plan.vertices) - 1, []).append(place)
    found: dict[int, ExaminedPlan] = {}
    for own in groups.values():
        several = _examined([problems[i] for i in own], [plans[i] for i in own], drafting)
        for place, lane in zip(own, several, strict=True):
            found[place] = made(ExaminedPlan, {**lane, "tolerance": tolerance})
    return [found[place] for place in range(len(plans))]


def _examined(
    problems: Sequence[ControlProblem], plans: Sequence[Plan], drafting: Drafting
) -> list[dict]:
    """The fields of paths with equally many elements."""
    count, total = len(plans[0].vertices) - 1, len(plans)
    missing = -total % 8  # a whole multiple of eight cells: see ``newton``
    problems, plans = [*problems, *[problems[0]] * missing], [*plans, *[plans[0]] * missing]
    horizons = np.array([problem.objective.horizon for problem in problems])
    vertices = np.array([plan.vertices for plan in plans]).T
    cells = cells_of(problems, vertices / horizons)
    known = known_of(problems, drafting.fixed_end)
    degree, functions, model = drafting.degree, drafting.functions, drafting.model
    parameters = _by_node([plan.parameters for plan in plans], count, degree)
    ending = np.zeros(len(plans))
    if functions.ending is not None and not drafting.fixed_end:
        last = parameters[-model.dimension :, -1]
        ending = functions.ending([last, cells.ending[None]])[0][0].copy()
    paths = Paths(
        parameters=parameters,
        costates=_by_node([plan.costates for plan in plans], count, degree),
        controls=_by_node([plan.controls for plan in plans], count, degree),
        element_costs=np.zeros((count, len(plans))),
        ending_cost=ending,
    )
    seen = examined(model, functions, cells, known, paths, degree)
    minima = is_minimum(model, functions, cells, known, parameters, degree)
    return [
        {
            "element_costs": seen.element_costs[:, lane],
            "following": float(ending[lane]),
            "cost_scale": float(seen.cost_scale[lane]),
            "residuals": tuple(seen.residuals[:, lane].tolist()),
            "is_minimum": bool(minima[lane]),
        }
        for lane in range(total)
    ]


def _by_node(values: list[np.ndarray], count: int, degree: int) -> np.ndarray:
    """(c(d+1), K, B) from values (N+1, c) of every path."""
    index = node_index(count, degree)
    stacked = np.stack([own[index] for own in values])  # (B, K, d+1, c)
    nodes = stacked.transpose(2, 3, 1, 0).reshape(-1, count, len(values))
    return np.ascontiguousarray(nodes)
