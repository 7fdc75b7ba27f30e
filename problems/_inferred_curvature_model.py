"""One weight whose curvature and minimum are both hidden: its belief, its costs, its open-loop plan.

L = ½h(θ-φ)², h one of two curvatures, offset b = hφ ~ N(0, s²) whichever h it is, gradients y_t =
hθ_t - b + N(0, σ²) seen before each of T steps u_t, θ_0 = 0. The first gradient says nothing about
h: only differences of gradients along one's own path do. The cost is Σ_t [u_t²/2η + kL(θ_{t+1})] +
κL(θ_T).

A belief after n gradients is what each curvature h_i predicts of the gradient here, g_i = h_iθ -
E[b | y, h_i] (``gradients`` (2, ...)), and the probability p of h_1 (``chance`` (...)). The variance
of the gradient given h_i is P_n = 1/(1/s² + n/σ²), whatever is seen and done.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from scipy.special import expit, logit

from ..support.arguments import NonNegative, Positive, Range, Whole, checked


@checked
@dataclass(frozen=True, kw_only=True)
class Setting:
    """All numbers of the problem.

    Attributes
    ----------
    flat, steep : h_1, h_2 > 0
    chance : prior probability p of h_1, in (0, 1)
    spread : s, prior standard deviation of b
    noise : σ of a gradient
    price : η of movement
    loss_weight : k
    end_weight : κ
    steps : T ≥ 2
    """

    flat: Positive = 0.3
    steep: Positive = 3.0
    chance: Annotated[float, Range(low=0, high=1, low_open=True, high_open=True)] = 0.5
    spread: Positive = 2.0
    noise: Positive = 1.0
    price: Positive = 1.0
    loss_weight: NonNegative = 1.0
    end_weight: NonNegative = 3.0
    steps: Annotated[int, Whole(low=2)] = 3

    @property
    def curvatures(self) -> np.ndarray:
        """(h_1, h_2)."""
        return np.array([self.flat, self.steep])

    def variance(self, seen: int) -> float:
        """P_n after n gradients."""
        return 1 / (1 / self.spread**2 + seen / self.noise**2)

    def weight(self, step: int) -> float:
        """What the loss after step t weighs: k, and k + κ at the last."""
        last = step == self.steps - 1
        return self.loss_weight + (self.end_weight if last else 0.0)


def shares(chance):
    """Probabilities (2, ...) of the two curvatures."""
    return np.stack([chance, 1 - np.asarray(chance)])


def column(setting, values):
    """The curvatures (2, 1, ...), to be multiplied with ``values`` (...)."""
    return setting.curvatures.reshape((2,) + (1,) * np.ndim(values))


def moved(setting, gradients, control):
    """What each curvature predicts of the gradient after a step u."""
    return gradients + column(setting, control) * control


def updated(setting, gradients, chance, observed, seen):
    """(gradients, chance) after one more gradient y, the one after ``seen`` others: Bayes' rule."""
    variance = setting.variance(seen)
    total = variance + setting.noise**2  # of y, given h
    surprise = observed - gradients
    evidence = (surprise[1] ** 2 - surprise[0] ** 2) / (2 * total)  # log odds of h_1
    return gradients + variance / total * surprise, expit(logit(chance) + evidence)


def expected_losses(setting, gradients, seen):
    """E[L | h_i] (2, ...) where the gradients are those: (g_i² + P_n)/2h_i."""
    curvatures = column(setting, gradients[0])
    return (gradients**2 + setting.variance(seen)) / (2 * curvatures)


def step_cost(setting, gradients, chance, control, step):
    """Expected cost (...) of step t: u²/2η and the loss after it."""
    after = expected_losses(setting, moved(setting, gradients, control), step + 1)
    loss = (shares(chance) * after).sum(0)
    return control**2 / (2 * setting.price) + setting.weight(step) * loss


def riccati(setting, curvature, step):
    """(gain, S) of step t for a known quadratic: u = -gain (θ - φ), cost to go ½S(θ - φ)²."""
    value = 0.0 * curvature
    gain = value
    for later in range(setting.steps - 1, step - 1, -1):
        stiffness = setting.weight(later) * curvature + value
        gain = setting.price * stiffness / (1 + setting.price * stiffness)
        value = stiffness * (1 - gain)
    return gain, value


def means(setting, gradients, chance):
    """(E[gradient], E[h]) under a belief."""
    share = shares(chance)
    curvature = (share * column(setting, chance)).sum(0)
    return (share * gradients).sum(0), curvature


def planned_control(setting, gradient, curvature, step):
    """u_t of the best plan for a quadratic with that gradient here and that curvature."""
    gain, _ = riccati(setting, curvature, step)
    return -gain * gradient / curvature


def certainty_equivalent(setting, gradients, chance, step):
    """u_t of the best plan if nothing more were to be seen.

    Its expected cost is that of a quadratic with gradient E[g] and curvature E[h]: certainty
    equivalence and open-loop replanning are one rule here.
    """
    return planned_control(setting, *means(setting, gradients, chance), step)


def open_loop_cost(setting, gradients, chance, step):
    """Expected cost to go (...) of the best plan from step t on, if nothing more were to be seen."""
    gradient, curvature = means(setting, gradients, chance)
    _, value = riccati(setting, curvature, step)
    weight = sum(setting.weight(later) for later in range(step, setting.steps))
    here = (shares(chance) * expected_losses(setting, gradients, step + 1)).sum(0)
    return weight * here - (weight - value / curvature) * gradient**2 / (2 * curvature)


def foreseeing(setting, gradients, chance, step):
    """u_t of the plan that counts on knowing h and φ from the next gradient on, whatever it does.

    It foresees that more will be known, but never moves in order to know more. (QMDP: M. Littman,
    A. Cassandra, L. Kaelbling 1995.)
    """
    if step == setting.steps - 1:
        return certainty_equivalent(setting, gradients, chance, step)
    curvatures = setting.curvatures
    _, later = riccati(setting, curvatures, step + 1)
    pull = setting.weight(step) / curvatures + later / curvatures**2  # of ½ gradient², after it
    share = shares(chance) * column(setting, chance) * pull.reshape(column(setting, chance).shape)
    stiffness = (share * column(setting, chance)).sum(0)
    return -setting.price * (share * gradients).sum(0) / (1 + setting.price * stiffness)
