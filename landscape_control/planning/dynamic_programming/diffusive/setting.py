"""What solving for the best policy and evaluating a given one share.

The equations in (θ, belief), the grid they are put on, and the result that two grids make.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ....model.problem import ControlProblem
from ....support.arrays import freeze, whole
from ....support.errors import ProblemError
from ..box import node_counts, refuse_outside
from ..mesh import Grid
from .coordinates import BeliefCoordinates, belief_system
from .diffusion import ControlledDiffusion
from .domain import Domain, derived_domain, given_domain
from .quality import Quality
from .result import GridPolicy
from .scheme import Scheme
from .solved import Solved

POINTS = {1: (401,), 2: (101, 101), 3: (41, 41, 21)}
_COVARIANCES = {"mean": "steady", "mean and variance": "coordinate"}


@dataclass(frozen=True, kw_only=True, eq=False)
class Setting:
    """A partially observed problem on a grid of (θ, belief).

    Attributes
    ----------
    problem : ControlProblem
    system : ControlledDiffusion, its equations
    coordinates : BeliefCoordinates
    assumes : str, what they take for granted
    domain : Domain
    grid : Grid, the finer of the two that every solve uses
    order : int, of the scheme
    steps : int, time steps of a finite horizon
    """

    problem: ControlProblem
    system: ControlledDiffusion
    coordinates: BeliefCoordinates
    assumes: str
    domain: Domain
    grid: Grid
    order: int
    steps: int

    @property
    def schemes(self) -> tuple[tuple[Scheme, int], tuple[Scheme, int]]:
        """(scheme, time steps) on the grid of twice the spacing, and on the grid itself."""
        coarse, fine = (
            Scheme(system=self.system, grid=grid, order=self.order)
            for grid in (self.grid.coarser(), self.grid)
        )
        return (coarse, self.steps // 2), (fine, self.steps)

    @property
    def start(self) -> np.ndarray:
        """(θ, belief) at t = 0."""
        return np.concatenate([self.problem.start, self.coordinates.start])

    def result(
        self, solved: Sequence[Solved], *, tolerance: float, accuracy: float, began: float
    ) -> GridPolicy:
        """What the solves on the coarse and on the fine grid say; ``began`` of perf_counter."""
        coarse, fine = solved
        quality = Quality.of(coarse, fine, self.domain, self.start)
        status, message = quality.judged(tolerance, accuracy)
        shape = self.grid.shape
        controls = np.array([motion.control.reshape(-1, *shape) for motion in fine.motions])
        return GridPolicy(
            axes=self.grid.axes,
            names=self.system.names,
            to_go=freeze(fine.to_go),
            values=freeze(fine.values.reshape(-1, *shape)),
            controls=freeze(controls),
            error=quality.error,
            policy_error=quality.policy_error,
            status=status,
            message=message,
            residual=fine.change,
            iterations=fine.iterations,
            box=freeze(self.domain.box),
            core=freeze(self.domain.core),
            natural=self.domain.unreachable,
            wall_share=quality.wall_share,
            order=self.order,
            assumes=self.assumes,
            seconds=time.perf_counter() - began,
            start=self.problem.start,
            coordinates=self.coordinates,
        )


def setting_of(
    problem: ControlProblem,
    *,
    points: int | Sequence[int] | None = None,
    box: object = None,
    margin: float = 0.3,
    order: int = 2,
    covariance: str = "auto",
    steps: int = 100,
) -> Setting:
    """The setting that a user asks for; see :func:`.solve_grid`, which says what is refused."""
    _check_scheme(order, steps)
    system, coordinates, assumes = belief_system(problem, covariance)
    domain = _domain(problem, coordinates, box, margin)
    counts = node_counts(
        points,
        len(system.names),
        default=POINTS[len(system.names)],
        least=11,
        advice="one entry per coordinate: θ, then the belief",
    )
    setting = Setting(
        problem=problem,
        system=system,
        coordinates=coordinates,
        assumes=assumes,
        domain=domain,
        grid=Grid.over(domain.box, counts),
        order=order,
        steps=steps,
    )
    refuse_outside(setting.grid, {"start": setting.start})
    return setting


def setting_like(problem: ControlProblem, like: GridPolicy) -> Setting:
    """The setting of another result. Raises ProblemError where it is of another kind of problem."""
    covariance = _COVARIANCES.get(like.coordinates.kind, "auto")
    system, coordinates, assumes = belief_system(problem, covariance)
    horizon = float(like.to_go[-1])
    wanted = f"coordinates ({', '.join(system.names)}) and T = {system.horizon:g}"
    given = f"coordinates ({', '.join(like.names)}) and T = {horizon:g}"
    if wanted != given:
        raise ProblemError(
            "like",
            expected=f"a result on the grid of this problem, with {wanted}",
            received=f"one with {given}",
            advice="solve_grid(problem, ...) makes one; or leave like out and say points",
        )
    return Setting(
        problem=problem,
        system=system,
        coordinates=coordinates,
        assumes=assumes,
        domain=Domain(core=like.core, box=like.box, unreachable=like.natural),
        grid=Grid(axes=like.axes),
        order=like.order,
        steps=like.iterations,
    )


def _domain(
    problem: ControlProblem, coordinates: BeliefCoordinates, box: object, margin: float
) -> Domain:
    if box is None:
        return derived_domain(problem, coordinates, margin)
    return given_domain(problem, coordinates, box)


def _check_scheme(order: int, steps: int) -> None:
    if order not in (1, 2):
        raise ProblemError(
            "order",
            expected="1 or 2",
            received=repr(order),
            advice="2 is more accurate, 1 more robust",
        )
    if whole("steps", steps, low=10) % 2:
        raise ProblemError(
            "steps",
            expected="an even number (every other step makes the coarser solve)",
            received=str(steps),
            advice=f"use {steps + 1}",
        )
