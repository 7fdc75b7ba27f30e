"""The usual resetting rules at announced switches, each at its own best coefficients, and the
optimum.
"""

import math
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from ._announced_resets import (
    Raw,
    Setting,
    Told,
    descended,
    growth,
    raw_cost,
    regulator,
    told_cost,
)

RATES = (math.log(1e-5), math.log(10.0))  # of log α
RAMPS = (1, 2, 3, 4, 6, 8)
_OPENING = (math.log(0.05), 0.6)
_FREE = {  # the coefficients of each rule beside log α and β: start and range
    "no_reset": ((), ()),
    "l2_decay": ((0.5,), ((0.0, 1e3),)),
    "full_reset": ((), ()),
    "shrink_and_perturb": ((0.5,), ((0.0, 1.0),)),
}
USUAL = tuple(_FREE)


@dataclass(frozen=True, kw_only=True, eq=False)
class Tuned:
    """A usual rule at its best coefficients.

    Attributes
    ----------
    x : (log α, β, then decay or shrink)
    ramp : steps of a reset, 0 for rules that are not told of switches
    cost : J
    steepest : largest slope in x that still leads downwards inside the ranges, over the gain of the
        optimum
    growth : largest |eigenvalue| of its loop over a step, below 1 where it is stable
    """

    x: np.ndarray
    ramp: int
    cost: float
    steepest: float
    growth: float


def made(key: str, x, ramp: int) -> Raw:
    """The rule called ``key`` with coefficients x."""
    own = {"l2_decay": "decay", "shrink_and_perturb": "shrink"}
    more = {own[key]: x[2]} if key in own else {}
    return Raw(learning_rate=np.exp(x[0]), momentum=x[1], ramp=ramp, **more)


def tuned(setting: Setting, key: str) -> Tuned:
    """The best coefficients of a usual rule, and the best number of steps of its resets."""
    start, ranges = _FREE[key]
    told = key in ("full_reset", "shrink_and_perturb")
    ranges, best = (RATES, (0.0, 0.99), *ranges), (np.array([*_OPENING, *start]), math.inf, 0)
    for ramp in RAMPS if told else (0,):
        # the next number of steps is searched from the best coefficients so far
        x, cost, _ = descended(partial(_cost_at, setting, key, ramp), best[0], ranges)
        if cost < best[1]:
            best = (x, cost, ramp)
    # once more, with a fresh estimate of the curvature
    x, cost, slope = descended(partial(_cost_at, setting, key, best[2]), best[0], ranges)
    return Tuned(
        x=x,
        ramp=best[2],
        cost=cost,
        steepest=slope / gain_of(setting),
        growth=growth(setting, made(key, x, best[2])),
    )


def _cost_at(setting: Setting, key: str, ramp: int, x) -> complex:
    return raw_cost(setting, made(key, x, ramp))


@lru_cache(maxsize=256)
def optimum(setting: Setting) -> float:
    """J* with news of switches."""
    gain, aim = regulator(setting)
    return float(told_cost(setting, Told(gain=gain, aim=aim)).cost.real)


def gain_of(setting: Setting) -> float:
    """What the optimum gains over resting at the prior mean."""
    return setting.resting - optimum(setting)


def lost(setting: Setting, cost: float) -> float:
    """(J - J*)/(J_rest - J*): 0 is optimal, 1 no better than resting at the prior mean."""
    return (cost - optimum(setting)) / gain_of(setting)


def believed_reset(setting: Setting) -> tuple[float, int]:
    """(J, steps) of the best full reset of weights and belief: to the prior mean first, optimal
    then.
    """
    gain, aim = regulator(setting)
    costs = {
        ramp: float(told_cost(setting, Told(gain=gain, aim=aim, ramp=ramp)).cost.real)
        for ramp in RAMPS
    }
    best = min(costs, key=lambda ramp: costs[ramp])
    return costs[best], best


def losses(base: Setting, noises, hazards) -> tuple[np.ndarray, list[Tuned]]:
    """(lost (J, R, L) over noises, rules and hazards: the usual ones, and the reset of weights and
    belief last; every tuned rule).

    Noises and hazards are those of a weight with h = v₀ = 1, γ = 0.2; for another ``base`` they are
    those with the same λ/r and the same learning time σ²/(h²v₀) in units of 1/r.
    """
    scale = base.relaxation / Setting(hazard=1.0, noise=1.0).relaxation
    stretch = math.sqrt(base.use**2 * base.spread / scale)
    table, found = np.empty((len(noises), len(USUAL) + 1, len(hazards))), []
    for j, noise in enumerate(noises):
        for i, hazard in enumerate(hazards):
            setting = base.changed(hazard=hazard * scale, noise=noise * stretch)
            rules = [tuned(setting, key) for key in USUAL]
            found.extend(rules)
            costs = [*(rule.cost for rule in rules), believed_reset(setting)[0]]
            table[j, :, i] = [lost(setting, cost) for cost in costs]
    return table, found


def sight_losses(setting: Setting, discounts) -> np.ndarray:
    """Lost (R, G) over rules, the reset of weights and belief last, and discounts."""
    table = np.empty((len(USUAL) + 1, len(discounts)))
    for i, discount in enumerate(discounts):
        cell = setting.changed(discount=float(discount))
        costs = [*(tuned(cell, key).cost for key in USUAL), believed_reset(cell)[0]]
        table[:, i] = [lost(cell, cost) for cost in costs]
    return table
