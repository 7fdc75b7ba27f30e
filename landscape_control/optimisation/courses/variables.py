"""Coefficients of a course as variables of a search, and where it begins."""

from collections.abc import Mapping

import numpy as np

from ...rules.families import Coefficient, Family, Layout
from ..starting import bounds_with, draw_starts, stretch

FAR = 1e6  # beyond the range of starts, in which rates are looked for


class Variables:
    """One scale for each entry: log for rates, -log(1-β) for momentum, else the number itself.

    Attributes
    ----------
    layout : of the coefficients
    rate : 1/h_max, the unit of rates
    units : (n,), 1/h_max for rates and lags
    bounds : (n, 2) of the variables
    rates : (n,), 1 for entries that are the logarithm of a rate, else 0
    """

    def __init__(self, layout: Layout, largest: float, within: object = None):
        self.layout, self.rate = layout, 1 / largest
        self.units = stretch(layout, self.rate)
        kinds, low, high = [], [], []
        for each in layout.coefficients:
            count = layout.blocks(each) * each.size
            kinds += [_kind(each)] * count
            low += [_limits(each)[0]] * count
            high += [_limits(each)[1]] * count
        self._kinds = np.array(kinds, dtype=object)
        self.rates = ((self._kinds == "log") & (stretch(layout, 2.0) == 2.0)) * 1.0
        narrow = bounds_with(layout, None, within)
        limits = np.stack([low, high], axis=1) * self.units[:, None]
        limits = np.clip(limits, narrow[:, :1], narrow[:, 1:])
        self.bounds = np.stack([self.of(limits[:, side]) for side in (0, 1)], axis=1)

    def of(self, coefficients: np.ndarray) -> np.ndarray:
        """x (…, n) of coefficients (…, n)."""
        given = np.asarray(coefficients, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.where(self._kinds == "one minus", -np.log1p(-given), given / self.units)
            return np.where(self._kinds == "log", np.log(scaled), scaled)

    def coefficients(self, x: np.ndarray) -> np.ndarray:
        """Coefficients of x."""
        with np.errstate(over="ignore"):
            plain = np.where(self._kinds == "log", np.exp(x), x) * self.units
            return np.where(self._kinds == "one minus", -np.expm1(-x), plain)

    def starts(self, family: Family, count: int, seed: int) -> np.ndarray:
        """(count, n): draws in the coarsest course of the family's kind, as members of this one."""
        chain, coarsest = [], family
        while coarsest.coarser is not None and coarsest.coarser.family is not None:
            chain.append(coarsest.coarser)
            coarsest = coarsest.coarser.family
        layout = coarsest.layout(self.layout.horizon)
        drawn = draw_starts(layout, count, seed, self.rate)
        if not chain:
            return self.of(drawn)
        return self.of(np.array([self._embedded(layout.split(each), chain) for each in drawn]))

    def _embedded(self, values: Mapping, chain: list) -> np.ndarray:
        for coarser in reversed(chain):
            values = coarser.embed(dict(values))
        return self.layout.join(dict(values))


def _kind(each: Coefficient) -> str:
    if each.varies:  # single steps may well be zero or negative
        return "linear"
    if each.scale == "one minus" and each.high > 1:
        return "linear"
    return each.scale


def _limits(each: Coefficient) -> tuple[float, float]:
    """The admissible range; on a logarithm, positive numbers up to far beyond the starts."""
    if _kind(each) != "log":
        return each.low, each.high
    return max(each.low, each.least / FAR), min(each.high, each.most * FAR)
