"""How one run of the optimiser ended: its status, and in words what went wrong."""

import math

import numpy as np

from ...model.problem import ControlProblem
from ..solution import Status
from ..transcription import Path, Program
from .buffers import TIME_LIMIT, RawResult
from .finite import first_trouble
from .subproblem import Subproblem

_REASONS = {
    "SOLVER_RET_LIMITED": Status.ITERATION_LIMIT,
    "SOLVER_RET_INFEASIBLE": Status.INFEASIBLE,
    "SOLVER_RET_NAN": Status.UNBOUNDED,
    "SOLVER_RET_UNKNOWN": Status.NOT_STATIONARY,
}


def outcome_of(
    subproblem: Subproblem, program: Program, raw: RawResult, path: Path
) -> tuple[Status, str]:
    """Status and message of one run of the optimiser."""
    problem = subproblem.problem
    if raw.reason == TIME_LIMIT:
        return Status.TIME_LIMIT, f"after {raw.iterations} iterations from this guess"
    if not (raw.success or problem.model.is_total):
        trouble = first_trouble(problem.model, path.parameters)
        if trouble is not None:
            return Status.NOT_STATIONARY, f"{trouble} at {_place(path, trouble.node)}"
    if not raw.ran:  # the path is the guess, and says nothing about the cost
        return Status.NOT_STATIONARY, f"the optimiser did not run: {raw.reason}"
    if not raw.success or not math.isfinite(raw.cost):
        finite = np.isfinite(path.parameters).all() and np.isfinite(raw.cost)
        far = np.abs(path.parameters).max() > 1e6 * (1 + np.abs(problem.start).max())
        falls = raw.cost < -1e8 or (far and raw.cost < 0)
        if not finite or falls:
            return Status.UNBOUNDED, f"the optimiser stopped with {raw.reason}, cost {raw.cost:.3g}"
    if not raw.success:
        status = _REASONS.get(raw.reason, Status.NOT_STATIONARY)
        return status, f"{raw.reason}; {_worst_blocks(problem, program, raw, path)}"
    metrics = None if problem.model.constant["metric"] else problem.model.metric(path.parameters)
    if metrics is not None and not _are_definite(metrics):
        lowest = np.linalg.eigvalsh(metrics)[:, 0]
        if lowest.min() <= 0:
            first = int(np.argmax(lowest <= 0))  # on the path
            smallest = f"smallest eigenvalue of G is {lowest[first]:.3g}"
            return Status.METRIC_NOT_DEFINITE, f"{smallest} at {_place(path, first)}"
    return Status.CONVERGED, ""


def _place(path: Path, node: int) -> str:
    theta = np.round(path.parameters[node], 4).tolist()
    return f"t = {path.times[node]:.4g}, θ = {theta}"


def _are_definite(matrices: np.ndarray) -> bool:
    """Whether all of them (S, m, m) have a Cholesky factor, which is found sooner than eigenvalues."""
    try:
        np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        return False
    return True


def _worst_blocks(
    problem: ControlProblem, program: Program, raw: RawResult, path: Path, count: int = 3
) -> str:
    """The largest violations of the constraints, in words."""
    names = {
        "gap": "continuity of θ",
        "path": "dynamics θ̇ = f + Bu",
        "start": "start",
        "end": "end",
    }
    violations = []
    for name, rows in program.rows.items():
        for k, block in enumerate(np.atleast_2d(raw.constraints[rows])):
            vertex = {"start": 0, "end": -1}.get(name, k)
            time, size = path.vertices[vertex], np.abs(block).max()
            violations.append((size, f"{names[name]} at t = {time:.4g}: {size:.2g}"))
    worst = [text for size, text in sorted(violations, reverse=True)[:count] if size > 1e-8]
    if worst:
        return "worst violations: " + "; ".join(worst)
    message = "all constraints hold, but the path is not stationary"
    if not problem.model.is_total:
        message += (
            "; the problem's functions are not finite everywhere, and the path may press against"
            " such a place"
        )
    return message
