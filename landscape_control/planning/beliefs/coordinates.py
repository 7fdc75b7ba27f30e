"""Beliefs as plain vectors b: their layout, and how they move.

They move by their filter's equations, and by innovations.
"""

from dataclasses import dataclass

import casadi as ca
import numpy as np

from ...support.arrays import freeze
from ...support.errors import ProblemError

Expression = ca.SX  # beliefs are written in SX: matrix entries are taken one by one


@dataclass(frozen=True, kw_only=True)
class BeliefLayout:
    """Where a belief's numbers sit in b; plain data, so that results can keep it.

    Attributes
    ----------
    kind : "mean and covariance", "mean" or "tasks"
    estimate : int, length d of a belief's estimate: hidden variables, or tasks
    """

    kind: str
    estimate: int

    @property
    def size(self) -> int:
        """Length of b."""
        d = self.estimate
        return {"mean and covariance": d + d * (d + 1) // 2, "mean": d, "tasks": d - 1}[self.kind]

    def read(
        self,
        estimate: np.ndarray,
        covariance: np.ndarray | None = None,
        missing: np.ndarray | None = None,
    ) -> np.ndarray:
        """b (E, size) of estimates (E, d) and covariances (E, d, d).

        ``missing`` (size,) stands in for no covariance.
        """
        if self.kind == "tasks":
            return estimate[:, :-1]
        if self.kind == "mean":
            return estimate
        d = self.estimate
        rows, cols = np.tril_indices(d)
        if covariance is not None:
            spread = covariance[..., rows, cols]
        elif missing is not None:
            spread = missing[d:]
        else:
            raise ProblemError(
                "belief",
                expected="mean and covariance",
                received="a mean alone",
                advice="pass (mean, covariance)",
            )
        return np.hstack([estimate, np.broadcast_to(spread, (len(estimate), len(rows)))])


class Coordinates:
    """How a belief is written as a vector b, and how b moves.

    Attributes
    ----------
    layout : BeliefLayout
    start : (size,), b of the prior
    """

    layout: BeliefLayout
    start: np.ndarray

    def loss(self, theta: Expression, b: Expression) -> Expression:
        """The loss expected under the belief b."""
        raise NotImplementedError

    def rate(self, theta: Expression, b: Expression) -> Expression:
        """ḃ (size,) where every innovation is zero."""
        raise NotImplementedError

    def diffusion(self, theta: Expression, b: Expression) -> Expression:
        """D (size, q): a standard innovation dI moves b by D dI."""
        raise NotImplementedError


class GaussianCoordinates(Coordinates):
    """b = (m, lower triangle of P, row by row)."""

    def __init__(self, problem, model):
        self.model, hidden = model, problem.landscape.hidden
        self.hidden_dimension = p = hidden.dimension
        self.rows, self.cols = np.tril_indices(p)
        self.layout = BeliefLayout(kind="mean and covariance", estimate=p)
        lower = hidden.prior_covariance[self.rows, self.cols]
        self.start = freeze(np.concatenate([hidden.prior_mean, lower]))

    def loss(self, theta: Expression, b: Expression) -> Expression:
        return self.model.symbolic_expected_loss(theta, *self._split(b))

    def rate(self, theta: Expression, b: Expression) -> Expression:
        mean, covariance = self._split(b)
        change = self.model.symbolic_covariance_rate(theta, mean, covariance)
        # CasADi takes Python integers as indices, not NumPy's
        lower = [change[int(i), int(j)] for i, j in zip(self.rows, self.cols, strict=True)]
        return ca.vertcat(self.model.symbolic_mean_drift(mean), *lower)

    def diffusion(self, theta: Expression, b: Expression) -> Expression:
        spread = ca.SX(self.model.symbolic_mean_diffusion(theta, *self._split(b)))
        # the covariance moves by its Riccati equation alone: no innovation enters it
        return ca.vertcat(spread, ca.SX(len(self.rows), spread.size2()))

    def _split(self, b: Expression) -> tuple[Expression, Expression]:
        """(m, P) of the coordinates."""
        p = self.hidden_dimension
        covariance = ca.SX(p, p)
        for k, (row, col) in enumerate(zip(self.rows, self.cols, strict=True)):
            i, j = int(row), int(col)
            covariance[i, j] = covariance[j, i] = b[p + k]
        return b[:p], covariance


class SteadyCoordinates(Coordinates):
    """b = m, with the covariance held at its steady value P∞ (Kalman-Bucy)."""

    def __init__(self, problem, model):
        self.model, hidden = model, problem.landscape.hidden
        p = hidden.dimension
        self.layout = BeliefLayout(kind="mean", estimate=p)
        self.covariance = freeze(np.reshape(model.steady_covariance(), (p, p)))
        self.start = freeze(hidden.prior_mean)

    def loss(self, theta: Expression, b: Expression) -> Expression:
        return self.model.symbolic_expected_loss(theta, b, ca.SX(ca.DM(self.covariance)))

    def rate(self, theta: Expression, b: Expression) -> Expression:
        return self.model.symbolic_mean_drift(b)

    def diffusion(self, theta: Expression, b: Expression) -> Expression:
        return self.model.symbolic_mean_diffusion(theta, b, ca.SX(ca.DM(self.covariance)))


class TaskCoordinates(Coordinates):
    """b = (p_1, …, p_{K-1}); the last probability is what remains."""

    def __init__(self, problem, model):
        self.model, self.chain = model, problem.landscape.hidden
        self.layout = BeliefLayout(kind="tasks", estimate=len(self.chain.tasks))
        self.start = freeze(self.chain.probabilities[:-1])

    def probabilities(self, b: Expression) -> Expression:
        """All K probabilities."""
        return ca.vertcat(b, 1 - ca.sum1(b))

    def loss(self, theta: Expression, b: Expression) -> Expression:
        return self.model.symbolic_expected_loss(theta, self.probabilities(b))

    def rate(self, theta: Expression, b: Expression) -> Expression:
        change = ca.DM(self.chain.rates).T @ self.probabilities(b)
        return change[:-1]

    def diffusion(self, theta: Expression, b: Expression) -> Expression:
        spread = self.model.symbolic_probability_diffusion(theta, self.probabilities(b))
        return spread[:-1, :]


class MeanCoordinates(Coordinates):
    """Certainty equivalence: the loss at the mean of the belief, as if it were the truth.

    The mean moves as forecast.

    b is the mean of a Gaussian belief, or K - 1 task probabilities. No covariance, hence no filter
    is needed.
    """

    def __init__(self, problem):
        self.landscape, self.hidden = problem.landscape, problem.landscape.hidden
        # of a task chain only the layout and the chain's rates are used, which need no filter
        self.tasks = TaskCoordinates(problem, None) if self.hidden.is_finite else None
        if self.tasks:
            self.layout, self.start = self.tasks.layout, self.tasks.start
        else:
            self.layout = BeliefLayout(kind="mean", estimate=self.hidden.dimension)
            self.start = freeze(self.hidden.prior_mean)

    def loss(self, theta: Expression, b: Expression) -> Expression:
        mean = b
        if self.tasks:
            mean = ca.DM(self.hidden.tasks).T @ self.tasks.probabilities(b)
        return self.landscape.symbolic(theta, mean)

    def rate(self, theta: Expression, b: Expression) -> Expression:
        if self.tasks:
            return self.tasks.rate(theta, b)
        return -ca.DM(self.hidden.reversion) @ (b - ca.DM(self.hidden.centre))

    def diffusion(self, theta: Expression, b: Expression) -> Expression:
        return ca.SX(self.layout.size, 1)
