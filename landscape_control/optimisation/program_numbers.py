"""A policy program with other numbers: what a kept solver is asked to solve next."""

from dataclasses import replace

from ..model.landscape import Spectrum
from ..model.objective import OBJECTIVE_NUMBERS
from ..model.observation import CurvatureNoise, ExactGradient, NoisyGradient
from ..support.arrays import number
from ..support.errors import ProblemError, check_options
from .program import PolicyProgram

OBJECTIVE = tuple(name for name in OBJECTIVE_NUMBERS if name != "horizon")
TASK = ("curvatures", "start_variance", "start_mean", "minimum")
NUMBERS = (*OBJECTIVE, *TASK, "noise", "sees", "cost")


def with_numbers(program: PolicyProgram, numbers: dict, *, caller: str) -> PolicyProgram:
    """The program with other ``numbers``: noise, sees, cost, those of the objective and those of
    the task.

    ``noise`` is the size of the noise whatever its form: σ, or the scale of CurvatureNoise. Raises
    ProblemError for other names, numbers that cannot be used, and numbers of quadratics for a
    population of landscapes.
    """
    check_options(caller, numbers, NUMBERS)
    objective = replace(
        program.objective, **{name: numbers[name] for name in OBJECTIVE if name in numbers}
    )
    changes = {name: numbers[name] for name in TASK if name in numbers}
    if changes and not program.task.is_quadratic:
        raise ProblemError(
            next(iter(changes)),
            expected="random quadratics",
            received="a population of landscapes",
            advice="give the landscapes other numbers and make a new program",
        )
    task, sees = replace(program.task, **changes), numbers.get("sees", program.sees)
    if not isinstance(task.curvatures, Spectrum | None):
        raise ProblemError(
            "curvatures",
            expected="Uniform, LogUniform, MarchenkoPastur or Discrete",
            received=type(task.curvatures).__name__,
            advice="e.g. curvatures=Uniform(0.05, 1.0)",
        )
    if "noise" in numbers:
        sees = _with_noise(sees, number("noise", numbers["noise"], low=0))
    return replace(
        program, objective=objective, task=task, sees=sees, cost=numbers.get("cost", program.cost)
    )


def _with_noise(sees, sigma):
    if isinstance(sees, CurvatureNoise):
        return replace(sees, scale=sigma)
    return NoisyGradient(sigma) if sigma > 0 else ExactGradient()
