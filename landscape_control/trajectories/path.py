"""What :func:`trajectory` returns: one path of one rule, and what it costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..model.problem import ControlProblem
from ..support.arguments import AnyNumber, Entries, checked
from ..support.drawable import drawn_by
from ..support.results import Result


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory(Result):
    """The path of one rule from a problem's start, at the prices of the problem.

    Attributes
    ----------
    key, name : of the rule
    coefficients : {name: value}; for a causal rule those of u_t, a rate, so that Δθ_t = u_t·step
    symbols : {name: symbol} of the coefficients
    tuned : whether the coefficients were searched for (least J) or given
    at_bounds : names of coefficients that the search left at an end of their range, beyond which a
        better one may lie
    cost : J of the path; None where it has none
    reason : why there is no cost, or how far it counts; empty otherwise
    times : (N,)
    parameters : (N, n), θ
    controls : (N, m), u; of a causal rule that from this time to the next
    step : time between two updates of a causal rule, None for a closed form in continuous time
    problem : ControlProblem
    """

    key: str
    name: str
    coefficients: Mapping[str, AnyNumber]
    symbols: Mapping[str, str]
    tuned: bool
    at_bounds: tuple[str, ...] = ()
    cost: AnyNumber | None
    reason: str
    times: Entries
    parameters: Entries
    controls: Entries
    step: AnyNumber | None
    problem: ControlProblem = field(repr=False)

    plot = drawn_by("plot_trajectory")

    @property
    def losses(self) -> np.ndarray:
        """L(θ) along the path, (N,)."""
        return self.problem.landscape.loss(self.parameters)

    @property
    def words(self) -> str:
        """The coefficients with their symbols, e.g. "α = 0.42, β = 0.9"."""
        pairs = [
            f"{self.symbols.get(name, name)} = {value:.3g}"
            for name, value in self.coefficients.items()
        ]
        return ", ".join(pairs)

    @property
    def origin(self) -> str:
        """Where the coefficients come from, and which of them ended where the search ended."""
        if not self.tuned:
            return "given"
        ends = ", ".join(self.symbols.get(name, name) for name in self.at_bounds)
        return f"of least J; {ends} at an end of what was searched" if ends else "of least J"

    @checked
    def summary(self) -> str:
        """One line: rule, coefficients, cost or why there is none."""
        coefficients = f" ({self.words}; {self.origin})" if self.coefficients else ""
        steps = "" if self.step is None else f"; steps of {self.step:.3g}"
        cost = self.reason if self.cost is None else f"J = {self.cost:.6g}"
        note = f" ({self.reason})" if self.reason and self.cost is not None else ""
        return f"{self.name}{coefficients}: {cost}{note}, to t = {self.times[-1]:g}{steps}"

    def __repr__(self) -> str:
        return f"Trajectory({self.summary()})"
