"""What data says beyond the fit: the shape of residuals, missing excitation, laws of planned paths."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..rules import CausalRule, Rule
from ..rules.families import HeavyBall
from ..rules.families.response import regressors
from ..support.arguments import AnyNumber, Entries, checked
from ..support.arrays import freeze
from ..support.results import Result
from .histories import Histories
from .rule_on_histories import RuleOnHistories

HEAVY_BALL = HeavyBall(constant=True)
_FADING = 0.9  # of the averages that stand for the recent past


@checked
def residual_shape(
    rule: CausalRule,
    coefficients: np.ndarray,
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
    return shares(run.targets, fitted, tangent, recorded_inputs(histories, fitted))


def inside(rule: Rule | CausalRule, coefficients: Mapping[str, float]) -> np.ndarray:
    """(c,) bool, which coefficients {name: number} stand inside their admissible ranges."""
    return np.array([c.low < coefficients[c.name] < c.high for c in rule.coefficients])


def shares(
    targets: np.ndarray, fitted: np.ndarray, tangent: np.ndarray, inputs: Mapping[str, np.ndarray]
) -> tuple[tuple[str, float], ...]:
    """Shares of targets - fitted (R,) that go with each of the inputs {what: (R, c)}.

    Both are first cleared of the tangent (R, f), what the rule's own coefficients could explain.
    """
    basis = _orthonormal(tangent)
    left = _cleared(targets - fitted, basis)
    size = left @ left
    if not size > 1e-24 * (targets @ targets):
        return ()
    explained = []
    for what, columns in inputs.items():
        directions = _orthonormal(_cleared(columns, basis))
        explained.append((what, float(((directions.T @ left) ** 2).sum() / size)))
    return tuple(sorted(explained, key=lambda pair: -pair[1]))


@checked
@dataclass(frozen=True, kw_only=True)
class HeavyBallRegression(Result):
    """Δθ_t = momentum·Δθ_{t-1} - learning_rate·y_t, regressed on the subject's own last update.

    ``error`` is relative to rms|Δθ|. Along noiseless optimal paths it vanishes with momentum > 1
    and a learning rate < 0: the law of the costate on its stable manifold, which no learner can run
    forward.
    """

    momentum: AnyNumber
    learning_rate: AnyNumber
    error: AnyNumber


def regress_on_previous_update(histories: Histories) -> HeavyBallRegression:
    """Least squares of each update on the one before it and the gradient, without bounds.

    How momentum is wrongly read off an optimal path.
    """
    updates = histories.updates[:, histories.settle :]
    gradients = histories.gradients[:, histories.settle :]
    counts = histories.counts[:, histories.settle + 1 :]
    now = updates[:, 1:][counts]
    inputs = regressors(HEAVY_BALL, (updates[:, :-1][counts],), gradients[:, 1:][counts])
    columns = np.column_stack([inputs["momentum"], inputs["learning_rate"]])
    size = np.maximum(np.linalg.norm(columns, axis=0), 1e-300)
    momentum, learning_rate = np.linalg.lstsq(columns / size, now, rcond=1e-10)[0] / size
    left = now - columns @ np.array([momentum, learning_rate])
    return HeavyBallRegression(
        momentum=float(momentum), learning_rate=float(learning_rate), error=_relative(left, now)
    )


def _relative(left: np.ndarray, whole: np.ndarray) -> float:
    """|left| / |whole|, 0 for nothing of nothing."""
    return float(np.linalg.norm(left) / max(float(np.linalg.norm(whole)), 1e-300))


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Schedule(Result):
    """Δθ_t = momentum_t Δθ_{t-1} - learning_rate_t y_t with coefficients of each step.

    Arrays (T,), momentum_0 = 0. ``error`` is relative to rms|Δθ| on histories held out.
    """

    learning_rate: Entries
    momentum: Entries
    error: AnyNumber

    def __str__(self) -> str:
        rates, betas = self.learning_rate, self.momentum[1:]
        return (
            f"α from {rates[0]:.4g} to {rates[-1]:.4g} and β from {betas[0]:.4g} to {betas[-1]:.4g}"
            f" (error {self.error:.1e})"
        )


def read_schedule(train: Histories, held: Histories) -> Schedule:
    """Heavy ball step by step: a regression of its own at each step over all histories.

    They differ by noise and landscape, which is what tells the two coefficients apart.
    """
    steps = train.gradients.shape[1]
    coefficients = np.zeros((steps, 2))  # of the gradient, of the previous update
    left = np.zeros(held.updates.shape)
    for t in range(steps):
        columns = _step_columns(train, t)
        fitted = np.linalg.lstsq(columns, train.updates[:, t].ravel(), rcond=1e-10)[0]
        coefficients[t, : len(fitted)] = fitted
        predicted = _step_columns(held, t) @ fitted
        left[:, t] = held.updates[:, t] - predicted.reshape(left[:, t].shape)
    return Schedule(
        learning_rate=freeze(coefficients[:, 0]),
        momentum=freeze(coefficients[:, 1]),
        error=_relative(left, held.updates),
    )


def _step_columns(histories: Histories, t: int) -> np.ndarray:
    """What the update at step t is regressed on; the first step has no update before it."""
    before = histories.updates[:, max(t - 1, 0)].ravel()
    inputs = regressors(HEAVY_BALL, (before,), histories.gradients[:, t].ravel())
    rate = inputs["learning_rate"][:, None]
    if t == 0:
        return rate
    return np.column_stack([rate, inputs["momentum"]])


def innovation(histories: Histories) -> float:
    """The relative part of the gradients that the two before them do not predict linearly.

    0 on a path of one curvature without noise, which obeys a recurrence of second order.
    """
    seen = histories.gradients[:, histories.settle :]
    if seen.shape[1] < 4:
        return 1.0
    counts = histories.counts[:, histories.settle + 2 :]
    columns = np.column_stack([seen[:, 1:-1][counts], seen[:, :-2][counts]])
    now = seen[:, 2:][counts]
    size = np.maximum(np.linalg.norm(columns, axis=0), 1e-300)
    left = now - columns @ (np.linalg.lstsq(columns / size, now, rcond=1e-12)[0] / size)
    return _relative(left, now)


def recorded_inputs(histories: Histories, fitted: np.ndarray) -> dict[str, np.ndarray]:
    """{what: (R, c)}, what the updates of a rule that is not in the library may depend on."""
    gradients, parameters = histories.columns
    updates = histories.updates.transpose(1, 0, 2).reshape(gradients.shape)
    previous = np.vstack([np.zeros_like(updates[:1]), updates[:-1]])
    everywhere = np.ones_like(gradients)
    clock = np.linspace(-1, 1, len(gradients))[:, None] * everywhere
    early = 1 / np.arange(1, len(gradients) + 1)[:, None] * everywhere
    mean, square = _averages(gradients)
    read = histories.read
    # coefficients that change in time: the fitted update, and the gradient, times functions of it
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
    if histories.whitening is not None:  # its errors are those of the present update
        del inputs["the previous update"]
    if parameters is not None:
        inputs["the parameters"] = [read(parameters)]
    return {what: np.column_stack(columns) for what, columns in inputs.items()}


def _averages(gradients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fading means of y and y², corrected for their start at zero as in Adam."""
    mean, square = np.zeros_like(gradients), np.zeros_like(gradients)
    m, v = np.zeros_like(gradients[0]), np.zeros_like(gradients[0])
    for t, y in enumerate(gradients):
        m = _FADING * m + (1 - _FADING) * y
        v = _FADING * v + (1 - _FADING) * y**2
        weight = 1 - _FADING ** (t + 1)
        mean[t], square[t] = m / weight, v / weight
    return mean, square


def _orthonormal(columns: np.ndarray) -> np.ndarray:
    """An orthonormal basis (R, r) of what these columns (R, c) span."""
    size = np.linalg.norm(columns, axis=0)
    kept = columns[:, size > 0] / size[size > 0]
    if not kept.shape[1]:
        return np.empty((len(columns), 0))
    vectors, values, _ = np.linalg.svd(kept, full_matrices=False)
    return vectors[:, values > 1e-9 * values[0]]


def _cleared(array: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """What of an array is orthogonal to an orthonormal basis."""
    return array - basis @ (basis.T @ array)


PathLaw = HeavyBallRegression  # the older name
