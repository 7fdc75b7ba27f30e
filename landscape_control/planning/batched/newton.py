"""Newton's method on the discretised action, for many cells at once.

All cells of a batch advance together: every iteration evaluates, condenses and eliminates once for
each of them. Regularisation, step length and convergence are each cell's own: where the Hessian is
not positive definite, a growing multiple of the kinetic diagonal is added before the next try; where
the cost does not fall as the slope promises, the step is shortened, and the next one regularised
more where it was far too long. Cells that are done make room.
"""

from dataclasses import dataclass

import numpy as np

from .cells import Cells, beside, of_cells
from .element import ElementFunctions
from .system import NewtonSystem, system_of

MOST_ITERATIONS = 60
_ARMIJO = 1e-4
_ROUNDING = 1e-14  # of a cost's size
_FIRST_SHIFT, _LEAST_SHIFT = 1e-2, 1e-3  # of the kinetic diagonal
_MORE, _LESS = 4.0, 0.25
_SHORTEST = 1e-4  # step length
_LEAST_PART, _MOST_PART = 0.1, 0.5  # of a step that is too long
_FAR_TOO_LONG = 0.25  # part of a step below which the next one is regularised more
_FULL = 0.75  # of a batch: below, it is filled up again
_ARRAYS = ("place", "base", "trial", "step", "cost", "fall", "length", "shift", "waiting")


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
        )

    def joined(self, other: "_State") -> "_State":
        """These cells and those of another state."""
        own = {name: beside(getattr(self, name), getattr(other, name)) for name in _ARRAYS}
        return _State(**own, cells=self.cells.joined(other.cells))


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
    _, count, total = nodes.shape
    most = functions.width(total, count)
    final, iterations = nodes.copy(), np.zeros(total, dtype=int)
    converged, over = np.zeros(total, dtype=bool), np.zeros(total, dtype=bool)
    begun = min(most, total)
    state, system = _placed(functions, _begun(cells, nodes, np.arange(begun)), fixed_end)
    while True:
        done, failed = _advanced(system, state, tolerance)
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
        if functions.width(len(running), count) > _FULL * len(state.place):
            continue
        more = np.arange(begun, min(begun + most - len(running), total))
        begun += len(more)
        if not len(more) and functions.width(len(running), count) == len(state.place):
            continue
        state = state.taken(running)
        if len(more):
            state = state.joined(_begun(cells, nodes, more))
        state, system = _placed(functions, state, fixed_end)
    return Minimised(nodes=final, iterations=iterations, converged=converged)


def _first_of_each(place: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Where the chosen cells stand, each once."""
    index = np.flatnonzero(chosen)
    return index[np.unique(place[index], return_index=True)[1]]


def _begun(cells: Cells, nodes: np.ndarray, index: np.ndarray) -> _State:
    """The cells of this index at their guesses."""
    nodes, total = of_cells(nodes, index), len(index)
    return _State(
        place=index,
        cells=cells.taken(index),
        base=nodes,
        trial=nodes.copy(),
        step=np.zeros_like(nodes),
        cost=np.full(total, np.inf),
        fall=np.zeros(total),
        length=np.ones(total),
        shift=np.zeros(total),
        waiting=np.ones(total, dtype=bool),
    )


def _placed(
    functions: ElementFunctions, state: _State, fixed_end: bool
) -> tuple[_State, NewtonSystem]:
    """The cells, the first of them repeated up to a width of blocks, and in a system of that width."""
    _, count, total = state.trial.shape
    missing = functions.width(total, count) - total
    if missing:
        state = state.taken(np.append(np.arange(total), np.zeros(missing, dtype=int)))
    system = system_of(functions, count, total + missing, fixed_end=fixed_end)
    system.load(state.cells)
    system.trial[...] = state.trial
    state.trial = system.trial
    return state, system


def _advanced(
    system: NewtonSystem, state: _State, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    """One iteration of every cell; which are done, with their last step taken, and which failed."""
    system.shift[...] = state.shift
    system.evaluate()
    promised = _ARMIJO * state.length * state.fall
    falls = system.cost <= state.cost - promised + _ROUNDING * system.size
    accepted = (falls | state.waiting) & np.isfinite(system.cost)
    positive = accepted & (system.lowest > 0) & np.isfinite(system.fall)

    # the parabola through cost, slope and the trial's cost has its minimum at this part of the step
    rise = system.cost - state.cost + state.length * state.fall
    shortening = np.clip(0.5 * state.length * state.fall / rise, _LEAST_PART, _MOST_PART)
    shortening = np.where(np.isfinite(rise), shortening, _LEAST_PART)

    # a new step from the trial nodes, where there is one
    left = system.fall / state.fall
    np.copyto(state.base, state.trial, where=accepted)
    np.copyto(state.cost, system.cost, where=accepted)
    np.copyto(state.step, system.step, where=positive)
    np.copyto(state.fall, system.fall, where=positive)
    state.waiting = accepted & ~positive
    done = positive & (state.shift == 0) & (system.fall <= tolerance * system.size)

    # where full steps leave a small part of the promised fall, little has to be added any more
    smaller = np.minimum(_LESS, left) * state.shift
    smaller = np.where(smaller > _LESS * _LEAST_SHIFT, smaller, 0.0)
    larger = np.where(state.shift > 0, _MORE * state.shift, _FIRST_SHIFT)
    too_long = ~accepted & (shortening < _FAR_TOO_LONG)
    had_all = positive & (state.length == 1)
    state.shift = np.where(
        had_all, smaller, np.where(state.waiting | too_long, larger, state.shift)
    )
    shorter = state.length * shortening
    state.length = np.where(positive, 1.0, np.where(accepted, state.length, shorter))
    moved = np.where(state.waiting, 0.0, state.length)
    np.multiply(moved, state.step, out=state.trial)
    state.trial += state.base
    failed = (state.length < _SHORTEST) | (state.shift > 1e8) | ~np.isfinite(state.cost)
    return done, failed & ~done
