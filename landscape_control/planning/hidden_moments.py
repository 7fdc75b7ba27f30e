"""First and second moments of hidden variables: all that linear filters and linear-quadratic costs
ask of their law.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.linalg import expm

from ..landscape import JumpProcess, TaskChain
from ..linear_quadratic import LinearQuadraticProblem


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """E dz = (ν - Λz) dt and Cov dz = Q(t) dt of a hidden state z.

    Attributes
    ----------
    reversion : (d, d), Λ
    push : (d,), ν
    centre : (d,), a point where the mean rests, Λ·centre = ν
    mean, covariance : (d,), (d, d), at t = 0
    diffusion : (d, d), Q where the law is stationary, and always for diffusions
    is_gaussian : bool
    is_stationary : bool, whether Q(t) is ``diffusion`` at every time
    spread : callable (mean (d,), covariance (d, d)) -> Q, for laws whose noise depends on where
    they stand to_state : callable, estimates (E, p) or probabilities (E, K) -> (E, d)
    """

    reversion: np.ndarray
    push: np.ndarray
    centre: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    diffusion: np.ndarray
    is_gaussian: bool
    is_stationary: bool
    spread: Callable
    to_state: Callable

    def means(self, times) -> np.ndarray:
        """E z at times (N,): (N, d)."""
        flows = expm(-np.asarray(times)[:, None, None] * self.reversion)
        return self.centre + flows @ (self.mean - self.centre)

    def covariances(self, times) -> np.ndarray:
        """Cov z at ascending times (N,), without any observation: (N, d, d)."""
        if self.is_stationary:
            return riccati(self.reversion, self.diffusion, None, self.covariance, times)
        return integrated(self, None, times)


def hidden_moments(hidden) -> Moments:
    """The moments of φ itself, or of the first K - 1 indicators of a task chain."""
    if isinstance(hidden, TaskChain):
        return _task_moments(hidden)
    return Moments(
        reversion=hidden.reversion,
        push=hidden.reversion @ hidden.centre,
        centre=hidden.centre,
        mean=hidden.prior_mean,
        covariance=hidden.prior_covariance,
        diffusion=hidden.diffusion,
        is_gaussian=hidden.is_gaussian,
        is_stationary=hidden.is_gaussian or _rests(hidden),
        to_state=_same,
        spread=partial(_jump_spread if isinstance(hidden, JumpProcess) else _diffusion, hidden),
    )


def _same(estimate):
    return estimate


def _rests(hidden):
    return np.array_equal(hidden.prior_mean, hidden.centre) and np.array_equal(
        hidden.prior_covariance, hidden.variance
    )


def _diffusion(hidden, mean, covariance):
    return hidden.diffusion


def _jump_spread(hidden, mean, covariance):
    """λ E(fresh - φ)(fresh - φ)ᵀ."""
    return hidden.rate * (
        hidden.variance + covariance + np.outer(hidden.mean - mean, hidden.mean - mean)
    )


def _task_moments(chain):
    size = len(chain.tasks) - 1
    transposed = chain.rates.T
    reversion = transposed[:size, size:] - transposed[:size, :size]
    push = transposed[:size, size]
    centre = _stationary(chain)[:size]
    prior = chain.probabilities[:size]
    return Moments(
        reversion=reversion,
        push=push,
        centre=centre,
        mean=prior,
        covariance=np.diag(prior) - np.outer(prior, prior),
        diffusion=_task_spread(chain, centre, None),
        is_gaussian=False,
        spread=partial(_task_spread, chain),
        to_state=partial(_first, size),
        is_stationary=bool(
            np.abs(transposed @ chain.probabilities).max() <= 1e-13 * np.abs(chain.rates).max()
        ),
    )


def _first(size, probabilities):
    return probabilities[..., :size]


def _task_spread(chain, mean, covariance):
    """Σ over i, j of p_i rate_ij (e_j - e_i)(e_j - e_i)ᵀ, in the first K - 1 coordinates."""
    size = len(mean)
    unit = np.eye(size + 1, size)
    probabilities = np.append(mean, 1 - mean.sum())
    rates = probabilities[:, None] * (chain.rates - np.diag(np.diag(chain.rates)))
    steps = unit[None, :, :] - unit[:, None, :]
    return np.einsum("ij,ija,ijb->ab", rates, steps, steps)


def _stationary(chain):
    """A stationary law of the chain, the one nearest to its probabilities at t = 0."""
    system = np.vstack([chain.rates.T, np.ones(len(chain.rates))])
    gap = np.append(-chain.rates.T @ chain.probabilities, 0.0)
    return chain.probabilities + np.linalg.lstsq(system, gap, rcond=1e-12)[0]


def riccati(reversion, diffusion, information, covariance, times) -> np.ndarray:
    """P (N, d, d) at times (N,) of Ṗ = -ΛP - PΛᵀ + Q - P·information·P, by exponentials and
    doubling.

    Filtering is the dual of control: P is the value Hessian of the linear-quadratic problem with
    drift -Λᵀ, loss Q and terminal cost P(0), at time-to-go t (Kalman & Bucy 1961). ``information``
    is CᵀR⁻¹C, None without observations.
    """
    times = np.asarray(times, dtype=float)
    return (
        dual(reversion, diffusion, information, covariance)
        .finite(max(times.max(), 1e-300))
        .value_hessian(times)
    )


def dual(reversion, diffusion, information, covariance=None) -> LinearQuadraticProblem:
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


def integrated(moments: Moments, information, times) -> np.ndarray:
    """P (N, d, d) as :func:`riccati`, step by step, where the noise intensity Q changes in time
    with the prior.
    """
    from scipy.integrate import solve_ivp  # rarely needed: keeps the import light

    size, reversion = len(moments.mean), moments.reversion
    sight = np.zeros((size, size)) if information is None else information

    def rate(time, state):
        own, seen = state.reshape(2, size, size)
        noise = moments.spread(moments.means([time])[0], own)
        return np.ravel(
            [
                noise - reversion @ x - x @ reversion.T - x @ s @ x
                for x, s in ((own, 0 * sight), (seen, sight))
            ]
        )

    if not times[-1] > 0:
        return np.repeat(moments.covariance[None], len(times), axis=0)
    start = np.ravel([moments.covariance, moments.covariance])
    scale = max(np.abs(moments.covariance).max(), np.abs(moments.diffusion).max(), 1e-300)
    found = solve_ivp(
        rate, (0.0, times[-1]), start, "LSODA", t_eval=times, rtol=1e-10, atol=1e-12 * scale
    )
    return found.y.T.reshape(len(times), 2, size, size)[:, 1]


def _root(matrix):
    values, vectors = np.linalg.eigh(_symmetric(matrix))
    return vectors * np.sqrt(np.maximum(values, 0.0))


def _symmetric(matrix):
    return (matrix + matrix.T) / 2
