"""Policies of beliefs as learners on raw observations, watched in their own problem with filter."""

import math

import numpy as np

from ..model.problem import ControlProblem
from ..planning.beliefs.lqg import LQGSolution
from ..planning.beliefs.solution import BeliefSolution
from ..simulation import simulate
from ..simulation.rollout import Paths
from ..simulation.stepping import FRACTION, fastest_rate
from ..support.errors import ProblemError
from .histories import Histories
from .kernels.raw_rules import raw_rule

_COUNTED = 160  # steps of an endless policy, after those in which its filter settles
_SETTLE = 10.0  # memory constants given to settle, where the memory is known
_LONGEST = 1000  # steps to settle at most
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
    if not isinstance(problem, ControlProblem):
        raise ProblemError(
            "belief solution",
            expected="one that holds its problem",
            received="a solution without it",
            advice="solve the problem again",
        )
    settle, posed = 0, problem
    if math.isinf(problem.objective.horizon):
        if step is None:
            step = _COARSER * FRACTION / fastest_rate(problem)
        settle = _settling(solution, step)
        posed = problem.changed(horizon=(settle + _COUNTED) * step)
    rollout = simulate(posed, solution, episodes=histories, seed=seed, step=step, keep_paths=True)
    paths = rollout.paths
    assert paths is not None, "keep_paths was asked for"
    if paths.observations.shape != paths.controls.shape:
        raise ProblemError(
            "observations",
            expected="one observed gradient per control",
            received=(
                f"{paths.observations.shape[2]} observations of {paths.controls.shape[2]} controls"
            ),
            advice="causal rules are fed by gradients: Learner(sees=NoisyGradient(...))",
        )
    watched = Histories(
        gradients=paths.observations,
        updates=rollout.step * paths.controls,
        parameters=_from_centre(problem, paths),
        settle=settle,
        words=f"its own problem at steps of {rollout.step:.3g}, seed {seed}",
    )
    return watched, rollout.step


def _from_centre(problem: ControlProblem, paths: Paths) -> np.ndarray | None:
    """θ before each control, from the centre of the hidden variables; None if u is of other size."""
    parameters = paths.parameters[:, :-1]
    if parameters.shape != paths.controls.shape:
        return None
    centre = getattr(problem.landscape.hidden, "centre", None)
    if centre is None or len(centre) != parameters.shape[2]:
        return parameters
    return parameters - centre


def _settling(solution: BeliefSolution, step: float) -> int:
    """Steps until filter and memory have settled: ten times 1/friction, the longest memory."""
    if not isinstance(solution, LQGSolution):
        return _UNKNOWN
    try:
        friction = np.linalg.eigvals(raw_rule(solution).momentum.friction).real.min()
    except ProblemError:
        return _UNKNOWN
    if friction <= 0:
        return _LONGEST
    return min(math.ceil(_SETTLE / (friction * step)), _LONGEST)


def predicted(solution: BeliefSolution, step: float) -> dict[str, dict[str, float]]:
    """Heavy ball with weight decay by theory, {rule: {coefficient: value}}.

    For exact LQG of one parameter at T = ∞; else nothing is predicted.
    The rule that sees one observation per step as an impulse and moves on exactly; holding u over
    the step differs by O(Δt).
    """
    problem = solution.problem
    if not (isinstance(solution, LQGSolution) and isinstance(problem, ControlProblem)):
        return {}
    if math.isfinite(problem.objective.horizon):
        return {}
    try:
        exact = raw_rule(solution).sampled(step).heavy_ball
    except ProblemError:
        return {}
    without_decay = {"learning_rate": exact["alpha"], "momentum": exact["beta"]}
    return {
        "heavy_ball_weight_decay": without_decay | {"decay": exact["decay"]},
        "heavy_ball": {} if exact["decay"] else without_decay,
    }
