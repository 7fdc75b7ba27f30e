"""Simulated episodes: what the learner does not see, what it believes, what it does."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....planning.beliefs.solution import BeliefSolution
from ....simulation.rollout import Paths, Rollout
from ....simulation.simulate import simulate
from ....support.arguments import Count, Index, Positive, checked
from ....support.errors import ProblemError
from .. import simulated, style
from .numbers import short
from .plane import symbol
from .sheet import GivenAxes, below_axes, finished, given_axes, plain_ticks

_EPISODES = 8  # of a belief solution: replanning ones plan at every step
_FADED = 1e-2  # of the discount: an endless problem is simulated until then
_MOST_POINTS = 3000  # of a curve


@checked
def plot_rollout(
    rollout: Rollout,
    axes: GivenAxes = None,
    *,
    episode: Index = 0,
    parameter: Index = 0,
    hidden: Index = 0,
    title: str | None = None,
) -> Axes:
    """Episodes of a simulation over time: parameters, beliefs, controls.

    Panels: one parameter of all episodes kept, one of them in colour; the hidden truth of that
    episode with what the learner believes, mean ± 2 sd (where something is hidden); its controls,
    each held over a step.

    Parameters
    ----------
    axes : None for a figure of its own, one Axes for the parameters alone, or one per panel
    episode, parameter, hidden : numbers, from 0, of what is drawn
    title : None says what was simulated, and its mean cost

    Returns
    -------
    Axes
        of the first panel; a notebook shows the whole figure.

    Raises
    ------
    ProblemError
        A rollout that kept no paths; numbers that it does not have.
    """
    paths = _kept(rollout)
    _check_number("episode", episode, len(paths.parameters))
    _check_number("parameter", parameter, paths.parameters.shape[2])
    hides = paths.hidden.shape[2] > 0
    if hides:
        _check_number("hidden", hidden, paths.hidden.shape[2])
    names = ("parameter", "belief", "control") if hides else ("parameter", "control")
    panels = given_axes(axes, names)
    figure: Figure | None = None
    if panels is None:
        figure = style.new_figure(7.4, 1.75 * len(names) + 0.9, row_gap=0.04)
        panels = figure.subplot_mosaic([[name] for name in names], sharex=True)
    if title is None:
        title = f"{rollout.policy}, {rollout.cost_words}"
    letters = simulated.letters(names) if figure else dict.fromkeys(names, "")
    _parameters(panels["parameter"], paths, episode, parameter)
    style.label(
        panels["parameter"],
        y=f"parameter {symbol(parameter)}",
        title=title,
        letter=letters["parameter"],
    )
    if "belief" in panels:
        _belief(panels["belief"], paths, episode, hidden)
        words = f"hidden φ{symbol(hidden)[1:]}"
        style.label(panels["belief"], y=words, title=_about(paths), letter=letters["belief"])
    if "control" in panels:
        _controls(panels["control"], paths, episode)
        style.label(
            panels["control"], "time t", "control u", title="control", letter=letters["control"]
        )
    for panel in panels.values():
        panel.set_xlim(paths.times[0], paths.times[-1])
        plain_ticks(panel)
    if figure is None:
        below_axes(panels["parameter"])
    else:
        style.figure_legend(figure, columns=3)
    return finished(panels["parameter"], figure)


@checked
def plot_belief_solution(
    solution: BeliefSolution,
    axes: GivenAxes = None,
    *,
    seed: Index = 0,
    episodes: Count = _EPISODES,
    horizon: Positive | None = None,
    episode: Index = 0,
    parameter: Index = 0,
    hidden: Index = 0,
    title: str | None = None,
) -> Axes:
    """What the policy does: ``episodes`` of it are simulated and drawn as ``Rollout.plot`` does.

    Parameters
    ----------
    seed, episodes : of the simulation, which is for the picture: its mean cost is not judged
    horizon : the time simulated; None is T, or for T = ∞ until e^(-γt) is 0.01
    axes, episode, parameter, hidden, title : as of ``Rollout.plot``

    Raises
    ------
    ProblemError
        A solution without its problem (from a pickle); T = ∞ without discount and horizon.
    """
    if solution.problem is None:
        raise ProblemError(
            "solution",
            expected="a solution with its problem",
            received="one whose problem was left behind in a pickle",
            advice="keep solutions with solution.save(path) and landscape_control.load(path)",
        )
    objective = solution.problem.objective
    if horizon is None and math.isinf(objective.horizon) and objective.discount > 0:
        horizon = -math.log(_FADED) / objective.discount
    rollout = simulate(
        solution.problem,
        solution,
        episodes=episodes,
        seed=seed,
        horizon=horizon,
        keep_paths=True,
        throw=False,
    )
    if title is None:
        title = (
            f"{solution.policy_name}: expected J = {short(solution.cost)} ({solution.cost_kind})"
        )
    return plot_rollout(
        rollout, axes, episode=episode, parameter=parameter, hidden=hidden, title=title
    )


def _kept(rollout: Rollout) -> Paths:
    if rollout.paths is None:
        raise ProblemError(
            "rollout",
            expected="paths of some episodes",
            received="costs only",
            advice="simulate with keep_paths=8, say",
        )
    return rollout.paths


def _about(paths: Paths) -> str:
    return "what is hidden" if paths.belief_means is None else "what is hidden, and believed"


def _check_number(name: str, number: int, count: int) -> None:
    if number >= count:
        raise ProblemError(
            name,
            expected=f"a number in 0 … {count - 1}",
            received=str(number),
            advice="count from 0; keep more episodes with keep_paths where more are wanted",
        )


def _thin(count: int) -> slice:
    return slice(None, None, max(1, math.ceil(count / _MOST_POINTS)))


def _parameters(panel: Axes, paths: Paths, episode: int, parameter: int) -> None:
    some = _thin(len(paths.times))
    times, values = paths.times[some], paths.parameters[:, some, parameter]
    others = np.delete(values, episode, axis=0)
    for i, row in enumerate(others):
        words = "other episodes" if i == 0 else None
        panel.plot(times, row, color=style.CONTOUR, linewidth=0.7, zorder=2, label=words)
    color = style.rule("optimal").color
    words = f"episode {episode}"
    panel.plot(times, values[episode], color=color, linewidth=1.6, zorder=4, label=words)


def _belief(panel: Axes, paths: Paths, episode: int, hidden: int) -> None:
    some = _thin(len(paths.times))
    simulated.hidden_path(panel, paths.times[some], paths.hidden[episode, some, hidden])
    if paths.belief_means is None or paths.belief_variances is None:
        return
    # beliefs are those that controls are chosen on: none at the last time
    some = _thin(len(paths.times) - 1)
    times = paths.times[:-1][some]
    mean = paths.belief_means[episode, some, hidden]
    variance = paths.belief_variances[episode, some, hidden]
    simulated.belief_band(panel, times, mean, np.maximum(variance, 0.0))


def _controls(panel: Axes, paths: Paths, episode: int) -> None:
    some = _thin(len(paths.times) - 1)
    times, controls = paths.times[:-1][some], paths.controls[episode, some]
    count = controls.shape[1]
    tones = style.shades("optimal", count) if count > 1 else [style.rule("optimal").color]
    for i, tone in enumerate(tones):
        words: dict[str, Any] = {}
        if 1 < count < 9:
            words["label"] = f"u{symbol(i)[1:]}"
        panel.step(times, controls[:, i], where="post", color=tone, linewidth=1.2, **words)
