"""GridPolicy: value and policy of a problem in (θ, belief), on a grid and between its nodes."""

import enum
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ....support.arguments import AnyNumber, Anywhere, Entries, checked
from ....support.errors import ProblemError
from ....support.estimates import with_error
from ....support.recordable import Recordable
from ..mesh import Grid, Interpolant
from .coordinates import BeliefCoordinates
from .task_coordinates import PROBABILITIES, joined


class GridStatus(enum.Enum):
    """How a grid solve ended; the value says what happened and what to try next."""

    CONVERGED = (
        "converged, the iteration has settled, two grids agree to the accuracy asked for, and the"
        " box is wide enough: use it"
    )
    GRID_TOO_COARSE = (
        "grid too coarse, two grids differ by more than the accuracy asked for: take more points"
        " along the axis where V bends most, or a smaller box"
    )
    DOMAIN_LEFT = (
        "domain left, the closed loop comes to a wall of the box, where it is stopped, so values"
        " near that wall are not the problem's: pass a larger margin or box"
    )
    ITERATION_LIMIT = (
        "the policy iteration did not settle, as can happen where V has kinks: use order=1, which"
        " settles but needs finer grids, or take more points"
    )

    @property
    def ok(self) -> bool:
        return self is GridStatus.CONVERGED

    @property
    def advice(self) -> str:
        return self.value.rpartition(": ")[2]

    def __str__(self):
        return self.name.lower().replace("_", " ")


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class GridPolicy(Recordable):
    """V(θ, belief) and u(θ, belief) from the stochastic HJB equation.

    Build with :func:`solve_grid`.

    Attributes
    ----------
    axes : d arrays (N_i,), node coordinates, θ first, then the belief
    names : d words, what the axes are: "θ", "m", "P", "p₁"
    to_go : (K+1,), increasing times-to-go of the slices; (inf,) for an infinite horizon
    values : (K+1, N_1, …), V at those times-to-go, current value
    controls : (K+1, m, N_1, …), u
    cost : float, V(start, prior) at t = 0
    error : float
        Estimated error of V at t = 0: the largest difference to the grid of twice the spacing (and
        time step) inside ``core``, divided by 2^order - 1, times 1.5. Half of the true error where
        neither grid resolves a layer, as of a probability near 0 or 1 when tasks switch slowly and
        are told apart fast (width: rate of switching over information per unit time).
    policy_error : float, the same for u
    status, message : GridStatus, and what happened with all numbers
    residual : float
        Size of the last change of V in the policy iteration, relative to the range of V (0 for
        marches).
    iterations : int, policy iterations on the finest grid, or time steps
    box, core : (d, 2), what the grid covers, and the part that ``error`` and ``status`` speak of
    natural : (d, 2), which sides need no margin because the belief cannot reach beyond them
    wall_share : float
        Discounted share of the time that the closed loop from the start spends at walls.
    order : int, of the scheme
    assumes : str, what the belief coordinates take for granted
    seconds : float
    """

    axes: tuple[Entries, ...] = field(repr=False)
    names: tuple[str, ...]
    to_go: Entries = field(repr=False)
    values: Entries = field(repr=False)
    controls: Entries = field(repr=False)
    error: AnyNumber
    policy_error: AnyNumber
    status: GridStatus
    message: str
    residual: AnyNumber
    iterations: int
    box: Entries
    core: Entries
    natural: Entries
    wall_share: AnyNumber
    order: int
    assumes: str
    seconds: AnyNumber
    start: Entries
    coordinates: BeliefCoordinates = field(repr=False)
    method = "dynamic programming"

    @property
    def value(self) -> np.ndarray:
        """V at t = 0 on the nodes, (N_1, …)."""
        return self.values[-1]

    @cached_property
    def cost(self) -> float:
        """V(start, prior) at t = 0."""
        return float(self.value_at(self.start, self._start_belief))

    @property
    def _start_belief(self) -> object:
        """The prior, as :meth:`value_at` takes it."""
        z = self.coordinates.start
        if self.coordinates.kind in PROBABILITIES:
            return joined(z)
        if self.coordinates.kind == "mean and variance":
            return z[:1], z[1:, None]
        return z

    @checked
    def value_at(
        self, theta: Anywhere, belief: object, time: AnyNumber = 0.0
    ) -> float | np.ndarray:
        """V at θ (n,) or (E, n) and a belief: a number or (E,), by cubic splines.

        Beyond the walls, at the nearest wall.

        ``belief`` is a GaussianBelief, a TaskBelief, the bare mean or probabilities, or (mean,
        covariance).
        """
        points, single = self._points(theta, belief)
        values = self._sample(self._value_splines, points[:, None], time)[:, 0]
        return values[0] if single else values

    @checked
    def policy(self, theta: Anywhere, belief: object, time: AnyNumber = 0.0) -> np.ndarray:
        """u at θ (n,) or (E, n) and a belief: (m,) or (E, m), by cubic splines.

        See :meth:`value_at`.
        """
        points, single = self._points(theta, belief)
        controls = self._sample(self._control_splines, points[:, None], time)
        return controls[0] if single else controls

    __call__ = policy

    @checked
    def contains(self, theta: Anywhere, belief: object) -> np.ndarray:
        """Whether points lie inside the box, a boolean or (E,)."""
        points, single = self._points(theta, belief)
        inside = ((points >= self.box[:, 0]) & (points <= self.box[:, 1])).all(axis=1)
        return inside[0] if single else inside

    def __repr__(self):
        return f"{type(self).__name__}({self.summary()})"

    @checked
    def summary(self) -> str:
        """One line: cost, errors, status, the grid and the time taken."""
        nodes = "x".join(str(len(axis)) for axis in self.axes)
        return (
            f"E[J] = {with_error(self.cost, self.error, 'two grids')},"
            f" u to ± {self.policy_error:.1g} (two grids),"
            f" {self.status}; {nodes} nodes in ({', '.join(self.names)}), order {self.order},"
            f" {self.iterations} iterations, {self.seconds:.2f} s"
        )

    def _points(self, theta, belief):
        theta, z = np.asarray(theta, dtype=float), self.coordinates.read(belief)
        n = len(self.names) - len(self.coordinates.names)
        if theta.shape[-1:] != (n,):
            raise ProblemError(
                "theta",
                expected=f"shape ({n},) or (E, {n})",
                received=f"shape {theta.shape}",
                advice="the last axis counts the parameters",
            )
        single = theta.ndim < 2 and z.ndim < 2
        theta, z = np.atleast_2d(theta), np.atleast_2d(z)
        count = max(len(theta), len(z))
        parts = [np.broadcast_to(part, (count, part.shape[1])) for part in (theta, z)]
        return np.hstack(parts), single

    def _sample(self, splines, points, time):
        """Slices interpolated linearly in time-to-go: points (S, 1, d) -> (S, components)."""
        points = points[:, 0]
        if len(self.to_go) == 1:
            return np.stack([spline(points) for spline in splines(0)], axis=1)
        left = self._to_go_at(time)
        k = int(np.clip(np.searchsorted(self.to_go, left) - 1, 0, len(self.to_go) - 2))
        share = (left - self.to_go[k]) / (self.to_go[k + 1] - self.to_go[k])
        parts = []
        for instant, weight in ((k, 1 - share), (k + 1, share)):
            if weight > 0:  # the splines of a slice that has no weight need not be made
                values = np.stack([spline(points) for spline in splines(instant)], axis=1)
                parts.append(weight * values)
        return sum(parts)

    def _to_go_at(self, time):
        horizon = self.to_go[-1]
        if not -1e-9 * horizon <= time <= horizon * (1 + 1e-9):
            raise ProblemError(
                "time",
                expected=f"a time in [0, {horizon:g}]",
                received=f"{time:g}",
                advice="ask inside the problem's horizon",
            )
        return float(np.clip(horizon - time, 0, horizon))

    @cached_property
    def _grid(self):
        return Grid(axes=self.axes)

    @cached_property
    def _kept(self) -> dict:
        return {}

    def _value_splines(self, k):
        return self._splines("value", k, self.values[k][None])

    def _control_splines(self, k):
        return self._splines("control", k, self.controls[k])

    def _splines(self, what, k, fields):
        if (what, k) not in self._kept:
            self._kept[what, k] = [Interpolant(self._grid, component) for component in fields]
        return self._kept[what, k]
