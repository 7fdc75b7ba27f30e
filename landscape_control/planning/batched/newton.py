"""Newton's method on the discretised action, for many cells at once.

All cells of a batch advance together: every iteration evaluates, condenses and eliminates once for
each of them. Regularisation, step length and convergence are each cell's own: where the Hessian is
not positive definite, a growing multiple of the kinetic diagonal is added before the next try; where
the cost does not fall as the slope promises, the step is halved. Cells that are done make room.
"""

from dataclasses import dataclass

import numpy as np

from .element import ElementFunctions

MOST_ITERATIONS = 60
LANES = 4096  # elements times cells that advance together: their numbers fit a processor's cache
_WIDTH = 8  # batches are whole multiples of this many cells
_ARMIJO = 1e-4
_ROUNDING = 1e-14  # of a cost's size
_FIRST_SHIFT, _LEAST_SHIFT = 1e-2, 1e-3  # of the kinetic diagonal
_MORE, _LESS = 4.0, 0.25
_SHORTEST = 1e-4  # step length
_LEAST_PART, _MOST_PART = 0.1, 0.5  # of a step that is too long
_FULL = 0.75  # of a batch: below, it is filled up again
_ARRAYS = ("place", "base", "trial", "step", "cost", "fall", "length", "shift", "waiting")


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
        return Cells(**{name: _beside(getattr(self, name), getattr(other, name)) for name in names})


@dataclass(frozen=True, kw_only=True, eq=False)
class Minimised:
    """Where B cells ended.

    Attributes
    ----------
    nodes : (n(d+1), K, B), θ at the nodes of every element
    iterations : (B,)
    converged : (B,), whether the last step was Newton's own and promised next to nothing
    """

    nodes: np.ndarray
    iterations: np.ndarray
    converged: np.ndarray


@dataclass(kw_only=True, eq=False)
class _State:
    """The cells that still run; ``place`` says which they are."""

    place: np.ndarray
    cells: Cells
    kept: list[np.ndarray]
    base: np.ndarray  # the last accepted nodes
    trial: np.ndarray
    step: np.ndarray
    cost: np.ndarray
    fall: np.ndarray
    length: np.ndarray
    shift: np.ndarray
    waiting: np.ndarray  # for a factorisation at the accepted nodes

    def taken(self, index: np.ndarray) -> "_State":
        """Some of the cells."""
        return _State(
            **{name: of_cells(getattr(self, name), index) for name in _ARRAYS},
            cells=self.cells.taken(index),
            kept=[of_cells(array, index) for array in self.kept],
        )

    def joined(self, other: "_State") -> "_State":
        """These cells and those of another state."""
        own = {name: _beside(getattr(self, name), getattr(other, name)) for name in _ARRAYS}
        kept = [_beside(mine, theirs) for mine, theirs in zip(self.kept, other.kept, strict=True)]
        return _State(**own, cells=self.cells.joined(other.cells), kept=kept)


@np.errstate(all="ignore")  # steps may leave the domain or overflow: they are then too long
def minimised(
    functions: ElementFunctions,
    cells: Cells,
    nodes: np.ndarray,
    *,
    fixed_end: bool,
    tolerance: float,
) -> Minimised:
    """Minimise from ``nodes`` (n(d+1), K, B), until the next step promises less than ``tolerance``
    of the cost's size.

    As many cells as fit run together; those that are over make room for the next ones.
    """
    total = nodes.shape[2]
    most = max(_WIDTH, LANES // nodes.shape[1] // _WIDTH * _WIDTH)
    final, iterations = nodes.copy(), np.zeros(total, dtype=int)
    converged, over = np.zeros(total, dtype=bool), np.zeros(total, dtype=bool)
    begun = min(most, total)
    state = _begun(functions, cells, nodes, _padded(np.arange(begun)))
    while True:
        done, failed = _advanced(functions, state, fixed_end, tolerance)
        # cells that were over before stand beside the others until there are enough to leave out
        running = ~over[state.place]
        iterations[state.place[running]] += 1
        done &= running
        final[..., state.place[done]] = state.trial[..., done]
        converged[state.place[done]] = True
        over[state.place[done | failed]] = True
        over[iterations == MOST_ITERATIONS] = True
        running = _first_of_each(state.place, ~over[state.place])
        if not len(running) and begun == total:
            break
        if _padded_size(len(running)) > _FULL * len(state.place):
            continue
        more = np.arange(begun, min(begun + most - len(running), total))
        begun += len(more)
        if len(more) and len(running):
            state = state.taken(running).joined(_begun(functions, cells, nodes, more))
            state = state.taken(_padded(np.arange(len(state.place))))
        elif len(more):
            state = _begun(functions, cells, nodes, _padded(more))
        elif _padded_size(len(running)) < len(state.place):
            state = state.taken(_padded(running))
    return Minimised(nodes=final, iterations=iterations, converged=converged)


def _first_of_each(place: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Where the chosen cells stand, each once."""
    index = np.flatnonzero(chosen)
    return index[np.unique(place[index], return_index=True)[1]]


def _begun(
    functions: ElementFunctions, cells: Cells, nodes: np.ndarray, index: np.ndarray
) -> _State:
    """The cells of this index at their guesses."""
    cells, nodes, total = cells.taken(index), of_cells(nodes, index), len(index)
    left, right = cells.vertices[:-1], cells.vertices[1:]
    kept = functions.condensed.keep([None, left[None], right[None], cells.numbers[:, None], None])
    return _State(
        place=index,
        cells=cells,
        kept=kept,
        base=nodes,
        trial=nodes,
        step=np.zeros_like(nodes),
        cost=np.full(total, np.inf),
        fall=np.zeros(total),
        length=np.ones(total),
        shift=np.zeros(total),
        waiting=np.ones(total, dtype=bool),
    )


def _padded_size(count: int) -> int:
    return -(-count // _WIDTH) * _WIDTH


def _padded(index: np.ndarray) -> np.ndarray:
    """The index with its first entry repeated up to a whole multiple of ``_WIDTH``."""
    missing = _padded_size(len(index)) - len(index)
    return np.append(index, np.repeat(index[:1], missing))


def _advanced(
    functions: ElementFunctions, state: _State, fixed_end: bool, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """One iteration of every cell; which are done, with their last step taken, and which failed."""
    system = _system(functions, state, fixed_end)
    promised = _ARMIJO * state.length * state.fall
    falls = system.cost <= state.cost - promised + _ROUNDING * system.size
    accepted = (falls | state.waiting) & np.isfinite(system.cost)
    positive = accepted & (system.lowest > 0) & np.isfinite(system.fall)

    # the parabola through cost, slope and the trial's cost has its minimum at this part of the step
    rise = system.cost - state.cost + state.length * state.fall
    shortening = np.clip(0.5 * state.length * state.fall / rise, _LEAST_PART, _MOST_PART)
    shortening = np.where(np.isfinite(rise), shortening, _LEAST_PART)

    # a new step from the trial nodes, where there is one
    step = _step(functions, system)
    state.base = np.where(accepted, state.trial, state.base)
    state.cost = np.where(accepted, system.cost, state.cost)
    state.step = np.where(positive, step, state.step)
    state.fall = np.where(positive, system.fall, state.fall)
    state.waiting = accepted & ~positive
    done = positive & (state.shift == 0) & (system.fall <= tolerance * system.size)

    smaller = np.where(state.shift > _LEAST_SHIFT, _LESS * state.shift, 0.0)
    larger = np.where(state.shift > 0, _MORE * state.shift, _FIRST_SHIFT)
    state.shift = np.where(positive, smaller, np.where(state.waiting, larger, state.shift))
    shorter = state.length * shortening
    state.length = np.where(positive, 1.0, np.where(accepted, state.length, shorter))
    moved = np.where(state.waiting, 0.0, state.length)
    state.trial = state.base + moved * state.step
    failed = (state.length < _SHORTEST) | (state.shift > 1e8) | ~np.isfinite(state.cost)
    return done, failed & ~done


@dataclass(frozen=True, kw_only=True, eq=False)
class _System:
    """Cost and condensed Newton system at the trial nodes."""

    cost: np.ndarray
    size: np.ndarray
    lowest: np.ndarray
    fall: np.ndarray
    at_vertices: np.ndarray
    solved: np.ndarray
    factors: np.ndarray


def _system(functions: ElementFunctions, state: _State, fixed_end: bool) -> _System:
    cells, n = state.cells, functions.chain.dimension
    left, right = cells.vertices[:-1], cells.vertices[1:]
    stiffness = (state.shift * cells.mass)[None, None]
    arguments = [state.trial, left[None], right[None], cells.numbers[:, None], stiffness]
    cost, size, lowest, fall, schur, slope, solved, factors = functions.condensed(
        arguments, state.kept
    )
    total, whole = summed(cost[0]), summed(size[0])
    end = None
    if not fixed_end:
        end = np.zeros((n * (n + 1) // 2, len(total))), np.zeros((n, len(total)))
        if functions.ending is not None:
            theta = state.trial[-n:, -1]
            value, gradient, hessian = functions.ending([theta, cells.ending[None]])
            end = hessian, gradient
            total, whole = total + value[0], whole + np.abs(value[0])
    chained = functions.chain.solve(schur, slope, end)
    return _System(
        cost=total,
        size=whole,
        lowest=np.minimum(smallest(lowest[0]), chained.lowest),
        fall=summed(fall[0]) + chained.fall,
        at_vertices=chained.step,
        solved=solved,
        factors=factors,
    )


def _step(functions: ElementFunctions, system: _System) -> np.ndarray:
    """The Newton step at the nodes of every element, (n(d+1), K, B)."""
    ends = np.concatenate([system.at_vertices[:, :-1], system.at_vertices[:, 1:]])
    (inner,) = functions.inner([system.solved, system.factors, ends])
    n = len(ends) // 2
    return np.concatenate([ends[:n], inner, ends[n:]])


def of_cells(array: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Some cells of an array (…, B), contiguous: indexing alone may leave other axes last."""
    return np.take(array, index, axis=-1)


def _beside(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.concatenate([first, second], axis=-1)


def summed(values: np.ndarray) -> np.ndarray:
    """Sum over the first axis, in order whatever the shape of the others."""
    total = values[0].copy()
    for row in values[1:]:
        total += row
    return total


def smallest(values: np.ndarray) -> np.ndarray:
    """Least along the first axis; NaN where one is."""
    least = values[0].copy()
    for row in values[1:]:
        np.minimum(least, row, out=least)
    return least
