"""First and second moments of hidden variables.

All that linear filters and linear-quadratic costs ask of their law.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm

from ...model.landscape import Hidden, LinearState
from ...model.landscape.linear_state import unchanged
from ..linear_quadratic import LinearQuadraticProblem


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments(LinearState):
    """A linear state with its moments at later times."""

    def means(self, times: np.ndarray | list[float]) -> np.ndarray:
        """E z at times (N,): (N, d)."""
        flows = expm(-np.asarray(times)[:, None, None] * self.reversion)
        return self.centre + flows @ (self.mean - self.centre)

    def covariances(self, times: np.ndarray) -> np.ndarray:
        """Cov z at ascending times (N,), without any observation: (N, d, d)."""
        if self.is_stationary:
            return riccati(self.reversion, self.diffusion, None, self.covariance, times)
        return integrated(self, None, times)


def hidden_moments(hidden: Hidden) -> Moments:
    """The moments of φ itself, or of the first K - 1 indicators of a task chain."""
    return Moments(**vars(hidden.linear_state()))


def nothing_hidden() -> Moments:
    """The moments of a hidden state without entries: that of a known landscape."""
    none, square = np.zeros(0), np.zeros((0, 0))
    return Moments(
        reversion=square,
        push=none,
        centre=none,
        mean=none,
        covariance=square,
        diffusion=square,
        is_gaussian=True,
        is_stationary=True,
        spread=lambda mean, covariance: square,
        to_state=unchanged,
    )


def riccati(
    reversion: np.ndarray,
    diffusion: np.ndarray,
    information: np.ndarray | None,
    covariance: np.ndarray,
    times: np.ndarray,
) -> np.ndarray:
    """P (N, d, d) of Ṗ = -ΛP - PΛᵀ + Q - P·information·P at times (N,).

    By exponentials and doubling.

    Filtering is the dual of control: P is the value Hessian of the linear-quadratic problem with
    drift -Λᵀ, loss Q and terminal cost P(0), at time-to-go t (Kalman & Bucy 1961). ``information``
    is CᵀR⁻¹C, None without observations.
    """
    times = np.asarray(times, dtype=float)
    control = dual(reversion, diffusion, information, covariance)
    return control.finite(max(times.max(), 1e-300)).value_hessian(times)


def dual(
    reversion: np.ndarray,
    diffusion: np.ndarray,
    information: np.ndarray | None,
    covariance: np.ndarray | None = None,
) -> LinearQuadraticProblem:
    """The control problem whose value Hessian is the filter's covariance."""
    size = len(reversion)
    root = np.zeros((size, size)) if information is None else _root(information)
    return LinearQuadraticProblem(
        hessian=_symmetric(diffusion),
        minimum=np.zeros(size),
        drift_matrix=-reversion.T,
        actuation=root,
        terminal_hessian=None if covariance is None else _symmetric(covariance),
    )


def integrated(moments: Moments, information: np.ndarray | None, times: np.ndarray) -> np.ndarray:
    """P (N, d, d) as :func:`riccati`, where the noise intensity Q changes in time.

    Step by step: Q depends on the prior's moments.
    """
    from scipy.integrate import solve_ivp  # rarely needed: keeps the import light

    size, reversion = len(moments.mean), moments.reversion
    sight = np.zeros((size, size)) if information is None else information

    def rate(time, state):
        # Q depends on the prior's moments, so that the covariance without observations goes along
        prior, posterior = state.reshape(2, size, size)
        noise = moments.spread(moments.means([time])[0], prior)
        prior_rate = noise - reversion @ prior - prior @ reversion.T
        posterior_rate = noise - reversion @ posterior - posterior @ reversion.T
        return np.ravel([prior_rate, posterior_rate - posterior @ sight @ posterior])

    if not times[-1] > 0:
        return np.repeat(moments.covariance[None], len(times), axis=0)
    start = np.ravel([moments.covariance, moments.covariance])
    scale = max(np.abs(moments.covariance).max(), np.abs(moments.diffusion).max(), 1e-300)
    flow = solve_ivp(
        rate, (0.0, times[-1]), start, "LSODA", t_eval=times, rtol=1e-10, atol=1e-12 * scale
    )
    return flow.y.T.reshape(len(times), 2, size, size)[:, 1]


def _root(matrix):
    values, vectors = np.linalg.eigh(_symmetric(matrix))
    return vectors * np.sqrt(np.maximum(values, 0.0))


def _symmetric(matrix):
    return (matrix + matrix.T) / 2
