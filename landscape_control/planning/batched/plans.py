"""Plans and solutions as the Solver returns them, from the arrays of a group."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...model.problem import ControlProblem
from ..certificate.certificate import Certificate
from ..certificate.curvature import CONVEX, FACTORED
from ..solution import Plan, Solution, Status
from ..transcription.quadrature import lobatto
from .drafts import Group
from .examination import RESIDUALS

SOLVER = "newton"  # as solutions name the optimiser


def made(kind: type, fields: dict[str, Any]) -> Any:
    """An object with these fields, unchecked: checking costs as much as solving."""
    thing: Any = object.__new__(kind)
    thing.__dict__.update(fields)
    return thing


class GroupPlans:
    """The plans of a group, one after the other.

    Arrays of all of them are laid out plan by plan once; a plan has read-only views of them.
    """

    def __init__(self, group: Group, degree: int) -> None:
        self._group, self._degree = group, degree
        self._positions = lobatto(degree + 1).points
        paths, cells = group.paths, group.cells
        self._parameters = _by_plan(paths.parameters, degree)
        self._controls = _by_plan(paths.controls, degree)
        self._costates = _by_plan(paths.costates, degree)
        self._vertices = np.ascontiguousarray(cells.vertices.T)
        begin, length = self._vertices[:, :-1, None], np.diff(self._vertices)[:, :, None]
        inner = (begin + length * self._positions[:-1]).reshape(len(begin), -1)
        self._times = np.hstack([inner, self._vertices[:, -1:]])
        for array in (
            self._parameters,
            self._controls,
            self._costates,
            self._vertices,
            self._times,
        ):
            array.setflags(write=False)
        seen = group.examinations
        self._costs = paths.cost.tolist()
        self._errors = seen.cost_error.tolist()
        self._iterations = group.found.iterations.tolist()
        self._residuals = seen.residuals.T.tolist()
        self._mismatches = seen.mismatch.tolist()
        self._scales = seen.cost_scale.tolist()

    def plan(
        self,
        lane: int,
        *,
        iterations: int,
        names: tuple[str, ...],
        tolerance: float,
        is_convex: bool,
        find_basin: Callable | None,
    ) -> Plan:
        """One plan, with its certificate, which it has passed."""
        method = CONVEX.method if is_convex else FACTORED.method
        certificate = made(
            Certificate,
            dict(zip(RESIDUALS, self._residuals[lane], strict=True))
            | {
                "cost_error": self._errors[lane],
                "cost_mismatch": self._mismatches[lane],
                "cost_scale": self._scales[lane],
                "unseen": 0.0,
                "minimum": True,
                "second_variation": method,
                "tolerance": tolerance,
            },
        )
        return made(
            Plan,
            {
                "cost": self._costs[lane],
                "times": self._times[lane],
                "parameters": self._parameters[lane],
                "controls": self._controls[lane],
                "costates": self._costates[lane],
                "vertices": self._vertices[lane],
                "positions": self._positions,
                "status": Status.CONVERGED,
                "iterations": iterations,
                "cost_error": self._errors[lane],
                "found_from": names,
                "message": "",
                "log": "",
                "tail": None,
                "certificate": certificate,
                "_find_basin": find_basin,
            },
        )


def solution(
    problem: ControlProblem,
    plans: tuple[Plan, ...],
    *,
    tolerance: float,
    method: str,
    starts: int,
    seconds: float,
    is_convex: bool,
    describe: Callable[[], str],
) -> Solution:
    """The solution with these plans, best first."""
    return made(
        Solution,
        {
            "plans": plans,
            "tolerance": tolerance,
            "method": method,
            "solver": SOLVER,
            "starts": starts,
            "build_seconds": 0.0,
            "solve_seconds": seconds,
            "problem": problem,
            "is_convex": is_convex,
            "_describe_search": describe,
        },
    )


def _by_plan(values: np.ndarray, degree: int) -> np.ndarray:
    """(B, N+1, c) from values (c(d+1), K, B) at the nodes of every element."""
    _, count, total = values.shape
    nodes = values.reshape(degree + 1, -1, count, total).transpose(3, 2, 0, 1)
    inner = nodes[:, :, :-1].reshape(total, count * degree, -1)
    return np.concatenate([inner, nodes[:, -1, -1:]], axis=1)
