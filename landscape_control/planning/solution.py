"""What a solve returns: NumPy arrays, a status with advice, and every plan that was found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Protocol

import numpy as np
from scipy.linalg import expm

from ..model.problem import ControlProblem
from ..support.arguments import AnyNumber, Entries, NonNegative, Shape, Vector, checked
from ..support.drawable import drawn_by
from ..support.errors import ProblemError
from ..support.estimates import discretised
from ..support.interpolation import PiecewisePolynomial
from ..support.results import Result
from ..support.short_repr import short_repr
from .status import Status

__all__ = ["Plan", "Solution", "Status", "Tail"]

FindBasin = Callable[[np.ndarray], np.ndarray | None]


class PlanCertificate(Protocol):
    """What a plan says of its certificate, whose class stands above this module."""

    @property
    def residuals(self) -> dict[str, float]: ...

    @property
    def cost_scale(self) -> float: ...

    @property
    def minimum(self) -> bool | None: ...

    @property
    def failures(self) -> tuple[str, ...]: ...

    @property
    def passed(self) -> bool: ...


if TYPE_CHECKING:
    Times = np.ndarray | Sequence[float] | float
    AnyCertificate = PlanCertificate | None
    AnyProblem = ControlProblem | None
else:
    Times = Annotated[np.ndarray, Shape((0, 1))]
    # results are not checked again for what the solver has put into them
    AnyCertificate = AnyProblem = object


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Tail:
    """The optimal continuation after the computed horizon of an infinite-horizon plan.

    θ̇ = closed_loop (θ - steady_state) + velocity,  u = steady_control - gain (θ - steady_state).
    """

    steady_state: Entries  # (n,)
    steady_control: Entries  # (m,)
    steady_costate: Entries  # (n,)
    closed_loop: Entries  # (n, n)
    gain: Entries  # (m, n)
    value_hessian: Entries  # (n, n), V ≈ ... + ½ δᵀ S δ
    # (n,), None for 0: the state given is a point of reference where nothing rests
    velocity: Entries | None = None
    # whether the plan has come close enough to rest for the continuation to hold
    reliable: bool = True

    __repr__ = short_repr


def _advanced(tail: Tail, offset: np.ndarray, elapsed: float) -> np.ndarray:
    """The offset from the tail's state after a time."""
    if tail.velocity is None:
        return expm(tail.closed_loop * elapsed) @ offset
    n = len(offset)
    # (offset, 1) obeys a linear equation, whose constant coordinate carries the velocity
    generator = np.block([[tail.closed_loop, tail.velocity[:, None]], [np.zeros((1, n + 1))]])
    return (expm(generator * elapsed) @ np.append(offset, 1.0))[:n]


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Plan(Result):
    """One stationary path of the problem.

    Attributes
    ----------
    cost : float
    times : (N+1,), vertices and interior nodes of the mesh, in time units of the problem
    parameters : (N+1, n), θ
    controls : (N+1, m), u
    costates : (N+1, n), current-value λ = ∂V/∂θ
    vertices : (K+1,), ends of the elements
    positions : (degree+1,), nodes of one element as fractions of it, first 0 and last 1, shared
        with the neighbours
    found_from : names of the initial guesses that led here
    iterations : of the optimiser, for the guess that found it first
    status : Status
    cost_error : estimated error of ``cost`` from the time discretisation
    certificate : Certificate, checks made without the optimiser; a converged plan has passed them.
        None for plans that are parts of others
    """

    cost: AnyNumber
    times: Entries
    parameters: Entries
    controls: Entries
    costates: Entries
    vertices: Entries
    positions: Entries
    status: Status
    iterations: int
    cost_error: AnyNumber
    found_from: tuple[str, ...] = ()
    message: str = ""
    log: str = ""
    tail: Tail | None = None
    certificate: AnyCertificate = field(repr=False, default=None)
    _find_basin: FindBasin | None = field(repr=False, default=None)

    @cached_property
    def end_basin(self) -> np.ndarray | None:
        """The local minimum (n,) of L whose gradient-flow basin holds θ(T), None if none is known."""
        return None if self._find_basin is None else self._find_basin(self.parameters[-1])

    def __getstate__(self) -> dict[str, object]:
        """Plain arrays only: the basin is looked up, then the landscape's functions stay behind."""
        self.end_basin  # noqa: B018  (forces the cached value)
        return {**self.__dict__, "_find_basin": None}

    def revised(self, **changes: object) -> "Plan":
        """A copy with other fields, unchecked: the checks cost as much as a tenth of a solve."""
        copied = object.__new__(type(self))
        own = self.__dict__
        copied.__dict__.update({name: own[name] for name in _PLAN_FIELDS})
        copied.__dict__.update(changes)
        return copied

    @property
    def degree(self) -> int:
        """Intervals between the nodes of one element."""
        return len(self.positions) - 1

    def __repr__(self) -> str:
        nodes = f"{len(self.times)} nodes to t = {self.times[-1]:g}"
        return f"Plan(J = {discretised(self.cost, self.cost_error)}, {self.status}, {nodes})"

    @checked
    def parameters_at(self, times: Vector) -> np.ndarray:
        """θ (S, n) at times (S,) within the nodes' range."""
        return PiecewisePolynomial(
            vertices=self.vertices, positions=self.positions, values=self.parameters
        )(times)

    @cached_property
    def _path(self) -> PiecewisePolynomial:
        values = np.hstack([self.parameters, self.controls, self.costates])
        return PiecewisePolynomial(vertices=self.vertices, positions=self.positions, values=values)

    @checked
    def at(self, t: Times) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(θ, u, λ) at a time or times t, by the polynomials the plan was computed with.

        Infinite-horizon plans continue past the last node along their linear tail. Raises
        ProblemError outside [0, T].
        """
        times = np.atleast_1d(t)
        last = self.times[-1]
        beyond = times > last * (1 + 1e-12)
        if (times < 0).any() or (beyond.any() and not (self.tail and self.tail.reliable)):
            raise ProblemError(
                "time",
                expected=f"times in [0, {last:g}]",
                received=f"{times.min():g} … {times.max():g}",
                advice=(
                    "ask inside the horizon of the plan; an infinite-horizon plan continues beyond"
                    " its last node only if it has come close to rest by then"
                ),
            )
        values = self._path(np.minimum(times, last))
        if beyond.any():
            values[beyond] = [
                np.concatenate(self.follow_tail(self.parameters[-1], time - last))
                for time in times[beyond]
            ]
        if np.ndim(t) == 0:
            values = values[0]
        n, m = self.parameters.shape[1], self.controls.shape[1]
        return values[..., :n], values[..., n : n + m], values[..., n + m :]

    @checked
    def follow_tail(
        self, theta: Vector, elapsed: NonNegative
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(θ, u, λ) a time ``elapsed`` after θ along the linear tail of an infinite-horizon plan."""
        tail = self.tail
        if tail is None:
            raise ProblemError(
                "tail",
                expected="a plan of an infinite horizon",
                received="a plan that ends at its horizon",
                advice="ask for times up to the horizon, with at(t)",
            )
        offset = _advanced(tail, theta - tail.steady_state, elapsed)
        return (
            tail.steady_state + offset,
            tail.steady_control - tail.gain @ offset,
            tail.steady_costate + tail.value_hessian @ offset,
        )


# what has been computed from the fields (cached properties) does not belong to a revised plan
_PLAN_FIELDS = tuple(each.name for each in fields(Plan))


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Solution(Result):
    """The best plan, and the other distinct stationary plans that the starts led to.

    Theory: equation :eq:`pontryagin`.

    ``cost``, ``times``, ``parameters``, ``controls``, ``costates`` and ``at`` are those of the best
    plan, ``plans[0]``.

    Attributes
    ----------
    plans : tuple of Plan, best first
    status : Status of the best plan
    tolerance : float, the cost tolerance asked for, relative to ∫|integrand|
    method, solver : str, the transcription and the optimiser used, as chosen (never switched
        silently)
    starts : int, how many initial guesses were tried
    is_convex : bool, whether J is convex, so that a stationary plan is the global minimum
    build_seconds, solve_seconds : float
    problem : ControlProblem, what was solved, with the numbers of this solve; None in a solution
    read from a pickle
    """

    plans: tuple[Plan, ...]
    tolerance: AnyNumber
    method: str
    solver: str
    starts: int
    build_seconds: AnyNumber
    solve_seconds: AnyNumber
    problem: AnyProblem = field(repr=False, default=None)
    is_convex: bool = False
    _describe_search: Callable[[], str] | None = field(repr=False, default=None)

    plot = drawn_by("plot_solution")

    @property
    def best(self) -> Plan:
        """The cheapest plan."""
        return self.plans[0]

    @property
    def cost(self) -> float:
        """J of the best plan."""
        return self.best.cost

    @property
    def status(self) -> Status:
        """Status of the best plan."""
        return self.best.status

    @property
    def times(self) -> np.ndarray:
        """Node times, (N+1,)."""
        return self.best.times

    @property
    def parameters(self) -> np.ndarray:
        """θ at the nodes, (N+1, n)."""
        return self.best.parameters

    @property
    def controls(self) -> np.ndarray:
        """u at the nodes, (N+1, m)."""
        return self.best.controls

    @property
    def costates(self) -> np.ndarray:
        """Current-value λ = ∂V/∂θ at the nodes, (N+1, n)."""
        return self.best.costates

    @property
    def message(self) -> str:
        """What happened and where, in words."""
        return self.best.message

    @property
    def log(self) -> str:
        """The optimiser's own log, if it was asked to keep one."""
        return self.best.log

    @checked
    def at(self, t: Times) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(θ, u, λ) at time(s) t on the best plan, see :meth:`Plan.at`."""
        return self.best.at(t)

    @cached_property
    def certificate(self) -> PlanCertificate:
        """Checks of the best plan made without the optimiser; a converged plan has passed them."""
        if self.best.certificate is None:
            raise ProblemError(
                "certificate",
                expected="a solution made by solve()",
                received="a solution whose best plan was not checked",
                advice="solve the problem again, or certify(problem, plan)",
            )
        return self.best.certificate

    @checked
    def summary(self) -> str:
        """One line: cost with error estimate, status, method, effort."""
        return (
            f"J = {discretised(self.cost, self.best.cost_error)}, {self.status}; {self.searched()}; "
            f"{self.method} with {self.solver}, {self.best.iterations} iterations, "
            f"build {self.build_seconds * 1e3:.1f} ms, solve {self.solve_seconds * 1e3:.1f} ms"
        )

    @cached_property
    def search(self) -> str:
        """What was searched, in words: starts, places to end at, how far, and what was left out."""
        return "" if self._describe_search is None else self._describe_search()

    def searched(self) -> str:
        """How the best plan was searched for, and what that says about cheaper ones."""
        starts = "1 start" if self.starts == 1 else f"{self.starts} starts"
        if self.is_convex:
            return f"best of {starts}, global because the problem is convex"
        plans = "1 distinct plan" if len(self.plans) == 1 else f"{len(self.plans)} distinct plans"
        places = f" ({self.search})" if self.search else ""
        return f"best of {starts}{places}, {plans}; not certified global"

    def __repr__(self) -> str:
        return f"Solution({self.summary()})"

    def __getstate__(self) -> dict[str, object]:
        """Plain arrays only: the search is put in words, and the problem's functions stay behind."""
        self.search  # noqa: B018  (forces the cached value)
        return {**self.__dict__, "problem": None, "_describe_search": None}
