"""What a rule gets to see: the kinds of information, and the observation that carries them."""

import enum
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import casadi as ca
import numpy as np

from ..model.objective import Objective
from ..model.problem import ControlProblem
from ..support.arguments import NonNegative, Numbers, Points, checked
from ..support.errors import ProblemError
from ..support.pointwise import Pointwise
from .proximal_point import proximal_control

if TYPE_CHECKING:
    from ..model.problem.model import Model

Values = dict["Information", Any]  # arrays, and the Objective under Information.OBJECTIVE


class Information(enum.Enum):
    """One kind of information about the landscape, the learner or the objective.

    Everything is expressed along the controls: with an actuation B other than the identity the
    learner sees the slope of the loss along what it can move. The value says what the rule
    receives, for S points and m controls.
    """

    PARAMETERS = "Bᵀθ, where the learner stands, (S, m)"
    LOSS = "L(θ), (S,)"
    GRADIENT = "Bᵀ∇L(θ), (S, m)"
    HESSIAN = "Bᵀ∇²L(θ)B, (S, m, m)"
    METRIC = "G(θ), the price of each direction, (S, m, m)"
    DRIFT = "B⁺f(θ), what the parameters do when nobody pushes, (S, m)"
    DRIFT_JACOBIAN = "B⁺(∂f/∂θ)B, (S, m, m)"
    OBJECTIVE = "the Objective (η, k, γ, κ), its horizon being the time that remains"
    PROXIMAL = "proximal oracle: the first control towards argmin_x |x-θ|²_G/2ηT + κΦ(x), (S, m)"

    def __str__(self) -> str:
        return self.name.lower().replace("_", " ")


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class Observation:
    """What is handed to a rule at S points: values by kind of information, and nothing else.

    Attributes
    ----------
    values : mapping from Information to array (or Objective), shapes as the Information members say
    asked_by : name of the rule, for the message of a refusal
    granted : kinds the rule declared, or None when whatever is there may be read
    """

    values: Mapping[Information, object]
    asked_by: str = "this rule"
    granted: frozenset[Information] | None = None

    def __getitem__(self, kind: Information) -> Any:
        """The value of one kind; refuses what was not declared or not given, by name.

        Arrays, but an Objective for Information.OBJECTIVE.
        """
        if self.granted is not None and kind not in self.granted:
            raise ProblemError(
                f"{self.asked_by} asks for {kind}",
                expected=f"what it declares: {names(self.granted)}",
                received=f"{kind}: {kind.value}",
                advice=f"add Information.{kind.name} to what the rule sees",
            )
        if kind not in self.values:
            raise ProblemError(
                f"{self.asked_by} needs {kind}",
                expected=f"an observation with {kind.value}",
                received=f"only {names(self.values) or 'nothing'}",
                advice=f"pass {kind.name.lower()}=..., or choose a rule that needs less",
            )
        return self.values[kind]

    @checked
    def later(self, elapsed: NonNegative) -> "Observation":
        """The same values with ``elapsed`` taken off the horizon of the objective, if one is seen."""
        objective = self.values.get(Information.OBJECTIVE)
        if not isinstance(objective, Objective) or elapsed == 0:
            return self
        remaining = _remaining(objective, elapsed)
        return replace(self, values={**self.values, Information.OBJECTIVE: remaining})

    @checked
    def for_rule(self, name: str, granted: frozenset[Information]) -> "Observation":
        """The same values, restricted to what the named rule declares."""
        return replace(self, asked_by=name, granted=granted)


@checked
def observation(**values: Numbers | Objective) -> Observation:
    """Observation of one point from values by name: ``observation(gradient=g, hessian=h)``.

    Arrays are those of one point ((m,) or (m, m)); a leading axis of length one is added. Unknown
    names are refused.
    """
    known = {kind.name.lower(): kind for kind in Information}
    for name in values:
        if name not in known:
            raise ProblemError(
                "observation",
                expected=f"names among {', '.join(known)}",
                received=repr(name),
                advice="name the kind of information as in Information, in lower case",
            )
    by_kind: Values = {}
    for name, value in values.items():
        kind = known[name]
        is_array = kind is not Information.OBJECTIVE
        by_kind[kind] = np.asarray(value, dtype=float)[None] if is_array else value
    return Observation(values=by_kind)


@checked
def observe(
    problem: ControlProblem,
    points: Points,
    kinds: Iterable[Information],
    *,
    elapsed: NonNegative = 0.0,
) -> Observation:
    """What can be seen of ``problem`` at points (S, n), ``elapsed`` time units after its start.

    Only ``kinds`` are computed and given.
    """
    return seen_at(problem, points, kinds, elapsed)


def seen_at(
    problem: ControlProblem,
    points: np.ndarray,
    kinds: Iterable[Information],
    elapsed: float = 0.0,
) -> Observation:
    """The same without checks, for points of the library's own, which may overflow."""
    kinds, points = frozenset(kinds), np.atleast_2d(points)
    values: Values = {}
    _see_loss(problem, points, kinds, values)
    _see_learner(problem, points, kinds, values)
    if kinds & {Information.OBJECTIVE, Information.PROXIMAL}:
        values[Information.OBJECTIVE] = remaining = _remaining(problem.objective, elapsed)
    if Information.PROXIMAL in kinds:
        values[Information.PROXIMAL] = proximal_control(problem, points, remaining)
    return Observation(values=values)


def _remaining(objective: Objective, elapsed: float) -> Objective:
    return replace(objective, horizon=objective.horizon - elapsed) if elapsed else objective


def names(kinds: Collection[Information]) -> str:
    """Kinds of information as words, in the order of Information."""
    return ", ".join(str(kind) for kind in Information if kind in kinds)


def _see_loss(
    problem: ControlProblem, points: np.ndarray, kinds: frozenset[Information], values: Values
) -> None:
    """Add the loss and its derivatives along the controls to ``values``."""
    push = _along_controls(problem, points)
    if Information.HESSIAN in kinds:  # one evaluation gives all three
        loss, gradient, hessian = problem.landscape.derivatives(points)
        values |= {
            Information.LOSS: loss,
            Information.GRADIENT: push(gradient),
            Information.HESSIAN: push(push(hessian).transpose(0, 2, 1)),
        }
        return
    if Information.GRADIENT in kinds:
        values[Information.GRADIENT] = push(problem.landscape.gradient(points))
    if Information.LOSS in kinds:
        values[Information.LOSS] = problem.landscape.loss(points)


def _see_learner(
    problem: ControlProblem, points: np.ndarray, kinds: frozenset[Information], values: Values
) -> None:
    """Add what the learner is and does by itself to ``values``."""
    model = problem.model
    if Information.PARAMETERS in kinds:
        values[Information.PARAMETERS] = _along_controls(problem, points)(points)
    if Information.METRIC in kinds:
        values[Information.METRIC] = model.metric(points)
    if kinds & {Information.DRIFT, Information.DRIFT_JACOBIAN}:
        drift, jacobian = _drift_derivatives(model)(points)
        drift, jacobian = drift.reshape(points.shape), jacobian.reshape(*points.shape, -1)
        if problem.learner.actuation is not None:
            actuation = model.actuation(points)
            inverse = np.linalg.pinv(actuation)
            drift = np.einsum("smn,sn->sm", inverse, drift)
            jacobian = inverse @ jacobian @ actuation
        values |= {Information.DRIFT: drift, Information.DRIFT_JACOBIAN: jacobian}


def _along_controls(
    problem: ControlProblem, points: np.ndarray
) -> Callable[[np.ndarray], np.ndarray]:
    """x -> Bᵀx on (S, n) or (S, n, anything)."""
    if problem.learner.actuation is None:
        return lambda array: array
    actuation = problem.model.actuation(points)
    return lambda array: np.einsum("snm,sn...->sm...", actuation, array)


def _drift_derivatives(model: "Model") -> Pointwise:
    """θ -> (f, ∂f/∂θ), compiled once per model."""
    if "drift_derivatives" not in model.cache:
        theta = ca.SX.sym("theta", model.dimension)
        drift = model.drift_at(theta)
        outputs = [ca.densify(drift), ca.densify(ca.jacobian(drift, theta))]
        model.cache["drift_derivatives"] = Pointwise(
            ca.Function("drift_derivatives", [theta], outputs)
        )
    return model.cache["drift_derivatives"]
