"""One plan from one guess: solved on a first mesh, refined until error and residuals are small."""

import math
from dataclasses import replace

import numpy as np

from ..certificate.certificate import certified
from ..solution import Plan, Status
from .guess import Guess
from .mesh import initial_vertices, refined_vertices
from .mesh_plan import MeshPlan, solve_on_mesh
from .subproblem import CompiledPrograms, Subproblem

# an optimiser that stops short of its own tolerance may still have a plan that passes every check
# made without it
_TO_BE_JUDGED = (Status.CONVERGED, Status.NOT_STATIONARY, Status.ITERATION_LIMIT)
MOST_RESTARTS = 2  # from the same guess, on meshes of twice as many elements


def solve_on_first_mesh(
    programs: CompiledPrograms, subproblem: Subproblem, guess: Guess
) -> MeshPlan:
    """Solve from one guess on the first mesh."""
    elements = programs.transcription.elements
    # the discount itself has to be resolved where it decides the horizon
    if subproblem.rest is not None:
        faded = subproblem.problem.objective.discount * subproblem.horizon
        elements = max(elements, math.ceil(faded / 2))
    return solve_on_mesh(programs, subproblem, guess, _first_vertices(subproblem, elements))


def _first_vertices(subproblem: Subproblem, elements: int) -> np.ndarray:
    has_end = subproblem.problem.end is not None
    return initial_vertices(elements, subproblem.horizon, subproblem.fastest_rate, has_end)


def refine_plan(
    programs: CompiledPrograms, subproblem: Subproblem, draft: MeshPlan, max_elements: int
) -> Plan:
    """Refine the mesh until cost error and residuals are within tolerance, or the cap is hit.

    The status then says so. Where the optimiser fails the mesh may be the reason: it is tried again
    from the same guess on finer ones.
    """
    guess, names = draft.guess, draft.plan.found_from
    total, restarts = draft.plan.iterations, 0
    while draft.plan.status in _TO_BE_JUDGED:
        plan, doubts = draft.plan, draft.doubts(subproblem)
        if not doubts:
            if plan.status is not Status.CONVERGED:
                message = (
                    f"the optimiser ended with '{plan.status}', but every check made without it"
                    " passes"
                )
                plan = plan.revised(status=Status.CONVERGED, message=message)
                draft = replace(draft, plan=plan)
            break
        count, converged = len(plan.vertices) - 1, plan.status is Status.CONVERGED
        if 2 * count > max_elements:
            if converged:
                finite = math.isfinite(plan.cost_error)
                status = Status.REFINEMENT_CAP if finite else Status.NOT_STATIONARY
                plan = plan.revised(status=status, message=f"{doubts} with {count} elements")
                draft = replace(draft, plan=plan)
            break
        coarse = draft
        if converged:
            shares = draft.where_to_refine(subproblem)
            vertices = refined_mesh(plan, shares, subproblem.horizon, programs.transcription.order)
            draft = solve_on_mesh(programs, subproblem, refined_guess(plan), vertices)
        elif restarts < MOST_RESTARTS:
            restarts += 1
            vertices = _first_vertices(subproblem, 2 * count)
            draft = solve_on_mesh(programs, subproblem, guess, vertices)
        else:
            break
        total += draft.plan.iterations
        if draft.plan.status is Status.TIME_LIMIT:  # the coarser plan is the best there is
            draft = replace(coarse, plan=plan.revised(status=Status.TIME_LIMIT, message=doubts))
        draft = replace(draft, plan=draft.plan.revised(iterations=total, found_from=names))
    if not subproblem.is_whole:
        return draft.plan
    return certified(
        subproblem.problem,
        draft.plan,
        tolerance=subproblem.tolerance,
        examination=draft.examination,
    )


def solve_plan(programs: CompiledPrograms, subproblem: Subproblem, guess: Guess) -> Plan:
    """MeshPlan and refine from one guess."""
    return refine_plan(
        programs,
        subproblem,
        solve_on_first_mesh(programs, subproblem, guess),
        subproblem.max_elements,
    )


def refined_mesh(plan: Plan, shares: np.ndarray, horizon: float, order: int) -> np.ndarray:
    """Vertices of twice as many elements, fractions of the horizon, by the shares (K,) of the
    plan's elements in what is too large.
    """
    shares = np.nan_to_num(shares, nan=1.0, posinf=1.0)
    return refined_vertices(plan.vertices / horizon, shares, 2 * len(shares), order)


def refined_guess(plan: Plan) -> Guess:
    """The coarser plan as a guess for the finer mesh."""
    last = plan.times[-1]
    return Guess(name="coarser plan", path=lambda s: plan.parameters_at(np.minimum(s, 1.0) * last))
