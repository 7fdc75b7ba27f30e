"""From a problem to its belief: which filter, compiled once."""

import math
from typing import Literal

import numpy as np

from ...support.arguments import checked
from ...support.errors import ProblemError
from ...support.shared import shared
from ..landscape import Landscape
from ..observation import Sees
from ..problem import ControlProblem
from .bounded import check_expected_loss, outrunning
from .gaussian import GaussianModel
from .tasks import TaskModel

FILTERS = ("extended", "unscented")


@checked
def belief_model(
    problem: ControlProblem, *, filter: Literal["extended", "unscented"] = "extended"
) -> GaussianModel | TaskModel:
    """How the belief about the problem's hidden variables moves.

    Compiled once per landscape and observation. Task chains have probabilities as beliefs, all
    other hidden variables a mean and a covariance. ``filter`` chooses between "extended" and
    "unscented" where the observation is not linear in a Gaussian hidden variable.

    Raises
    ------
    ProblemError
        A problem with nothing hidden, noise that cannot be inverted, an expected loss that is
        infinite or unbounded below.
    """
    landscape, sees = problem.landscape, problem.learner.sees
    if landscape.hidden is None or sees is None:
        raise ProblemError(
            "problem",
            expected="a landscape with hidden variables",
            received="a known landscape: there is nothing to believe",
            advice=(
                "declare Landscape.from_expression(..., hidden=...), or solve the known problem"
                " directly"
            ),
        )
    model = _built(landscape, sees, filter)
    model.observation.check(problem.start, landscape.hidden.prior_mean)
    if model.kind == "gaussian":
        _check_expectation(model, problem)
    return model


@checked
def unbounded(problem: ControlProblem) -> str:
    """Why the optimal cost of a problem with hidden variables is -∞; "" where nothing says so.

    Looks for losses that fall faster than the effort grows, for each task or at the prior mean,
    where the learner can go everywhere at a price that does not depend on where it is, without
    drift or with a linear one.
    """
    own = problem.model
    if not own.has_constant_effort or own.drift_matrix is None:
        return ""
    if np.linalg.matrix_rank(own.actuation(problem.start)[0]) < problem.dimension:
        return ""
    model = belief_model(problem)
    if model.outruns is None:
        values = model.tasks if model.kind == "tasks" else model.hidden.prior_mean[None]
        model.outruns = outrunning(problem.landscape, model, np.asarray(values))
    return model.outruns


def _check_expectation(model: GaussianModel, problem: ControlProblem) -> None:
    """Refuse an expected loss that is infinite or unbounded, looking as far ahead as it counts."""
    objective = problem.objective
    planning_horizon = 1 / objective.discount if objective.discount else math.inf
    reach = min(objective.horizon, planning_horizon)
    if reach not in model.checked:
        check_expected_loss(
            problem.landscape, model, problem.start, reach if math.isfinite(reach) else 0.0
        )
        model.checked.add(reach)


@shared(recent=8)
def _built(landscape: Landscape, sees: Sees, filter: str) -> GaussianModel | TaskModel:
    if landscape.hidden is not None and landscape.hidden.is_finite:
        return TaskModel(landscape, sees)
    return GaussianModel(landscape, sees, filter)
