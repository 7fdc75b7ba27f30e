"""A planned policy: the loss it leaves at every step, and the schedules of its coefficients."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....optimisation.held_out import mean_losses
from ....optimisation.result import PolicyResult
from ....support.arguments import Count, Index, checked
from .. import curves, simulated, style
from .numbers import short, spread_over
from .sheet import GivenAxes, below_axes, finished, given_axes, plain_ticks

_LINES = ("-", (0, (4, 1.4)), (0, (1.2, 1)), (0, (6, 1.2, 1.2, 1.2)))


@checked
def plot_policy(
    result: PolicyResult,
    axes: GivenAxes = None,
    *,
    against: Sequence[PolicyResult] = (),
    episodes: Count = 1600,
    seed: Index = 0,
    title: str | None = None,
) -> Axes:
    """The mean loss at every step, on problems drawn from the task, and the schedules by step.

    Panels: the loss of what the rule answers with, mean ± 2 standard errors; each coefficient that
    varies, over the steps (where there is one; constants stand in the legend).

    Parameters
    ----------
    axes : None for a figure of its own, one Axes for the loss alone, or two
    against : results of other families to draw beside it, each on draws of its own task
    episodes, seed : of the draws
    title : None names the horizon

    Returns
    -------
    Axes
        of the loss; a notebook shows the whole figure.
    """
    results = [result, *against]
    schedules = any(_varying(each) for each in results)
    names = ("loss", "coefficients") if schedules else ("loss",)
    panels = given_axes(axes, names)
    figure: Figure | None = None
    if panels is None:
        legend = 0.17 * (len(results) + 1)
        figure = style.new_figure(7.4 if schedules else 4.6, 2.9 + legend)
        panels = figure.subplot_mosaic([list(names)])
    _losses(panels["loss"], results, episodes, seed)
    if title is None:
        title = f"expected loss over T = {result.program.steps} steps"
    lettered = figure is not None and schedules
    style.label(
        panels["loss"],
        "step t",
        "mean loss E L  (± 2 s.e.)",
        title=title,
        letter="a" if lettered else "",
    )
    if "coefficients" in panels:
        _schedules(panels["coefficients"], results)
        style.label(
            panels["coefficients"],
            "step t",
            "coefficient",
            title="what varies",
            letter="b" if lettered else "",
        )
    for panel in panels.values():
        plain_ticks(panel)
    if figure is None:
        below_axes(panels["loss"])
    else:
        style.figure_legend(figure, columns=2)
    return finished(panels["loss"], figure)


def _losses(panel: Axes, results: Sequence[PolicyResult], episodes: int, seed: int) -> None:
    curves_of = [
        mean_losses(each.policy, each.program, episodes=episodes, seed=seed) for each in results
    ]
    every = np.concatenate([mean[np.isfinite(mean)] for mean, _ in curves_of])
    if spread_over(every):
        curves.log_axes(panel, "y")
    for each, (mean, error) in zip(results, curves_of, strict=True):
        known = np.isfinite(mean)  # infinite from where an episode overflows
        steps, mean = np.arange(len(mean))[known], mean[known]
        half = 2 * np.where(np.isfinite(error), error, 0.0)[known]
        look = style.rule(_key(each))
        simulated.band(panel, steps, mean, half, look.color)
        panel.plot(
            steps, mean, color=look.color, linestyle=look.line, linewidth=1.6, label=_words(each)
        )
    if panel.get_yscale() == "linear" and every.size and every.min() >= 0:
        panel.set_ylim(bottom=0)
    panel.set_xlim(0, max(len(mean) for mean, _ in curves_of) - 1)


def _key(result: PolicyResult) -> str:
    return result.program.family.name.replace(" ", "_").replace("-", "_").lower()


def _words(result: PolicyResult) -> str:
    """Name, cost, and the coefficients that are one number."""
    symbols = {each.name: each.symbol for each in result.program.family.coefficients}
    numbers = [
        f"{symbols.get(name, name)} = {float(value):.3g}"
        for name, value in result.coefficients.items()
        if np.ndim(value) == 0
    ]
    constants = f" ({', '.join(numbers[:4])})" if numbers else ""
    return f"{result.program.family.name}{constants}, J = {short(result.cost)}"


def _varying(result: PolicyResult) -> dict[str, np.ndarray]:
    """{symbol: one value per step} of the coefficients that vary."""
    found = {}
    for each in result.program.family.coefficients:
        values = np.asarray(result.coefficients.get(each.name, np.nan), dtype=float)
        if each.varies and each.size == 1 and values.ndim == 1:
            found[each.symbol] = values
    return found


def _schedules(panel: Axes, results: Sequence[PolicyResult]) -> None:
    every = []
    for each in results:
        color = style.rule(_key(each)).color
        prefix = f"{each.program.family.name}: " if len(results) > 1 else ""
        for i, (symbol, values) in enumerate(_varying(each).items()):
            known = np.where(np.isfinite(values), values, np.nan)
            panel.plot(
                np.arange(len(values)),
                known,
                color=color,
                linestyle=_LINES[i % len(_LINES)],
                linewidth=1.5,
                marker="o" if len(values) <= 40 else "",
                markersize=2.6,
                label=f"{prefix}{symbol} at step t",
            )
            every.append(known)
    if spread_over(np.concatenate(every)):
        curves.log_axes(panel, "y")
