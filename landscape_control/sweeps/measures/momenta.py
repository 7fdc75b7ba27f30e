"""Measures of causal rules: momentum, friction, weight decay and other coefficients of policies."""

import math

import numpy as np

from ...support.errors import ProblemError
from .library import read, refuse
from .measure import Cell, Measure, register

_STEP = 1.0  # one unit of time, for which friction becomes a momentum coefficient


def coefficients_of(cell: Cell, what: str) -> dict[str, float]:
    """Coefficients by name, numbers only; those that vary over the steps by mean and last value.

    NaN where the horizon ends before a coefficient has any effect, as that of momentum in a single
    step.
    """
    values = read(cell.solution, "coefficients", what=what)
    numbers: dict[str, float] = {}
    policy = cell.solution.policy
    known = {coefficient.name: coefficient for coefficient in policy.family.coefficients}
    for name, value in values.items():
        first = known[name].first if name in known else 0
        acts = policy.horizon > first
        varies = np.ndim(value) == 1 and name in known and known[name].varies
        if np.ndim(value) == 0:
            numbers[name] = float(value) if acts else math.nan
        elif varies and acts:
            numbers[f"{name}_mean"] = float(np.mean(value[first:]))
            numbers[f"{name}_last"] = float(value[-1])
        elif varies:
            numbers[f"{name}_mean"] = numbers[f"{name}_last"] = math.nan
    return numbers


def _raw(cell: Cell, what: str, part: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """(number, distance) of one part of the heavy-ball form of an exact LQG rule, steady and at the
    start.

    The nearest multiple of the identity and the relative distance from it. Gains are those at t =
    0; the filter is the steady one, with which a long horizon gives what an endless one gives, or
    the prior one.
    """
    from ...identification.kernels.raw_rules import linear_raw_rule, raw_rule
    from ...planning.beliefs.lqg import LQGSolution

    if not isinstance(cell.solution, LQGSolution):
        refuse(
            cell.solution, what, expected="an exact LQG solution, or a policy with that coefficient"
        )
    start = raw_rule(cell.solution, time=0.0).momentum.nearest[part]
    if cell.solution.steady_covariance is None:
        return (math.nan, math.nan), start
    gain, belief_gain, offset = cell.solution.gains(0.0)
    steady = linear_raw_rule(cell.problem, gain=gain, belief_gain=belief_gain, offset=offset)
    return steady.momentum.nearest[part], start


def _both(cell: Cell, what: str, part: str) -> dict[str, float]:
    (steady, apart), (at_start, apart_at_start) = _raw(cell, what, part)
    return {
        "coefficient": steady,
        "distance": apart,
        "coefficient_start": at_start,
        "distance_start": apart_at_start,
    }


def _momentum(cell):
    if hasattr(cell.solution, "coefficients"):
        return _named(cell, "momentum")
    form = _both(cell, "momentum", "friction")
    frictions = {f"friction{when}": form[f"coefficient{when}"] for when in ("", "_start")}
    return (
        form
        | frictions
        | {
            name.replace("friction", "coefficient"): math.exp(-friction * _STEP)
            for name, friction in frictions.items()
        }
    )


def _decay(cell):
    if hasattr(cell.solution, "coefficients"):
        return _named(cell, "decay", "weight_decay")
    return _both(cell, "decay", "decay")


def _learning_rate(cell):
    if hasattr(cell.solution, "coefficients"):
        return _named(cell, "learning_rate")
    return _both(cell, "learning_rate", "learning_rate")


def _named(cell: Cell, key: str, *others: str) -> float | dict[str, float]:
    """The coefficient with one of these names (its mean and last value where it varies)."""
    known = coefficients_of(cell, key)
    for name in (key, *others):
        if name in known:
            return known[name]
        if f"{name}_mean" in known:
            return {part: known[f"{name}_{part}"] for part in ("mean", "last")}
    raise ProblemError(
        f"measure {key!r}",
        expected=f"a family with the coefficient {' or '.join((key, *others))}",
        received=", ".join(known) or "no coefficients",
        advice="use the measure 'coefficients'",
    )


def _coefficients(cell: Cell) -> dict[str, float]:
    return coefficients_of(cell, "coefficients")


def _probing(cell: Cell) -> float:
    """|u - u_ce| / |u_ce| at the start, u_ce the plan for the landscape at its prior mean.

    Controls below 1e-6 of the response to a surprise of one prior standard deviation count as zero:
    0 where both are zero, infinite where only u_ce is.
    """
    from ...planning.beliefs.solution import BeliefSolution
    from ...planning.solver import solve

    problem, solution = cell.problem, cell.solution
    if not isinstance(solution, BeliefSolution):
        refuse(solution, "probing", expected="a policy of beliefs")
    hidden = problem.landscape.hidden
    tasks = getattr(hidden, "probabilities", None)
    prior = (hidden.prior_mean, hidden.prior_covariance) if tasks is None else tasks
    own = np.asarray(solution.policy(problem.start, prior, 0.0))
    blind = solve(problem.known(hidden.prior_mean), seed=cell.seed).controls[0]
    size, gap = float(np.linalg.norm(blind)), float(np.linalg.norm(own - blind))
    zero = 1e-6 * _typical_response(solution, problem, hidden)
    if gap <= zero:
        return 0.0
    return gap / size if size > zero else math.inf


def _typical_response(solution, problem, hidden):
    """The largest |u| at the start over beliefs one prior standard deviation from the prior, or
    over certain tasks.
    """
    if hasattr(hidden, "probabilities"):
        beliefs = list(np.eye(len(hidden.tasks)))
    else:
        values, vectors = np.linalg.eigh(hidden.prior_covariance)
        shifts = (vectors * np.sqrt(np.maximum(values, 0.0))).T
        beliefs = [
            (hidden.prior_mean + sign * shift, hidden.prior_covariance)
            for shift in shifts
            for sign in (1, -1)
        ]
    return max(
        float(np.linalg.norm(solution.policy(problem.start, belief, 0.0))) for belief in beliefs
    )


_WHEN = (
    "of the exact LQG rule in continuous time with its gains at t = 0 and its filter settled"
    " (_start: its filter at the prior), nearest multiple of the identity with relative distance"
)
momentum = register(
    Measure(
        name="momentum",
        function=_momentum,
        units={"friction": "1/time", "friction_start": "1/time"},
        description=(
            "coefficient of the last step: of a policy program, or exp(-friction) over one unit of"
            f" time {_WHEN}"
        ),
    )
)
decay = register(
    Measure(
        name="decay",
        function=_decay,
        units={"coefficient": "1/time²", "coefficient_start": "1/time²"},
        description=f"weight decay: coefficient of a policy program, or {_WHEN}",
    )
)
learning_rate = register(
    Measure(
        name="learning_rate",
        function=_learning_rate,
        description=f"step per observed gradient: coefficient of a policy program, or {_WHEN}",
    )
)
coefficients = register(
    Measure(
        name="coefficients",
        function=_coefficients,
        description=(
            "every coefficient of an optimised policy; those that vary over the steps by mean and"
            " last value"
        ),
    )
)
probing = register(
    Measure(
        name="probing",
        function=_probing,
        description=(
            "how far the first control departs from the certainty-equivalent one (the plan for the"
            " prior mean), relative: probing and caution together; it does not say what information"
            " is worth"
        ),
    )
)
