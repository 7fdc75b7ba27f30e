"""What exact LQG costs.

Exactly where the filter that runs is Gaussian or one of two tasks, else by the best linear filter.
"""

import numpy as np

from ...model.problem import ControlProblem
from ..linear_quadratic import FiniteHorizonPolicy, InfiniteHorizonPolicy
from .confirmation import CostKind
from .expected_cost import Uncertainty, added_cost
from .linear_model import LinearModel
from .two_tasks import TwoTaskUncertainty

METHOD = "exact LQG"
METHOD_OF_JUMPS = "LQG with the best linear filter"
METHOD_OF_BOUND = "LQG, cost bounded by the best linear filter"
_POINT = (
    "the observations show every hidden variable exactly, so that the belief is a point: nothing"
    " else"
)
_GAUSSIAN = (
    "linear dynamics, quadratic loss, everything Gaussian: the Kalman-Bucy filter and the policy"
    " are exact"
)
_TASKS = (
    "quadratic loss: the policy is optimal when fed the exact probabilities, as it is in"
    " simulation; "
)
_TWO_TASKS = (
    _TASKS + "the cost is that of the exact filter, by Kolmogorov's equation of the probability"
)
_UNSEEN = _TASKS + "no observation tells the tasks apart, so that nothing but the prior is known"
_BOUND = (
    _TASKS
    + "the cost is that of feeding it the best linear filter, which the exact one can only lower"
)
_JUMPS = (
    "quadratic loss: the policy is optimal when fed the exact posterior mean; the hidden variables"
    " jump, and policy and cost are those of the best linear filter, which the exact one can only"
    " lower"
)
_AWAY = (
    "; started away from rest, whose extra spread by jumps the filter that runs leaves out, so that"
    " it costs slightly more than the best linear one"
)
_ACCURACY = 1e-3  # of the expected variance of a task, above which the bound is kept


def lqg_cost(
    model: LinearModel,
    uncertainty: Uncertainty,
    policy: InfiniteHorizonPolicy | FiniteHorizonPolicy,
    problem: ControlProblem,
) -> tuple[float, CostKind, str, str]:
    """(expected cost, what it is, method, what it assumes) of the optimal policy.

    It is fed by the filter that runs.

    ``model`` is a LinearModel, ``uncertainty`` that of its best linear filter, ``policy`` the
    regulator on (θ, z).
    """
    hidden = problem.landscape.hidden
    assert hidden is not None  # as for every problem that has a LinearModel
    linear = expected_cost(model, uncertainty, policy, problem)
    if uncertainty.exact:
        return linear, CostKind.EXACT, METHOD, _POINT
    if model.hidden.is_gaussian:
        return linear, CostKind.EXACT, METHOD, _GAUSSIAN
    if not hidden.is_finite:
        at_rest = model.hidden.is_stationary or not uncertainty.information.any()
        kind = CostKind.EXACT if at_rest else CostKind.APPROXIMATE
        return linear, kind, METHOD_OF_JUMPS, _JUMPS if at_rest else _JUMPS + _AWAY
    if not uncertainty.information.any():
        return linear, CostKind.EXACT, METHOD, _UNSEEN
    if hidden.estimate_size == 2:
        exact = TwoTaskUncertainty(model)
        cost = expected_cost(model, exact, policy, problem)
        if exact.accuracy <= _ACCURACY:
            return cost, CostKind.EXACT, METHOD, _TWO_TASKS
    return linear, CostKind.UPPER_BOUND, METHOD_OF_BOUND, _BOUND


def expected_cost(
    model: LinearModel,
    uncertainty: Uncertainty,
    policy: InfiniteHorizonPolicy | FiniteHorizonPolicy,
    problem: ControlProblem,
) -> float:
    """The cost of the regulator ``policy`` on (θ, z), fed by the filter that ``uncertainty`` is of."""
    objective, n = problem.objective, problem.dimension
    start = np.append(problem.start, model.hidden.mean)
    if isinstance(policy, InfiniteHorizonPolicy):
        planned, rate = policy.value(start), np.linalg.norm(policy.closed_loop, 2)
        hessian = policy.value_hessian[n:, n:]

        def belief_hessian(times: np.ndarray) -> np.ndarray:
            return np.broadcast_to(hessian, (len(times), *hessian.shape))

    else:
        horizon = objective.horizon
        planned = policy.value(horizon, start)
        rate = np.linalg.norm(policy.gain(horizon) @ np.eye(len(start)), 2)

        def belief_hessian(times: np.ndarray) -> np.ndarray:
            return policy.value_hessian(np.maximum(horizon - times, 0.0))[:, n:, n:]

    curvature = model.cross.T @ model.pull[0]  # W = XᵀH⁺X
    added = added_cost(uncertainty, objective, curvature, belief_hessian, float(rate))
    return float(planned + added)
