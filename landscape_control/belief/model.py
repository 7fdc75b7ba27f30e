"""From a problem to its belief: which filter, compiled once."""

import math
from functools import lru_cache

from ..errors import ProblemError, check_choice
from ..landscape import TaskChain
from .bounded import check_expected_loss
from .gaussian import GaussianModel
from .tasks import TaskModel

FILTERS = ("extended", "unscented")


def belief_model(problem, *, filter: str = "extended") -> GaussianModel | TaskModel:
    """How the belief about the problem's hidden variables moves; compiled once per landscape and observation.

    Task chains have probabilities as beliefs, all other hidden variables a mean and a covariance. ``filter`` chooses
    between "extended" and "unscented" where the observation is not linear in a Gaussian hidden variable.

    Raises
    ------
    ProblemError
        A problem with nothing hidden, noise that cannot be inverted, an expected loss that is infinite or unbounded below.
    """
    check_choice("filter", filter, FILTERS)
    if problem.is_known:
        raise ProblemError("problem", expected="a landscape with hidden variables",
                           received="a known landscape: there is nothing to believe",
                           advice="declare Landscape.from_expression(..., hidden=...), or solve the known problem directly")
    model = _built(problem.landscape, problem.learner.sees, filter)
    model.observation.check(problem.start, problem.landscape.hidden.prior_mean)
    if model.kind == "gaussian":
        _check_once(model, problem)
    return model


def _check_once(model, problem):
    objective = problem.objective
    reach = min(objective.horizon, 1 / objective.discount if objective.discount else math.inf)
    if reach not in model.checked:
        check_expected_loss(problem.landscape, model, problem.start, reach if math.isfinite(reach) else 0.0)
        model.checked.add(reach)


@lru_cache(maxsize=64)
def _built(landscape, sees, filter):
    if isinstance(landscape.hidden, TaskChain):
        return TaskModel(landscape, sees)
    return GaussianModel(landscape, sees, filter)
