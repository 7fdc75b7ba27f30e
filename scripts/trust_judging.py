"""What a solve's answer is called when it is held against a reference."""

import math
import time
from dataclasses import dataclass

import numpy as np

import landscape_control as lc

RIGHT, RIGHT_FLAG, FLAGGED, RIGHT_REFUSAL, REFUSED, WRONG, ERROR, HANG = KINDS = (
    "right",
    "rightly flagged",
    "flagged",
    "rightly refused",
    "refused",
    "SILENT WRONG",
    "ERROR",
    "HANG",
)
WORST = (WRONG, ERROR, HANG)
SLACK = 1.0  # times the tolerance that was asked for
# called when the package has answered: the time limit is for it, not for the reference
hooks = {"solved": lambda: None}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One of KINDS, why, and how long the solve took."""

    kind: str
    note: str = ""
    seconds: float = math.nan


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A drawn problem: subclasses have ``problem``, ``reference``, ``judge(options)`` and
    ``describe()``.
    """

    def show(self, options):
        """Print what the package says of it."""
        show_solution(lambda: self.problem, options)


def timed_solve(build, options, **more):
    """(solution, refusal, seconds) of building the problem and of the public call."""
    began = time.perf_counter()
    try:
        solution, refusal = lc.solve(build(), throw=False, **options, **more), None
    except (lc.ProblemError, lc.SolveError) as failure:  # either is loud
        solution, refusal = None, failure
    seconds = time.perf_counter() - began
    hooks["solved"]()
    return solution, refusal, seconds


def judge_plan(build, reference, options, *, metric) -> Verdict:
    """Right is: status ok, J within tolerance x scale, u(0) within the accuracy that such a J
    implies (√tolerance).
    """
    solution, refusal, seconds = timed_solve(build, options)
    solvable = reference.kind == "finite"
    if refusal is not None:
        kind = REFUSED if solvable else RIGHT_REFUSAL
        return Verdict(kind=kind, note=f"{reference.kind}; {first_words(refusal)}", seconds=seconds)
    if not solution.status.ok:
        note = f"{reference.kind}; {solution.status}: {solution.message}"
        if solvable:
            note = (
                f"J off by {relative_error(solution, reference):.1e}; {solution.status}:"
                f" {solution.message}"
            )
        return Verdict(kind=FLAGGED if solvable else RIGHT_FLAG, note=note[:200], seconds=seconds)
    if not solvable:
        return Verdict(
            kind=WRONG, note=f"J = {solution.cost:.6g}, but {reference.kind}", seconds=seconds
        )
    wrong = shortcomings(solution, reference, options.get("tolerance", 1e-6), metric)
    return Verdict(kind=WRONG if wrong else RIGHT, note=wrong, seconds=seconds)


def relative_error(solution, reference) -> float:
    """|J - J_ref| over the scale."""
    return abs(solution.cost - reference.cost) / (reference.scale + reference.floor + 1e-300)


def shortcomings(solution, reference, tolerance, metric) -> str:
    """What is wrong with a solution that claims to be right; empty if nothing."""
    allowed = SLACK * tolerance * reference.scale + reference.floor
    apart = abs(solution.cost - reference.cost)
    found = []
    if not apart <= allowed:
        found.append(
            f"J = {solution.cost:.9g}, reference {reference.cost:.9g},"
            f" {apart / (reference.scale + 1e-300):.1e} of the scale"
        )
    error = solution.controls[0] - reference.control
    size = math.sqrt(max(error @ metric @ error, 0.0))
    if not size <= 10 * math.sqrt(tolerance) * reference.control_scale + reference.control_floor:
        found.append(f"u(0) off by {size / (reference.control_scale + 1e-300):.1e}")
    return "; ".join(found)


def first_words(refusal) -> str:
    """A refusal, short."""
    return str(refusal)[:160]


def percentile(values, q):
    """Of a list that may be empty."""
    return float(np.percentile(values, q)) if len(values) else math.nan


def show_solution(build, options):
    """Print what the package says of a problem."""
    solution, refusal, _ = timed_solve(build, options)
    if refusal is not None:
        print(f"refused: {refusal}")
        return
    said = f"{solution.status}: {solution.message}"
    print(solution.problem.describe(), solution.summary(), said, solution.certificate, sep="\n")
    print(f"u(0) = {solution.controls[0].tolist()}")
