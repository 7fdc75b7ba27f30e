"""The Gaussian belief of a problem: its dynamics in symbols, its filters in numbers."""

from functools import cached_property

import casadi as ca
import numpy as np

from ..pointwise import Pointwise
from .expectation import gaussian_expectation
from .observation import Observation
from .state import GaussianBelief


class GaussianModel:
    """Mean m and covariance P of the hidden variables; build with :func:`belief_model`.

    dm = -Λ(m - μ₀)dt + PCᵀR^{-1/2}dI and Ṗ = -ΛP - PΛᵀ + Q - PCᵀR⁻¹CP with C = ∂h/∂φ(θ, m) and a standard innovation I:
    Kalman and Bucy (1961) where h is linear in φ, the extended filter otherwise (Jazwinski 1970).

    Attributes
    ----------
    kind : "gaussian"
    hidden_dimension, observation_dimension, size : p, q, and p + p(p+1)/2 numbers in a belief
    exact : bool, whether this belief is the true posterior
    assumes : str, what the filter assumes, in words
    filter : "extended" or "unscented", for observations that are not linear in φ
    """

    kind = "gaussian"

    def __init__(self, landscape, sees, filter):
        self.hidden, self.filter = landscape.hidden, filter
        self.observation = Observation(landscape, sees)
        self.hidden_dimension, self.observation_dimension = self.hidden.dimension, self.observation.dimension
        theta, hidden = self.observation.theta, self.observation.hidden
        self.expectation = gaussian_expectation(landscape.symbolic(theta, hidden), theta, hidden, _typical(self.hidden))

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
            return "best linear filter: the hidden variables jump, so the belief has the right mean square but is not Gaussian"
        law = "" if self.hidden.is_gaussian else " on the first two moments of a jumping hidden variable"
        return f"{self.filter} Kalman filter{law}: the observation is not linear in the hidden variables, so the belief is approximate"

    def symbolic_expected_loss(self, theta, mean, covariance):
        """E[L(θ, φ)] under N(mean, covariance)."""
        return self.expectation.function(theta, mean, covariance)

    def symbolic_mean_drift(self, mean):
        """-Λ(m - μ₀), (p,)."""
        return -ca.DM(self.hidden.reversion) @ (mean - ca.DM(self.hidden.centre))

    def symbolic_covariance_rate(self, theta, mean, covariance):
        """-ΛP - PΛᵀ + Q - PCᵀR⁻¹CP, (p, p)."""
        drift = ca.DM(self.hidden.reversion) @ covariance
        gain = self.symbolic_mean_diffusion(theta, mean, covariance)
        return ca.DM(self.hidden.diffusion) - drift - drift.T - gain @ gain.T

    def symbolic_mean_diffusion(self, theta, mean, covariance):
        """PCᵀR^{-1/2}ᵀ, (p, q): the mean's answer to a standard innovation."""
        _, slope = self.observation.symbolic_white(theta, mean)
        return covariance @ slope.T

    @cached_property
    def _loss(self) -> Pointwise:
        n, p = self.observation.theta.numel(), self.hidden_dimension
        theta, mean, flat = (ca.SX.sym(*named) for named in (("theta", n), ("mean", p), ("covariance", p * p)))
        return Pointwise(ca.Function("expected_loss", [theta, mean, flat],
                                     [self.expectation.function(theta, mean, ca.reshape(flat, p, p))]))

    def initial(self, episodes: int) -> GaussianBelief:
        """The prior, for many episodes: mean (E, p), shared covariance (p, p)."""
        mean = np.tile(self.hidden.prior_mean, (episodes, 1))
        return GaussianBelief.trusted(mean, np.array(self.hidden.prior_covariance))

    def expected_loss(self, theta, belief: GaussianBelief) -> np.ndarray:
        """E[L(θ, φ)] at θ (E, n): shape (E,); a number for one θ (n,) and one belief."""
        p = self.hidden_dimension
        covariance = belief.covariance.reshape(*belief.covariance.shape[:-2], p * p)
        value = self._loss(np.asarray(theta, dtype=float), belief.mean, covariance)
        return value if max(np.ndim(theta), belief.mean.ndim, covariance.ndim) == 2 else value[0]

    def observe(self, theta, hidden, noise, step: float) -> np.ndarray:
        """y = h(θ, φ) + R^{1/2}ξ/√step for standard noise ξ (E, q): what the learner sees in a step."""
        return self.observation.seen(theta, hidden, noise, step)


def _typical(hidden):
    """Typical variances of φ, which set the scale of numerical constants."""
    rates = np.diag(hidden.reversion)
    stationary = np.diag(hidden.diffusion) / np.where(rates > 0, 2 * rates, 1.0)
    return np.maximum(np.diag(hidden.prior_covariance), stationary)
