"""Results as plain documents (dicts, lists, numbers, strings) for JSON.

As in ``to_dict`` of results, NaN and ±∞ are the texts "nan", "inf" and "-inf".
"""

import dataclasses
import enum
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...claims import Claim, Outcome
from ...identification.maps import Verdict
from ...model.problem import ControlProblem
from ...planning.solution import Solution
from ...records.numbers import number_to_tree
from ...support.arguments import checked
from .table import check_verdict
from .versions import versions

_PLAN_FIELDS = (
    "cost",
    "cost_error",
    "iterations",
    "message",
    "end_basin",
    "found_from",
    "times",
    "parameters",
    "controls",
    "costates",
)
_SOLUTION_FIELDS = (
    "cost",
    "message",
    "tolerance",
    "method",
    "solver",
    "starts",
    "build_seconds",
    "solve_seconds",
)


def plain(value: object, number: Callable[[float], object] = number_to_tree) -> Any:
    """The value as dict, list, str, number, bool or None; dataclasses by their public fields.

    ``number`` writes a float.
    """
    if isinstance(value, enum.Enum):
        return str(value)
    if isinstance(value, (bool, str, int)) or value is None:
        return value
    if isinstance(value, float):
        return number(value)
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist(), number)
    if isinstance(value, Mapping):
        return {str(key): plain(item, number) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item, number) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value) if field.name[0] != "_"]
        return {name: plain(getattr(value, name), number) for name in names}
    return str(value)


@checked
def claim_document(claim: Claim) -> dict:
    """What a claim says about itself."""
    return {
        name: plain(getattr(claim, name))
        for name in (
            "name",
            "title",
            "theme",
            "figure",
            "relations",
            "statement",
            "source",
            "picture",
        )
    }


@checked
def outcome_document(outcome: Outcome) -> dict:
    """A claim with its verdict, checks, time, and error if it could not be evaluated.

    The data for drawing is left out.
    """
    checks = [] if outcome.evidence is None else outcome.evidence.checks
    rows = [
        {**plain(check), "error": plain(check.error), "verdict": check_verdict(check)}
        for check in checks
    ]
    return {
        **claim_document(outcome.claim),
        "verdict": str(outcome.verdict),
        "seconds": outcome.seconds,
        "error": outcome.error,
        "traceback": outcome.traceback,
        "checks": rows,
    }


@checked
def describe_solution(problem: ControlProblem, solution: Solution) -> dict:
    """A solution with its problem in words, every plan, certificate and versions.

    Arrays are nested lists, time first. Keys: format, versions, problem, status, advice, cost, ...,
    plans (best first), certificate (null unless converged).
    """
    document: dict[str, object] = {
        "format": "landscape-control solution 1",
        "versions": versions(),
        "problem": problem.describe(),
        "status": str(solution.status),
        "advice": solution.status.value,
    }
    document |= {name: plain(getattr(solution, name)) for name in _SOLUTION_FIELDS}
    document["plans"] = [
        {"status": str(plan.status), **{name: plain(getattr(plan, name)) for name in _PLAN_FIELDS}}
        for plan in solution.plans
    ]
    document["certificate"] = None
    if solution.status.ok:
        document["certificate"] = {
            "passed": solution.certificate.passed,
            **plain(solution.certificate),
        }
    return document


_FIT_FIELDS = (
    "coefficients",
    "intervals",
    "predicted",
    "error",
    "condition",
    "identifiable",
    "equivalent_to",
    "undefined",
    "at_bound",
)


@checked
def verdict_document(verdict: Verdict) -> dict:
    """A verdict with its rules, best first, and in words.

    Keys: format, versions, conclusion, best (null where no rule fits), equivalent, rules (each with
    key, name, formula and the numbers of its fit), refused, failures, samples, starts, sampling,
    words.
    """
    rules = [
        {
            "key": row.key,
            "name": row.rule.name,
            "formula": row.rule.formula,
            **{name: plain(getattr(row, name)) for name in _FIT_FIELDS},
        }
        for row in verdict.rows
    ]
    document: dict[str, object] = {
        "format": "landscape-control verdict 1",
        "versions": versions(),
        "conclusion": verdict.conclusion.value,
        "best": None if verdict.best is None else verdict.best.key,
        "rules": rules,
        "words": str(verdict),
    }
    names = ("equivalent", "refused", "failures", "samples", "starts", "sampling")
    return document | {name: plain(getattr(verdict, name)) for name in names}
