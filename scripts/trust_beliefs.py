"""Random problems with hidden variables: linear-quadratic-Gaussian ones exactly, the others by
simulating their policy.

With L = ½(θ-φ)ᵀH(θ-φ), dφ = -λ(φ-μ₀)dt + √Q dW and dY = H(θ-φ)dt + σ dW, the belief mean m moves as
the hidden variable, plus N(t) = P Hᵀ H P/σ² of noise per unit time, where P is the Kalman-Bucy
covariance. Certainty equivalence gives

    E[J] = ½ zᵀS(0)z + ∫ e^{-γt} ½ [k tr(H P) + tr(S_mm N)] dt,    z = (θ₀, m₀, 1),

with S the Riccati solution of the deterministic problem of (θ, m, 1). Both are integrated here as
plain ODEs.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.integrate import solve_ivp
from trust_beliefs_general import GAUSSIAN, draw_general, show_belief
from trust_judging import (
    FLAGGED,
    REFUSED,
    RIGHT,
    WRONG,
    Case,
    Verdict,
    first_words,
    timed_solve,
)
from trust_linear_draws import log_uniform, rotated

import landscape_control as lc

FADED = 30.0  # γt at which an infinite horizon is cut


@dataclass(frozen=True, kw_only=True, eq=False)
class GaussianNumbers:
    """The numbers of a problem as in the module's description."""

    hessian: np.ndarray
    metric: np.ndarray
    centre: np.ndarray
    reversion: float
    diffusion: np.ndarray
    prior_mean: np.ndarray
    prior_covariance: np.ndarray
    noise: float
    start: np.ndarray
    horizon: float
    discount: float
    learning_rate: float
    loss_weight: float


@dataclass(frozen=True, kw_only=True, eq=False)
class GaussianCase(Case):
    """A drawn problem of the exact kind."""

    numbers: GaussianNumbers
    hidden: object

    @cached_property
    def problem(self):
        """The package's problem."""
        p, n = self.numbers, len(self.numbers.start)

        def loss(theta, phi):
            away = [theta[i] - phi[i] for i in range(n)]
            return sum(p.hessian[i, j] * away[i] * away[j] for i in range(n) for j in range(n)) / 2

        return lc.ControlProblem(
            landscape=lc.Landscape.from_expression(loss, dimension=n, hidden=self.hidden),
            learner=lc.Learner(metric=p.metric, sees=lc.NoisyGradient(p.noise)),
            objective=lc.Objective(
                horizon=p.horizon,
                discount=p.discount,
                learning_rate=p.learning_rate,
                loss_weight=p.loss_weight,
            ),
            start=p.start,
        )

    @cached_property
    def reference(self):
        """(E[J], first control)."""
        return gaussian_cost(self.numbers)

    def judge(self, options):
        """E[J] and the first control against the reference; every part of the cost is positive, so
        that it is the scale.
        """
        solution, refusal, seconds = timed_solve(lambda: self.problem, options)
        if refusal is not None:
            return Verdict(kind=REFUSED, note=first_words(refusal), seconds=seconds)
        cost, control = self.reference
        said = f"E[J] = {solution.cost:.9g}, reference {cost:.9g}; {solution.method}"
        if not solution.status.ok:
            return Verdict(kind=FLAGGED, note=f"{said}; {solution.status}", seconds=seconds)
        tolerance = options.get("tolerance", 1e-6)
        error = np.abs(solution.policy(self.numbers.start, self.numbers.prior_mean) - control).max()
        allowed = 10 * tolerance**0.5 * np.abs(control).max() + 1e-12
        right = abs(solution.cost - cost) <= tolerance * cost and error <= allowed
        note = (
            said
            if right
            else f"{said}; off by {abs(solution.cost / cost - 1):.1e}, u(0) by {error:.1e}"
        )
        return Verdict(kind=RIGHT if right else WRONG, note=note, seconds=seconds)

    def show(self, options):
        """The exact answer, then the package's."""
        print(f"E[J] = {self.reference[0]:.10g}, u(0) = {self.reference[1]}\n", flush=True)
        show_belief(lambda: self.problem, options)

    def describe(self):
        """Every number."""
        return "\n".join(
            [
                f"{type(self.hidden).__name__}",
                *(f"{k} = {v!r}" for k, v in vars(self.numbers).items()),
            ]
        )


def gaussian_cost(p: GaussianNumbers):
    """(E[J], u at the start and the prior mean) by integrating both Riccati equations."""
    n = len(p.start)
    size, horizon = 2 * n + 1, min(p.horizon, FADED / p.discount if p.discount > 0 else math.inf)
    drift = np.zeros((size, size))
    drift[n : 2 * n, n : 2 * n], drift[n : 2 * n, -1] = (
        -p.reversion * np.eye(n),
        p.reversion * p.centre,
    )
    push = np.zeros((size, size))
    push[:n, :n] = p.learning_rate * np.linalg.inv(p.metric)
    sees = np.hstack([np.eye(n), -np.eye(n), np.zeros((n, 1))])
    running = p.loss_weight * sees.T @ p.hessian @ sees

    def backwards(_, flat):
        s = flat.reshape(size, size)
        return (-p.discount * s + drift.T @ s + s @ drift - s @ push @ s + running).ravel()

    def kalman(_, flat):
        covariance = flat.reshape(n, n)
        gain = covariance @ p.hessian
        return (-2 * p.reversion * covariance + p.diffusion - gain @ gain.T / p.noise**2).ravel()

    close = {"method": "LSODA", "rtol": 1e-10, "atol": 1e-13, "dense_output": True}
    value = solve_ivp(backwards, (0, horizon), np.zeros(size**2), **close).sol
    spread = solve_ivp(kalman, (0, horizon), p.prior_covariance.ravel(), **close).sol

    def price(time, _):
        covariance, s = spread(time).reshape(n, n), value(horizon - time).reshape(size, size)
        gain = covariance @ p.hessian
        noise = gain @ gain.T / p.noise**2
        known = p.loss_weight * np.trace(p.hessian @ covariance) + np.trace(
            s[n : 2 * n, n : 2 * n] @ noise
        )
        return [math.exp(-p.discount * time) * known / 2]

    first = value(horizon).reshape(size, size)
    z = np.concatenate([p.start, p.prior_mean, [1.0]])
    unknown = solve_ivp(price, (0, horizon), [0.0], method="LSODA", rtol=1e-9, atol=1e-13).y[0, -1]
    return float(z @ first @ z / 2 + unknown), -p.learning_rate * np.linalg.solve(
        p.metric, first[:n] @ z
    )


def draw_gaussian(rng) -> GaussianCase:
    """One or two weights whose minimum is hidden.

    A prior, a random walk or a mean-reverting one.
    """
    n = int(rng.integers(1, 3))
    discount = 0.0 if rng.random() < 0.2 else log_uniform(rng, 0.03, 3)
    horizon = math.inf if discount > 0 and rng.random() < 0.4 else log_uniform(rng, 0.3, 15)
    spread = rotated(rng, np.exp(rng.uniform(-2, 1, n)))
    mean, kind = rng.standard_normal(n), rng.integers(0, 3)
    reversion, diffusion = 0.0, np.zeros((n, n))
    if kind == 0:
        hidden = lc.GaussianPrior(mean=mean, covariance=spread)
    elif kind == 1:
        diffusion = rotated(rng, np.exp(rng.uniform(-3, 0, n)))
        hidden = lc.RandomWalk(mean=mean, covariance=spread, diffusion=diffusion)
    else:
        reversion = log_uniform(rng, 0.05, 2)
        diffusion = 2 * reversion * spread
        hidden = lc.OrnsteinUhlenbeck(mean=mean, rate=reversion, covariance=spread)
    numbers = GaussianNumbers(
        hessian=rotated(rng, np.exp(rng.uniform(-2, 1.5, n))),
        metric=rotated(rng, np.exp(rng.uniform(-1, 1, n))),
        centre=mean if kind == 2 else np.zeros(n),
        reversion=reversion,
        diffusion=diffusion,
        prior_mean=mean,
        prior_covariance=spread,
        noise=log_uniform(rng, 0.1, 3),
        start=rng.standard_normal(n),
        horizon=horizon,
        discount=discount,
        learning_rate=log_uniform(rng, 0.2, 5),
        loss_weight=log_uniform(rng, 0.2, 5),
    )
    return GaussianCase(numbers=numbers, hidden=hidden)


def draw(name: str, seed: int, index: int) -> Case:
    """The problem of this number."""
    rng = np.random.default_rng([seed, 4 if name == GAUSSIAN else 5, index])
    return draw_gaussian(rng) if name == GAUSSIAN else draw_general(rng, index)
