"""Is the expected loss a number, and bounded below for every hidden landscape that may come up?"""

from typing import TYPE_CHECKING

import numpy as np

from ...support.errors import ProblemError
from ...support.shared import kept_on_first
from ...support.vectorised import Vectorised
from ..landscape import Hidden, Landscape
from .expectation import gaussian_expectation
from .falling import Falling, Losses

if TYPE_CHECKING:
    from .gaussian import GaussianModel
    from .tasks import TaskModel

_DEVIATIONS = 3.72  # how many standard deviations count as possible: one-sided probability 1e-4
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
    losses = _losses(model, landscape)
    if not losses.curvature_is_shared:
        for covariance in _covariances(model.hidden, reach):
            _check_bounded(losses, model.hidden.prior_mean, covariance)
    if not model.expectation.is_exact:
        _check_settled(landscape, model, losses.loss, start)


def outrunning(landscape: Landscape, model: "GaussianModel | TaskModel", values: np.ndarray) -> str:
    """Where a loss falls faster than quadratically at hidden ``values`` (S, p); "" where none does.

    No quadratic effort holds the learner back then, and the optimal cost is -∞ over every horizon.
    """
    found = _losses(model, landscape).first_falling(values, _OUTRUNS)
    if found is None:
        return ""
    return (
        f"the loss falls faster than quadratically along {_where(found)}, faster than the effort of"
        " going there grows: the optimal cost is -∞ over every horizon"
    )


@kept_on_first(1)
def _losses(model: "GaussianModel | TaskModel", landscape: Landscape) -> Losses:
    """Of the model's landscape, compiled once for both checks."""
    return Losses(landscape, model.observation.theta, model.observation.hidden)


def _where(found: Falling) -> str:
    return f"{_text(found.direction)} of θ at hidden = {_text(found.value)}"


def _covariances(hidden: Hidden, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Unconditional covariances now and as far ahead as the problem looks."""
    reversion = hidden.reversion[0, 0]  # the same for every hidden variable
    if reversion:
        return hidden.prior_covariance, hidden.diffusion / (2 * reversion)
    return hidden.prior_covariance, hidden.prior_covariance + hidden.diffusion * reach


def _check_bounded(losses: Losses, mean: np.ndarray, covariance: np.ndarray) -> None:
    values = _possible(mean, covariance, np.random.default_rng(0))
    found = losses.first_falling(values, _FALLS, besides=mean)
    if found is None:
        return
    raise ProblemError(
        "expected loss",
        expected="losses bounded below for every hidden value that may come up",
        received=(
            f"a loss without bound along {_where(found)}, within {_DEVIATIONS:g} standard"
            " deviations: optimal cost -∞"
        ),
        advice=(
            "a Gaussian curvature may turn negative. Write it as exp(φ) with Gaussian φ"
            " (log-normal; the expected loss stays exact), as log(1 + exp(φ)), or as tasks of"
            " positive curvature"
        ),
    )


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
