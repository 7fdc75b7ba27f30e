"""Simpler families inside a richer one: where they lie, so that the richer one never does worse
than they do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from .coefficient import Layout


@dataclass(frozen=True, kw_only=True)
class Contained:
    """A simpler family that is part of a richer one.

    Either a face, where some coefficients of the richer family are ``held`` and the others stay
    free; or a family of its own, whose coefficients ``embed`` turns into those of the richer one.

    Attributes
    ----------
    name : what it is, in words
    held : {coefficient of the richer family: number}, empty unless it is a face
    family : the simpler family, None where it is a face
    embed : (its coefficients by name, seed) -> coefficients of the richer family by name. With a
        seed, those that have no effect there are drawn, so that all of them can be improved from
        there; with None they are what is simplest
    """

    name: str
    held: Mapping[str, float] | tuple = ()
    family: object | None = None
    embed: Callable | None = None

    @property
    def is_face(self) -> bool:
        """Whether it is the richer family with some coefficients held."""
        return self.family is None


def face(name: str, **held: float) -> Contained:
    """The simpler family where these coefficients are held."""
    return Contained(name=name, held=tuple(sorted(held.items())))


def tied(family) -> Contained:
    """The same family with one number for all steps: its coefficients hold at every step."""
    return Contained(
        name=f"{family.name} with constant coefficients",
        family=family,
        embed=lambda coefficients, seed=None: dict(coefficients),
    )


def narrowed(contained: Contained, bounds: np.ndarray, layout: Layout) -> np.ndarray | None:
    """(n, 2): the ranges ``bounds`` on a face; None where the face lies outside them, or leaves
    nothing to hold.
    """
    ranges, free = bounds.copy(), False
    for name, value in dict(contained.held).items():
        place = layout.slices[name]
        if ((value < bounds[place, 0]) | (value > bounds[place, 1])).any():
            return None
        free = free or bool((bounds[place, 0] < bounds[place, 1]).any())
        ranges[place] = value
    return ranges if free else None
