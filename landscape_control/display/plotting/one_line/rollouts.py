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
_MOST_PANELS = 3  # of parameters, and of hidden variables
_ROW, _LOW_ROW = 1.75, 1.3  # inches, of few panels and of many


@checked
def plot_rollout(
    rollout: Rollout,
    axes: GivenAxes = None,
    *,
    episode: Index = 0,
    parameter: Index | None = None,
    hidden: Index | None = None,
    title: str | None = None,
) -> Axes:
    """Episodes of a simulation over time: parameters, beliefs, controls.

    Panels: a parameter of all episodes kept, one of them in colour; the hidden truth of that episode
    with what the learner believes, mean ± 2 sd (where something is hidden); its controls, each held
    over a step. Up to three parameters and hidden variables have a panel each; of more those three
    that vary most, and the legend says so.

    Parameters
    ----------
    axes : None for a figure of its own, one Axes for a parameter alone, or one for each of a
        parameter, a hidden variable (where there are any) and the controls
    episode : number, from 0, of the one in colour
    parameter, hidden : numbers, from 0, of what is drawn alone; None are those named above, on Axes
        that are given the one that varies most
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
    most = _MOST_PANELS if axes is None else 1
    parameters = _chosen("parameter", parameter, paths.parameters, most)
    hides = paths.hidden.shape[2] > 0
    hidden_ones = _chosen("hidden", hidden, paths.hidden, most) if hides else ()
    names = (
        *(f"parameter {i}" for i in parameters),
        *(f"belief {i}" for i in hidden_ones),
        "control",
    )
    panels = given_axes(axes, names)
    figure: Figure | None = None
    if panels is None:
        row = _ROW if len(names) <= _MOST_PANELS else _LOW_ROW
        figure = style.new_figure(7.4, row * len(names) + 0.9, row_gap=0.04)
        panels = figure.subplot_mosaic([[name] for name in names], sharex=True)
    if title is None:
        title = f"{rollout.policy}, {rollout.cost_words}"
    letters = simulated.letters(names) if figure else dict.fromkeys(names, "")
    for i in parameters:
        panel, name = panels[f"parameter {i}"], f"parameter {i}"
        _parameters(panel, paths, episode, i, named=i == parameters[0])
        words = title if i == parameters[0] else ""
        style.label(panel, y=f"parameter {symbol(i)}", title=words, letter=letters[name])
    for i in hidden_ones:
        name = f"belief {i}"
        if name in panels:
            _belief(panels[name], paths, episode, i, named=i == hidden_ones[0])
            words = _about(paths) if i == hidden_ones[0] else ""
            style.label(
                panels[name], y=f"hidden φ{symbol(i)[1:]}", title=words, letter=letters[name]
            )
    if "control" in panels:
        _controls(panels["control"], paths, episode)
        style.label(
            panels["control"], "time t", "control u", title="control", letter=letters["control"]
        )
    for panel in panels.values():
        panel.set_xlim(paths.times[0], paths.times[-1])
        plain_ticks(panel)
    first = panels[names[0]]
    _say_how_many(first, "θ", parameters, paths.parameters)
    if hides and figure is not None:
        _say_how_many(panels[f"belief {hidden_ones[0]}"], "φ", hidden_ones, paths.hidden)
    if figure is None:
        below_axes(first)
    else:
        style.figure_legend(figure, columns=3)
    return finished(first, figure)


@checked
def plot_belief_solution(
    solution: BeliefSolution,
    axes: GivenAxes = None,
    *,
    seed: Index = 0,
    episodes: Count = _EPISODES,
    horizon: Positive | None = None,
    episode: Index = 0,
    parameter: Index | None = None,
    hidden: Index | None = None,
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


def _chosen(name: str, number: int | None, values: np.ndarray, most: int) -> tuple[int, ...]:
    """Which components of paths (S, N, size) are drawn, in their order."""
    size = values.shape[2]
    if number is not None:
        _check_number(name, number, size)
        return (number,)
    if size <= most:
        return tuple(range(size))
    with np.errstate(invalid="ignore"):  # an episode may have run off
        spread = np.nan_to_num(np.nanstd(values, axis=(0, 1)), posinf=0.0)
    largest = np.argsort(-spread, kind="stable")[:most]
    return tuple(sorted(int(i) for i in largest))


def _say_how_many(panel: Axes, sign: str, chosen: tuple[int, ...], values: np.ndarray) -> None:
    """A legend entry without a sign, where not all components are drawn."""
    size, count = values.shape[2], len(chosen)
    if count == size:
        return
    words = (
        f"one of {size} {sign}" if count == 1 else f"those {count} of {size} {sign} that vary most"
    )
    panel.plot([], [], linestyle="none", label=words)


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


def _parameters(panel: Axes, paths: Paths, episode: int, parameter: int, *, named: bool) -> None:
    """A parameter of all episodes; ``named``: with entries for the legend."""
    some = _thin(len(paths.times))
    times, values = paths.times[some], paths.parameters[:, some, parameter]
    others = np.delete(values, episode, axis=0)
    for i, row in enumerate(others):
        words = "other episodes" if i == 0 and named else None
        panel.plot(times, row, color=style.CONTOUR, linewidth=0.7, zorder=2, label=words)
    color = style.rule("optimal").color
    words = f"episode {episode}" if named else None
    panel.plot(times, values[episode], color=color, linewidth=1.6, zorder=4, label=words)


def _belief(panel: Axes, paths: Paths, episode: int, hidden: int, *, named: bool) -> None:
    """The truth and the belief of one episode; ``named``: with entries for the legend."""
    some = _thin(len(paths.times))
    truth = paths.hidden[episode, some, hidden]
    words: dict[str, Any] = {} if named else {"label": None}
    simulated.hidden_path(panel, paths.times[some], truth, **words)
    if paths.belief_means is None or paths.belief_variances is None:
        return
    # beliefs are those that controls are chosen on: none at the last time
    some = _thin(len(paths.times) - 1)
    times = paths.times[:-1][some]
    mean = paths.belief_means[episode, some, hidden]
    variance = paths.belief_variances[episode, some, hidden]
    simulated.belief_band(panel, times, mean, np.maximum(variance, 0.0), **words)


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
