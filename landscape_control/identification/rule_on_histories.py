"""A causal rule run on the inputs that a policy saw: coefficients -> updates, their Jacobian, and the
coefficients in which the updates are linear.
"""

import numpy as np

from ..rules import CausalRule
from .histories import Histories

_DRAWS = 64  # sets of coefficients tried before the best are refined
_NUDGE = 1e-6
DIGITS = 1e-7  # relative accuracy of the minimiser, below which no interval is stated
_OVERFLOWN = 1e150  # stands for updates that are no numbers; its square is still one


class RuleOnHistories:
    """A rule on histories: sets of coefficients (B, c) -> the updates that count (B, R)."""

    def __init__(self, rule: CausalRule, histories: Histories):
        self.rule, self.histories, self.targets = rule, histories, histories.targets
        self.gradients, self.parameters = histories.columns
        self.bounds = np.array([(c.low, c.high) for c in rule.coefficients])
        self._kept = None
        self.linear = np.array([c.name in rule.proportional for c in rule.coefficients])

    def __call__(self, coefficients: np.ndarray) -> np.ndarray:
        updates = self.histories.read(
            self.rule.updates(coefficients, self.gradients, self.parameters)
        )
        return np.where(np.isfinite(updates), updates, _OVERFLOWN)

    def jacobian(self, coefficients: np.ndarray) -> np.ndarray:
        """(R, c) by central differences, one-sided at a bound."""
        return self.linearised(coefficients)[1]

    def linearised(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(updates (R,), their Jacobian (R, c)) from one run of all sets side by side; the last
        result is kept.
        """
        if self._kept is None or not np.array_equal(self._kept[0], coefficients):
            self._kept = coefficients.copy(), self._linearise(coefficients)
        return self._kept[1]

    def _linearise(self, coefficients):
        steps = _NUDGE * np.maximum(np.abs(coefficients), 1e-3)
        ahead = np.minimum(coefficients + steps, self.bounds[:, 1])
        behind = np.maximum(coefficients - steps, self.bounds[:, 0])
        count = len(coefficients)
        sets = np.tile(coefficients, (2 * count + 1, 1))
        sets[np.arange(count), np.arange(count)] = ahead
        sets[count + np.arange(count), np.arange(count)] = behind
        values = self(sets)
        return values[-1], ((values[:count] - values[count:-1]) / (ahead - behind)[:, None]).T

    def draw(self, seed: int) -> np.ndarray:
        """(B, c): the coefficients that are not solved for, spread over the ranges where starts are
        sensible.
        """
        pairs = zip(self.rule.coefficients, self.linear, strict=True)
        free = [coefficient for coefficient, linear in pairs if not linear]
        if not free:
            return np.ones((1, len(self.linear)))
        from scipy.stats import qmc  # a second of imports

        uniform = qmc.Sobol(len(free), seed=seed).random(_DRAWS)
        sets = np.ones((_DRAWS, len(self.linear)))
        sets[:, ~self.linear] = np.column_stack(
            [c.draw(u) for c, u in zip(free, uniform.T, strict=True)]
        )
        return sets

    def solve_linear(self, sets: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(sets with their proportional coefficients fitted, squared errors (B,), updates per unit
        (B, l, R)).
        """
        places = np.flatnonzero(self.linear)
        units = np.repeat(sets[:, None], len(places), axis=1)
        units[:, :, places] = np.eye(len(places))
        features = self(units.reshape(-1, sets.shape[1])).reshape(len(sets), len(places), -1)
        gram, moment = features @ features.transpose(0, 2, 1), features @ self.targets
        sets, best = sets.copy(), np.empty((len(sets), len(places)))
        for i in range(len(sets)):
            best[i] = _nonnegative(gram[i], moment[i])
        sets[:, places] = best
        square = (
            np.einsum("bi,bij,bj->b", best, gram, best)
            - 2 * (best * moment).sum(1)
            + self.targets @ self.targets
        )
        return sets, np.where(np.isfinite(square), square, np.inf), features


def _nonnegative(gram, moment):
    """argmin ½cᵀGc - mᵀc over c >= 0, one or two entries."""
    size = np.sqrt(np.maximum(np.diag(gram), 1e-300))
    if len(size) == 1:
        return np.maximum(moment / size**2, 0.0)
    scaled, wanted = gram / np.outer(size, size), moment / size
    free = np.linalg.lstsq(scaled, wanted, rcond=1e-13)[0]
    if (free >= 0).all():
        return free / size
    alone = np.diag(np.maximum(wanted, 0.0))
    return alone[np.argmax(np.maximum(wanted, 0.0))] / size
