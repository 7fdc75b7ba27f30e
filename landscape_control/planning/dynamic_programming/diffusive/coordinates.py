"""The coordinates of a belief on the grid, and the problem's equations in them."""

import math
from dataclasses import dataclass

import casadi as ca
import numpy as np

from ....model.belief import GaussianBelief, TaskBelief, belief_model
from ....model.problem import ControlProblem
from ....support.arguments import AnyNumber, Entries, checked
from ....support.errors import ProblemError, check_choice
from ....support.pointwise import Pointwise
from .diffusion import ControlledDiffusion
from .task_coordinates import PROBABILITIES, broken, joined, task_symbols

LIMIT = 3  # grid dimensions
_ELSEWHERE = (
    "use belief-space transcription or replanning, or covariance='steady' where it is constant"
)
# relative difference of the prior covariance from the steady one that counts as none
_SETTLED = 1e-9


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class BeliefCoordinates:
    """How a belief is laid out as grid coordinates z; plain data.

    Attributes
    ----------
    kind
        "probability" (p₁ of two tasks), "probabilities" (of three: p₁, and p₂/(1 - p₁), the second's if
        it is not the first, so that all beliefs fill a box), "mean" (covariance fixed at its steady
        value) or "mean and variance".
    names : of the coordinates z
    size : int, length of a belief's estimate: hidden variables, or tasks
    start : (len(names),), z of the prior
    covariance : (p, p) or None, the fixed covariance of kind "mean"
    prior_variance : float or None, stands in for a missing variance in kind "mean and variance"
    """

    kind: str
    names: tuple[str, ...]
    size: int
    start: Entries
    covariance: Entries | None = None
    prior_variance: AnyNumber | None = None

    def read(self, belief: object) -> np.ndarray:
        """z (E, len(names)), or (len(names),) for a single belief, of a belief in any of its forms.

        A GaussianBelief, a TaskBelief, (mean, covariance), a bare mean or bare probabilities. A
        bare mean stands for one with the prior's variance where the variance is a coordinate.
        """
        estimate, covariance = _parts(belief)
        if estimate.ndim not in (1, 2) or estimate.shape[-1] != self.size:
            what = f"a mean of {self.size} hidden variables"
            if self.kind in PROBABILITIES:
                what = f"probabilities of {self.size} tasks"
            raise ProblemError(
                "belief",
                expected=f"{what}, with or without an axis of episodes in front",
                received=f"entries of shape {estimate.shape}",
                advice="pass the belief of this problem's filter",
            )
        if self.kind == "probability":
            return estimate[..., :1]
        if self.kind == "probabilities":
            return broken(estimate)
        if self.kind == "mean":
            return estimate
        variance = np.full((), self.prior_variance) if covariance is None else covariance[..., 0]
        if variance.ndim < estimate.ndim:
            variance = np.broadcast_to(variance, estimate.shape)
        return np.concatenate(np.broadcast_arrays(estimate, variance), axis=-1)

    def beliefs(self, z: np.ndarray) -> GaussianBelief | TaskBelief:
        """The beliefs at coordinates z (E, len(names))."""
        if self.kind in PROBABILITIES:
            return TaskBelief.trusted(joined(z))
        if self.kind == "mean":
            return GaussianBelief.trusted(z.copy(), np.array(self.covariance))
        return GaussianBelief.trusted(z[:, :1].copy(), z[:, 1:, None].copy())


def _parts(belief):
    """(estimate, covariance or None) of a belief in any of its forms."""
    if hasattr(belief, "probabilities"):
        return np.asarray(belief.probabilities, dtype=float), None
    if hasattr(belief, "covariance"):
        return np.asarray(belief.mean, dtype=float), np.asarray(belief.covariance, dtype=float)
    if isinstance(belief, tuple) and len(belief) == 2 and np.ndim(belief[0]) > 0:
        return np.asarray(belief[0], dtype=float), np.asarray(belief[1], dtype=float)
    return np.asarray(belief, dtype=float), None


@checked
def belief_system(
    problem: ControlProblem,
    covariance: str = "auto",
) -> tuple[ControlledDiffusion, BeliefCoordinates, str]:
    """(equations, coordinates, what they assume in words) of a problem in (θ, belief).

    Raises
    ------
    ProblemError
        Nothing hidden, a fixed end, T = ∞ without discount, noise-free observations, more than
        three coordinates, more than three tasks.
    """
    _refuse(problem)
    model = belief_model(problem)
    if model.kind == "tasks":
        coordinates, symbols = _probabilities(problem), task_symbols(model)
    else:
        coordinates = _gaussian(problem, model, covariance)
        symbols = _gaussian_symbols(model, coordinates)
    dimension = problem.dimension + len(coordinates.names)
    if dimension > LIMIT:
        raise ProblemError(
            "belief grid",
            expected=f"at most {LIMIT} coordinates (θ, belief)",
            received=(
                f"{dimension}: {problem.dimension} parameters and {', '.join(coordinates.names)}"
            ),
            advice=_ELSEWHERE,
        )
    assumes = model.assumes
    if coordinates.covariance is not None:
        assumes += (
            f"; covariance at its steady value {np.round(coordinates.covariance, 6).tolist()}"
        )
    return _system(problem, coordinates, symbols), coordinates, assumes


def _refuse(problem):
    objective = problem.objective
    if problem.is_known:
        raise ProblemError(
            "problem",
            expected="a landscape with hidden variables",
            received="a known landscape",
            advice=(
                "solve(problem) plans in known landscapes, certify_global(problem) puts them on a"
                " grid"
            ),
        )
    if problem.end is not None:
        raise ProblemError(
            "end",
            expected="a free end (end=None)",
            received="a fixed end",
            advice="a diffusing belief makes no promise about θ(T); use a terminal cost",
        )
    if math.isinf(objective.horizon) and objective.discount <= 0:
        raise ProblemError(
            "discount γ",
            expected="γ > 0 when the horizon is infinite",
            received="γ = 0",
            advice=(
                "the expected cost of an uncertain task never ends; choose γ > 0 or a finite"
                " horizon"
            ),
        )


def _probabilities(problem):
    chances = problem.landscape.hidden.probabilities
    kinds = {len(names) + 1: (kind, names) for kind, names in PROBABILITIES.items()}
    if len(chances) not in kinds:
        raise ProblemError(
            "task chain on a grid",
            expected="two or three tasks: one or two probabilities",
            received=f"{len(chances)} tasks",
            advice="use belief-space transcription or replanning for more tasks",
        )
    kind, names = kinds[len(chances)]
    start = chances[:1] if kind == "probability" else broken(chances)
    return BeliefCoordinates(kind=kind, names=names, size=len(chances), start=start)


def _gaussian(problem, model, covariance):
    check_choice("covariance", covariance, ("auto", "steady", "coordinate"))
    hidden, p = problem.landscape.hidden, problem.landscape.hidden.dimension
    steady = _steady(model) if covariance != "coordinate" else None
    if covariance == "steady" and steady is None:
        raise ProblemError(
            "covariance",
            expected="'steady' where the covariance settles whatever the learner does",
            received=(
                "an observation whose information depends on θ or φ, or a variance that never"
                " settles"
            ),
            advice=(
                "covariance='coordinate' makes the variance a grid coordinate (one hidden variable)"
            ),
        )
    if steady is not None and (covariance == "steady" or _suffices(problem, steady)):
        names = ("m",) if p == 1 else tuple(f"m{i + 1}" for i in range(p))
        return BeliefCoordinates(
            kind="mean", names=names, size=p, start=hidden.prior_mean, covariance=steady
        )
    if p > 1:
        raise ProblemError(
            "belief grid",
            expected="one hidden variable when its covariance is a coordinate",
            received=f"{p} hidden variables, {p + p * (p + 1) // 2} belief coordinates",
            advice=_ELSEWHERE,
        )
    variance = float(hidden.prior_covariance[0, 0])
    return BeliefCoordinates(
        kind="mean and variance",
        names=("m", "P"),
        size=1,
        prior_variance=variance,
        start=np.append(hidden.prior_mean, variance),
    )


def _suffices(problem, steady):
    """Whether the steady covariance says enough.

    For ever after it is left for good, or the prior is there already.
    """
    prior = problem.landscape.hidden.prior_covariance
    if math.isinf(problem.objective.horizon):
        return np.linalg.eigvalsh(steady)[-1] > _SETTLED * max(np.abs(prior).max(), 1e-300)
    return np.abs(prior - steady).max() <= _SETTLED * np.abs(steady).max()


def _steady(model):
    """The steady covariance, where it does not depend on what the learner does; else None."""
    try:
        return np.asarray(model.steady_covariance(), dtype=float)
    except ProblemError:
        return None


def _gaussian_symbols(model, coordinates):
    """(θ, z) -> (E[L], b, D)."""
    p = coordinates.size

    def symbols(theta, z):
        mean = z[:p]
        if coordinates.kind == "mean":
            covariance, rest = ca.DM(coordinates.covariance), ca.SX(0, 1)
        else:
            covariance = z[1]
            rest = model.symbolic_covariance_rate(theta, mean, covariance)
        root = ca.SX(model.symbolic_mean_diffusion(theta, mean, covariance))
        return (
            model.symbolic_expected_loss(theta, mean, covariance),
            ca.vertcat(model.symbolic_mean_drift(mean), rest),
            ca.vertcat(root, ca.SX(rest.numel(), root.size2())),
        )

    return symbols


def _system(problem, coordinates, symbols) -> ControlledDiffusion:
    n, extra = problem.dimension, len(coordinates.names)
    objective, model = problem.objective, problem.model
    x = ca.SX.sym("x", n + extra)
    loss, drift, root = (ca.densify(ca.SX(part)) for part in symbols(x[:n], x[n:]))
    rank = root.size2()
    evaluate = Pointwise(ca.Function("belief_fields", [x], [loss, drift, ca.vec(root)]))
    memory: dict = {}

    def parts(points):
        """Loss, drift and diffusion, which come from one evaluation."""
        if memory.get("points") is not points:
            memory.update(points=points, parts=evaluate(points))
        return memory["parts"]

    def drift_of_all(points):
        of_beliefs = parts(points)[1].reshape(-1, extra)
        return np.hstack([model.drift(points[:, :n]), of_beliefs])

    return ControlledDiffusion(
        controlled=n,
        names=(*_parameters(n), *coordinates.names),
        discount=objective.discount,
        horizon=objective.horizon,
        loss=lambda points: objective.loss_weight * parts(points)[0],
        drift=drift_of_all,
        diffusion=lambda points: parts(points)[2].reshape(-1, rank, extra).transpose(0, 2, 1),
        actuation=lambda points: model.actuation(points[:, :n]),
        price=lambda points: model.metric(points[:, :n]) / objective.learning_rate,
        terminal=_terminal(problem, parts),
    )


def _terminal(problem, parts):
    objective = problem.objective
    if objective.terminal is None:
        return None
    if objective.terminal == "loss":
        return lambda points: objective.terminal_weight * parts(points)[0]
    return lambda points: (
        objective.terminal_weight * problem.model.terminal_cost(points[:, : problem.dimension])
    )


def _parameters(n):
    return ("θ",) if n == 1 else tuple(f"θ{i + 1}" for i in range(n))
