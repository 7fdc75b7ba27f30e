"""Random nonlinear problems with hidden variables, judged by simulating their policy."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from trust_judging import (
    FLAGGED,
    REFUSED,
    RIGHT,
    RIGHT_FLAG,
    WRONG,
    Case,
    Verdict,
    first_words,
    timed_solve,
)
from trust_linear_draws import log_uniform

import landscape_control as lc

GAUSSIAN, GENERAL = "beliefs-lqg", "beliefs-nonlinear"
EPISODES = 3000
# of the scale: what a simulation's time step and a method's declared approximations may do
PLAIN_BIAS = 0.02


@dataclass(frozen=True, kw_only=True, eq=False)
class GeneralCase(Case):
    """A loss with a hidden variable that is not linear-quadratic."""

    family: str
    loss: Callable
    dimension: int
    hidden: object
    noise: float
    start: tuple
    horizon: float
    discount: float

    @cached_property
    def problem(self):
        """The package's problem."""
        return lc.ControlProblem(
            landscape=lc.Landscape.from_expression(
                self.loss, dimension=self.dimension, hidden=self.hidden
            ),
            learner=lc.Learner(sees=lc.NoisyGradient(self.noise)),
            objective=lc.Objective(horizon=self.horizon, discount=self.discount),
            start=self.start,
        )

    def judge(self, options):
        """Right: the planned cost is what the policy costs, and standing still is not cheaper."""
        solution, refusal, seconds = timed_solve(lambda: self.problem, options)
        if refusal is not None:
            return Verdict(
                kind=REFUSED, note=f"{self.family}: {first_words(refusal)}", seconds=seconds
            )
        count = self.dimension
        found = simulated(self.problem, solution.policy)
        still = simulated(self.problem, lambda theta, belief, time: np.zeros((len(theta), count)))
        error = found.standard_error
        bias = PLAIN_BIAS * (np.abs(found.losses).mean() + found.efforts.mean())
        said = (
            f"{self.family}: E[J] = {solution.cost:.4g}, simulated {found.cost:.4g} ± {error:.2g},"
            f" still {still.cost:.4g}"
        )
        agrees = abs(solution.cost - found.cost) <= 4 * error + bias
        worth = found.cost <= still.cost + 4 * (error + still.standard_error) + bias
        if not solution.status.ok:
            kind = FLAGGED if agrees and worth else RIGHT_FLAG
            return Verdict(
                kind=kind,
                note=f"{said}; {solution.status}: {solution.message}"[:250],
                seconds=seconds,
            )
        why = "" if agrees else "; planned cost is not what it costs"
        why += "" if worth else "; standing still is better"
        return Verdict(
            kind=WRONG if why else RIGHT, note=f"{said}; {solution.method}{why}", seconds=seconds
        )

    def show(self, options):
        """What the package says."""
        show_belief(lambda: self.problem, options)

    def describe(self):
        """The family and its numbers."""
        numbers = (
            f"σ = {self.noise!r}, start {self.start}, T = {self.horizon!r}, γ = {self.discount!r}"
        )
        return f"{self.family}: hidden {self.hidden}, {numbers}"


def simulated(problem, policy):
    """A rollout with common random numbers."""
    return lc.simulate(problem, policy, episodes=EPISODES, seed=1, throw=False)


def show_belief(build, options):
    """Print what the package says of a problem with hidden variables."""
    solution, refusal, _ = timed_solve(build, options)
    if refusal is not None:
        print(f"refused: {refusal}")
        return
    print(
        solution.problem.describe(),
        solution.summary(),
        solution.message,
        solution.assumes,
        sep="\n",
    )


def hidden_tilt(theta, phi):
    """A double well with a hidden tilt."""
    return (theta[0] ** 2 - 1) ** 2 / 2 - phi[0] * theta[0]


def hidden_minimum(theta, phi):
    """A quartic bowl around a hidden minimum."""
    away = theta[0] - phi[0]
    return away**2 / 2 + 0.1 * away**4


def hidden_ring(theta, phi):
    """A ring with a hidden tilt."""
    return (theta[0] ** 2 + theta[1] ** 2 - 1) ** 2 - phi[0] * theta[0]


def hidden_curvature(theta, phi):
    """A bowl of unknown curvature."""
    return (1 + phi[0] ** 2) * theta[0] ** 2 / 2


def hidden_product(theta, phi):
    """A deep linear network with a hidden target."""
    return (theta[0] * theta[1] - phi[0]) ** 2 / 2


FAMILIES = (
    (hidden_tilt, 1),
    (hidden_minimum, 1),
    (hidden_ring, 2),
    (hidden_curvature, 1),
    (hidden_product, 2),
)


def draw_general(rng, index) -> GeneralCase:
    """Families in turn."""
    loss, dimension = FAMILIES[index % len(FAMILIES)]
    mean, variance = rng.uniform(-1, 1, 1), np.array([[log_uniform(rng, 0.05, 1)]])
    moves = rng.random() < 0.5
    hidden = lc.OrnsteinUhlenbeck(mean=mean, rate=log_uniform(rng, 0.1, 1), covariance=variance)
    return GeneralCase(
        family=loss.__name__,
        loss=loss,
        dimension=dimension,
        hidden=hidden if moves else lc.GaussianPrior(mean=mean, covariance=variance),
        noise=log_uniform(rng, 0.05, 1.5),
        start=tuple(rng.uniform(-1.5, 1.5, dimension)),
        horizon=log_uniform(rng, 0.5, 6),
        discount=float(rng.choice([0.0, log_uniform(rng, 0.03, 1)])),
    )
