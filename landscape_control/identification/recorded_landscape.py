"""Weights recorded alone: the gradients that a rule saw are those of its landscape."""

from dataclasses import replace

import numpy as np

from ..model.problem import ControlProblem
from ..rules import CausalRule
from ..support.errors import ProblemError
from .fitting import fit_causal_rule
from .identification import Identification
from .recorded_pieces import runs_of
from .recorded_run import RecordedRun
from .recorded_tables import Table
from .recording import Recording

_ROUNDS = 20  # of fitting the path and the rule in turn
_SETTLED = 1e-6


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
    recording: Recording, problem: ControlProblem, verdict: Identification, noise: float
) -> Recording:
    """The recording with gradients where the fitted rule was, and not where noise put the weights.

    The rule's own path, from where it is nearest to the recorded weights, has their noise in its
    start only. Path and coefficients are fitted in turn.
    """
    row = verdict.rows[0]
    rule = row.rule
    if not isinstance(rule, CausalRule):
        return recording
    at = np.array([row.coefficients[name] for name in rule.names])
    current = recording
    for _ in range(_ROUNDS):
        moved = _on_path(current, problem, rule, at)
        if moved is None:
            return recording
        current = moved
        seen = current.histories(weight_noise=noise)
        before, at = at, fit_causal_rule(rule, seen, seen, seed=0, resamples=1).coefficients
        if np.abs(at - before).max() <= _SETTLED * np.abs(at).max():
            break
    return current


def _on_path(
    recording: Recording, problem: ControlProblem, rule: CausalRule, at: np.ndarray
) -> Recording | None:
    """With gradients on the paths of a rule, None where it runs away."""
    runs = []
    for run in recording.runs:
        assert run.gradients is not None, "computed at the recorded weights"
        assert run.parameters is not None, "weights over time"
        moved = rule.updates(at[None], np.asarray(run.gradients), np.asarray(run.parameters))[0]
        travelled = np.cumsum(np.vstack([np.zeros(moved.shape[1]), moved[:-1]]), axis=0)
        if not np.isfinite(travelled).all():
            return None
        start = np.mean(run.parameters - travelled, axis=0)
        runs.append(replace(run, gradients=slopes_at(problem, start + travelled)))
    return replace(recording, runs=tuple(runs))
