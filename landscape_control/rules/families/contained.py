"""Simpler families inside a richer one, so that the richer one never does worse than they do."""

import numpy as np

from .coefficient import Layout
from .family import Contained, Family


def face(name: str, **held: float) -> Contained:
    """The simpler family where these coefficients are held."""
    return Contained(name=name, held=tuple(sorted(held.items())))


def tied(family: Family) -> Contained:
    """The same family with one number for all steps: its coefficients hold at every step."""
    return Contained(name=f"{family.name} with constant coefficients", family=family)


def narrowed(contained: Contained, bounds: np.ndarray, layout: Layout) -> np.ndarray | None:
    """(n, 2): the ranges ``bounds`` on a face, None where it lies outside them.

    None too where the ranges hold already what the face would hold.
    """
    ranges, was_free = bounds.copy(), False
    for name, value in dict(contained.held).items():
        place = layout.slices[name]
        low, high = bounds[place].T
        if ((value < low) | (value > high)).any():
            return None
        was_free = was_free or bool((low < high).any())
        ranges[place] = value
    return ranges if was_free else None
