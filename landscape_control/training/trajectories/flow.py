"""``gradient_flow``: θ̇ = -∇L of a network from its weights down to a loss, computed accurately."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from ...support.arguments import Count, Entries, Positive, Range, checked
from ...support.arrays import freeze
from ...support.errors import ProblemError, SolveError


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class GradientFlow:
    """A path of steepest descent, whose shape does not depend on a rate.

    Attributes
    ----------
    times : (S,), of θ̇ = -∇L, at the steps of the integrator
    losses : (S,), L there; the last is the loss asked for
    arc_lengths : (S,), length of the path up to there
    parameters : (P,), the weights at its end
    displacement : distance of its end from its start
    evaluations : gradients of the full loss
    """

    times: Entries
    losses: Entries
    arc_lengths: Entries
    parameters: Entries
    displacement: float
    evaluations: int

    @property
    def length(self) -> float:
        """∫ |∇L| dt."""
        return float(self.arc_lengths[-1])

    @property
    def straightness(self) -> float:
        """Displacement over length: 1 for a straight line."""
        return self.displacement / self.length if self.length > 0 else 1.0


@checked
def gradient_flow(
    model: object,
    loss_fn: Callable,
    loader: object,
    *,
    until_loss: float,
    accuracy: Annotated[float, Range(low=1e-10, high=1e-2)] = 1e-5,
    longest: Positive | None = None,
    max_evaluations: Count = 100_000,
) -> GradientFlow:
    """θ̇ = -∇L(θ) from the model's weights until L is ``until_loss``.

    J. R. Dormand and P. J. Prince's method of order 5 (SciPy's RK45) on (θ, arc length), with L over
    all samples; the end is found on the integrator's interpolant. Lengths are in units of
    ℓ = (L(0) - until_loss)/|∇L(0)| and times in units of ℓ/|∇L(0)|, what it would take at the first
    slope, so that the accuracy does not depend on the units of weights, loss and time.

    Parameters
    ----------
    model, loss_fn, loader : as in :func:`landscape_control.plan_training`
    until_loss : below the loss at the start
    accuracy : local error of the integrator, relative to each weight's way, or to a thousandth of ℓ
        over all weights together
    longest : time at which the loss is given up for unreachable; None: 10⁶ of the units above
    max_evaluations : of the gradient

    Raises
    ------
    ProblemError
        PyTorch not installed, models and data that ``plan_training`` refuses, a loss that is not
        below that of the start, a start without a gradient.
    SolveError
        The loss was not reached in that time or with that many gradients.
    """
    try:
        from .flow_steps import integrated
    except ModuleNotFoundError as error:
        raise ProblemError(
            "gradient_flow",
            expected="PyTorch installed",
            received=f"no module {error.name!r}",
            advice="pip install 'landscape-control[torch]'",
        ) from error
    steps, ended = integrated(
        model, loss_fn, loader, until_loss, accuracy, longest, max_evaluations
    )
    path = GradientFlow(
        times=freeze(steps.times),
        losses=freeze(steps.losses),
        arc_lengths=freeze(steps.lengths),
        parameters=freeze(steps.start + steps.offset),
        displacement=float(np.linalg.norm(steps.offset)),
        evaluations=steps.evaluations,
    )
    if not ended:
        raise SolveError(
            f"gradient flow has come to a loss of {path.losses[-1]:.4g} at time {path.times[-1]:.3g}"
            f" with {path.evaluations} gradients, above {until_loss:g}: ask for a higher loss, or"
            " allow more time or gradients",
            path,
        )
    return path
