"""One small record of every kind, and the numbers that it must give; run as a script it writes
those of today's format.

    python tests/record_samples.py [NAME ...]

(those named, by default those that are not there yet). Samples of an earlier format version stay as
they are: they are what its users have on disk.
"""

import dataclasses
import enum
import hashlib
import json
import math
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import record_result_samples  # noqa: E402
import recorded_problems as problems  # noqa: E402

import landscape_control as lc  # noqa: E402
from landscape_control.model.landscape import LandscapeDistribution, Uniform  # noqa: E402
from landscape_control.optimisation import (  # noqa: E402
    PolicyResult,
    optimize_policy,
    worst_case,
)
from landscape_control.optimisation.worst_cases import WorstCaseResult  # noqa: E402
from landscape_control.policies import GradientDescent, HeavyBall, Policy  # noqa: E402
from landscape_control.records import fingerprint, load, save, specification  # noqa: E402
from landscape_control.records.files import VERSION  # noqa: E402
from landscape_control.support.results import Result  # noqa: E402

FOLDER = Path(__file__).resolve().parent / "data" / "records"
# whose numbers are chosen below, as they were when their samples were written
OLDER = (lc.Solution, lc.BeliefSolution, lc.Course, lc.Policy, PolicyResult, WorstCaseResult)
COARSE = {"points": 21, "accuracy": 1.0, "throw": False}


def emerged():
    task = LandscapeDistribution.quadratic(curvatures=Uniform(0.05, 1.0), start_variance=0.7)
    return optimize_policy(
        task,
        GradientDescent(constant=False),
        lc.Objective(horizon=4, learning_rate=math.inf),
        sees=lc.NoisyGradient(0.1),
    )


def emerged_from_scenarios():
    task = LandscapeDistribution.landscapes(
        [lc.double_well(), lc.rosenbrock(2)], starts=[[-0.5, 0.5], [0.3, 0.2]]
    )
    return optimize_policy(
        task,
        HeavyBall(constant=True),
        lc.Objective(horizon=3, learning_rate=math.inf),
        sees=lc.NoisyGradient(0.1),
        throw=False,
        starts=2,
    )


def minimax():
    return worst_case(problems.program(GradientDescent(constant=True), 3), starts=2)


def measured():
    """Two modes of the gradient and one of a draw, of a network that never was."""
    of_modes = {
        "curvatures": [3.0, 1 / 3, 0.7],
        "gradient": [0.2, 0.1, 0.0],
        "noise": [1.5, 0.0, 2.5],
        "residuals": [1e-12, 0.3, 0.1],
        "curvature_errors": [0.1, 0.02, 0.03],
        "gradient_errors": [0.03, 0.02, 0.0],
        "noise_errors": [0.2, 0.0, 3.5],
    }
    of_layers = {
        "layer_weights": [6, 2],
        "layer_gradient": [0.25, 0.05],
        "layer_noise": [3.0, 1.0],
        "layer_noise_errors": [0.3, 0.1],
        "layer_leading": [0.9, 0.1],
    }
    arrays = {
        name: np.array(entries, dtype=float) for name, entries in (of_modes | of_layers).items()
    }
    return lc.Measurement(
        **arrays,
        gradient_nodes=2,
        loss=0.7,
        loss_error=0.02,
        floor=0.7 - (0.2 / 3 + 0.3) / 2,
        floor_error=0.01,
        noise_trace=4.0,
        noise_trace_error=0.25,
        gradient_square=0.3,
        gradient_square_error=0.05,
        gradient_bias=0.01,
        flat_gradient=0.0,
        flat_noise=0.0,
        loss_kind="softmax cross-entropy",
        majorant=0.05,
        weights=8,
        batch_size=32,
        samples=400,
        noise_samples=800,
        whole=False,
        products=4,
        draws=1,
        stopped=False,
        seconds=0.125,
        layers=("0.weight", "0.bias"),
    )


def planned_course():
    """Heavy ball under a cap on two modes."""
    task = LandscapeDistribution.quadratic(
        curvatures=lc.Discrete([0.2, 1.0]), start_variance=[2.0, 0.5]
    )
    return lc.plan_course(
        task,
        HeavyBall(constant=True),
        steps=6,
        sees=lc.ModeNoise([0.1, 0.4], follows_loss=True),
        limits=lc.CourseLimits(cap=0.2, rise=1.5, floor=0.1),
    )


def network_path():
    """Two weights of a network that never was, on two elements of degree 2."""
    return lc.TrainingPlan(
        objective=lc.Objective(horizon=0.9, discount=0.1, terminal="loss", terminal_weight=1 / 3),
        cost=0.7,
        kinetic=0.3,
        potential=0.4,
        times=np.array([0.0, 0.15, 0.3, 0.6, 0.9]),
        parameters=np.array([[0.0, 1.0], [0.1, 0.8], [0.2, 0.7], [1 / 3, 0.6], [0.4, 0.55]]),
        losses=np.array([1.0, 0.8, 0.6, 0.5, 0.45]),
        vertices=np.array([0.0, 0.3, 0.9]),
        positions=np.array([0.0, 0.5, 1.0]),
        arc_lengths=np.array([0.0, 0.4, 0.7]),
        status=lc.Status.REFINEMENT_CAP,
        message="größer",
        cost_error=1e-3,
        remaining=np.inf,
        lowest=-0.1,
        residual=1e-2,
        energy_error=2e-3,
        layers=("weight", "bias"),
        layer_weights=np.array([1.0, 1.0]),
        iterations=9,
        evaluations=40,
        seconds=0.125,
    )


def table():
    import xarray

    return xarray.Dataset(
        {
            "cost": (
                ("discount", "seed"),
                np.array([[0.1, np.nan], [np.inf, 1 / 3]]),
                {"units": "cost"},
            ),
            "status": (
                ("discount", "seed"),
                np.array([["converged", "failed"], ["", "größer"]], dtype=object),
            ),
            "escaped": (("discount", "seed"), np.array([[True, False], [False, True]])),
        },
        coords={
            "discount": [0.1, 0.2],
            "seed": [0, 1],
            "label": ("discount", np.array(["a", "b"], dtype=object)),
        },
        attrs={"fingerprint": "abc", "cells": 4, "tolerance": 1e-6},
    )


MAKERS = {
    "problem": lambda: problems.KNOWN["curved"],
    "program": lambda: problems.PROGRAMS["few curvatures"],
    "solution": lambda: lc.solve(problems.KNOWN["double well"].changed(end=None)),
    "solution_endless": lambda: lc.solve(problems.KNOWN["endless"]),
    "solution_curved": lambda: lc.solve(problems.KNOWN["curved"]),
    "lqg": lambda: lc.solve(problems.HIDDEN["reverting"]),
    "lqg_finite_tasks": lambda: lc.solve(problems.HIDDEN["tasks"].changed(horizon=2.0)),
    "transcribed": lambda: lc.solve(problems.HIDDEN["curvature"]),
    "grid": lambda: lc.solve(problems.HIDDEN["reverting"], method="dynamic programming", **COARSE),
    "replanning": lambda: lc.solve(problems.HIDDEN["curvature"], method="replanning", aims=1),
    "policy": lambda: Policy(
        family=HeavyBall(constant=False),
        horizon=3,
        coefficients={"learning_rate": [0.1, 0.2, 1 / 3], "momentum": [0.0, 0.5, 0.7]},
    ),
    "emerged": emerged,
    "emerged_from_scenarios": emerged_from_scenarios,
    "minimax": minimax,
    "measured": measured,
    "course": planned_course,
    "network_path": network_path,
    "table": table,
    **record_result_samples.MAKERS,
}


@cache
def made(name):
    """Each kind of result, made once in a process."""
    return MAKERS[name]()


def stored_numbers(value) -> dict:
    """Numbers that stand in the record: they must come back to the last bit."""
    if hasattr(value, "data_vars"):
        return {
            name: [str(x) for x in array.values.ravel()] for name, array in value.variables.items()
        }
    if isinstance(value, lc.Measurement):
        fields = ("curvatures", "gradient", "noise", "layer_noise", "loss", "noise_trace")
        return {name: _hex(getattr(value, name)) for name in fields}
    if isinstance(value, lc.TrainingPlan):
        fields = ("times", "parameters", "losses", "arc_lengths", "cost", "remaining", "lowest")
        found = {name: _hex(getattr(value, name)) for name in fields}
        return found | {"status": str(value.status), "layers": list(value.layers)}
    if isinstance(value, Result) and not isinstance(value, OLDER):
        return every_number(value)
    if not hasattr(value, "status") and not hasattr(value, "coefficients"):
        return {"specification": specification(value)}
    found = {"cost": getattr(value, "cost", 0.0), "status": str(getattr(value, "status", ""))}
    found |= dict(getattr(value, "coefficients", {}))
    for plan_name in ("plan", "best"):
        plan = getattr(value, plan_name, None)
        if plan is not None:
            found |= {
                name: getattr(plan, name)
                for name in ("times", "parameters", "controls", "costates")
            }
    return {name: part if isinstance(part, str) else _hex(part) for name, part in found.items()}


def every_number(value, place: str = "") -> dict:
    """All fields of a result and of its parts, by place: numbers to the last bit."""
    if isinstance(value, lc.ControlProblem):
        return {place: fingerprint(value)}
    if dataclasses.is_dataclass(value) and type(value).__module__.startswith("landscape_control"):
        parts = {
            each.name: getattr(value, each.name)
            for each in dataclasses.fields(value)
            if each.name[0] != "_"
            and not callable(getattr(value, each.name))
            # files that are older than the field say nothing about it
            and not (each.metadata.get("later") and _is_default(value, each))
        }
        return {f"{place} is": type(value).__name__} | _every_part(parts, place)
    if isinstance(value, Mapping):
        return _every_part(value, place)
    if isinstance(value, tuple | list) and not all(isinstance(part, float) for part in value):
        return _every_part(dict(enumerate(value)), place)
    if isinstance(value, frozenset):
        return {place: sorted(map(str, value))}
    if value is None or isinstance(value, str | bool | enum.Enum):
        return {place: str(value)}
    digits = _hex(value)
    if len(digits) > 6:  # many are told by their digest
        digits = [hashlib.sha256(" ".join(digits).encode()).hexdigest()[:16]]
    return {place: [list(np.shape(value)), *digits]}


def _is_default(value, field) -> bool:
    given = getattr(value, field.name)
    return given is field.default or (np.ndim(given) == 0 and given == field.default)


def _every_part(parts: Mapping, place: str) -> dict:
    found: dict = {}
    for name, part in parts.items():
        found |= every_number(part, f"{place}/{name}")
    return found


def _hex(value):
    return [float(x).hex() for x in np.ravel(value)]


def computed_numbers(value) -> list[float]:
    """Numbers that a working object computes: interpolation, certificate, policies, functions."""
    if hasattr(value, "data_vars"):
        return [float(value.cost.sel(discount=0.1, seed=0))]
    if isinstance(value, lc.Measurement):
        return [
            *value.start,
            *value.task().start_variances(value.curvatures),
            *value.sees().deviations,
        ]
    if isinstance(value, lc.TrainingPlan):
        return [*np.ravel(value.parameters_at([0.2, 0.7])), value.length, value.straightness]
    if isinstance(value, Result) and not isinstance(value, OLDER):
        return record_result_samples.computed_numbers(value)
    if hasattr(value, "program") or isinstance(value, Policy):
        policy = getattr(value, "policy", value)
        return np.ravel(policy([[0.3, -1.0], [0.2, 0.5], [0.7, 0.1]])).tolist()
    if hasattr(value, "policy"):
        when = (0.0, 0.4, 0.9)
        return np.ravel(
            [value.policy([0.3], belief, time) for belief in _beliefs(value) for time in when]
        ).tolist()
    if hasattr(value, "certificate"):
        ahead = [value.best.times[-1] + 2.0] if value.best.tail is not None else []
        return [
            *np.ravel(np.hstack(value.at([0.0, 0.123, 1.4, *ahead]))).tolist(),
            value.certificate.dynamics,
            *value.best.end_basin,
            *value.problem.landscape.loss(value.problem.start),
        ]
    if hasattr(value, "model"):
        return [
            part
            for name in ("metric", "drift", "actuation", "terminal_cost")
            for part in np.ravel(getattr(value.model, name)([0.3, 0.4])).tolist()
        ]
    return value.task.curvatures.nodes(3)[0].tolist()


def _beliefs(solution):
    if solution.problem is problems.HIDDEN["tasks"] or hasattr(
        solution.problem.landscape.hidden, "tasks"
    ):
        return [0.3, 0.7], [1.0, 0.0]
    return ([0.1], [[0.2]]), ([-1.0], [[0.4]])


def write(names):
    """Today's samples of these names, and their numbers."""
    folder = FOLDER / f"v{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    numbers = folder / "expected.json"
    expected = json.loads(numbers.read_text(encoding="utf-8")) if numbers.exists() else {}
    for name in names or [name for name in MAKERS if name not in expected]:
        made = MAKERS[name]()
        save(made, folder / f"{name}.nc")
        expected[name] = {
            "class": type(made).__name__,
            "stored": stored_numbers(made),
            "computed": computed_numbers(load(folder / f"{name}.nc")),
        }
    numbers.write_text(json.dumps(expected, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(sys.argv[1:])
