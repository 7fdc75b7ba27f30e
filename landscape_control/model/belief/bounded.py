"""Is the expected loss a number, and bounded below for every hidden landscape that may come up?"""

from typing import TYPE_CHECKING

import casadi as ca
import numpy as np

from ...support.errors import ProblemError
from ...support.vectorised import Vectorised
from ..landscape import Hidden, Landscape
from .expectation import gaussian_expectation

if TYPE_CHECKING:
    from .gaussian import GaussianModel
    from .tasks import TaskModel

_DEVIATIONS = 3.72  # how many standard deviations count as possible: one-sided probability 1e-4
_FAR = 1e4
# a loss that at twice the distance is more than this times as negative falls faster than linearly
_FALLS = 3.0
# … and one that is more than this times as negative faster than quadratically, as effort grows
_OUTRUNS = 5.6
_UNSETTLED = 0.05


def check_expected_loss(
    landscape: Landscape, model: "GaussianModel", start: np.ndarray, reach: float
) -> None:
    """Refuse an expected loss that is infinite, and losses that may have no lower bound.

    ``reach`` is how far ahead in time the problem looks, for hidden variables whose variance grows.
    """
    loss = _loss(landscape, model)
    for covariance in _covariances(model.hidden, reach):
        _check_bounded(loss, model.hidden.prior_mean, covariance, landscape.dimension)
    if not model.expectation.is_exact:
        _check_settled(landscape, model, loss, start)


def outrunning(landscape: Landscape, model: "GaussianModel | TaskModel", values: np.ndarray) -> str:
    """Where a loss falls faster than quadratically at hidden ``values`` (S, p); "" where none does.

    No quadratic effort holds the learner back then, and the optimal cost is -∞ over every horizon.
    """
    loss = _loss(landscape, model)
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


def _loss(landscape: Landscape, model: "GaussianModel | TaskModel") -> Vectorised:
    """L on many (θ, φ)."""
    theta, hidden = model.observation.theta, model.observation.hidden
    value = landscape.symbolic(theta, hidden)
    return Vectorised(ca.Function("loss", [theta, hidden], [value]))


def _covariances(hidden: Hidden, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Unconditional covariances now and as far ahead as the problem looks."""
    reversion = hidden.reversion[0, 0]  # the same for every hidden variable
    if reversion:
        return hidden.prior_covariance, hidden.diffusion / (2 * reversion)
    return hidden.prior_covariance, hidden.prior_covariance + hidden.diffusion * reach


def _check_bounded(loss: Vectorised, mean: np.ndarray, covariance: np.ndarray, n: int) -> None:
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


def _directions(n: int, rng: np.random.Generator) -> np.ndarray:
    """Unit vectors (S, n) of θ: the axes both ways, and some by chance."""
    directions = np.vstack([np.eye(n), -np.eye(n), rng.standard_normal((8 * n, n))])
    return directions / np.linalg.norm(directions, axis=1, keepdims=True)


def _text(vector: np.ndarray) -> str:
    return str(np.round(vector, 3).tolist())


def _possible(mean: np.ndarray, covariance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Hidden values (S, p) at ``_DEVIATIONS`` standard deviations.

    Along the axes of the ellipsoid, where single variables are largest, and in random directions.
    """
    p = len(mean)
    spread, axes = np.linalg.eigh(covariance)
    root = axes * np.sqrt(np.maximum(spread, 0.0))
    single = covariance / np.sqrt(np.maximum(np.diag(covariance), 1e-300))[:, None]
    random = rng.standard_normal((64 * p, p))
    random = (random / np.linalg.norm(random, axis=1, keepdims=True)) @ root.T
    return mean + _DEVIATIONS * np.vstack([root.T, -root.T, single, -single, random])


def _falls(
    loss: Vectorised, directions: np.ndarray, values: np.ndarray, factor: float = _FALLS
) -> np.ndarray:
    """Whether the loss is ``factor`` times as negative at twice a far distance.

    Shape (directions, values).
    """
    theta = np.repeat(directions, len(values), axis=0)
    hidden = np.tile(values, (len(directions), 1))
    with np.errstate(all="ignore"):
        near, far = (loss(theta * distance, hidden) for distance in (_FAR, 2 * _FAR))
        falls = ((near < 0) & (far < factor * near)) | np.isneginf(near)
    return falls.reshape(len(directions), len(values))


def _check_settled(
    landscape: Landscape, model: "GaussianModel", loss: Vectorised, start: np.ndarray
) -> None:
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
    nearby = np.vstack([mean - deviations, mean + deviations])
    size = abs(values[1]) + np.abs(loss(start, nearby)).mean()
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
