"""The order in which the cells of a grid are visited, and their chunks: by the plan alone."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """Cells of a grid in the order they are solved: structure by structure, each in snake order.

    Attributes
    ----------
    shape : sizes of the axes
    structural : for each axis whether another value needs another solver
    most : cells per chunk at most
    """

    shape: tuple[int, ...]
    structural: tuple[bool, ...]
    most: int

    @property
    def cells(self) -> int:
        """Number of cells."""
        return int(np.prod(self.shape, dtype=np.int64))

    @cached_property
    def order(self) -> np.ndarray:
        """(cells,) flat C-order indices in the order they are solved.

        Neighbours within a structure differ in one axis, and there by one place.
        """
        strides = [
            int(np.prod(self.shape[axis + 1 :], dtype=np.int64)) for axis in range(len(self.shape))
        ]
        outer = [axis for axis, is_outer in enumerate(self.structural) if is_outer]
        inner = [axis for axis, is_outer in enumerate(self.structural) if not is_outer]
        structures = _digits(self.shape, strides, outer, reflected=False)
        within = _digits(self.shape, strides, inner, reflected=True)
        return (structures[:, None] + within[None, :]).ravel()

    @cached_property
    def group(self) -> int:
        """Cells per structure."""
        pairs = zip(self.shape, self.structural, strict=True)
        return math.prod(size for size, is_outer in pairs if not is_outer)

    @cached_property
    def borders(self) -> np.ndarray:
        """(chunks + 1,) where chunks begin in ``order``.

        A structure in equal parts, or several whole ones together.
        """
        if self.group >= self.most:
            parts = -(-self.group // self.most)
            inside = np.arange(parts) * self.group // parts
            starts = np.arange(self.cells // self.group)[:, None] * self.group + inside
            return np.append(starts.ravel(), self.cells)
        together = self.group * (self.most // self.group)
        return np.append(np.arange(0, self.cells, together), self.cells)

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return len(self.borders) - 1

    def chunk(self, index: int) -> np.ndarray:
        """Flat indices of the cells of a chunk, in order."""
        return self.order[self.borders[index] : self.borders[index + 1]].astype(np.int64)

    def structures(self, cells: np.ndarray) -> list[tuple[int, ...]]:
        """Positions of cells, flat indices, on the structural axes."""
        positions = np.unravel_index(cells, self.shape)
        outer = [
            place.tolist()
            for place, is_outer in zip(positions, self.structural, strict=True)
            if is_outer
        ]
        return list(zip(*outer, strict=True)) if outer else [()] * len(cells)


def _digits(
    shape: tuple[int, ...], strides: list[int], axes: list[int], *, reflected: bool
) -> np.ndarray:
    """Flat offsets of all positions on some axes, the last one running fastest.

    ``reflected`` turns back at the ends, as snake order does.
    """
    sizes = [shape[axis] for axis in axes]
    length = int(np.prod(sizes, dtype=np.int64))
    # offsets are less than a grid's cells, of which there are fewer than 2³¹
    count = np.arange(length, dtype=np.int32)
    offset, below = np.zeros_like(count), 1
    for axis, size in zip(reversed(axes), reversed(sizes), strict=True):
        rounds = count // below
        digit = rounds % size
        if reflected:
            digit = np.where((rounds // size) % 2 == 1, size - 1 - digit, digit)
        offset += digit * strides[axis]
        below *= size
    return offset


def working_order(chunks: Iterable[int]) -> list[int]:
    """Chunks far apart first, the last one before all, by their bits in reverse order.

    Costly corners do not come last, and the time left can be estimated early.
    """
    wanted = sorted(chunks)
    count = max(wanted, default=0) + 1
    bits = max((count - 1).bit_length(), 1)
    rank = {index: int(f"{index:0{bits}b}"[::-1], 2) for index in wanted}
    return sorted(wanted, key=lambda index: -rank[index])


def share(cells: int, least: int, most: int, parts: int = 32) -> int:
    """Cells per chunk: so many chunks, within limits; a large grid has a thousand at most."""
    even = -(-cells // parts)
    return max(least, min(max(most, cells // 1024), even))
