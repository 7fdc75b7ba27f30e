"""Is the expected loss a number, and is it bounded below for every hidden landscape that may come
up?
"""

import casadi as ca
import numpy as np

from ...support.errors import ProblemError
from ...support.vectorised import Vectorised
from .expectation import gaussian_expectation

_DEVIATIONS = 3.72  # how many standard deviations count as possible: one-sided probability 1e-4
_FAR = 1e4
# a loss that at twice the distance is more than this times as negative falls faster than linearly
_FALLS = 3.0
# … and one that is more than this times as negative faster than quadratically, as effort grows
_OUTRUNS = 5.6
_UNSETTLED = 0.05


def check_expected_loss(landscape, model, start, reach: float) -> None:
    """Refuse an expected loss that is infinite, or losses without lower bound under possible hidden
    values.

    ``reach`` is how far ahead in time the problem looks, for hidden variables whose variance grows.
    """
    theta, hidden = model.observation.theta, model.observation.hidden
    loss = Vectorised(ca.Function("loss", [theta, hidden], [landscape.symbolic(theta, hidden)]))
    for covariance in _covariances(landscape.hidden, reach):
        _check_bounded(loss, model.hidden.prior_mean, covariance, landscape.dimension)
    if not model.expectation.is_exact:
        _check_settled(landscape, model, loss, start)


def outrunning(landscape, model, values) -> str:
    """Where a loss falls faster than quadratically at some hidden ``values`` (S, p), in words; ""
    where none does.

    No quadratic effort holds the learner back then, and the optimal cost is -∞ over every horizon.
    """
    theta, hidden = model.observation.theta, model.observation.hidden
    loss = Vectorised(ca.Function("loss", [theta, hidden], [landscape.symbolic(theta, hidden)]))
    directions = _directions(landscape.dimension, np.random.default_rng(0))
    falling = _falls(loss, directions, values, _OUTRUNS)
    if not falling.any():
        return ""
    where, which = np.argwhere(falling)[0]
    return (
        f"the loss falls faster than quadratically along {_text(directions[where])} of θ at hidden"
        f" = {_text(values[which])}, faster than the effort of going there grows: the optimal cost"
        " is -∞ over every horizon"
    )


def _covariances(hidden, reach):
    """Unconditional covariances now and as far ahead as the problem looks."""
    reversion = hidden.reversion[0, 0]  # the same for every hidden variable
    later = (
        hidden.diffusion / (2 * reversion)
        if reversion
        else hidden.prior_covariance + hidden.diffusion * reach
    )
    return hidden.prior_covariance, later


def _check_bounded(loss, mean, covariance, n):
    rng = np.random.default_rng(0)
    directions = _directions(n, rng)
    values = _possible(mean, covariance, rng)
    falling = _falls(loss, directions, values) & ~_falls(loss, directions, mean[None])
    if not falling.any():
        return
    where, which = np.argwhere(falling)[0]
    raise ProblemError(
        "expected loss",
        expected="losses bounded below for every hidden value that may come up",
        received=(
            f"a loss without bound along {_text(directions[where])} of θ at hidden = "
            f"{_text(values[which])}, within {_DEVIATIONS:g} standard deviations: optimal cost -∞"
        ),
        advice=(
            "a Gaussian curvature may turn negative. Write it as exp(φ) with Gaussian φ"
            " (log-normal; the expected loss stays exact), as log(1 + exp(φ)), or as tasks of"
            " positive curvature"
        ),
    )


def _directions(n, rng):
    directions = np.vstack([np.eye(n), -np.eye(n), rng.standard_normal((8 * n, n))])
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


def _text(vector):
    return str(np.round(vector, 3).tolist())


def _possible(mean, covariance, rng):
    """Hidden values on the ellipsoid of ``_DEVIATIONS`` standard deviations: axes, single
    variables, random directions.
    """
    p = len(mean)
    spread, axes = np.linalg.eigh(covariance)
    root = axes * np.sqrt(np.maximum(spread, 0.0))
    single = covariance / np.sqrt(np.maximum(np.diag(covariance), 1e-300))[:, None]
    random = rng.standard_normal((64 * p, p))
    random = (random / np.linalg.norm(random, axis=1, keepdims=True)) @ root.T
    return mean + _DEVIATIONS * np.vstack([root.T, -root.T, single, -single, random])


def _falls(loss, directions, values, factor=_FALLS):
    """Whether the loss is ``factor`` times as negative at twice a far distance: (directions,
    values).
    """
    theta, hidden = (
        np.repeat(directions, len(values), axis=0),
        np.tile(values, (len(directions), 1)),
    )
    with np.errstate(all="ignore"):
        near, far = (loss(theta * distance, hidden) for distance in (_FAR, 2 * _FAR))
        falls = ((near < 0) & (far < factor * near)) | np.isneginf(near)
    return falls.reshape(len(directions), len(values))


def _check_settled(landscape, model, loss, start):
    """Compare two orders of Gauss-Hermite at the prior: an infinite expectation does not settle."""
    theta, hidden, fine = model.observation.theta, model.observation.hidden, model.expectation
    coarse = gaussian_expectation(
        landscape.symbolic(theta, hidden),
        theta,
        hidden,
        model.typical_variances,
        nodes=2 * fine.nodes // 3,
    )
    mean, covariance = model.hidden.prior_mean, model.hidden.prior_covariance
    values = [float(f.function(start, mean, covariance)) for f in (coarse, fine)]
    deviations = np.diag(np.sqrt(np.diag(covariance)))
    size = (
        abs(values[1])
        + np.abs(loss(start, np.vstack([mean - deviations, mean + deviations]))).mean()
    )
    if not abs(values[1] - values[0]) <= _UNSETTLED * size:
        raise ProblemError(
            "expected loss",
            expected="a finite expectation under the prior",
            received=(
                f"Gauss-Hermite sums that do not settle: {values[0]:.4g} with {coarse.nodes}"
                f" points, {values[1]:.4g} with {fine.nodes}"
            ),
            advice=(
                "the loss grows too fast in a hidden variable or has a pole: bound it or narrow the"
                " prior"
            ),
        )
