"""A plan on one mesh: scale, solve, recover, estimate the error of every element."""

from dataclasses import dataclass, replace

import numpy as np

from ...model.problem import unit_growth
from ...support.arrays import freeze
from ...support.errors import ProblemError
from ...support.interpolation import node_index
from ...support.pointwise import Pointwise
from ..certificate.certificate import residual_limit
from ..certificate.examination import Examination, examine
from ..solution import Plan, Status
from ..transcription import Program
from ..transcription.base import node_times
from ..transcription.numbers import ProgramNumbers, lengths_at
from .buffers import RawResult
from .clock import clock
from .fatrop_guards import comes_back
from .finite import finite_guess
from .guess import Guess
from .outcome import outcome_of
from .subproblem import CompiledPrograms, Subproblem
from .units import program_numbers

# of the tolerance is what the mesh is refined for: the error estimate is right to leading order
# only
SAFETY = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class MeshPlan:
    """A plan on one mesh, with the error estimate of every element and its examination."""

    plan: Plan
    guess: Guess
    errors: np.ndarray
    examination: Examination

    def doubts(self, subproblem: Subproblem) -> str:
        """What a finer mesh may mend, in words; empty where the plan is good enough."""
        allowed = self._allowed_error(subproblem)
        if not self.plan.cost_error <= allowed:  # NaN is not
            return f"cost error estimate {self.plan.cost_error:.3g} > {allowed:.3g}"
        # a late window, in which every path is as good
        if self.examination.cost_scale <= subproblem.negligible:
            return ""
        largest = self.examination.largest_residual()
        limit = residual_limit(subproblem.tolerance)
        if not largest <= limit:
            return f"largest residual {largest:.3g} > {limit:.3g}"
        if self.plan.status is Status.CONVERGED:
            return ""
        # the error estimate is that of a stationary plan; what this one has not gained yet comes on
        # top of it
        total = self.plan.cost_error + largest**2 * self.examination.cost_scale
        if not total <= allowed:
            return (
                f"cost error estimate and what the residuals may cost {total:.3g} > {allowed:.3g}"
            )
        return ""

    def where_to_refine(self, subproblem: Subproblem) -> np.ndarray:
        """Shares (K,) of the elements in what is too large: the cost's error, or the residuals."""
        if self.plan.cost_error <= self._allowed_error(subproblem):
            return self.examination.unpaid_per_element()
        return self.errors

    def _allowed_error(self, subproblem: Subproblem) -> float:
        allowed = SAFETY * subproblem.tolerance * self.examination.cost_scale
        return max(allowed, subproblem.negligible)


def solve_on_mesh(
    programs: CompiledPrograms, subproblem: Subproblem, guess: Guess, vertices: np.ndarray
) -> MeshPlan:
    """Solve from one guess on the mesh with these ``vertices``, fractions of the horizon."""
    growing = unit_growth(subproblem.problem, subproblem.horizon) > 0
    optimiser, element = programs.optimiser(
        subproblem.problem, len(vertices) - 1, subproblem.rest is not None, growing
    )
    program = optimiser.program
    times = node_times(vertices, program.transcription.positions)
    states = guess.states(times.ravel(), subproblem.horizon).reshape(*times.shape, -1)
    if not np.isfinite(states).all():
        # refused here: an optimiser started on NaN may never come back
        raise ProblemError(
            "guess",
            expected="finite parameters at all times",
            received=f"NaN or infinity in the path '{guess.name}'",
            advice="check the guess",
        )
    trusted = programs.plugin != "fatrop" or comes_back(
        subproblem.problem, program.transcription, subproblem.horizon
    )
    states, name = finite_guess(subproblem.problem, states, subproblem.horizon * times, guess.name)
    if name != guess.name:  # it was moved
        guess = replace(guess, name=name)
    for polish in (False, True):
        numbers = program_numbers(subproblem, times, states)
        numbers["vertices"] = vertices
        lengths = subproblem.horizon * (vertices[1:] - vertices[:-1])
        stages = program.transcription.guess(subproblem.problem.model, states, lengths, numbers)
        at_vertices = np.append(states[:, 0], states[-1:, -1], axis=0)
        scaled = (at_vertices - numbers["start"]) / lengths_at(numbers, vertices)
        start = program.join(scaled, stages)
        packed = program.layout.pack(numbers)
        raw = optimiser.run(start, np.concatenate([packed, vertices]), trusted=trusted)
        chained, stages = program.split(raw.variables)
        moved = numbers["length"] * np.abs(chained).max()
        if polish or not raw.success or not 0 < moved < 0.02 * numbers["length"]:
            break
        # the guess moved much further than the plan: solve again in the plan's own units, for its
        # digits
        multipliers = program.multipliers(raw.multipliers)
        path = program.transcription.recover(
            subproblem.problem.model, (chained, stages), multipliers, numbers
        )
        states = path.parameters[node_index(len(lengths), path.degree)]
    return _draft(subproblem, program, element, raw, (chained, stages), numbers, packed, guess)


@np.errstate(all="ignore")  # a failed run may hand back infinities; the status says so
def _draft(
    subproblem: Subproblem,
    program: Program,
    element: Pointwise,
    raw: RawResult,
    variables: tuple[np.ndarray, np.ndarray],
    numbers: ProgramNumbers,
    packed: np.ndarray,
    guess: Guess,
) -> MeshPlan:
    """The plan that the optimiser's result stands for, examined."""
    problem, (chained, stages) = subproblem.problem, variables
    multipliers = program.multipliers(raw.multipliers)
    path = program.transcription.recover(problem.model, variables, multipliers, numbers)
    elementwise = path.element_costs
    if elementwise is None:
        lefts, rights = numbers["vertices"][:-1, None], numbers["vertices"][1:, None]
        elementwise = numbers["cost"] * element(chained[:-1], stages, lefts, rights, packed)[1]
    tail = subproblem.rest.tail if subproblem.rest is not None else None
    examination = examine(problem, path, tail)
    # two quadratures of the same path: the program's own, and the finer one of the examination
    errors = np.abs(examination.element_costs - elementwise)
    status, message = outcome_of(subproblem, program, raw, path)
    message = message or raw.note
    plan = Plan(
        cost=raw.cost * numbers["cost"],
        times=freeze(path.times),
        parameters=freeze(path.parameters),
        controls=freeze(path.controls),
        costates=freeze(path.costates),
        vertices=freeze(path.vertices),
        positions=freeze(path.positions),
        status=status,
        iterations=raw.iterations,
        found_from=(guess.name,),
        cost_error=float(errors.sum()),
        message=message,
        log=raw.log,
        tail=tail,
    )
    if subproblem.is_whole and status is Status.CONVERGED:
        clock().plans.append(plan)
    return MeshPlan(plan=plan, guess=guess, errors=errors, examination=examination)
