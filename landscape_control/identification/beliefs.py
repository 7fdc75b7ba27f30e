"""Policies of beliefs as learners on raw observations: watched in their own problem, filter
included.
"""

import math

import numpy as np

from ..planning.beliefs import BeliefSolution, LQGSolution
from ..simulation import simulate
from ..simulation.stepping import FRACTION, fastest_rate
from ..support.errors import ProblemError
from .histories import Histories
from .kernels.raw_rules import raw_rule

_COUNTED = 160  # steps of an endless policy, after those in which its filter settles
# memory constants given to settle, where the memory is known; at most so many steps
_SETTLE, _LONGEST = (10.0, 1000)
_UNKNOWN = 200  # steps to settle where it is not
_COARSER = 2  # times the step of simulations, whose costs need finer ones than coefficients do


def watch_beliefs(
    solution: BeliefSolution, *, histories: int, step: float | None, seed: int
) -> tuple[Histories, float]:
    """(histories of a policy of beliefs in its own problem, the step Δt they were taken at).

    The filter of the problem turns observations into beliefs; the noise of observations is the
    excitation. With T = ∞, 160 steps count, after 200 (for exact LQG: ten times its longest memory,
    1/friction) in which filter and memory settle; with finite T the whole horizon counts. θ is
    measured from the centre of the hidden variables, if there is one per parameter.
    """
    problem = solution.problem
    if problem is None:
        raise ProblemError(
            "belief solution",
            expected="one that holds its problem",
            received="a solution without it",
            advice="solve the problem again",
        )
    endless = math.isinf(problem.objective.horizon)
    step = _COARSER * FRACTION / fastest_rate(problem) if step is None and endless else step
    settle = _settling(solution, step) if endless else 0
    posed = problem.changed(horizon=(settle + _COUNTED) * step) if endless else problem
    rollout = simulate(posed, solution, episodes=histories, seed=seed, step=step, keep_paths=True)
    paths = rollout.paths
    if paths.observations.shape != paths.controls.shape:
        raise ProblemError(
            "observations",
            expected="one observed gradient per control",
            received=(
                f"{paths.observations.shape[2]} observations of {paths.controls.shape[2]} controls"
            ),
            advice="causal rules are fed by gradients: Learner(sees=NoisyGradient(...))",
        )
    hidden = problem.landscape.hidden
    centre = getattr(hidden, "centre", None)
    parameters = paths.parameters[:, :-1]
    parameters = parameters if parameters.shape == paths.controls.shape else None
    if parameters is not None and centre is not None and len(centre) == parameters.shape[2]:
        parameters = parameters - centre
    return (
        Histories(
            gradients=paths.observations,
            updates=rollout.step * paths.controls,
            parameters=parameters,
            settle=settle,
            words=f"its own problem at steps of {rollout.step:.3g}, seed {seed}",
        ),
        rollout.step,
    )


def _settling(solution, step):
    try:
        friction = np.linalg.eigvals(raw_rule(solution).momentum.friction).real.min()
    except ProblemError:
        return _UNKNOWN
    return min(math.ceil(_SETTLE / (friction * step)), _LONGEST) if friction > 0 else _LONGEST


def predicted(solution: BeliefSolution, step: float) -> dict:
    """Heavy ball with weight decay by theory, {rule: {coefficient: value}}, for one parameter at T
    = ∞; else nothing.

    The rule that sees one observation per step as an impulse and moves on exactly; holding u over
    the step differs by O(Δt).
    """
    if not (isinstance(solution, LQGSolution) and math.isinf(solution.problem.objective.horizon)):
        return {}
    try:
        exact = raw_rule(solution).sampled(step).heavy_ball
    except ProblemError:
        return {}
    found = {"learning_rate": exact["alpha"], "momentum": exact["beta"], "decay": exact["decay"]}
    return {
        "heavy_ball_weight_decay": found,
        "heavy_ball": (
            {name: found[name] for name in ("learning_rate", "momentum")}
            if not found["decay"]
            else {}
        ),
    }
