"""The Gaussian belief of a problem: its dynamics in symbols, its filters in numbers."""

from functools import cached_property
from typing import Literal

import casadi as ca
import numpy as np

from ...support.arguments import ArrayLike
from ...support.errors import ProblemError
from ...support.expressions import Expression
from ...support.vectorised import Vectorised
from ..landscape import Hidden, Landscape
from ..observation import Sees
from . import kalman, riccati
from .directions import combination, unseen_directions
from .expectation import gaussian_expectation
from .observation import Observation
from .state import GaussianBelief

_NEWTON_STEPS = 50


class GaussianModel:
    """Mean m and covariance P of the hidden variables; build with :func:`belief_model`.

    dm = -Λ(m - μ₀)dt + PCᵀR^{-1/2}dI and Ṗ = -ΛP - PΛᵀ + Q - PCᵀR⁻¹CP with C = ∂h/∂φ(θ, m) and a
    standard innovation I: Kalman and Bucy (1961) where h is linear in φ, the extended filter
    otherwise (Jazwinski 1970).

    Attributes
    ----------
    kind : "gaussian"
    hidden_dimension, observation_dimension, size : p, q, and p + p(p+1)/2 numbers in a belief
    exact : bool, whether this belief is the true posterior
    assumes : str, what the filter assumes, in words
    filter : "extended" or "unscented", for observations that are not linear in φ
    """

    kind: Literal["gaussian"] = "gaussian"

    def __init__(self, landscape: Landscape, sees: Sees, filter: str):
        assert landscape.hidden is not None  # see belief_model
        self.hidden, self.filter = landscape.hidden, filter
        self.observation = Observation(landscape, sees)
        self.hidden_dimension = self.hidden.dimension
        self.observation_dimension = self.observation.dimension
        theta, hidden = self.observation.theta, self.observation.hidden
        self.typical_variances = _typical(self.hidden)
        self.expectation = gaussian_expectation(
            landscape.symbolic(theta, hidden), theta, hidden, self.typical_variances
        )
        self._transitions: dict[float, tuple[np.ndarray, np.ndarray]] = {}
        self.checked: set[float] = set()  # how far ahead the expected loss was checked
        self.outruns: str | None = None  # see model.unbounded, at its first use

    @property
    def size(self) -> int:
        return self.hidden_dimension + self.hidden_dimension * (self.hidden_dimension + 1) // 2

    @property
    def is_linear(self) -> bool:
        """Whether the observation is linear in φ."""
        return self.observation.is_linear

    @property
    def exact(self) -> bool:
        return self.is_linear and self.hidden.is_gaussian

    @property
    def assumes(self) -> str:
        if self.exact:
            return "Kalman filter: exact (Gaussian hidden variables, observation linear in them)"
        if self.is_linear:
            text = (
                "best linear filter: the hidden variables jump, so mean and covariance are not the"
                " whole posterior"
            )
            if not np.allclose(self.hidden.prior_mean, self.hidden.centre):
                text += "; started away from rest, whose extra spread by jumps is left out"
            return text
        law = ""
        if not self.hidden.is_gaussian:
            law = " on the first two moments of jumping hidden variables"
        return (
            f"{self.filter} Kalman filter{law}: approximate, as the observation is not linear in"
            " the hidden variables"
        )

    def symbolic_expected_loss(
        self, theta: Expression, mean: Expression, covariance: Expression
    ) -> Expression:
        """E[L(θ, φ)] under N(mean, covariance)."""
        return self.expectation.function(theta, mean, covariance)

    def symbolic_mean_drift(self, mean: Expression) -> Expression:
        """-Λ(m - μ₀), (p,)."""
        return -ca.DM(self.hidden.reversion) @ (mean - ca.DM(self.hidden.centre))

    def symbolic_covariance_rate(
        self, theta: Expression, mean: Expression, covariance: Expression
    ) -> Expression:
        """-ΛP - PΛᵀ + Q - PCᵀR⁻¹CP, (p, p)."""
        drift = ca.DM(self.hidden.reversion) @ covariance
        gain = self.symbolic_mean_diffusion(theta, mean, covariance)
        return ca.DM(self.hidden.diffusion) - drift - drift.T - gain @ gain.T

    def symbolic_mean_diffusion(
        self, theta: Expression, mean: Expression, covariance: Expression
    ) -> Expression:
        """PCᵀR^{-1/2}ᵀ, (p, q): the mean's answer to a standard innovation."""
        _, slope = self.observation.symbolic_white(theta, mean)
        return covariance @ slope.T

    @cached_property
    def _loss(self) -> Vectorised:
        p = self.hidden_dimension
        theta = ca.SX.sym("theta", self.observation.theta.numel())
        mean, flat = ca.SX.sym("mean", p), ca.SX.sym("covariance", p * p)
        value = self.expectation.function(theta, mean, ca.reshape(flat, p, p))
        return Vectorised(ca.Function("expected_loss", [theta, mean, flat], [value]))

    def initial(self, episodes: int) -> GaussianBelief:
        """The prior, for many episodes: mean (E, p), shared covariance (p, p)."""
        mean = np.tile(self.hidden.prior_mean, (episodes, 1))
        return GaussianBelief.trusted(mean, np.array(self.hidden.prior_covariance))

    def predict(self, belief: GaussianBelief, step: float) -> GaussianBelief:
        """The belief a time ``step`` later without observation, exactly."""
        if step not in self._transitions:
            self._transitions[step] = kalman.transition(
                self.hidden.reversion, self.hidden.diffusion, step
            )
        kept, gained = self._transitions[step]
        centre = self.hidden.centre
        mean = centre + (belief.mean - centre) @ kept.T
        return GaussianBelief.trusted(mean, kalman.carried(belief.covariance, kept) + gained)

    def update(
        self, belief: GaussianBelief, theta: np.ndarray, observation: np.ndarray, step: float
    ) -> GaussianBelief:
        """The belief after y (E, q) was seen at θ (E, n) for a time ``step``.

        The covariance stays shared where it can.
        """
        single = belief.mean.ndim == 1 and np.ndim(theta) == 1
        theta, seen = np.atleast_2d(theta), np.atleast_2d(np.asarray(observation, dtype=float))
        episodes = max(len(theta), belief.mean.size // self.hidden_dimension)
        mean = np.broadcast_to(belief.mean, (episodes, self.hidden_dimension))
        mean, covariance = self._conditioned(
            mean, belief.covariance, theta, self.observation.whiten(theta, seen), step
        )
        if single:
            mean, covariance = mean[0], covariance.reshape(covariance.shape[-2:])
        return GaussianBelief.trusted(mean, covariance)

    def _conditioned(
        self,
        mean: np.ndarray,
        covariance: np.ndarray,
        theta: np.ndarray,
        seen: np.ndarray,
        step: float,
    ) -> kalman.Moments:
        """Mean and covariance after whitened observations, by the filter that fits them."""
        variance = self.observation.variance(step)
        if not self.is_linear and self.filter == "unscented":
            return self._unscented(mean, covariance, theta, seen, variance)
        slope = self.observation.white_slope(theta, mean)
        residual = seen - self.observation.white_value(theta, mean)
        if slope.ndim == covariance.ndim == 2:
            return kalman.condition_together(mean, covariance, slope, residual, variance)
        result = kalman.condition(mean, covariance, slope, residual, variance)
        if variance or self.is_linear:
            return result
        return self._inverted(mean, covariance, theta, seen, result)

    def _inverted(
        self,
        mean: np.ndarray,
        covariance: np.ndarray,
        theta: np.ndarray,
        seen: np.ndarray,
        result: kalman.Moments,
    ) -> kalman.Moments:
        """Newton steps to the nearest φ that explains an exact observation."""
        for _ in range(_NEWTON_STEPS):
            before = result[0]
            slope = self.observation.white_slope(theta, before)
            gap = seen - self.observation.white_value(theta, before)
            residual = gap + (slope @ (before - mean)[..., None])[..., 0]
            result = kalman.condition(mean, covariance, slope, residual, 0.0)
            if np.abs(result[0] - before).max() <= 1e-13 * (1 + np.abs(before).max()):
                break
        return result

    def _unscented(
        self,
        mean: np.ndarray,
        covariance: np.ndarray,
        theta: np.ndarray,
        seen: np.ndarray,
        variance: float,
    ) -> kalman.Moments:
        points, weights = kalman.sigma_points(mean, covariance)
        count = len(weights)
        flat = points.reshape(-1, self.hidden_dimension)
        repeated = np.repeat(np.broadcast_to(theta, (len(mean), theta.shape[1])), count, axis=0)
        values = self.observation.white_value(repeated, flat).reshape(len(mean), count, -1)
        return kalman.unscented(mean, points, weights, values, seen, variance)

    def steady_covariance(self, theta: np.ndarray | None = None) -> np.ndarray:
        """P(∞) of the Kalman-Bucy filter from the prior covariance, (p, p).

        0 = -ΛP - PΛᵀ + Q - PCᵀR⁻¹CP. Where what is seen depends on θ, it is the limit for a learner
        that stays at ``theta``.

        Raises
        ------
        ProblemError
            An observation that is not linear in φ, without noise, or that depends on θ while none
            is given; a variance that grows for ever because its combination of hidden variables is
            never seen.
        """
        information = self._information(theta)
        hidden = self.hidden
        result = riccati.limit(
            hidden.reversion, hidden.diffusion, information, hidden.prior_covariance
        )
        if result is None:
            unseen = unseen_directions(information[None], hidden.reversion)
            names = "; ".join(map(combination, unseen))
            raise ProblemError(
                "steady covariance",
                expected="observations that bound every variance",
                received=(
                    f"a variance that grows for ever: {names or 'a direction that is hardly seen'}"
                ),
                advice=(
                    "observe something that depends on this combination, or let it revert to a mean"
                ),
            )
        return result

    def covariance_after(
        self, time: float, covariance: np.ndarray | None = None, theta: np.ndarray | None = None
    ) -> np.ndarray:
        """P(time) of the Kalman-Bucy filter, exactly, from ``covariance`` or the prior one.

        Refuses what :meth:`steady_covariance` refuses.
        """
        hidden = self.hidden
        start = hidden.prior_covariance
        if covariance is not None:
            start = np.asarray(covariance, dtype=float)
        return riccati.covariance_after(
            hidden.reversion, hidden.diffusion, self._information(theta), start, time
        )

    def _information(self, theta: np.ndarray | None) -> np.ndarray:
        """CᵀR⁻¹C at θ."""
        if not self.is_linear:
            raise ProblemError(
                "steady covariance",
                expected="an observation that is linear in the hidden variables",
                received="one that is not: its covariance depends on what is seen",
                advice="run the filter along an episode instead",
            )
        if theta is None and not self.observation.is_constant:
            raise ProblemError(
                "steady covariance",
                expected="where the learner stays: theta (n,)",
                received="None, while what it sees depends on θ",
                advice="pass theta=problem.start, say",
            )
        theta = (
            np.zeros(self.observation.theta.numel())
            if theta is None
            else np.asarray(theta, dtype=float)
        )
        slope = np.array(
            self.observation.symbolic_white(ca.DM(theta), ca.DM(self.hidden.prior_mean))[1]
        )
        return slope.T @ slope

    def expected_loss(self, theta: ArrayLike, belief: GaussianBelief) -> np.ndarray:
        """E[L(θ, φ)] at θ (E, n): shape (E,); a number for one θ (n,) and one belief."""
        p = self.hidden_dimension
        covariance = belief.covariance.reshape(*belief.covariance.shape[:-2], p * p)
        value = self._loss(np.asarray(theta, dtype=float), belief.mean, covariance)
        return value if max(np.ndim(theta), belief.mean.ndim, covariance.ndim) == 2 else value[0]

    def observe(
        self, theta: np.ndarray, hidden: np.ndarray, noise: np.ndarray, step: float
    ) -> np.ndarray:
        """What the learner sees in a step: y = h(θ, φ) + R^{1/2}ξ/√step, standard noise ξ (E, q)."""
        return self.observation.seen(theta, hidden, noise, step)


def _typical(hidden: Hidden) -> np.ndarray:
    """Typical variances of φ, which set the scale of numerical constants."""
    rates = np.diag(hidden.reversion)
    stationary = np.diag(hidden.diffusion) / np.where(rates > 0, 2 * rates, 1.0)
    return np.maximum(np.diag(hidden.prior_covariance), stationary)
