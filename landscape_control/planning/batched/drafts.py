"""Plans of many cells on meshes of equally many elements: solved, recovered and examined together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...model.problem import ControlProblem, Model, typical_mass
from ..solver.guess import Guess
from .cells import Cells
from .element import ElementFunctions, node_times
from .examination import Examinations, Known, examined, is_minimum
from .newton import Minimised, minimised
from .path_functions import Paths, recovered

# of the tolerance: what the next step of Newton's method may still promise; its error is squared
# by that step
_STATIONARY = 1e-4


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """B plans on meshes of K elements.

    Attributes
    ----------
    cells, known : their numbers
    found : where Newton's method ended
    paths, examinations : what was made of it
    """

    cells: Cells
    known: Known
    found: Minimised
    paths: Paths
    examinations: Examinations

    @property
    def elements(self) -> int:
        """K."""
        return len(self.cells.vertices) - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Drafting:
    """How groups of plans of one model are made."""

    model: Model
    functions: ElementFunctions
    degree: int
    fixed_end: bool
    tolerance: float

    def made(
        self,
        problems: Sequence[ControlProblem],
        guesses: Sequence[Guess],
        fractions: np.ndarray,
    ) -> Group:
        """One plan for every problem, from its guess, on meshes with vertices at ``fractions``
        (K+1, B) of the horizons.
        """
        known = known_of(problems, self.fixed_end)
        cells = cells_of(problems, fractions)
        nodes = self._guessed(guesses, fractions, cells, known)
        found = minimised(
            self.functions,
            cells,
            nodes,
            fixed_end=self.fixed_end,
            tolerance=_STATIONARY * self.tolerance,
        )
        paths = recovered(
            self.model,
            self.functions,
            cells,
            found.nodes,
            fixed_end=self.fixed_end,
            degree=self.degree,
        )
        seen = examined(self.model, self.functions, cells, known, paths, self.degree)
        return Group(cells=cells, known=known, found=found, paths=paths, examinations=seen)

    def are_minima(self, group: Group, index: np.ndarray) -> np.ndarray:
        """Whether the second variation along some of the plans of a group is positive."""
        return is_minimum(
            self.model,
            self.functions,
            group.cells.taken(index),
            group.known.taken(index),
            np.take(group.paths.parameters, index, axis=-1),
            self.degree,
        )

    def _guessed(
        self, guesses: Sequence[Guess], fractions: np.ndarray, cells: Cells, known: Known
    ) -> np.ndarray:
        """The guesses at the nodes, (n(d+1), K, B)."""
        at = node_times(fractions[:-1], fractions[1:], self.degree)
        nodes = np.empty((self.degree + 1, self.model.dimension, *at.shape[1:]))
        horizons = cells.vertices[-1]
        lanes: dict[int, list[int]] = {}
        for lane, guess in enumerate(guesses):
            lanes.setdefault(id(guess), []).append(lane)
        for own in lanes.values():
            times = np.ascontiguousarray(at[..., own])
            # the horizons are finite: guesses have no clock of their own
            own_horizons = np.broadcast_to(horizons[own], times.shape)
            states = guesses[own[0]].states(times.ravel(), own_horizons.ravel())
            nodes[..., own] = states.reshape(*times.shape, -1).transpose(0, 3, 1, 2)
        nodes[0, :, 0] = known.start
        if known.end is not None:
            nodes[-1, :, -1] = known.end
        return nodes.reshape(-1, *at.shape[1:])


def cells_of(problems: Sequence[ControlProblem], fractions: np.ndarray) -> Cells:
    """The numbers of problems, with vertices at these fractions (K+1, B) of their horizons."""
    rows = []
    for problem in problems:
        own = problem.objective
        rows.append(
            (
                own.learning_rate,
                own.loss_weight,
                own.discount,
                own.horizon,
                own.terminal_weight,
                typical_mass(problem),
            )
        )
    eta, weight, discount, horizon, terminal, mass = np.array(rows).T
    return Cells(
        vertices=np.ascontiguousarray(horizon * fractions),
        numbers=np.stack([eta, weight, discount]),
        mass=mass / eta,
        ending=terminal * np.exp(-discount * horizon),
    )


def known_of(problems: Sequence[ControlProblem], fixed_end: bool) -> Known:
    """What their examination needs beside the numbers."""
    bends: dict[bytes, float] = {}
    bend = []
    for problem in problems:
        key = problem.start.tobytes()
        if key not in bends:
            bends[key] = float(np.abs(problem.start_derivatives[2]).max())
        bend.append(bends[key])
    return Known(
        start=np.array([problem.start for problem in problems]).T.copy(),
        end=np.array([problem.end for problem in problems]).T.copy() if fixed_end else None,
        bend=np.array(bend),
        terminal_weight=np.array([problem.objective.terminal_weight for problem in problems]),
    )
