"""Paths of closed-form rules: θ̇ = f + Bû(θ) in continuous time."""

from collections.abc import Mapping

import numpy as np
from scipy.integrate import solve_ivp

from ..identification.maps.closed_loop import ClosedLoops
from ..identification.maps.running import run_rule
from ..model.problem import ControlProblem
from ..planning.certificate.examination import examine
from ..planning.solution import Solution
from ..rules import Information, Rule
from ..support.arrays import freeze
from ..sweeps.measures.searching import CoefficientSearch
from .path import Trajectory

_ACCURACY = 1e-9  # relative, of the integration along the path


def tuned_coefficients(problem: ControlProblem, rule: Rule, solution: Solution) -> dict[str, float]:
    """The coefficients of least J, see :func:`landscape_control.measures.rule_costs`."""
    plan = solution.best
    scale = examine(problem, plan, plan.tail).cost_scale
    best, _, _ = CoefficientSearch(problem, plan, (rule,), scale=scale).run()
    return dict(zip(rule.names, map(float, best[0]), strict=True))


def closed_form_path(
    problem: ControlProblem,
    rule: Rule,
    coefficients: Mapping[str, float],
    *,
    tuned: bool,
    horizon: float,
    points: int,
) -> Trajectory:
    """The closed loop, at evenly spaced times and those at which the integration stopped."""
    loops = ClosedLoops(problem, [(rule, rule.vector(coefficients)[None])])
    with np.errstate(all="ignore"):
        followed = solve_ivp(
            lambda t, theta: loops.velocity(t, theta[None])[0][0],
            (0.0, horizon),
            np.array(problem.start),
            method="LSODA",
            dense_output=True,
            rtol=_ACCURACY,
            atol=_ACCURACY * 1e-2 * loops.size,
        )
    last, reason = horizon, ""
    if loops.lost:
        ending = loops.lost[0]
        last, reason = ending.time, str(ending)
    times = np.union1d(followed.t, np.linspace(0, horizon, points))
    times = times[times <= last]
    theta = followed.sol(times).T
    run = run_rule(problem, rule, coefficients)
    return Trajectory(
        key=rule.key,
        name=rule.name,
        coefficients=dict(coefficients),
        symbols={each.name: each.symbol for each in rule.coefficients},
        tuned=tuned,
        cost=run.cost,
        reason=run.reason if run.cost is None else reason,
        times=freeze(times),
        parameters=freeze(theta),
        controls=freeze(_controls(problem, rule, coefficients, times, theta)),
        step=None,
        problem=problem,
    )


def _controls(
    problem: ControlProblem,
    rule: Rule,
    coefficients: Mapping[str, float],
    times: np.ndarray,
    theta: np.ndarray,
) -> np.ndarray:
    """u (N, m) along the path; only rules that see the horizon ask for the time."""
    policy = rule.control(problem, dict(coefficients))
    if Information.OBJECTIVE not in rule.sees:
        return np.asarray(policy(theta))
    latest = problem.objective.horizon * (1 - 1e-9)  # some have no gain at T itself
    rows = [policy(point, min(time, latest)) for time, point in zip(times, theta, strict=True)]
    return np.array(rows)
