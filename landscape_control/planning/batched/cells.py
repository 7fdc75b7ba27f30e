"""The numbers of many cells, the cells last, and sums over what stands before them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """The numbers of B cells on meshes of K elements.

    Attributes
    ----------
    vertices : (K+1, B), in time
    numbers : (3, B), [η, k, γ]
    mass : (B,), typical inertia of the effort, m/η
    ending : (B,), κe^{-γT}
    """

    vertices: np.ndarray
    numbers: np.ndarray
    mass: np.ndarray
    ending: np.ndarray

    def taken(self, index: np.ndarray) -> "Cells":
        """Some of the cells."""
        return Cells(
            vertices=of_cells(self.vertices, index),
            numbers=of_cells(self.numbers, index),
            mass=self.mass[index],
            ending=self.ending[index],
        )

    def joined(self, other: "Cells") -> "Cells":
        """These cells and others."""
        names = ("vertices", "numbers", "mass", "ending")
        return Cells(**{name: beside(getattr(self, name), getattr(other, name)) for name in names})


def of_cells(array: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Some cells of an array (…, B), contiguous: indexing alone may leave other axes last."""
    return np.take(array, index, axis=-1)


def beside(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The cells of two arrays (…, B)."""
    return np.concatenate([first, second], axis=-1)


def summed(values: np.ndarray) -> np.ndarray:
    """Sum over the first axis, in order whatever the shape of the others."""
    total = np.zeros(values.shape[1:])
    for row in values:
        total += row
    return total


def smallest(values: np.ndarray) -> np.ndarray:
    """Least along the first axis; NaN where one is."""
    least = values[0].copy()
    for row in values[1:]:
        np.minimum(least, row, out=least)
    return least
