"""Measures of causal rules: momentum, friction, weight decay and what else a policy's coefficients say."""

import math

import numpy as np

from ..errors import ProblemError
from .library import read, refuse
from .measure import Measure, register

_STEP = 1.0  # one unit of time, for which friction becomes a momentum coefficient


def coefficients_of(cell, what: str) -> dict[str, float]:
    """Coefficients by name, numbers only: those that vary from step to step by their mean and their last value."""
    found = {}
    for name, value in read(cell.solution, "coefficients", what=what).items():
        if np.ndim(value) == 0:
            found[name] = float(value)
        elif np.ndim(value) == 1 and name in _varying(cell.solution):
            one = _varying(cell.solution)[name]
            found |= {f"{name}_mean": float(np.mean(value[one:])) if len(value) > one else math.nan,
                      f"{name}_last": float(value[-1])}
    return found


def _varying(result):
    family = getattr(getattr(result, "program", None), "family", None) or result.policy.family
    return {one.name: one.first for one in family.coefficients if one.varies}


def _raw(cell, what):
    """The heavy-ball form of an exact LQG rule: nearest multiples of the identity and their distances."""
    from ..planning import LQGSolution, raw_rule

    if not isinstance(cell.solution, LQGSolution):
        refuse(cell.solution, what, expected="an exact LQG solution, or a policy with that coefficient")
    time = None if math.isinf(cell.problem.objective.horizon) else 0.0
    return raw_rule(cell.solution, time=time).momentum.nearest


def _momentum(cell):
    if hasattr(cell.solution, "coefficients"):
        return _named(cell, "momentum")
    friction, distance = _raw(cell, "momentum")["friction"]
    return {"coefficient": math.exp(-friction * _STEP), "friction": friction, "distance": distance}


def _decay(cell):
    if hasattr(cell.solution, "coefficients"):
        return _named(cell, "decay", "weight_decay")
    decay, distance = _raw(cell, "decay")["decay"]
    return {"coefficient": decay, "distance": distance}


def _learning_rate(cell):
    if hasattr(cell.solution, "coefficients"):
        return _named(cell, "learning_rate")
    rate, distance = _raw(cell, "learning_rate")["learning_rate"]
    return {"coefficient": rate, "distance": distance}


def _named(cell, key, *others):
    """The coefficient with one of these names (its mean and last value where it varies)."""
    known = coefficients_of(cell, key)
    for name in (key, *others):
        if name in known:
            return known[name]
        if f"{name}_mean" in known:
            return {part: known[f"{name}_{part}"] for part in ("mean", "last")}
    raise ProblemError(f"measure {key!r}", expected=f"a family with the coefficient {' or '.join((key, *others))}",
                       received=", ".join(known) or "no coefficients", advice="use the measure 'coefficients'")


def _coefficients(cell):
    return coefficients_of(cell, "coefficients")


def _probing(cell):
    """|u - u_ce| / |u_ce| at the start, u_ce the plan for the landscape at its prior mean."""
    from ..planning import BeliefSolution
    from ..solver import solve

    problem, solution = cell.problem, cell.solution
    if not isinstance(solution, BeliefSolution):
        refuse(solution, "probing", expected="a policy of beliefs")
    hidden = problem.landscape.hidden
    tasks = getattr(hidden, "probabilities", None)
    prior = (hidden.prior_mean, hidden.prior_covariance) if tasks is None else tasks
    own = np.asarray(solution.policy(problem.start, prior, 0.0))
    blind = solve(problem.known(hidden.prior_mean), seed=cell.seed).controls[0]
    size = float(np.linalg.norm(blind))
    return float(np.linalg.norm(own - blind)) / size if size else math.inf


momentum = register(Measure(
    name="momentum", function=_momentum, units={"friction": "1/time", "coefficient": "", "distance": ""},
    description="coefficient of the last step: of a policy program, or exp(-friction) over one unit of time of the exact "
    "LQG rule (with the relative distance of its friction matrix from a multiple of the identity)"))
decay = register(Measure(
    name="decay", function=_decay, units={"coefficient": "1/time²"},
    description="weight decay: coefficient of a policy program, or of the exact LQG rule in continuous time"))
learning_rate = register(Measure(
    name="learning_rate", function=_learning_rate,
    description="step per observed gradient: coefficient of a policy program, or of the exact LQG rule in continuous time"))
coefficients = register(Measure(
    name="coefficients", function=_coefficients,
    description="every coefficient of an optimised policy; those that vary over the steps by mean and last value"))
probing = register(Measure(
    name="probing", function=_probing,
    description="how far the first control departs from the certainty-equivalent one (the plan for the prior mean), "
    "relative: probing and caution together; it does not say what information is worth"))
