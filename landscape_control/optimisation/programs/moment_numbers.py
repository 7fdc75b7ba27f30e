"""The numbers of a moment program, as one vector of parameters, and its scales."""

import math
from collections.abc import Sequence

import numpy as np

from ...support.errors import ProblemError
from ..program import PolicyProgram, spectrum_of
from .moment_model import (
    MomentLayout,
    minimum_step,
    multiplicative_noise,
    noise_variance,
    start_moments,
    time_weights,
)
from .moment_program import MomentProgram

FLOOR = 1e-250  # over the cost of standing still: keeps the logarithm finite
# the same where a rule may learn everything: second moments that cancel leave a few 1e-16
ROUND_OFF = 1e-14


def pack(
    moment_program: MomentProgram, program: PolicyProgram, nodes: int, unit: float = 1.0
) -> np.ndarray:
    """The parameter vector of a policy program's numbers with N quadrature nodes.

    Curvatures are in units of ``unit``. Noise and cost are then in units of it too, learning rates
    and lags of linear rules in units of 1/unit, and θ as it was.
    """
    curvatures, weights = spectrum_of(program).nodes(nodes)
    reference = standing_still(program, curvatures, weights) / unit
    last = [reference, floor(program)]
    return pack_modes(moment_program, program, curvatures, weights, last, unit)


def pack_modes(
    moment_program: MomentProgram,
    program: PolicyProgram,
    curvatures: np.ndarray,
    weights: np.ndarray,
    last: Sequence[float],
    unit: float = 1.0,
) -> np.ndarray:
    """The same for modes of any curvatures (N,) and weights (N,); ``last`` = [reference, floor]."""
    loss, effort = time_weights(program)
    noise = noise_variance(program, curvatures)
    starts = start_moments(moment_program.layout, program.task, curvatures)
    return np.concatenate(
        [
            loss,
            effort / unit,
            minimum_step(program.task),
            [multiplicative_noise(program), rounding(moment_program.layout)],
            starts.ravel(),  # node after node
            curvatures / unit,
            noise / unit**2,
            weights,
            last,
        ]
    )


def rounding(layout: MomentLayout) -> float:
    """ε = d²(d² + 2)u: what a sum of d² products is off by at most, relative to its squares."""
    square = layout.dimension**2
    return square * (square + 2) * np.finfo(float).eps / 2


def floor(program: PolicyProgram) -> float:
    """What is added to J over its value at rest before the logarithm.

    Round-off where as few curvatures as steps, seen without noise and at no price, can all be
    learnt.
    """
    spectrum = spectrum_of(program)
    few = spectrum.exact and len(spectrum.nodes(1)[0]) <= program.steps
    return ROUND_OFF if few and is_free(program) else FLOOR


def is_free(program: PolicyProgram) -> bool:
    """Whether J can be zero: no noise, no price of movement, a minimum that rests."""
    curvatures = spectrum_of(program).nodes(1)[0]
    has_noise = noise_variance(program, curvatures).any() or multiplicative_noise(program) > 0
    rests, is_unpaid = program.task.minimum is None, math.isinf(program.objective.learning_rate)
    return rests and is_unpaid and not has_noise


def check_paid(program: PolicyProgram) -> None:
    """Refuse a program in which never moving costs nothing, or more than a number can hold."""
    with np.errstate(over="ignore", invalid="ignore"):
        reference = standing_still(program, *spectrum_of(program).nodes(1))
    if 0 < reference < math.inf:
        return
    objective = program.objective
    weights = {
        "terminal": "terminal_weight",
        "running": "loss_weight",
        "both": "loss_weight or terminal_weight",
    }
    advice = f"give a {weights[program.cost]} > 0"
    if not reference <= 0:
        advice = "measure θ in other units: second moments of the start or of the minimum overflow"
    elif objective.discount > 0:
        advice += (
            f", or a smaller discount: e^(-γT) = {math.exp(-objective.discount * program.steps):g}"
            " at the horizon"
        )
    raise ProblemError(
        "cost",
        expected="a loss that is paid for: a positive, finite cost of never moving",
        received=f"{reference:g} for cost={program.cost!r}",
        advice=advice,
    )


def standing_still(program: PolicyProgram, curvatures: np.ndarray, weights: np.ndarray) -> float:
    """J of never moving: the scale of the cost."""
    loss, _ = time_weights(program)
    task, minimum = program.task, program.task.minimum
    # E(θ_0 - μ_{t+1})² at every step is this and the variance of θ_0
    spread = np.full(program.steps, task.start_mean * task.start_mean)
    if minimum is not None:
        rho, gained, centre = minimum_step(task)
        mean, variance = minimum.prior_mean[0], minimum.prior_covariance[0, 0]
        for t in range(program.steps):
            mean = centre + rho * (mean - centre)
            variance = rho**2 * variance + gained
            spread[t] = variance + (task.start_mean - mean) ** 2
    of_start = weights @ (curvatures * task.start_variances(curvatures))
    return float((loss.sum() * of_start + (weights @ curvatures) * (loss @ spread)) / 2)
