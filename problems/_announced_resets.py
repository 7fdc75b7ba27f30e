"""What resetting rules cost at announced switches, exactly, in the discrete time of the simulation.

One weight on L = ½h(θ-φ)²; with chance 1-a = 1-e^{-λΔt} a step, φ is drawn afresh from N(0, v₀)
and this is announced, though not to which value. y_k = h(θ_k-φ_k) + σξ_k/√Δt, θ_{k+1} = θ_k + Δt
u_k. Steps of Δt hold u; the loss is weighed by the trapezoidal rule under the exact discount.
Switches are announced at the beginning of a step, before y is seen.

Between switches all rules here are linear, and a switch maps θ linearly, so that second moments
close. Sums Σ ρᵏ E over all steps are followed through the steps τ since the last switch; what a
switch hands on is one number, the discounted sum D of E θ² at switches, in which the cost is
linear.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.optimize import minimize
from scipy.signal import lfilter

TINY = 1e-30  # imaginary step of a derivative
LEFT = 1e-12  # of (ρa)^τ, from which on stretches are cut
EFFORT_RATE = 4.0  # η


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One weight and its task: ``hazard`` λ, ``noise`` σ, ``use`` h, v₀ = ``spread``."""

    hazard: float
    noise: float
    discount: float = 0.2
    use: float = 1.0
    spread: float = 1.0
    step: float = 0.1

    def changed(self, **changes) -> "Setting":
        """The same with other numbers."""
        return replace(self, **changes)

    @property
    def relaxation(self) -> float:
        """r = √(γ²/4 + ηh) - γ/2."""
        half = self.discount / 2
        return math.sqrt(half**2 + EFFORT_RATE * self.use) - half

    @property
    def stays(self) -> float:
        """a, the chance of no switch in a step."""
        return math.exp(-self.hazard * self.step)

    @property
    def fade(self) -> float:
        """ρ = e^{-γΔt}."""
        return math.exp(-self.discount * self.step)

    @cached_property
    def weights(self) -> tuple[float, float, float]:
        """(of the loss at a node, less at the first, of u²) in units of ρᵏ."""
        whole = (1 - self.fade) / self.discount
        late = (whole / self.step - self.fade) / self.discount / self.fade
        node = whole - late * self.fade + late
        return node * self.use / 2, late * self.use / 2, whole / (2 * EFFORT_RATE)

    @property
    def error(self) -> float:
        """R = σ²/Δt."""
        return self.noise**2 / self.step

    @property
    def resting(self) -> float:
        """J of resting at the prior mean: what a learner that does nothing pays."""
        node, first, _ = self.weights
        return self.spread * (node / (1 - self.fade) - first)


def regulator(setting: Setting) -> tuple[float, float]:
    """(g, f) of the optimum u = -gθ + fm: V = v₁θ² - 2v₂θm, by the scalar Riccati equation."""
    node, _, price = setting.weights
    fade, step = setting.fade, setting.step
    square, linear = fade * step**2, price * (1 - fade) - node * fade * step**2
    own = (math.sqrt(linear**2 + 4 * square * node * price) - linear) / (2 * square)
    inner = price + square * own
    gain = fade * step * own / inner
    mixed = node / (1 - fade * setting.stays * (1 - step * gain))
    return gain, fade * step * setting.stays * mixed / inner


def variances(setting: Setting, count: int) -> np.ndarray:
    """v after the observation at τ = 0, 1, … steps since a switch."""
    seen = setting.use**2 * np.arange(1, count + 1) / setting.error
    return 1 / (1 / setting.spread + seen)


@dataclass(frozen=True, kw_only=True, eq=False)
class Told:
    """A rule that knows the belief: u = -gθ + fm, but in the first ``ramp`` steps after a switch θ
    goes straight to ``shrink`` times where it was.
    """

    gain: complex
    aim: complex
    ramp: int = 0
    shrink: complex = 0.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """J of a rule, and D = Σ ρᵏ E θ² over switches."""

    cost: complex
    handed: complex


def told_cost(setting: Setting, rule: Told) -> Outcome:
    """J with the exact belief N(m, v), which starts afresh at switches."""
    # the first stretch has no switch behind it, and begins at θ = 0 without a ramp
    first = _stretch(setting, replace(rule, ramp=0)).fresh
    stretch = _stretch(setting, rule)
    entries = entered(setting)
    own = first + entries * stretch.fresh
    handed = own[1] / (1 - stretch.moved[1])
    cost = own[0] + handed * stretch.moved[0]
    return Outcome(cost=cost - setting.weights[1] * setting.spread, handed=handed)


def entered(setting: Setting) -> float:
    """Σ ρᵏ P(switch announced at k)."""
    return setting.fade * (1 - setting.stays) / (1 - setting.fade)


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretch:
    """(cost, what it hands on to D) of the steps until the next switch: ``fresh`` for each entry,
    from θ = 0; ``moved`` for each unit of θ² at the entry, on top.
    """

    fresh: np.ndarray
    moved: np.ndarray


def _stretch(setting: Setting, rule: Told) -> Stretch:
    """θ is ``place`` times θ at the switch, plus what beliefs add: ``added`` is the mean of its
    square, ``crossed`` that of its product with m; both are uncorrelated with θ at the switch.
    """
    node, _, price = setting.weights
    step, live = setting.step, setting.fade * setting.stays
    count = rule.ramp + 2 + math.ceil(math.log(LEFT) / math.log(live))
    alive, acting = live ** np.arange(count), np.arange(count) >= rule.ramp
    known = setting.spread - variances(setting, count)
    gain, aim, keep = rule.gain, rule.aim, 1 - step * rule.gain
    crossed = _followed(keep, step * aim * known * acting)
    added = _followed(
        keep**2, (2 * keep * step * aim * crossed + (step * aim) ** 2 * known) * acting
    )
    efforts = (gain**2 * added - 2 * gain * aim * crossed + aim**2 * known) * acting
    apart = added - 2 * crossed + setting.spread
    slope = -(1 - rule.shrink) / (rule.ramp * step) if rule.ramp else 0.0
    place = np.concatenate(
        [
            1 + slope * step * np.arange(rule.ramp),
            (1 + slope * step * rule.ramp) * keep ** np.arange(count - rule.ramp),
        ]
    )
    speeds = np.where(acting, gain * place, slope)
    # at the next switch θ has moved on by a step
    onward = setting.fade * (1 - setting.stays) * alive[:-1]
    return Stretch(
        fresh=np.array([alive @ (node * apart + price * efforts), onward @ added[1:]]),
        moved=np.array([alive @ (node * place**2 + price * speeds**2), onward @ place[1:] ** 2]),
    )


def _followed(keep: complex, pushes: np.ndarray) -> np.ndarray:
    """x_{τ+1} = keep·x_τ + push_τ from x_0 = 0."""
    return lfilter([0.0, 1.0], [1.0, -keep], pushes)


@dataclass(frozen=True, kw_only=True, eq=False)
class Raw:
    """Heavy ball on raw gradients, u_k = βu_{k-1} - αy_k - wαθ_k; told of switches with ``ramp`` >
    0: then θ goes straight to ``shrink`` times where it was, and the velocity starts afresh.
    """

    learning_rate: complex
    momentum: complex
    decay: complex = 0.0
    ramp: int = 0
    shrink: complex = 0.0


def raw_cost(setting: Setting, rule: Raw) -> complex:
    """J of heavy ball, with or without resets; meaningless where it is unstable."""
    step, fade, stays = setting.step, setting.fade, setting.stays
    rate, use = rule.learning_rate, setting.use
    row = np.array([-rate * (use + rule.decay), rule.momentum, rate * use])
    flow = PARTS[0] + np.outer([step, 1.0, 0.0], row)
    shaken = rate**2 * setting.error
    kick = np.array([step, 1.0, 0.0])
    noise = fade * shaken * np.outer(kick, kick)
    start = setting.spread * PARTS[1]
    operator = np.eye(9) - fade * stays * _squared(flow)
    if rule.ramp:
        chance = _normal_chance(setting, rule.ramp)
        begun = start + chance * stays * noise
        return _ramped_cost(setting, rule, operator, begun, row, chance)
    # the task moves on unseen: θ and velocity go on, φ is fresh
    lost, chance = fade * (1 - stays), 1 / (1 - fade)
    operator = operator - lost * _squared(PARTS[2] @ flow)
    begun = start * (1 + lost * chance) + chance * noise
    moments = np.linalg.solve(operator, begun.ravel()).reshape(3, 3)
    return _paid(setting, moments, row, chance * shaken) - setting.weights[1] * setting.spread


# of (θ, velocity, φ): what stays without a control, φφ alone, and all but φ
PARTS = (
    np.diag([1.0, 0.0, 1.0]),
    np.diag([0.0, 0.0, 1.0]),
    np.diag([1.0, 1.0, 0.0]),
)


def growth(setting: Setting, rule: Raw) -> float:
    """Largest |eigenvalue| of (θ, velocity) over a step: from 1 on :func:`raw_cost` means nothing."""
    row = np.array([-rule.learning_rate * (setting.use + rule.decay), rule.momentum], dtype=float)
    loop = np.diag([1.0, 0.0]) + np.outer([setting.step, 1.0], row)
    return float(np.abs(np.linalg.eigvals(loop)).max())


def _squared(flow: np.ndarray) -> np.ndarray:
    """M → FMFᵀ as a matrix on the entries of M."""
    return np.einsum("ik,jl->ijkl", flow, flow).reshape(9, 9)


def _normal_chance(setting: Setting, ramp: int) -> float:
    """Σ ρᵏ P(no ramp is on at k)."""
    live = setting.fade * setting.stays
    return (1 + entered(setting) * live**ramp) / (1 - live)


def _paid(setting: Setting, moments, row, shaken) -> complex:
    """Loss and effort of the summed moments of (θ, velocity, φ)."""
    node, _, price = setting.weights
    apart = moments[0, 0] - 2 * moments[0, 2] + moments[2, 2]
    return node * apart + price * (row @ moments @ row + shaken)


def _ramped_cost(setting, rule, operator, begun, row, chance) -> complex:
    """J where switches are announced: linear in D, the discounted sum of E θ² at them."""
    node, first, price = setting.weights
    step, live, entries = setting.step, setting.fade * setting.stays, entered(setting)
    lost, shaken = setting.fade * (1 - setting.stays), rule.learning_rate**2 * setting.error
    slope = -(1 - rule.shrink) / (rule.ramp * step)
    places = 1 + slope * step * np.arange(rule.ramp + 1)
    alive = live ** np.arange(rule.ramp + 1)
    # what D = 1 pays in ramps, hands on to the next switch, and to the heavy ball afterwards
    paid = alive[:-1] @ (node * places[:-1] ** 2 + price * slope**2)
    again = lost * alive[:-1] @ places[1:] ** 2
    arrived = np.zeros((3, 3), dtype=begun.dtype)
    arrived[0, 0] = alive[-1] * places[-1] ** 2
    begun = begun + entries * alive[-1] * setting.spread * PARTS[1]
    both = np.linalg.solve(operator, np.stack([begun.ravel(), arrived.ravel()], axis=1))
    own, moved = both[:, 0].reshape(3, 3), both[:, 1].reshape(3, 3)
    onward = np.array([1.0, 0.0, 0.0]) + step * row
    own_on = lost * (onward @ own @ onward + step**2 * shaken * chance)
    handed = own_on / (1 - again - lost * (onward @ moved @ onward))
    ramps = node * setting.spread * entries * alive[:-1].sum()
    after = _paid(setting, own + handed * moved, row, shaken * chance)
    return ramps + handed * paid + after - first * setting.spread


def descended(cost: Callable, start, ranges) -> tuple[np.ndarray, float, float]:
    """(x, J, largest slope that still leads downwards) of the least cost in a box, by exact slopes."""

    def local(x):
        turned = [cost(x + 1j * TINY * unit) for unit in np.eye(len(x))]
        return float(np.real(turned[0])), np.imag(turned) / TINY

    x = minimize(
        local,
        np.asarray(start, dtype=float),
        jac=True,
        bounds=ranges,
        method="L-BFGS-B",
        options={"ftol": 1e-14, "gtol": 1e-9},
    ).x
    value, slope = local(x)
    low, high = np.array(ranges).T
    free = ~((x - low < 1e-9) & (slope > 0)) & ~((high - x < 1e-9) & (slope < 0))
    return x, value, float(np.abs(slope * free).max())
