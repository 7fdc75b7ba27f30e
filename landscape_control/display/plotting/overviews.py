"""Whole figures of results, whatever was solved: one plan, one verdict, all claims.

Each takes one flat mapping of arrays, or the result that has them, and returns a Figure; its
docstring lists the keys.
"""

from collections.abc import Mapping
from types import MappingProxyType, SimpleNamespace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import HashableList

from ...identification.maps import Verdict
from ...planning.solution import Plan, Solution
from ...support.errors import ProblemError
from . import evidence, landscapes, paths, style
from .data import Key, WholeFigure, draws
from .derived_run import derived_run
from .loss_ratios import loss_ratios
from .network_paths import network_paths
from .panels import GRID, map_panel, optional, rows_with_numbers
from .results import coefficients_data, data_of_solution, plan_data, policy_data, verdict_data
from .several_results import data_of_claims
from .training_curves import training_curves


@draws(
    Key(name="times", shape="N", meaning="node times"),
    Key(name="parameters", shape="N n", meaning="θ"),
    Key(name="controls", shape="N m", meaning="u"),
    Key(name="costates", shape="N n", meaning="current-value λ = ∂V/∂θ"),
    *optional(GRID, "landscape"),
    Key(name="minima", shape="M 2", meaning="minima, lowest first", group="minima"),
    Key(name="title", shape="", meaning="what was solved", text=True, group="title"),
    of={Plan: plan_data, Solution: data_of_solution},
)
def plan_overview(d: SimpleNamespace) -> Figure:
    """One plan in full: parameters, controls and costates over time; its path when n = 2.

    Panels: ``map`` if the landscape is given, ``parameters``, ``controls``, ``costates``.
    """
    series = {
        "parameters": ("parameters θ", "θ"),
        "controls": ("controls u", "u"),
        "costates": ("costates λ = ∂V/∂θ", "λ"),
    }
    if d.loss is None:
        figure = style.new_figure(7.4, 2.6, row_gap=0.1)
        axes = figure.subplot_mosaic([list(series)])
        letters = "abc"
        if d.title is not None:
            _title_of_figure(figure, d.title)
    else:
        _check_two_parameters(d)
        height = style.map_height(7.4, d.axis_1, d.axis_2, highest=4.0) + 0.75
        figure = style.new_figure(7.4, height + 2.6, row_gap=0.1)
        mosaic: list[HashableList[str]] = [["map"] * 3, list(series)]
        axes = figure.subplot_mosaic(mosaic, height_ratios=[height, 2.0])
        letters = "bcd"
        _path_of_plan(axes["map"], d)
    for (name, (title, symbol)), letter in zip(series.items(), letters, strict=True):
        _components(axes[name], d.times, getattr(d, name), symbol)
        style.label(axes[name], "time t", title=title, letter=letter)
    return figure


def _check_two_parameters(d: SimpleNamespace) -> None:
    count = d.parameters.shape[1]
    if count != 2:
        raise ProblemError(
            "figure plan_overview",
            expected="two parameters when the landscape is given",
            received=f"{count}",
            advice="leave out axis_1, axis_2 and loss",
        )


def _title_of_figure(figure: Figure, title: str) -> None:
    figure.suptitle(
        style.literal(title),
        x=0.01,
        ha="left",
        fontsize=style.TEXT + 1,
        color=style.INK,
        fontfamily=style.FONT,
    )


def _path_of_plan(panel: Axes, d: SimpleNamespace) -> None:
    """The plan on the contours of its landscape."""
    map_panel(panel, d, "the plan" if d.title is None else d.title, "a")
    paths.trajectory(panel, d.parameters, linewidth=2.1)
    if d.minima is not None:
        landscapes.minima(panel, d.minima, rank=True)
    landscapes.start(panel, d.parameters[0])
    style.legend_below(panel, columns=3)


def _components(panel: Axes, times: np.ndarray, values: np.ndarray, symbol: str) -> None:
    """Curves (N, d) over time; up to eight of them are named, θ₁, θ₂, ..."""
    count = values.shape[1]
    labels = None
    if count < 9:
        labels = [f"{symbol}{chr(ord('₁') + i)}" for i in range(count)]
    lines: list[str | tuple] = ["-", (0, (4, 1.5)), (0, (1, 1.2))] * count
    paths.time_series(panel, times, values, labels=labels, lines=lines[:count])
    panel.set_xlim(times[0], times[-1])
    if labels and count > 1:
        style.legend_below(panel, columns=4)


@draws(
    Key(name="descent", shape="S", meaning="components of −∇L at the sampled states"),
    Key(name="controls", shape="S", meaning="the same components of the optimal control u*"),
    Key(
        name="groups",
        shape="S",
        meaning="number of the group (mode, curvature) each sample belongs to",
    ),
    Key(
        name="group_names",
        shape="C",
        meaning="names of the groups in ascending order, e.g. h = 0.5",
        text=True,
    ),
    Key(name="gain", shape="", meaning="fitted gain of gradient descent, shared over all groups"),
    Key(name="rules", shape="R", meaning="keys of the rules shown, best first", text=True),
    Key(
        name="predictions",
        shape="R S",
        meaning="what each fitted rule would do in the same states",
        gaps=True,
    ),
    Key(name="errors", shape="R", meaning="relative policy error of each rule"),
    of={Verdict: policy_data},
)
def policy_scatter(d: SimpleNamespace) -> Figure:
    """Optimal controls against −∇L, and against what each fitted rule predicts.

    Panels: ``descent``, ``prediction``.
    """
    figure = style.new_figure(7.2, 3.7)
    axes = figure.subplot_mosaic([["descent", "prediction"]])
    evidence.policy_scatter(
        axes["descent"],
        d.descent,
        d.controls,
        groups=d.groups,
        group_labels=list(d.group_names),
        gain=d.gain,
        gain_label=f"gradient descent, gain {d.gain:.3g}",
    )
    style.label(
        axes["descent"],
        "downhill slope −∇L",
        "optimal control u*",
        title="one gain for all?",
        letter="a",
    )
    errors = [evidence.figures_of(error, 2) for error in d.errors]
    labels = [
        f"{style.rule(key).label}, error {error}"
        for key, error in zip(d.rules, errors, strict=True)
    ]
    evidence.prediction_scatter(
        axes["prediction"], d.controls, d.predictions, rules=d.rules, labels=labels
    )
    style.label(
        axes["prediction"],
        "optimal control u*",
        "control by the rule",
        title="which rule lies on the diagonal?",
        letter="b",
    )
    style.legend_below(axes["descent"], columns=2, markerscale=1.3)
    style.legend_below(axes["prediction"], columns=1, markerscale=1.3)
    return figure


@draws(
    Key(name="rules", shape="C", meaning="key of the rule each coefficient belongs to", text=True),
    Key(name="names", shape="C", meaning="name of each coefficient with its symbol", text=True),
    Key(name="estimates", shape="C", meaning="fitted values", gaps=True),
    Key(name="lower", shape="C", meaning="lower ends of the intervals", gaps=True),
    Key(name="upper", shape="C", meaning="upper ends of the intervals", gaps=True),
    Key(
        name="theory",
        shape="C",
        meaning="what theory predicts, NaN where it predicts nothing",
        gaps=True,
    ),
    of={Verdict: coefficients_data},
)
def coefficients(d: SimpleNamespace) -> Figure:
    """Fitted coefficients with intervals, each relative to what theory predicts.

    Where theory is silent they are relative to themselves. Panels: ``forest``, ``numbers``.
    """
    halves = (d.upper - d.lower) / 2
    columns = {
        "estimate": list(map(_with_interval, d.estimates, halves)),
        "theory": [evidence.figures_of(value) for value in d.theory],
    }
    labels = [
        f"{style.rule(key).label}:  {name}" for key, name in zip(d.rules, d.names, strict=True)
    ]
    figure, panels = rows_with_numbers(["forest"], labels, columns, 3.9)
    axes = panels["forest"]
    title = "coefficients of the rules"
    if np.isnan(d.theory).any():
        title += "  (hollow: theory predicts none)"
    style.label(axes, "deviation from theory,  (estimate − theory) / |theory|", title=title)
    estimate, lower, upper, theory = shown = _deviations(d)
    largest = np.abs(shown).max(where=np.isfinite(shown), initial=0.0)
    reach = min(max(0.02, 1.15 * largest), 2.0)
    lower, upper = np.clip([lower, upper], -reach, reach)
    evidence.forest(axes, labels, estimate, lower, upper, theory=theory, rules=d.rules)
    axes.set_xlim(-reach, reach)
    return figure


def _with_interval(estimate: float, half: float) -> str:
    number = evidence.figures_of(estimate)
    if not half:  # no interval where nothing was uncertain
        return number
    return f"{number} ± {evidence.figures_of(half, 1)}"


def _deviations(d: SimpleNamespace) -> np.ndarray:
    """Estimates, lower and upper ends and theory (4, C), relative to theory or the estimate."""
    known = np.isfinite(d.theory)
    reference = np.where(known, d.theory, d.estimates)
    absolute = np.array([d.estimates, d.lower, d.upper, d.theory]) - reference
    widest = np.abs(absolute[1:3]).max(0)
    # A reference of zero gives no relative number: the longer half of the interval is the unit.
    unit = np.where(reference == 0, np.maximum(widest, 1e-300), np.abs(reference))
    return absolute / unit


@draws(
    Key(
        name="rules",
        shape="R",
        meaning="keys of the rules, best first; 'none' may stand first",
        text=True,
    ),
    Key(name="errors", shape="R", meaning="relative policy error", gaps=True),
    Key(name="regrets", shape="R", meaning="J_rule/J* − 1", gaps=True),
    Key(name="conditions", shape="R", meaning="condition number of the fit", gaps=True),
    Key(
        name="identifiable",
        shape="R",
        meaning="1 if the data determine the coefficients, else 0",
        gaps=True,
    ),
    Key(
        name="coefficients",
        shape="R",
        meaning="coefficients in words, e.g. 'α = 0.42'",
        text=True,
        group="coefficients",
    ),
    Key(name="title", shape="", meaning="what was compared", text=True, group="title"),
    of={Verdict: verdict_data},
)
def verdict(d: SimpleNamespace) -> Figure:
    """Which rule is the optimal policy here: policy error, cost of running it, coefficients.

    Panels: ``error``, ``regret``, ``numbers``. Values below 1e-5 are drawn there, hollow; the value
    stands beside each dot.
    """
    columns = {} if d.coefficients is None else {"coefficients": d.coefficients}
    columns["condition"] = [evidence.figures_of(value, 2) for value in d.conditions]
    answers = {1.0: "yes", 0.0: "no"}
    columns["identifiable"] = [answers.get(value, "—") for value in d.identifiable]
    labels = [style.rule(key).label for key in d.rules]
    figure, axes = rows_with_numbers(["error", "regret"], labels, columns, 5.0)
    style.label(
        axes["error"],
        "relative policy error",
        title="which rule is it?" if d.title is None else d.title,
    )
    style.label(axes["regret"], "extra cost of the rule, J/J* − 1")
    for name, values in (("error", d.errors), ("regret", d.regrets)):
        evidence.dot_rows(axes[name], labels, values, rules=d.rules, floor=1e-5, write=True)
        largest = np.max(values, where=np.isfinite(values), initial=1e-3)
        axes[name].set_xlim(5e-6, 30 * largest)
    axes["regret"].tick_params(axis="y", labelleft=False)
    axes["error"].get_yticklabels()[0].set_fontweight("bold")
    return figure


@draws(
    Key(name="claims", shape="C", meaning="names of the claims", text=True),
    Key(name="theory", shape="C", meaning="reference values"),
    Key(name="computed", shape="C", meaning="computed values", gaps=True),
    Key(
        name="errors",
        shape="C",
        meaning="distance from what the relation of the claim asks, 0 inside a bound",
        gaps=True,
    ),
    Key(name="tolerances", shape="C", meaning="largest error allowed, in the same units"),
    of_several=data_of_claims,
)
def claims_overview(d: SimpleNamespace) -> Figure:
    """All claims at a glance: how much of its tolerance each one uses, and the two numbers.

    Takes its data, or a list of outcomes of claims.

    Panels: ``claims``, ``numbers``. Dots are met claims, crosses failed ones.
    """
    columns = {
        "theory": [evidence.figures_of(value, 5) for value in d.theory],
        "computed": [evidence.figures_of(value, 5) for value in d.computed],
    }
    figure, panels = rows_with_numbers(["claims"], list(d.claims), columns, 4.2, row=0.21)
    style.label(
        panels["claims"],
        "share of the tolerance used,  error / tolerance",
        title="theory against computation",
    )
    evidence.tolerance_used(panels["claims"], d.claims, d.errors, d.tolerances)
    return figure


_ALL = (
    *(plan_overview, policy_scatter, coefficients, verdict, claims_overview),
    network_paths,
    training_curves,
    derived_run,
    loss_ratios,
)
FIGURES: Mapping[str, WholeFigure] = MappingProxyType({draw.__name__: draw for draw in _ALL})
