"""Weights recorded alone: the gradients that a rule saw are those of its landscape."""

from dataclasses import replace

import numpy as np

from ..model.problem import ControlProblem
from ..rules import CausalRule
from ..support.errors import ProblemError
from .closed_loop_paths import fitted_paths
from .identification import Identification
from .recorded_pieces import runs_of
from .recorded_run import RecordedRun
from .recorded_tables import Table
from .recording import Recording


def with_gradients(recording: Recording, problem: ControlProblem) -> Recording:
    """The recording with the gradients of a problem's landscape at the recorded weights.

    Raises
    ------
    ProblemError
        Gradients that were recorded, hidden variables, another number of weights.
    """
    if any(run.gradients is not None for run in recording.runs):
        raise ProblemError(
            "problem",
            expected="none for a recording with gradients",
            received="a problem, and recorded gradients",
            advice="leave it out, or record the weights alone",
        )
    if not problem.is_known:
        raise ProblemError(
            "problem",
            expected="a landscape without hidden variables, whose gradient follows from θ",
            received="one with hidden variables",
            advice="record what the rule saw",
        )
    dimension = problem.landscape.dimension
    runs = []
    for number, run in enumerate(recording.runs):
        if run.updates.shape[1] != dimension or run.parameters is None:
            raise ProblemError(
                f"weights of run {number}",
                expected=f"all {dimension} of the landscape, recorded over time",
                received=f"{run.updates.shape[1]}",
                advice="record every weight: each one's gradient depends on all of them",
            )
        places = np.asarray(run.parameters)
        gradients = slopes_at(problem, places)
        runs += _pieces(run, places, gradients)
    return replace(recording, runs=tuple(runs))


def slopes_at(problem: ControlProblem, places: np.ndarray) -> np.ndarray:
    """(T, n), ∇L at weights (T, n), NaN in rows where one is missing."""
    slopes = np.full(places.shape, np.nan)
    known = np.isfinite(places).all(axis=1)
    slopes[known] = problem.landscape.gradient(places[known])
    return slopes


def _pieces(run: RecordedRun, places: np.ndarray, gradients: np.ndarray) -> list[RecordedRun]:
    """The run with gradients, in as many pieces as the missing ones make it."""
    if np.isfinite(gradients).all():
        return [replace(run, gradients=gradients)]
    last = places[-1] + run.updates[-1]
    weights = np.vstack([places, np.where(run.known[-1], last, np.nan)])
    table = Table(weights=weights, gradients=gradients, times=None)
    return runs_of(table, at_rest=run.at_rest)


def smoothed(
    recording: Recording, problem: ControlProblem, verdict: Identification
) -> Recording | None:
    """The recording with gradients on the path of the nearest rule, where noise does not shake it.

    None where there is no such path: runs in mid-run or with gaps, many starts, rules of other kinds.
    """
    row = verdict.rows[0]
    rule = row.rule
    if not isinstance(rule, CausalRule) or not rule.smooth:
        return None
    if not all(run.at_rest and run.known.all() for run in recording.runs):
        return None
    guess = np.array([row.coefficients[name] for name in rule.names])
    recorded = [np.asarray(run.parameters) for run in recording.runs]
    paths = fitted_paths(rule, problem, guess, recorded)
    if paths is None:
        return None
    runs = [
        replace(run, gradients=gradients[: run.steps])
        for run, gradients in zip(recording.runs, paths.gradients, strict=True)
    ]
    return replace(recording, runs=tuple(runs))
