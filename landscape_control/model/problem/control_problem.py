"""ControlProblem: landscape, learner, objective and ends, cross-checked once."""

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ...support.arguments import Vector, checked
from ...support.arrays import symmetric, vector
from ...support.drawable import Shown
from ...support.errors import ProblemError, check_options, shown
from ...support.posed import Posed
from ...support.recordable import PickledAsRecord, Recordable
from ...support.short_repr import short_repr
from ..landscape import Landscape
from ..learner import Learner
from ..objective import Objective
from ..observation import check_sees
from .describe import describe
from .latex import describe_in_latex
from .model import Model, model_of
from .reachable import reachable_directions

_OWN_FIELDS = ("landscape", "learner", "start", "end", "objective")


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class ControlProblem(Shown, PickledAsRecord, Recordable, Posed):
    """Minimise J over controls u(t), with θ̇ = f + Bu, θ(0) = start, θ(T) = end or free.

    Theory: equations :eq:`problem` and :eq:`dynamics`.

    Attributes
    ----------
    landscape : Landscape
    learner : Learner, default: identity metric, no drift, every direction pushable
    objective : Objective
    start : array (n,)
    end : array (n,) or None
        None leaves θ(T) free.

    Raises
    ------
    ProblemError
        Shapes that do not match, NaN, a metric that is not symmetric positive definite at the
        start, a loss that is not finite there, an end that the actuation cannot reach, an infinite
        learning rate, a fixed end at T = ∞.
    """

    landscape: Landscape
    objective: Objective
    start: Vector
    learner: Learner = field(default_factory=Learner)
    end: Vector | None = None

    __repr__ = short_repr

    def __post_init__(self):
        n = self.landscape.dimension
        for name in ("start", "end"):
            given = getattr(self, name)
            if given is not None and given.size != n:
                vector(name, given, n)  # refuses it
        self._check_objective()
        if not self.is_known and self.learner.sees is None:
            raise ProblemError(
                "learner.sees",
                expected="what the learner sees of the hidden landscape",
                received="None",
                advice="pass Learner(sees=NoisyGradient(...)) or another observation model",
            )
        self._check_functions()
        if self.learner.sees is not None and self.model.cache.get("seen by") is not self.landscape:
            check_sees(self.learner.sees, self.landscape)
            self.model.cache["seen by"] = self.landscape
        if self.end is not None:
            self._check_reachable()

    @cached_property
    def model(self) -> Model:
        """The problem's functions; where variables are hidden, those at their prior mean.

        Shared with every problem of the same landscape, learner and terminal cost.
        """
        return model_of(self.landscape.at_prior_mean, self.learner, self.objective.terminal)

    @property
    def is_known(self) -> bool:
        """Whether nothing is hidden: the learner knows the landscape it moves in."""
        return self.landscape.hidden is None

    @checked
    def known(self, hidden: Vector) -> "ControlProblem":
        """The full-information problem in which the hidden variables have these values."""
        return replace(
            self, landscape=self.landscape.given(hidden), learner=replace(self.learner, sees=None)
        )

    @property
    def dimension(self) -> int:
        """n, the number of parameters."""
        return self.landscape.dimension

    @property
    def controls(self) -> int:
        """m, the number of controls (columns of B)."""
        return self.model.controls

    @cached_property
    def start_derivatives(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(L, ∇L, ∇²L) at the start and the prior mean, shapes (1,), (1, n), (1, n, n)."""
        cache, start = self.model.cache, self.start.tobytes()
        known = cache.get("start derivatives")
        if known is None or known[0] != start:  # problems that differ in other numbers share them
            known = cache["start derivatives"] = (
                start,
                self.landscape.at_prior_mean.derivatives(self.start),
            )
        return known[1]

    @checked
    def changed(self, **changes: object) -> "ControlProblem":
        """A copy with other fields, of the problem itself or of its objective."""
        of_landscape = [name for name in changes if name in self.landscape.parameters]
        if of_landscape:
            name = of_landscape[0]
            raise ProblemError(
                "changed",
                expected="fields of the problem or its objective",
                received=f"{name!r}, a parameter of the landscape",
                advice=f"write changed(landscape=problem.landscape.with_parameters({name}=…))",
            )
        own: dict[str, Any] = {}
        rest: dict[str, Any] = {}  # numbers of the objective
        for name, value in changes.items():
            (own if name in _OWN_FIELDS else rest)[name] = value
        check_options("change", rest, [*Objective.__dataclass_fields__, *_OWN_FIELDS])
        if rest:
            objective = own.get("objective", self.objective)
            if not isinstance(objective, Objective):
                raise ProblemError(
                    "objective",
                    expected="an Objective",
                    received=shown(objective),
                    advice="e.g. landscape_control.Objective(horizon=…)",
                )
            own["objective"] = replace(objective, **rest)
        return replace(self, **own)

    @checked
    def describe(self, format: Literal["text", "latex"] = "text") -> str:
        """The functional being minimised, in words and symbols, with all numbers.

        "latex" is a paragraph for a methods section: the equations and a line for every symbol.
        """
        return describe(self) if format == "text" else describe_in_latex(self)

    def _check_objective(self):
        if math.isinf(self.objective.learning_rate):
            raise ProblemError(
                "learning_rate η",
                expected="a finite number > 0 for a trajectory problem",
                received="inf",
                advice="free movement has no optimal path in continuous time; choose a finite η",
            )
        if self.objective.loss_weight == 0 and self.objective.terminal is None and self.end is None:
            raise ProblemError(
                "objective",
                expected="loss_weight > 0, a terminal cost or a fixed end",
                received="loss_weight = 0 and terminal = None",
                advice="without any of them, doing nothing is optimal",
            )
        if math.isinf(self.objective.horizon) and self.end is not None:
            raise ProblemError(
                "end",
                expected="a free end (end=None) when the horizon is infinite",
                received="a fixed end",
                advice="drop the end, or choose a finite horizon",
            )

    def _check_functions(self):
        cache, start = self.model.cache, self.start.tobytes()
        if cache.get("checked at") != start:
            self._check_functions_at_start()
            cache["checked at"] = start

    def _check_functions_at_start(self):
        loss, gradient, hessian = self.start_derivatives
        if not all(np.isfinite(part).all() for part in self.start_derivatives):
            raise ProblemError(
                "loss",
                expected="finite value, gradient and Hessian at the start",
                received=(
                    f"loss {loss[0]:g}, |gradient| {np.abs(gradient).max():g}, |Hessian|"
                    f" {np.abs(hessian).max():g}"
                ),
                advice=(
                    "start inside the landscape's domain, where the loss is twice differentiable"
                ),
            )
        model = self.model
        # constant functions need one look only
        if model.cache.get("checked") == (True, True, True):
            return
        metric, actuation = model.effort_at(self.start)
        symmetric("metric G at the start", metric, self.controls, definite=True)
        for name, values in (("drift f", model.drift(self.start)), ("actuation B", actuation)):
            if not np.isfinite(values).all():
                raise ProblemError(
                    f"{name} at the start",
                    expected="finite numbers",
                    received="NaN or infinity",
                    advice="start inside the domain of the function you passed",
                )
        if not np.abs(actuation).max() > 0:
            raise ProblemError(
                "actuation B at the start",
                expected="at least one direction that can be pushed",
                received="B = 0",
                advice="give B a non-zero column",
            )
        model.cache["checked"] = tuple(model.constant.values())

    def _check_reachable(self):
        """Refuse an end outside the reachable affine subspace.

        By Kalman's test, for a constant B and an affine drift: what lies off the range of
        [B, AB, …] is the same at T as without any control.
        """
        directions = reachable_directions(self.model)
        drift = self.model.drift_matrix
        if directions is None or drift is None or not directions[1].shape[1]:
            return
        rest = directions[1]
        coasting = _coast(*drift, self.start, self.objective.horizon)
        gap = rest.T @ (self.end - coasting)
        size = np.abs([self.start, self.end, coasting]).max()
        if np.abs(gap).max() > 1e-8 * size:
            direction = rest @ gap / np.linalg.norm(gap)
            raise ProblemError(
                "end",
                expected=(
                    "an end that the actuation can reach (range of [B, AB, …] around the coasting"
                    " point)"
                ),
                received=(
                    f"an end off by {np.linalg.norm(gap):.3g} along"
                    f" {np.round(direction, 4).tolist()}"
                ),
                advice="free the end, move it into the reachable subspace, or add a column to B",
            )


def _coast(matrix: np.ndarray, offset: np.ndarray, start: np.ndarray, horizon: float) -> np.ndarray:
    """θ(T) of θ̇ = Aθ + c: where the learner arrives without pushing."""
    from scipy.linalg import expm  # rarely needed: keeps the import light

    n = len(start)
    generator = np.block([[matrix, offset[:, None]], [np.zeros((1, n + 1))]])
    return (expm(generator * horizon) @ np.append(start, 1.0))[:n]
