"""What data can and cannot say beyond the fit: the shape of residuals, inputs without excitation,
laws of planned paths.
"""

from dataclasses import dataclass

import numpy as np

from ..rules import CausalRule
from ..rules.families import HeavyBall
from ..rules.families.response import regressors
from ..support.arguments import AnyNumber, Entries, checked
from ..support.arrays import freeze
from .histories import Histories
from .rule_on_histories import RuleOnHistories

HEAVY_BALL = HeavyBall(constant=True)
_FADING = 0.9  # of the averages that stand for the recent past


@checked
def residual_shape(
    rule: CausalRule,
    coefficients: object,
    histories: Histories,
) -> tuple[tuple[str, float], ...]:
    """((what, share of the squared residual), ...), largest first.

    Each share is that of a least-squares fit of what the rule leaves by one kind of input, after
    both have been cleared of what a change of the rule's coefficients would explain to first order.
    Coefficients at the end of their range are not free to change: what only they could explain,
    were they allowed to, stays.
    """
    run = RuleOnHistories(rule, histories)
    fitted = run(coefficients[None])[0]
    free = inside(rule, dict(zip(rule.names, coefficients, strict=True)))
    tangent = np.nan_to_num(run.jacobian(coefficients))[:, free]
    return shares(run.targets, fitted, tangent, _inputs(histories, fitted))


def inside(rule, coefficients) -> np.ndarray:
    """(c,) bool, which coefficients {name: number} stand inside their admissible ranges."""
    return np.array([c.low < coefficients[c.name] < c.high for c in rule.coefficients])


def shares(targets, fitted, tangent, inputs) -> tuple[tuple[str, float], ...]:
    """Shares of targets - fitted (R,) that go with each of the inputs {what: (R, c)}, all cleared
    of the tangent (R, f).
    """
    basis = _orthonormal(tangent)
    left = _cleared(targets - fitted, basis)
    size = left @ left
    if not size > 1e-24 * (targets @ targets):
        return ()
    found = []
    for what, columns in inputs.items():
        directions = _orthonormal(_cleared(columns, basis))
        found.append((what, float(((directions.T @ left) ** 2).sum() / size)))
    return tuple(sorted(found, key=lambda pair: -pair[1]))


@checked
@dataclass(frozen=True, kw_only=True)
class HeavyBallRegression:
    """Δθ_t = momentum·Δθ_{t-1} - learning_rate·y_t by plain regression on the subject's own
    previous update, unbounded.

    ``error`` is relative to rms|Δθ|. Along noiseless optimal paths it vanishes with momentum > 1
    and a learning rate < 0: the law of the costate on its stable manifold, which no learner can run
    forward.
    """

    momentum: AnyNumber
    learning_rate: AnyNumber
    error: AnyNumber


def regress_on_previous_update(histories: Histories) -> HeavyBallRegression:
    """Least squares of each update on the one before it and the gradient: how momentum is wrongly read
    off an optimal path.
    """
    counted, seen = (
        histories.updates[:, histories.settle :],
        histories.gradients[:, histories.settle :],
    )
    now = counted[:, 1:].ravel()
    inputs = regressors(HEAVY_BALL, (counted[:, :-1].ravel(),), seen[:, 1:].ravel())
    columns = np.column_stack([inputs["momentum"], inputs["learning_rate"]])
    size = np.maximum(np.linalg.norm(columns, axis=0), 1e-300)
    found = np.linalg.lstsq(columns / size, now, rcond=1e-10)[0] / size
    error = np.linalg.norm(now - columns @ found) / max(np.linalg.norm(now), 1e-300)
    return HeavyBallRegression(
        momentum=float(found[0]), learning_rate=float(found[1]), error=float(error)
    )


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Schedule:
    """Δθ_t = momentum_t Δθ_{t-1} - learning_rate_t y_t with coefficients of each step; arrays (T,),
    momentum_0 = 0.

    ``error`` is relative to rms|Δθ| on histories held out.
    """

    learning_rate: Entries
    momentum: Entries
    error: AnyNumber

    def __str__(self):
        rates, betas = self.learning_rate, self.momentum[1:]
        return (
            f"α from {rates[0]:.4g} to {rates[-1]:.4g} and β from {betas[0]:.4g} to {betas[-1]:.4g}"
            f" (error {self.error:.1e})"
        )


def read_schedule(train: Histories, held: Histories) -> Schedule:
    """Heavy ball step by step: at each step its own regression over the histories, which differ by
    noise and landscape.
    """
    steps = train.gradients.shape[1]
    found, left = np.zeros((steps, 2)), np.zeros(held.updates.shape)
    for t in range(steps):
        columns, now = _step_columns(train, t), train.updates[:, t].ravel()
        found[t, : columns.shape[1]] = np.linalg.lstsq(columns, now, rcond=1e-10)[0]
        left[:, t] = held.updates[:, t] - (
            _step_columns(held, t) @ found[t, : columns.shape[1]]
        ).reshape(left[:, t].shape)
    error = np.linalg.norm(left) / max(np.linalg.norm(held.updates), 1e-300)
    return Schedule(
        learning_rate=freeze(found[:, 0]), momentum=freeze(found[:, 1]), error=float(error)
    )


def _step_columns(histories, t):
    before = histories.updates[:, max(t - 1, 0)].ravel()
    inputs = regressors(HEAVY_BALL, (before,), histories.gradients[:, t].ravel())
    rate = inputs["learning_rate"][:, None]
    return rate if t == 0 else np.column_stack([rate, inputs["momentum"]])


def innovation(histories: Histories) -> float:
    """How much of the gradients the two before them do not predict linearly, relative: 0 on a path
    of one curvature.
    """
    seen = histories.gradients[:, histories.settle :]
    if seen.shape[1] < 4:
        return 1.0
    columns = np.column_stack([seen[:, 1:-1].ravel(), seen[:, :-2].ravel()])
    now = seen[:, 2:].ravel()
    size = np.maximum(np.linalg.norm(columns, axis=0), 1e-300)
    left = now - columns @ (np.linalg.lstsq(columns / size, now, rcond=1e-12)[0] / size)
    return float(np.linalg.norm(left) / max(np.linalg.norm(now), 1e-300))


def _inputs(histories, fitted):
    gradients, parameters = histories.columns
    updates = histories.updates.transpose(1, 0, 2).reshape(gradients.shape)
    previous = np.vstack([np.zeros_like(updates[:1]), updates[:-1]])
    clock = np.linspace(-1, 1, len(gradients))[:, None] * np.ones_like(gradients)
    mean, square = _averages(gradients)
    read = histories.read
    early = 1 / np.arange(1, len(gradients) + 1)[:, None] * np.ones_like(gradients)
    moving = [
        fitted * read(clock),
        fitted * read(clock**2),
        fitted * read(early),
        read(gradients * clock),
    ]
    inputs = {
        "the current gradient": [read(gradients)],
        "the previous update": [read(previous)],
        "the average of past gradients": [read(mean)],
        "the gradient's sign": [read(np.sign(gradients))],
        "the gradient's cube": [read(gradients**3)],
        "the gradient's recent size": [read(gradients / np.sqrt(square + 1e-300))],
        "time": moving,
    }
    if parameters is not None:
        inputs["the parameters"] = [read(parameters)]
    return {what: np.column_stack(columns) for what, columns in inputs.items()}


def _averages(gradients):
    """Fading means of y and y², corrected for their start at zero."""
    mean, square = np.zeros_like(gradients), np.zeros_like(gradients)
    m, v = 0.0, 0.0
    for t, y in enumerate(gradients):
        m, v = _FADING * m + (1 - _FADING) * y, _FADING * v + (1 - _FADING) * y**2
        weight = 1 - _FADING ** (t + 1)
        mean[t], square[t] = m / weight, v / weight
    return mean, square


def _orthonormal(columns):
    size = np.linalg.norm(columns, axis=0)
    kept = columns[:, size > 0] / size[size > 0]
    if not kept.shape[1]:
        return np.empty((len(columns), 0))
    vectors, values, _ = np.linalg.svd(kept, full_matrices=False)
    return vectors[:, values > 1e-9 * values[0]]


def _cleared(array, basis):
    return array - basis @ (basis.T @ array)


PathLaw = HeavyBallRegression  # the older name
