"""Whole figures of results, whatever was solved: one plan, one verdict, all claims.

Each takes one flat mapping of arrays and returns a Figure; its docstring lists the keys.
"""

from types import MappingProxyType

import numpy as np

from ...support.errors import ProblemError
from . import evidence, landscapes, paths, style
from .data import Key, draws
from .panels import GRID, map_panel, optional, rows_with_numbers


@draws(
    Key(name="times", shape="N", meaning="node times"),
    Key(name="parameters", shape="N n", meaning="θ"),
    Key(name="controls", shape="N m", meaning="u"),
    Key(name="costates", shape="N n", meaning="current-value λ = ∂V/∂θ"),
    *optional(GRID, "landscape"),
    Key(name="minima", shape="M 2", meaning="minima, lowest first", group="minima"),
    Key(name="title", shape="", meaning="what was solved", text=True, group="title"),
)
def plan_overview(d):
    """One plan in full: parameters, controls and costates over time, and its path on the contours
    when n = 2.

    Panels: ``map`` if the landscape is given, ``parameters``, ``controls``, ``costates``.
    """
    mapped = d.loss is not None
    if mapped and d.parameters.shape[1] != 2:
        raise ProblemError(
            "figure plan_overview",
            expected="two parameters when the landscape is given",
            received=f"{d.parameters.shape[1]}",
            advice="leave out axis_1, axis_2 and loss",
        )
    tall = style.map_height(7.4, d.axis_1, d.axis_2, highest=4.0) + 0.75 if mapped else 0.0
    figure = style.new_figure(7.4, tall + 2.6, row_gap=0.1)
    series = (
        ("parameters", "parameters θ", "θ"),
        ("controls", "controls u", "u"),
        ("costates", "costates λ = ∂V/∂θ", "λ"),
    )
    rows = [["map"] * 3] * mapped + [[name for name, _, _ in series]]
    axes = figure.subplot_mosaic(rows, height_ratios=[tall, 2.0] if mapped else None)
    if mapped:
        map_panel(axes["map"], d, "the plan" if d.title is None else d.title, "a")
        paths.trajectory(axes["map"], d.parameters, linewidth=2.1)
        if d.minima is not None:
            landscapes.minima(axes["map"], d.minima, rank=True)
        landscapes.start(axes["map"], d.parameters[0])
        style.legend_below(axes["map"], columns=3)
    elif d.title is not None:
        title = style.literal(d.title)
        figure.suptitle(
            title,
            x=0.01,
            ha="left",
            fontsize=style.TEXT + 1,
            color=style.INK,
            fontfamily=style.FONT,
        )
    for (name, words, symbol), letter in zip(series, "bcd" if mapped else "abc", strict=True):
        values = getattr(d, name)
        labels = (
            [f"{symbol}{chr(0x2080 + i + 1)}" for i in range(values.shape[1])]
            if values.shape[1] < 9
            else None
        )
        lines = ["-", (0, (4, 1.5)), (0, (1, 1.2))] * values.shape[1]
        paths.time_series(
            axes[name], d.times, values, labels=labels, lines=lines[: values.shape[1]]
        )
        style.label(axes[name], "time t", title=words, letter=letter)
        axes[name].set_xlim(d.times[[0, -1]])
        if labels and values.shape[1] > 1:
            style.legend_below(axes[name], columns=4)
    return figure


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
)
def policy_scatter(d):
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
    words = [
        f"{style.rule(key).label}, error {evidence.figures_of(error, 2)}"
        for key, error in zip(d.rules, d.errors, strict=True)
    ]
    evidence.prediction_scatter(
        axes["prediction"], d.controls, d.predictions, rules=d.rules, labels=words
    )
    style.label(
        axes["prediction"],
        "optimal control u*",
        "control by the rule",
        title="which rule lies on the diagonal?",
        letter="b",
    )
    for name in axes:
        style.legend_below(axes[name], columns=2 if name == "descent" else 1, markerscale=1.3)
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
)
def coefficients(d):
    """Fitted coefficients with intervals, each relative to what theory predicts (or to itself where
    theory is silent).

    Panels: ``forest``, ``numbers``.
    """
    half, number = (d.upper - d.lower) / 2, evidence.figures_of
    # no interval where nothing was uncertain
    spread = [f" ± {number(width, 1)}" if width else "" for width in half]
    columns = {
        "estimate": [
            number(value) + width for value, width in zip(d.estimates, spread, strict=True)
        ],
        "theory": [number(value) for value in d.theory],
    }
    labels = [
        f"{style.rule(key).label}:  {name}" for key, name in zip(d.rules, d.names, strict=True)
    ]
    figure, panels = rows_with_numbers(["forest"], labels, columns, 3.9)
    axes = panels["forest"]
    silent = "  (hollow: theory predicts none)" * bool(np.isnan(d.theory).any())
    style.label(
        axes,
        "deviation from theory,  (estimate − theory) / |theory|",
        title="coefficients of the rules" + silent,
    )
    known = np.isfinite(d.theory)
    reference = np.where(known, d.theory, d.estimates)
    shown = np.array([d.estimates, d.lower, d.upper, d.theory]) - reference
    shown /= np.where(
        reference == 0, np.maximum(np.abs(shown[1:3]).max(0), 1e-300), np.abs(reference)
    )
    reach = min(max(0.02, 1.15 * np.abs(shown).max(where=np.isfinite(shown), initial=0.0)), 2.0)
    evidence.forest(
        axes, labels, shown[0], *np.clip(shown[1:3], -reach, reach), theory=shown[3], rules=d.rules
    )
    axes.set_xlim(-reach, reach)
    return figure


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
)
def verdict(d):
    """Which rule is the optimal policy here: error of the policy, cost of running the rule,
    coefficients, conditioning.

    Panels: ``error``, ``regret``, ``numbers``. Values below 1e-5 are drawn there, hollow; the value
    stands beside each dot.
    """
    columns = {} if d.coefficients is None else {"coefficients": d.coefficients}
    columns |= {
        "condition": [evidence.figures_of(value, 2) for value in d.conditions],
        "identifiable": [{1.0: "yes", 0.0: "no"}.get(value, "—") for value in d.identifiable],
    }
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
        axes[name].set_xlim(5e-6, 30 * np.max(values, where=np.isfinite(values), initial=1e-3))
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
)
def claims_overview(d):
    """All claims at a glance: how much of its tolerance each one uses, with the two numbers beside
    it.

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


FIGURES = MappingProxyType(
    {
        draw.__name__: draw
        for draw in (plan_overview, policy_scatter, coefficients, verdict, claims_overview)
    }
)
