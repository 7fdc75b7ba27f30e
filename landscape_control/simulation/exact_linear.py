"""What a linear rule costs on a linear-quadratic problem, exactly: no episodes, no standard error."""

import math
from dataclasses import dataclass, field

from ..model.problem import ControlProblem
from ..planning.beliefs.linear_model import NotLinearQuadratic
from ..support.arguments import AnyNumber, Positive, checked
from ..support.call_settings import settings_kept
from ..support.results import Result
from .actors import check_raw
from .linear_forms import NotLinear, linear_form
from .linear_loop import LinearLoop, read_model, time_grid
from .raw_learner import RawLearner


@checked
@dataclass(frozen=True, kw_only=True, eq=False)
class ExactCost(Result):
    """The expected cost of one learner on one problem.

    Attributes
    ----------
    cost : J, infinite where the loop is unstable and goes on for ever
    growth : √ρ times the largest |eigenvalue| of the loop of weights and memory over a step, with ρ
        = e^{-γΔt}; below 1 where discounted second moments die out
    step : Δt
    horizon : T, infinite where no horizon was given
    learner : RawLearner
    problem : ControlProblem
    """

    cost: AnyNumber
    growth: AnyNumber
    step: Positive
    horizon: AnyNumber
    learner: RawLearner = field(repr=False)
    problem: ControlProblem = field(repr=False)

    @property
    def stable(self) -> bool:
        """Whether discounted second moments die out; over a finite horizon the cost is finite
        either way.
        """
        return self.growth < 1

    def summary(self) -> str:
        """The cost, and what it is the cost of, in a line."""
        name = type(self.learner).__name__
        over = "T = ∞" if math.isinf(self.horizon) else f"T = {self.horizon:g}"
        words = f"{name}: J = {self.cost:.6g} exactly, at steps of {self.step:.3g} over {over}"
        if self.stable:
            return words
        return f"{words}; unstable, it grows by {self.growth:.4g} a step under the discount"


@settings_kept
@checked
def exact_cost(
    problem: ControlProblem,
    learner: RawLearner,
    *,
    step: Positive | None = None,
    horizon: Positive | None = None,
) -> ExactCost:
    """The expected cost of a linear learner, by its second moments: what :func:`simulate` estimates.

    The moments of (θ, what the learner carries, φ) obey a linear recursion, E xxᵀ ← Φ(E xxᵀ)Φᵀ +
    noise. Its N steps are summed by doubling, and at T = ∞ its discounted sum solves one discrete
    Lyapunov equation, by the same doubling. Time step, hold and quadrature are those of
    :func:`simulate`: J is the limit of its mean cost for many episodes at the same ``step``, and
    O(Δt) from continuous time. (The exact integral of the loss between the nodes would be another
    number, as far from the simulation as its step is coarse.)

    Parameters
    ----------
    problem : loss quadratic and observation affine in the weights and hidden variables together (or
        in every task of a chain, with equal curvatures), drift affine, metric and noise constant;
        known landscapes too. Hidden laws need not be Gaussian: only second moments enter.
    learner : SGD, HeavyBall, LinearLearner, a PolicyLearner of a linear family with constant
        coefficients (Nesterov, say); any of them inside WeightDecay or NoReset
    step : Δt; None is that of :func:`simulate`
    horizon : of a problem with T = ∞: the time that a rollout would take; None is all of it

    Raises
    ------
    ProblemError
        A rule that is not linear; a problem that is not linear-quadratic; what
        :func:`simulate` refuses. T = ∞ without discount.
    """
    check_raw(problem, learner, type(learner).__name__)
    grid = time_grid(problem, step, horizon, learner.own_step)
    return cost_on(LinearLoop(problem, grid), learner)


def cost_on(loop: LinearLoop, learner: RawLearner) -> ExactCost:
    """The exact cost of a learner on a problem that has been read already."""
    form = loop.form(learner, {})
    return ExactCost(
        cost=float(loop.costs(form)),
        growth=float(loop.growth(form)),
        step=loop.grid.step,
        horizon=loop.grid.horizon,
        learner=learner,
        problem=loop.problem,
    )


def is_exact(problem: ControlProblem, learner: RawLearner) -> bool:
    """Whether :func:`exact_cost` holds for the learner on the problem: whether both are linear."""
    try:
        model = read_model(problem)
        linear_form(learner, {}, problem.start, len(model.sight[0]))
    except (NotLinear, NotLinearQuadratic):
        return False
    return True
