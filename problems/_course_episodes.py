"""Modes whose noise falls with the loss, and episodes of planned courses on them."""

from dataclasses import dataclass

import numpy as np

import landscape_control as lc

from ..claims import Check
from ..model.landscape import Discrete, LandscapeDistribution
from ..optimisation import Course
from ..rules.families import HeavyBall, LogLinear, Scheduled
from ._stated_checks import same

MODES, COPIES, SHARE = 12, 4000, 0.1  # floor over the loss at the start, above it
FAMILY = Scheduled(family=HeavyBall(constant=True), shape=LogLinear(pieces=3))


@dataclass(frozen=True, kw_only=True, eq=False)
class Modes:
    """h, start variances and noise variances at the start, (M,) each; all have the weight 1/M."""

    curvatures: np.ndarray
    variances: np.ndarray
    noise: np.ndarray

    @property
    def start_loss(self) -> float:
        """L_0 above the floor."""
        return float(np.mean(self.curvatures * self.variances) / 2)

    @property
    def floor(self) -> float:
        """A share of it."""
        return SHARE * self.start_loss

    @property
    def task(self) -> LandscapeDistribution:
        """As a distribution of landscapes."""
        spectrum = Discrete(self.curvatures)
        return LandscapeDistribution.quadratic(curvatures=spectrum, start_variance=self.variances)

    @property
    def sees(self) -> lc.ModeNoise:
        """Noise that follows the loss with its floor."""
        return lc.ModeNoise(np.sqrt(self.noise), follows_loss=True, floor=self.floor)

    def plan(self, steps: int, **limits: float) -> Course:
        """Heavy ball with a rate by knots."""
        given = lc.CourseLimits(floor=self.floor, **limits)
        return lc.plan_course(self.task, FAMILY, steps=steps, sees=self.sees, limits=given)

    def in_metric(self, exponent: float) -> "Modes":
        """The same in coordinates √D^p θ with D = E g², the gradient's second moment at the start."""
        square = self.curvatures**2 * self.variances + self.noise
        scale = (square / square.mean()) ** exponent
        return Modes(
            curvatures=self.curvatures / scale,
            variances=self.variances * scale,
            noise=self.noise / scale,
        )


def drawn(start: float, noise: float, power: float) -> Modes:
    """h = e^(-7i/11), start variance h^-start, noise variance noise·h^power·L_0."""
    h = np.exp(-7 * np.arange(MODES) / (MODES - 1))
    variances = h**-start
    loss = np.mean(h * variances) / 2
    return Modes(curvatures=h, variances=variances, noise=noise * h**power * loss)


def episodes(
    modes: Modes, course: Course, seed: int, copies: int = COPIES, steps: int | None = None
) -> np.ndarray:
    """(copies, steps+1): excess losses of the policy, stepped; the noise follows the predicted loss.

    Where the mean of these losses is the prediction, the mean field is its own.
    """
    rng, levels = np.random.default_rng(seed), course.losses / course.losses[0]
    init, update = course.policy
    theta = np.sqrt(modes.variances) * rng.standard_normal((copies, MODES))
    state, losses = init(copies, MODES), [theta**2 @ modes.curvatures / (2 * MODES)]
    for level in levels[:-1][:steps]:
        noise = np.sqrt(modes.noise * level) * rng.standard_normal((copies, MODES))
        move, state = update(state, modes.curvatures * theta + noise, theta)
        theta = theta + move
        losses.append(theta**2 @ modes.curvatures / (2 * MODES))
    return np.array(losses).T


def prediction_check(
    words: str,
    modes: Modes,
    course: Course,
    effect: float,
    *,
    seed: int = 0,
    step: int | None = None,
    copies: int = COPIES,
) -> Check:
    """The mean loss of the episodes after a step to the prediction, in 4 standard errors.

    After the last one when ``step`` is None.
    """
    losses = modes.floor + episodes(modes, course, seed, copies, step)[:, -1]
    error = float(losses.std(ddof=1) / np.sqrt(copies))
    return same(
        words,
        float(course.losses[-1 if step is None else step]),
        float(losses.mean()),
        4 * error,
        "same code, other data",
        standard_error=error,
        effect=effect,
    )
