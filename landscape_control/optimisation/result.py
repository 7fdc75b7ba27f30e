"""What optimising a policy returns: coefficients, the rule to run, and how far to trust them."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from ..rules.families import Policy
from ..support.arguments import AnyNumber, Entries, checked
from ..support.drawable import drawn_by
from ..support.errors import ProblemError
from ..support.estimates import with_error
from ..support.results import Result
from .limits import UNLIMITED, CourseLimits
from .program import PolicyProgram
from .status import PolicyStatus


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class PolicyResult(Result):
    """The best coefficients of a family for a program, and every other optimum.

    Attributes
    ----------
    program : PolicyProgram, what was solved, with the numbers of this solve
    coefficients : {name: float, or array for those that vary}, by the family's Layout
    cost : float, J; by exact moments, or the mean over held-out scenarios
    cost_error : float, error of J from the quadrature over curvatures, and a bound of its round-off
        (0 for scenarios)
    standard_error : float, of J over held-out scenarios (0 for exact moments)
    optimism_gap : float, held-out J minus J on the scenarios it was fitted to (0 for exact moments)
    status : PolicyStatus
    starts : int, how many starting points were optimised from, those near the best included
    agreed : int, how many of them reached this cost
    begun_from : str, what the starting points were, with how many agreed there, where they were not
        drawn: the optima of fewer steps or of fewer numbers; else ""
    optima : tuple of (cost, read-only coefficients, how many starts), best first; costs within the
        tolerance count as one; for scenarios costs on held-out ones, in the order of those on the
        scenarios it was fitted to
    at_bound : tuple of str, coefficients that ended at the edge of their admissible range
    fixed : tuple of str, coefficients that were held where they are
    standing_still : float, J of never moving (NaN for scenarios)
    learnt : bool, whether the rule learns everything there is, so that the cost is zero to
        round-off
    nodes : int, quadrature nodes, or scenarios
    method : "exact moments" or "scenarios"
    build_seconds, solve_seconds : float
    tolerance : float, relative to the cost
    limits : CourseLimits, under which it was optimised
    compared : str, how it stands beside the best of a simpler family that its own contains, where
        that is returned or the order is not decided; else ""
    """

    program: PolicyProgram
    coefficients: Mapping[str, AnyNumber | Entries]
    cost: AnyNumber
    status: PolicyStatus
    starts: int
    agreed: int
    optima: tuple
    at_bound: tuple[str, ...]
    method: str
    nodes: int
    build_seconds: AnyNumber
    solve_seconds: AnyNumber
    tolerance: AnyNumber
    cost_error: AnyNumber = 0.0
    standard_error: AnyNumber = 0.0
    optimism_gap: AnyNumber = 0.0
    fixed: tuple[str, ...] = ()
    standing_still: AnyNumber = math.nan
    learnt: bool = False
    message: str = ""
    compared: str = ""
    begun_from: str = ""
    limits: CourseLimits = UNLIMITED
    _certify: Callable | None = field(repr=False, default=None)
    _identify: Callable | None = field(repr=False, default=None)

    plot = drawn_by("plot_policy")

    def __post_init__(self) -> None:
        object.__setattr__(self, "coefficients", MappingProxyType(dict(self.coefficients)))
        object.__setattr__(self, "optima", _read_only(self.optima))

    @cached_property
    def policy(self) -> Policy:
        """The rule to run: a pure (init, update) pair in NumPy."""
        return Policy(
            family=self.program.family, coefficients=self.coefficients, horizon=self.program.steps
        )

    @cached_property
    def certificate(self) -> Any:
        """Checks made without the optimiser, computed at first use, then kept.

        A PolicyCertificate, or a ScenarioCertificate for a result from scenarios; both have
        ``passed``.
        """
        return self._made(self._certify, "certificate")

    @cached_property
    def identifiability(self) -> Any:
        """Which combinations of coefficients do not change the cost: an Identifiability.

        Computed at first use, then kept.
        """
        return self._made(self._identify, "identifiability")

    def _made(self, maker: Callable | None, what: str) -> Any:
        if maker is None:
            raise ProblemError(
                what,
                expected="a result made by optimize_policy",
                received="a result without its checker",
                advice="optimise the program again",
            )
        return maker(self)

    @property
    def uncertainty(self) -> float:
        """Error of the cost from every known source: its ``cost_error`` plus two standard errors."""
        return self.cost_error + 2 * self.standard_error

    @property
    def cost_words(self) -> str:
        """The expected cost with its error, and where the error comes from."""
        kind = "quadrature over curvatures"
        if self.standard_error:
            kind = "two standard errors over held-out scenarios"
        return with_error(self.cost, self.uncertainty, kind, digits=6)

    @checked
    def summary(self) -> str:
        """One line: coefficients, cost with its error, status, how many starts agreed, effort."""
        nodes = "" if self.method == "scenarios" else f"{self.method}, "
        nodes += f"{self.nodes} {'curvatures' if nodes else 'scenarios'}"
        build, solve = 1e3 * self.build_seconds, 1e3 * self.solve_seconds
        notes = [self._edges(), self.compared]
        parts = [
            f"{self.program.family.name}, T = {self.program.steps}:"
            f" {coefficients_in_words(self.coefficients)}",
            f"J = {self.cost_words}, {self.status}",
            self.agreement,
            *filter(None, notes),
            f"{nodes}, build {build:.0f} ms, solve {solve:.0f} ms",
        ]
        return "; ".join(parts)

    @property
    def agreement(self) -> str:
        """How many starts agreed, on how many optima, and where they came from."""
        words = f"{self.agreed} of {self.starts} start(s) agree{self._other_optima()}"
        return f"{words}, begun from {self.begun_from}" if self.begun_from else words

    def _other_optima(self) -> str:
        others = len(self.optima) - 1
        if others <= 0:
            return ""
        return f", {others} other {'optimum' if others == 1 else 'optima'}"

    def _edges(self) -> str:
        if not self.at_bound:
            return ""
        more = f" and {len(self.at_bound) - 3} more" if len(self.at_bound) > 3 else ""
        return f"at the edge of the range: {', '.join(self.at_bound[:3])}{more}"

    def __repr__(self) -> str:
        return f"PolicyResult({self.summary()})"

    def __getstate__(self) -> dict[str, Any]:
        """Plain data only: checks are computed, then their makers stay behind."""
        for maker, name in ((self._certify, "certificate"), (self._identify, "identifiability")):
            if maker is not None:
                getattr(self, name)
        optima = [(cost, dict(coefficients), count) for cost, coefficients, count in self.optima]
        state = {
            **self.__dict__,
            "_certify": None,
            "_identify": None,
            "coefficients": dict(self.coefficients),
            "optima": tuple(optima),
        }
        state.pop("policy", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        object.__setattr__(self, "coefficients", MappingProxyType(state["coefficients"]))
        object.__setattr__(self, "optima", _read_only(state["optima"]))


def _read_only(optima: Iterable[tuple]) -> tuple:
    return tuple(
        (cost, MappingProxyType(dict(coefficients)), count) for cost, coefficients, count in optima
    )


def coefficients_in_words(coefficients: Mapping) -> str:
    """Name and value of each; first and last of those that vary."""
    words = [f"{name} {_short(value)}" for name, value in coefficients.items()]
    return ", ".join(words) or "no coefficients"


def _short(value: float | np.ndarray) -> str:
    if np.ndim(value) == 0:
        return f"{float(value):.4g}"
    flat = np.ravel(value)
    if len(flat) > 1 and math.isfinite(flat[0]):
        return f"{flat[0]:.3g} … {flat[-1]:.3g} ({len(flat)})"
    return f"{flat}"
