"""Which problems can be solved in batches, and in words why the others cannot."""

import math

from ...model.problem import ControlProblem, Model, unit_growth
from ..solver.rollouts import is_bound
from ..solver.solver import Solver
from ..transcription import DiscretisedAction
from .element import element_functions
from .inspection import compile_inspection
from .windows import is_for_windows

MOST_PARAMETERS = 12  # the elimination is written out entry by entry
_LEAST_CELLS, _SMALL = 24, 3  # for up to three parameters compiling costs as much as these cells


def is_for_batches(problem: ControlProblem) -> bool:
    """Whether a Solver with its own choices may solve such problems in batches."""
    is_small = problem.is_known and problem.dimension <= MOST_PARAMETERS
    return is_small and problem.model.is_invertible and _is_smooth(problem)


def least_cells(dimension: int) -> int:
    """From how many cells on a batch is worth compiling for; compiling grows faster than what it
    saves.
    """
    return math.ceil(_LEAST_CELLS * max(dimension / _SMALL, 1.0) ** 2)


def structure_obstacle(solver: Solver) -> str:
    """Why the problems of this Solver are solved one by one; empty where they need not be."""
    problem, programs = solver.problem, solver.programs
    if problem.dimension > MOST_PARAMETERS:
        return f"more than {MOST_PARAMETERS} parameters"
    if not isinstance(programs.transcription, DiscretisedAction):
        return "another transcription than the discretised action"
    if programs.plugin != "fatrop" or not programs.rescue:
        return "an optimiser that was asked for by name, or IPOPT"
    if programs.options or programs.keep_log:
        return "options of the optimiser, or its log"
    if not _is_smooth(problem):
        return "functions that are not smooth or not finite everywhere"
    if is_bound(problem):
        return "a drift that bends the ways"
    return _not_compiled(problem.model, programs.transcription.degree)


def _is_smooth(problem: ControlProblem) -> bool:
    """Whether all functions are smooth, and finite everywhere."""
    return problem.model.is_total and not problem.landscape.allow_kinks


def _not_compiled(model: Model, degree: int) -> str:
    try:
        element_functions(model, degree)
        compile_inspection(model, degree)
    except ValueError as error:
        return str(error)
    return ""


def cell_obstacle(problem: ControlProblem, is_long: bool) -> str:
    """Why the problem with these numbers, ``is_long`` if it needs windows, is solved by itself;
    empty where it need not be.
    """
    horizon = problem.objective.horizon
    if not math.isfinite(horizon):
        return "an infinite horizon"
    if unit_growth(problem, horizon) > 0:
        return "a unit of length that grows"
    if is_long and not is_for_windows(problem):
        return "a horizon that is solved window by window"
    return ""
