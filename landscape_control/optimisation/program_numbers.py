"""A policy program with other numbers: what a kept solver is asked to solve next."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..model.landscape import Spectrum
from ..model.objective import OBJECTIVE_NUMBERS
from ..model.observation import CurvatureNoise, ExactGradient, ModeNoise, NoisyGradient, Sees
from ..support.arrays import number
from ..support.errors import ProblemError, check_options
from .program import PolicyProgram

OBJECTIVE = tuple(name for name in OBJECTIVE_NUMBERS if name != "horizon")
TASK = ("curvatures", "start_variance", "start_mean", "minimum")
NUMBERS = (*OBJECTIVE, *TASK, "noise", "sees", "cost")


def with_numbers(
    program: PolicyProgram, numbers: Mapping[str, Any], *, caller: str
) -> PolicyProgram:
    """The program with other ``numbers``: noise, sees, cost, those of objective and task.

    They are held against the annotations of the objects that take them. ``noise`` is the size of
    the noise whatever its form: σ, or the scale of CurvatureNoise. Raises ProblemError for other
    names, numbers that cannot be used, and numbers of quadratics for a population of landscapes.
    """
    check_options(caller, dict(numbers), NUMBERS)
    prices = {name: numbers[name] for name in OBJECTIVE if name in numbers}
    objective = replace(program.objective, **prices)
    changes = {name: numbers[name] for name in TASK if name in numbers}
    if changes and not program.task.is_quadratic:
        raise ProblemError(
            next(iter(changes)),
            expected="random quadratics",
            received="a population of landscapes",
            advice="give the landscapes other numbers and make a new program",
        )
    task = replace(program.task, **changes)
    sees, cost = numbers.get("sees", program.sees), numbers.get("cost", program.cost)
    if not isinstance(task.curvatures, Spectrum | None):
        raise ProblemError(
            "curvatures",
            expected="Uniform, LogUniform, MarchenkoPastur or Discrete",
            received=type(task.curvatures).__name__,
            advice="e.g. curvatures=Uniform(0.05, 1.0)",
        )
    if "noise" in numbers:
        sees = _with_noise(sees, number("noise", numbers["noise"], low=0))
    return replace(program, objective=objective, task=task, sees=sees, cost=cost)


def _with_noise(sees: Sees | None, sigma: float) -> Sees:
    """The same kind of observation with noise of this size."""
    if isinstance(sees, CurvatureNoise):
        return replace(sees, scale=sigma)
    if isinstance(sees, ModeNoise):
        raise ProblemError(
            "noise",
            expected="sees=ModeNoise(...), as every mode has a standard deviation of its own",
            received=f"noise={sigma:g}",
            advice="pass sees with the deviations wanted",
        )
    return NoisyGradient(sigma) if sigma > 0 else ExactGradient()
