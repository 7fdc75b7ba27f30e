"""A rule whose learning rate is free for each of some groups of updates: for each step, or weight."""

import numpy as np
from scipy.optimize import least_squares

from ..rules import CausalRule
from .histories import Histories
from .rule_on_histories import RuleOnHistories

_REFINED = 2  # of the draws
_EXACT = 1e-9  # relative error, below which no other draw is refined
_NUDGE = 1e-6


class FreeRates:
    """Least squares of Δθ = r_g û over rates r_g of groups g of updates and other coefficients of û.

    At given other coefficients each rate is its own quotient, r_g = Σ ûΔθ/Σ û² over the group, so
    that they are no variables of the search (variable projection; G. H. Golub, V. Pereyra, *The
    differentiation of pseudo-inverses and nonlinear least squares problems whose variables
    separate*, 1973). ``groups`` (R,) counts the groups of the targets from 0.
    """

    def __init__(
        self, rule: CausalRule, histories: Histories, groups: np.ndarray, count: int
    ) -> None:
        self.run = RuleOnHistories(rule, histories)
        self.groups, self.count = groups, count
        self.is_rate = np.array([name == "learning_rate" for name in rule.names])
        self.size = max(float(np.linalg.norm(self.run.targets)), 1e-300)

    def fit(self, seed: int) -> np.ndarray:
        """The coefficients, 1 for the learning rate."""
        draws = self.run.draw(seed)
        draws[:, self.is_rate] = 1.0
        if self.is_rate.all():
            return draws[0]
        losses = (self._lefts(draws) ** 2).sum(axis=1)
        best, least = draws[0], np.inf
        for place in np.argsort(losses)[:_REFINED]:
            found, loss = self._refined(draws[place])
            if loss < least:
                best, least = found, loss
            if least <= _EXACT**2:
                break
        return best

    def _refined(self, start: np.ndarray) -> tuple[np.ndarray, float]:
        """(coefficients, squared relative error) of the minimum next to a start."""
        free = ~self.is_rate
        unit = self.run.sizes[free]
        low, high = self.run.bounds[free].T / unit
        inside = 1e-9 * np.minimum(high - low, 1.0)

        def whole(points: np.ndarray) -> np.ndarray:
            sets = np.ones((len(points), len(free)))
            sets[:, free] = points * unit
            return sets

        def residual(point: np.ndarray) -> np.ndarray:
            return np.asarray(self._lefts(whole(point[None]))[0] / self.size)

        def slope(point: np.ndarray) -> np.ndarray:
            nudge = _NUDGE * np.maximum(np.abs(point), 1e-3)
            ahead, behind = np.minimum(point + nudge, high), np.maximum(point - nudge, low)
            each = np.arange(len(point))
            points = np.tile(point, (2 * len(point), 1))
            points[each, each] = ahead
            points[len(point) + each, each] = behind
            values = self._lefts(whole(points)) / self.size
            change = values[: len(point)] - values[len(point) :]
            return np.asarray((change / (ahead - behind)[:, None]).T)

        result = least_squares(
            residual,
            np.clip(start[free] / unit, low + inside, high - inside),
            jac=slope,
            bounds=(low, high),
            x_scale="jac",
            xtol=1e-12,
            ftol=1e-12,
            gtol=1e-15,
            max_nfev=60,
        )
        return whole(result.x[None])[0], 2 * float(result.cost)

    def unit_updates(self, coefficients: np.ndarray) -> np.ndarray:
        """(R,), û."""
        return self.run(coefficients[None])[0]

    def rates_of(self, unit: np.ndarray) -> np.ndarray:
        """(G,), the rates with which û comes nearest to what was done, 0 where it is 0."""
        size = np.bincount(self.groups, unit**2, minlength=self.count)
        product = np.bincount(self.groups, unit * self.run.targets, minlength=self.count)
        return np.asarray(product / np.where(size > 0, size, 1.0))

    def left(self, coefficients: np.ndarray) -> np.ndarray:
        """(R,), what r_g û leaves, with the best rates."""
        return np.asarray(self._lefts(coefficients[None])[0])

    def _lefts(self, sets: np.ndarray) -> np.ndarray:
        """(B, R), the same for several sets of coefficients."""
        units = self.run(sets)
        fitted = [self.rates_of(unit)[self.groups] * unit for unit in units]
        return np.asarray(self.run.targets - np.array(fitted))
