"""Rollouts of a learner on a bowl with a hidden minimum, by hand: what ``simulate`` is held to."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class HiddenMinimum:
    """Numbers of L = ½κ(θ - φ)², dφ = -λφ dt + √(2λv) dW, y = κ(θ - φ) + σξ/√Δt."""

    curvature: float  # κ
    reversion: float  # λ
    variance: float  # v
    noise: float  # σ
    discount: float
    horizon: float
    start: float


@dataclass(frozen=True, kw_only=True)
class Loop:
    """What a colleague would write for this one problem: a loop over steps, arrays over episodes, u
    held over each step.

    It draws the numbers that ``simulate`` draws, so that its weights end where those of
    ``simulate`` do.
    """

    numbers: HiddenMinimum
    episodes: int
    steps: int

    def run(self, act):
        """(cost (E,), last weights (E,)); ``act(theta, y, step)`` -> u."""
        numbers = self.numbers
        hidden, noise = [
            np.random.default_rng(child) for child in np.random.SeedSequence(0).spawn(2)
        ]
        step, theta, cost = (
            numbers.horizon / self.steps,
            np.full(self.episodes, numbers.start),
            np.zeros(self.episodes),
        )
        phi = math.sqrt(numbers.variance) * hidden.standard_normal(self.episodes)
        decay = math.exp(-numbers.reversion * step)
        spread, sigma = (
            math.sqrt(numbers.variance * (1 - decay**2)),
            numbers.noise / math.sqrt(step),
        )
        for k in range(self.steps):
            away = theta - phi
            u = act(
                theta, numbers.curvature * away + sigma * noise.standard_normal(self.episodes), step
            )
            cost += (
                0.5
                * step
                * math.exp(-numbers.discount * k * step)
                * (numbers.curvature * away * away + u * u)
            )
            theta = theta + step * u
            phi = decay * phi + spread * hidden.standard_normal(self.episodes)
        return cost, theta

    def heavy_ball(self, momentum, rate):
        u = np.zeros(self.episodes)

        def act(theta, y, step):
            nonlocal u
            u = momentum * u - rate * y
            return u

        return self.run(act)

    def kalman(self, feedback):
        """The belief policy: its variance is the same in all episodes and known beforehand, so here
        it is a number.
        """
        numbers, mean, variance = self.numbers, np.zeros(self.episodes), self.numbers.variance

        def act(theta, y, step):
            nonlocal mean, variance
            gain = (
                numbers.curvature
                * variance
                / (numbers.curvature**2 * variance + numbers.noise**2 / step)
            )
            seen = mean - gain * (y - numbers.curvature * (theta - mean))
            decay = math.exp(-numbers.reversion * step)
            variance = decay**2 * (1 - gain * numbers.curvature) * variance + numbers.variance * (
                1 - decay**2
            )
            mean = decay * seen
            return -feedback * (theta - seen)

        return self.run(act)
