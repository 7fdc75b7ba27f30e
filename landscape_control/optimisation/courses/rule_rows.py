"""Many sets of coefficients of one linear rule, as the numbers of its rows at every step."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...rules.families import Clock, Family, Layout
from ...rules.families.elementwise import Value
from ...rules.families.response import edge_share, linear_rows, readout_row

Entries = dict[int, np.ndarray]  # {column: (B, C)}, those that are not zero


@dataclass(frozen=True, kw_only=True, eq=False)
class RuleRows:
    """Rows of Δθ and of the next state over x = (θ, state…), at B times, of C sets of coefficients.

    The entry over θ is own[0] + h·gain, because y = hθ.

    Attributes
    ----------
    own : one {column: (B, C)} for each row
    gains : one (B, C) for each row: what multiplies the gradient y
    same : for each row the first one that equals it, which heavy ball's state and Δθ do
    share : (B, C), how near to the edge of stability per unit of h_max, see :func:`edge_share`
    answer : one (C,) for each entry of x: the readout after the last step; None where it is θ
    """

    own: tuple[Entries, ...]
    gains: tuple[np.ndarray, ...]
    same: tuple[int, ...]
    share: np.ndarray
    answer: tuple[np.ndarray, ...] | None

    @cached_property
    def silent(self) -> tuple[bool, ...]:
        """For each row whether it does not hear the gradient at all."""
        return tuple(not gain.any() for gain in self.gains)

    @property
    def size(self) -> int:
        """d, entries of x."""
        return len(self.own)

    @property
    def times(self) -> int:
        """B."""
        return self.gains[0].shape[0]

    @property
    def sets(self) -> int:
        """C."""
        return self.gains[0].shape[1]


def rule_rows(
    family: Family, layout: Layout, coefficients: np.ndarray, times: np.ndarray
) -> RuleRows:
    """The rows of C sets of coefficients (C, n) at times (B,), by the family's own step.

    Times need not be whole where no coefficient varies from step to step.
    """
    shape = len(times), len(coefficients)
    clock = Clock(step=np.asarray(times, dtype=float)[:, None], horizon=layout.horizon)
    rows = linear_rows(family, _values(layout, coefficients, times), clock)
    own = tuple(_entries([row[0], *row[2:]], shape) for row in rows)
    gains = tuple(_full(row[1], shape) for row in rows)
    answer = None
    if family.has_readout:
        last = layout.horizon - 1
        values = _values(layout, coefficients, np.array([last]))
        end = Clock(step=float(last), horizon=layout.horizon)
        places = readout_row(family, values, end)
        answer = tuple(_full(place, (1, len(coefficients)))[0] for place in places)
    with np.errstate(all="ignore"):
        share = _full(edge_share(rows, 1.0), shape)
    return RuleRows(own=own, gains=gains, same=_same(own, gains), share=share, answer=answer)


def _values(layout: Layout, coefficients: np.ndarray, times: np.ndarray) -> dict[str, Value]:
    """{name: (C,), or (B, C) where it varies, or a list of these where it is a vector}."""
    values: dict[str, Value] = {}
    for each in layout.coefficients:
        own = coefficients[:, layout.slices[each.name]].reshape(len(coefficients), -1, each.size)
        if each.varies:
            table = np.zeros((layout.horizon, len(coefficients), each.size))
            table[each.first :] = np.swapaxes(own, 0, 1)
            parts = table[np.asarray(times, dtype=int)]
        else:
            parts = own[:, 0]
        values[each.name] = parts[..., 0] if each.size == 1 else list(np.moveaxis(parts, -1, 0))
    return values


def _entries(row: list[Value], shape: tuple[int, int]) -> Entries:
    full = [_full(entry, shape) for entry in row]
    return {j: entry for j, entry in enumerate(full) if entry.any()} or {0: full[0]}


def _full(entry: Value, shape: tuple[int, int]) -> np.ndarray:
    return np.broadcast_to(np.asarray(entry, dtype=float), shape)


def _same(own: tuple[Entries, ...], gains: tuple[np.ndarray, ...]) -> tuple[int, ...]:
    def equal(i: int, k: int) -> bool:
        if own[i].keys() != own[k].keys() or not np.array_equal(gains[i], gains[k]):
            return False
        return all(np.array_equal(own[i][j], own[k][j]) for j in own[i])

    return tuple(next(k for k in range(i + 1) if equal(i, k)) for i in range(len(own)))
