"""One plan from one guess: scale, solve, recover, estimate the error, refine."""

import math
import time
from dataclasses import dataclass, replace

import numpy as np

from ..arrays import freeze
from ..certificate import certified, residual_limit
from ..errors import ProblemError
from ..examination import Examination, examine
from ..pointwise import Pointwise
from ..problem import ControlProblem, unit_growth
from ..solution import Plan, Status
from ..transcription import NumberLayout, Transcription, build_program
from ..transcription.base import node_times
from ..transcription.numbers import lengths_at
from .clock import clock
from .finite import finite_guess, first_trouble
from .guards import comes_back
from .guesses import Guess
from .infinite import Rest
from .memory import TIME_LIMIT
from .mesh import initial_vertices, refined_vertices
from .optimiser import Optimiser
from .units import program_numbers

_REASONS = {
    "SOLVER_RET_LIMITED": Status.ITERATION_LIMIT,
    "SOLVER_RET_INFEASIBLE": Status.INFEASIBLE,
    "SOLVER_RET_NAN": Status.UNBOUNDED,
    "SOLVER_RET_UNKNOWN": Status.NOT_STATIONARY,
}

# an optimiser that stops short of its own tolerance may still have a plan that passes every check
# made without it
_TO_BE_JUDGED = (Status.CONVERGED, Status.NOT_STATIONARY, Status.ITERATION_LIMIT)
# of the tolerance is what the mesh is refined for: the error estimate is right to leading order
# only
SAFETY = 0.5
MOST_RESTARTS = 2  # from the same guess, on meshes of twice as many elements


@dataclass(kw_only=True, eq=False)
class Machinery:
    """Compiled programs of one problem structure, by number of elements; shared by all plans of a
    Solver.
    """

    transcription: Transcription
    plugin: str
    options: dict
    keep_log: bool
    layouts: dict
    rescue: bool = False  # whether IPOPT takes over where Fatrop fails
    build_seconds: float = 0.0

    def optimiser(
        self, problem: ControlProblem, elements: int, tail: bool, growing: bool
    ) -> tuple[Optimiser, Pointwise]:
        """The compiled optimiser, and its element function for evaluation outside it."""
        key = (elements, problem.end is not None, tail, growing)
        if key not in self.layouts:
            began = time.perf_counter()
            layout = NumberLayout(
                dimension=problem.dimension,
                fixed_end=problem.end is not None,
                tail=tail,
                growing=growing,
            )
            program = build_program(
                problem.model,
                self.transcription.refined(elements),
                layout,
                staged=self.plugin == "fatrop",
            )
            optimiser = Optimiser(
                program=program,
                plugin=self.plugin,
                options=self.options,
                keep_log=self.keep_log,
                rescue=self.rescue,
            )
            self.layouts[key] = optimiser, Pointwise(program.stage.function)
            self.build_seconds += time.perf_counter() - began
        return self.layouts[key]


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """What to solve: a problem on a computational horizon, with a tail if the true horizon is
    infinite.
    """

    problem: ControlProblem
    horizon: float
    rest: Rest | None
    tolerance: float
    max_elements: int
    fastest_rate: float
    negligible: float = 0.0  # cost errors below this are good enough whatever the tolerance
    known_cost: float = (
        math.inf
    )  # size of the cost, where a plan over a shorter horizon has shown it
    is_whole: bool = (
        True  # whether this is the problem asked for, not one window or horizon on the way to it
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """A plan on one mesh, with the error estimate of every element and what the certificate's pass
    over it found.
    """

    plan: Plan
    guess: Guess
    errors: np.ndarray
    examination: Examination

    def doubts(self, task: Task) -> str:
        """What a finer mesh may mend, in words; empty where the plan is good enough."""
        allowed = max(SAFETY * task.tolerance * self.examination.cost_scale, task.negligible)
        if not self.plan.cost_error <= allowed:  # NaN is not
            return f"cost error estimate {self.plan.cost_error:.3g} > {allowed:.3g}"
        if (
            self.examination.cost_scale <= task.negligible
        ):  # a late window, in which every path is as good
            return ""
        largest, limit = self.examination.largest_residual(), residual_limit(task.tolerance)
        if not largest <= limit:
            return f"largest residual {largest:.3g} > {limit:.3g}"
        if self.plan.status is Status.CONVERGED:
            return ""
        # the error estimate is that of a stationary plan; what this one has not gained yet comes on
        # top of it
        in_all = self.plan.cost_error + largest**2 * self.examination.cost_scale
        if not in_all <= allowed:
            return (
                f"cost error estimate and what the residuals may cost {in_all:.3g} > {allowed:.3g}"
            )
        return ""

    def where_to_refine(self, task: Task) -> np.ndarray:
        """Shares of the elements in what is too large: the cost's error, or else the residuals;
        (K,).
        """
        if self.plan.cost_error <= max(
            SAFETY * task.tolerance * self.examination.cost_scale, task.negligible
        ):
            return self.examination.unpaid_per_element()
        return self.errors


def draft_plan(machinery: Machinery, task: Task, guess: Guess) -> Draft:
    """Solve from one guess on the first mesh."""
    elements = machinery.transcription.elements
    if task.rest is not None:  # the discount itself has to be resolved where it decides the horizon
        elements = max(elements, math.ceil(task.problem.objective.discount * task.horizon / 2))
    return _attempt(machinery, task, guess, _first_vertices(task, elements))


def _first_vertices(task, elements):
    return initial_vertices(elements, task.horizon, task.fastest_rate, task.problem.end is not None)


def refine_plan(machinery: Machinery, task: Task, draft: Draft, max_elements: int) -> Plan:
    """Refine the mesh until cost error and residuals are within tolerance, or the cap is hit (the
    status then says so).

    Where the optimiser fails the mesh may be the reason: it is tried again from the same guess on
    finer ones.
    """
    guess, names, total, restarts = draft.guess, draft.plan.found_from, draft.plan.iterations, 0
    while draft.plan.status in _TO_BE_JUDGED:
        plan, doubts = draft.plan, draft.doubts(task)
        if not doubts:
            if plan.status is not Status.CONVERGED:
                said = (
                    f"the optimiser ended with '{plan.status}', but every check made without it"
                    " passes"
                )
                draft = replace(draft, plan=plan.revised(status=Status.CONVERGED, message=said))
            break
        count, converged = len(plan.vertices) - 1, plan.status is Status.CONVERGED
        if 2 * count > max_elements:
            if converged:
                finite = math.isfinite(plan.cost_error)
                status = Status.REFINEMENT_CAP if finite else Status.NOT_STATIONARY
                draft = replace(
                    draft,
                    plan=plan.revised(status=status, message=f"{doubts} with {count} elements"),
                )
            break
        coarse = draft
        if converged:
            errors = np.nan_to_num(draft.where_to_refine(task), nan=1.0, posinf=1.0)
            vertices = refined_vertices(
                plan.vertices / task.horizon, errors, 2 * count, machinery.transcription.order
            )
            draft = _attempt(machinery, task, _follow(plan), vertices)
        elif restarts < MOST_RESTARTS:
            restarts += 1
            draft = _attempt(machinery, task, guess, _first_vertices(task, 2 * count))
        else:
            break
        total += draft.plan.iterations
        if draft.plan.status is Status.TIME_LIMIT:  # the coarser plan is the best there is
            draft = replace(coarse, plan=plan.revised(status=Status.TIME_LIMIT, message=doubts))
        draft = replace(draft, plan=draft.plan.revised(iterations=total, found_from=names))
    if not task.is_whole:
        return draft.plan
    return certified(
        task.problem, draft.plan, tolerance=task.tolerance, examination=draft.examination
    )


def solve_plan(machinery: Machinery, task: Task, guess: Guess) -> Plan:
    """Draft and refine from one guess."""
    return refine_plan(machinery, task, draft_plan(machinery, task, guess), task.max_elements)


def _follow(plan):
    return Guess(
        name="coarser plan", path=lambda s: plan.parameters_at(np.minimum(s, 1.0) * plan.times[-1])
    )


def _attempt(machinery, task, guess, vertices):
    growing = unit_growth(task.problem, task.horizon) > 0
    optimiser, element = machinery.optimiser(
        task.problem, len(vertices) - 1, task.rest is not None, growing
    )
    program = optimiser.program
    times = node_times(vertices, program.transcription.positions)
    states = guess.states(times.ravel(), task.horizon).reshape(*times.shape, -1)
    if not np.isfinite(
        states
    ).all():  # refused here: an optimiser started on NaN may never come back
        raise ProblemError(
            "guess",
            expected="finite parameters at all times",
            received=f"NaN or infinity in the path '{guess.name}'",
            advice="check the guess",
        )
    trusted = machinery.plugin != "fatrop" or comes_back(
        task.problem, program.transcription, task.horizon
    )
    states, name = finite_guess(task.problem, states, task.horizon * times, guess.name)
    if name != guess.name:  # it was moved
        guess = replace(guess, name=name)
    for polish in (False, True):
        numbers = program_numbers(task, times, states) | {"vertices": vertices}
        lengths = task.horizon * (vertices[1:] - vertices[:-1])
        stages = program.transcription.guess(task.problem.model, states, lengths, numbers)
        at_vertices = np.append(states[:, 0], states[-1:, -1], axis=0)
        start = program.join(
            (at_vertices - numbers["start"]) / lengths_at(numbers, vertices), stages
        )
        packed = program.layout.pack(numbers)
        raw = optimiser.run(start, np.concatenate([packed, vertices]), trusted=trusted)
        chained, stages = program.split(raw.variables)
        moved = numbers["length"] * np.abs(chained).max()
        if polish or not raw.success or not 0 < moved < 0.02 * numbers["length"]:
            break
        # the guess moved much further than the plan: solve again in the plan's own units, for its
        # digits
        path = program.transcription.recover(
            task.problem.model, (chained, stages), program.multipliers(raw.multipliers), numbers
        )
        states = path.parameters[
            np.arange(len(lengths))[:, None] * path.degree + np.arange(path.degree + 1)
        ]
    return _plan(task, program, element, raw, (chained, stages), numbers, packed, guess)


@np.errstate(all="ignore")  # a failed run may hand back infinities; the status says so
def _plan(task, program, element, raw, variables, numbers, packed, guess):
    problem, model, (chained, stages) = task.problem, task.problem.model, variables
    path = program.transcription.recover(
        model, (chained, stages), program.multipliers(raw.multipliers), numbers
    )
    elementwise, vertices = path.element_costs, numbers["vertices"]
    if elementwise is None:
        elementwise = (
            numbers["cost"]
            * element(chained[:-1], stages, vertices[:-1, None], vertices[1:, None], packed)[1]
        )
    tail = task.rest.tail if task.rest is not None else None
    examination = examine(problem, path, tail)
    errors = np.abs(examination.element_costs - elementwise)
    status, message = _judge(task, program, raw, path)
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
    if task.is_whole and status is Status.CONVERGED:
        clock().plans.append(plan)
    return Draft(plan=plan, guess=guess, errors=errors, examination=examination)


def _judge(task, program, raw, path):
    """Status and message of one optimiser run."""
    problem = task.problem
    if raw.reason == TIME_LIMIT:
        return Status.TIME_LIMIT, f"after {raw.iterations} iterations from this guess"
    trouble = (
        None
        if raw.success or problem.model.is_total
        else first_trouble(problem.model, path.parameters)
    )
    if trouble is not None:
        where = (
            f"t = {path.times[trouble.node]:.4g}, θ ="
            f" {np.round(path.parameters[trouble.node], 4).tolist()}"
        )
        return Status.NOT_STATIONARY, f"{trouble} at {where}"
    if not raw.ran:  # the path is the guess, and says nothing about the cost
        return Status.NOT_STATIONARY, f"the optimiser did not run: {raw.reason}"
    if not raw.success or not math.isfinite(raw.cost):
        finite = np.isfinite(path.parameters).all() and np.isfinite(raw.cost)
        far = np.abs(path.parameters).max() > 1e6 * (1 + np.abs(problem.start).max())
        falls = raw.cost < -1e8 or (far and raw.cost < 0)
        if not finite or falls:
            return Status.UNBOUNDED, f"the optimiser stopped with {raw.reason}, cost {raw.cost:.3g}"
    if not raw.success:
        return (
            _REASONS.get(raw.reason, Status.NOT_STATIONARY),
            f"{raw.reason}; {_worst_blocks(problem, program, raw, path)}",
        )
    metrics = None if problem.model.constant["metric"] else problem.model.metric(path.parameters)
    if metrics is not None and not _are_definite(metrics):
        lowest = np.linalg.eigvalsh(metrics)[:, 0]
        if lowest.min() <= 0:
            worst = int(np.argmax(lowest <= 0))  # the first place on the way
            return (
                Status.METRIC_NOT_DEFINITE,
                (
                    f"smallest eigenvalue of G is {lowest[worst]:.3g} at t ="
                    f" {path.times[worst]:.4g}, θ = {np.round(path.parameters[worst], 4).tolist()}"
                ),
            )
    return Status.CONVERGED, ""


def _are_definite(matrices) -> bool:
    """Whether all of them (S, m, m) have a Cholesky factor, which is found sooner than eigenvalues."""
    try:
        np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        return False
    return True


def _worst_blocks(problem, program, raw, path, count=3):
    names = {
        "gap": "continuity of θ",
        "path": "dynamics θ̇ = f + Bu",
        "start": "start",
        "end": "end",
    }
    found = []
    for name, rows in program.rows.items():
        for k, block in enumerate(np.atleast_2d(raw.constraints[rows])):
            time = (
                path.vertices[k]
                if name in ("gap", "path")
                else path.vertices[0 if name == "start" else -1]
            )
            found.append(
                (np.abs(block).max(), f"{names[name]} at t = {time:.4g}: {np.abs(block).max():.2g}")
            )
    worst = [text for size, text in sorted(found, reverse=True)[:count] if size > 1e-8]
    if worst:
        return "worst violations: " + "; ".join(worst)
    said = "all constraints hold, but the path is not stationary"
    if not problem.model.is_total:
        said += (
            "; the problem's functions are not finite everywhere, and the path may press against"
            " such a place"
        )
    return said
