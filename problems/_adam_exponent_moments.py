"""Exact second moments of rules Δθ = -α m̂/V^p whose V is the same on every path of one curvature.

Such a rule is linear in the gradients, so that nothing is drawn. V may be what v̂ is on average,
which tells the bias of v̂ from its noise, and any course in time.
"""

from dataclasses import dataclass

import numpy as np

from ._adam_exponent_simulator import Found, Task, newton

BEGIN = (-2.4, 0.3, 2.3, 0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """A task without draws. Moments of (θ, m) for ``count`` curvatures, conditional on h."""

    task: Task
    count: int = 16

    @property
    def spectrum(self) -> tuple[np.ndarray, np.ndarray]:
        return self.task.spectrum(self.count)

    @property
    def unbiased(self) -> np.ndarray:
        """(1, K), σ²h: v̂ of noise alone, on average."""
        return self.task.noise**2 * self.spectrum[0][None]

    def best(self, course: np.ndarray | None = None) -> Found:
        """Best α, p, β₁ for V (T or 1, K) in time; None is V_t = E[v̂_t | h] of the rule itself."""
        return newton(lambda tried: self.run(tried, course)[0], np.array(BEGIN), [0, 1, 2])

    def course_of(self, found: Found) -> np.ndarray:
        """(T, K), E[v̂_t | h] of a rule that uses it."""
        return self.run(found.coefficients[None], None)[1][:, 0]

    def run(self, coefficients: np.ndarray, course: np.ndarray | None):
        """(costs (C, 1), E[v̂_t | h] (T, C, K)) of coefficients (C, 4)."""
        task, (h, weights) = self.task, self.spectrum
        log_rate, exponent, lag = (column[:, None] for column in coefficients[:, :3].T)
        beta, shape = -np.expm1(-lag), (len(coefficients), len(h))
        place, cross, mean = np.ones(shape), np.zeros(shape), np.zeros(shape)  # of θ², θm, m²
        squares, total, seen_so_far = np.zeros(shape), np.zeros(shape), []
        for step in range(1, task.horizon + 1):
            seen = h**2 * place + task.noise**2 * h  # E y²
            squares = squares + seen
            seen_so_far.append(squares / step)
            mean = beta**2 * mean + 2 * beta * (1 - beta) * h * cross + (1 - beta) ** 2 * seen
            cross = beta * cross + (1 - beta) * h * place
            used = seen_so_far[-1] if course is None else course[min(step, len(course)) - 1]
            gain = np.exp(log_rate - exponent * np.log(used)) / (1 - beta**step)
            effort = gain**2 * mean / (2 * task.price)
            place, cross = place - 2 * gain * cross + gain**2 * mean, cross - gain * mean
            total += effort + (2 if step == task.horizon else 1) * h * place / 2
        return (total @ weights)[:, None], np.array(seen_so_far)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Exponents of rules that see ever more of E[v̂ | h], with its elasticity to h at the end.

    known     σ²h (this is q)
    level     E[v̂_T | h] at every step: its final value, constant in time
    clock     σ²h times the mean course of E[v̂_t | h], the same for all curvatures
    expected  E[v̂_t | h]
    elasticity  d log E[v̂_T | h]/d log h, fitted over the spectrum; 1 in noise, 2 in signal
    share     of the signal h²θ² in E[v̂_T], mean over the spectrum
    """

    known: float
    level: float
    clock: float
    expected: float
    elasticity: float
    share: float
    settled: bool


def parts(task: Task) -> Parts:
    """What each property of E[v̂ | h] does to the best exponent."""
    moments = Moments(task=task)
    h, weights = moments.spectrum
    expected = moments.best()
    course = moments.course_of(expected)
    excess = course / moments.unbiased
    common = np.exp(np.log(excess) @ weights)[:, None]  # geometric mean over the spectrum
    known, level, clock = (
        moments.best(chosen)
        for chosen in (moments.unbiased, course[-1:], moments.unbiased * common)
    )
    slope = np.polyfit(np.log(h), np.log(course[-1]), 1, w=np.sqrt(weights))[0]
    return Parts(
        known=known.exponent,
        level=level.exponent,
        clock=clock.exponent,
        expected=expected.exponent,
        elasticity=float(slope),
        share=float(weights @ (1 - 1 / excess[-1])),
        settled=all(one.settled for one in (known, level, clock, expected)),
    )


def regime(noise: float, horizon: int = 80) -> str:
    """The noise in words, with the share that it has in E[v̂_T], averaged over the spectrum."""
    if not noise:
        return "no noise"
    moments = Moments(task=Task(horizon=horizon, noise=noise))
    course = moments.course_of(moments.best())
    share = moments.spectrum[1] @ (moments.unbiased[0] / course[-1])
    return f"σ = {noise:g}: noise {share:.0%} of v̂"
