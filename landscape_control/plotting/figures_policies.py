"""What the optimal policy is: preconditioner exponent, policy samples against rules, coefficients,
the verdict.
"""

import numpy as np

from . import curves, evidence, style
from .data import Key, draws
from .panels import discount_labels, rows_with_numbers


@draws(
    Key(name="learning_rate", shape="", meaning="η"),
    Key(name="loss_weight", shape="", meaning="k"),
    Key(name="discounts", shape="K", meaning="γ of each curve, T = ∞"),
    Key(name="curvatures", shape="C", meaning="h of the computed exponents"),
    Key(
        name="exponents",
        shape="K C",
        meaning="p = 1 − d log r/d log h measured from the numerical policy",
    ),
    Key(name="curvatures_theory", shape="D", meaning="h of the closed form"),
    Key(name="exponents_theory", shape="K D", meaning="r/(2r + γ)"),
    Key(
        name="horizons",
        shape="H",
        meaning="T of the computed exponents at one curvature",
        group="horizon",
    ),
    Key(
        name="horizon_discounts",
        shape="J",
        meaning="γ of each curve over the horizon",
        group="horizon",
    ),
    Key(name="horizon_exponents", shape="J H", meaning="computed p(γ, T)", group="horizon"),
    Key(name="horizons_theory", shape="E", meaning="T of the closed form", group="horizon"),
    Key(
        name="horizon_exponents_theory",
        shape="J E",
        meaning="closed form of p(γ, T)",
        group="horizon",
    ),
)
def preconditioner(d):
    """One number between gradient descent (p = 0) and ballistic, Adam-like motion (p = ½).

    Panels: ``curvature``; ``collapse``, all points over ηkh/γ² on the one curve ½ − ½/√(1 + 4x);
    ``horizon`` if given.
    """
    names = ["curvature", "collapse"] + ["horizon"] * (d.horizons is not None)
    figure = style.new_figure(2.85 * len(names) + 0.35, 3.2)
    axes = figure.subplot_mosaic([names], sharey=True)
    tones = style.shades("optimal", len(d.discounts))
    curves.exponent_curves(
        axes["curvature"],
        theory=(d.curvatures_theory, d.exponents_theory),
        computed=(d.curvatures, d.exponents),
        colors=tones,
        labels=discount_labels(d.discounts),
    )
    style.label(
        axes["curvature"],
        "curvature h",
        "preconditioner exponent p",
        title="far sight normalises",
        letter="a",
    )
    _landmark_words(axes["curvature"])
    _collapse(axes["collapse"], d, tones)
    if d.horizons is not None:
        curves.exponent_curves(
            axes["horizon"],
            theory=(d.horizons_theory, d.horizon_exponents_theory),
            computed=(d.horizons, d.horizon_exponents),
            colors=style.shades("optimal", len(d.horizon_discounts)),
            labels=discount_labels(d.horizon_discounts),
        )
        style.label(axes["horizon"], "horizon T", title="finite horizons", letter="c")
        style.legend_below(axes["horizon"], columns=3)
    style.legend_below(axes["curvature"], columns=3)
    return figure


def _landmark_words(axes):
    landmarks = (
        (0.512, "ballistic", "ballistic, p = ½"),
        (-0.046, "gradient_descent", "gradient descent, p = 0"),
    )
    for value, key, words in landmarks:
        style.note(
            axes,
            0.02,
            value,
            words,
            transform=axes.get_yaxis_transform(),
            va="bottom",
            color=style.rule(key).color,
        )


def _collapse(axes, d, tones):
    strength, finite = d.learning_rate * d.loss_weight, d.discounts > 0
    patience = strength * d.curvatures[None] / d.discounts[finite, None] ** 2
    x = np.geomspace(patience.min(initial=1e-2) / 3, patience.max(initial=1e2) * 3, 200)
    curves.log_axes(axes, "x")
    curves.exponent_axis(axes)
    axes.plot(
        x,
        0.5 - 0.5 / np.sqrt(1 + 4 * x),
        color=style.INK,
        linewidth=1.3,
        zorder=2,
        label="½ − ½/√(1 + 4x)",
    )
    for row, points, tone in zip(
        patience, d.exponents[finite], np.array(tones)[finite], strict=True
    ):
        axes.plot(row, points, zorder=4, **style.hollow(tone))
    style.label(
        axes, "x = ηkh/γ²  (curvature over squared discount)", title="one curve for all", letter="b"
    )
    style.legend_below(axes, handles=axes.lines[2:3] + curves.how_to_read()[:1], columns=2)


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
    spread = [
        f" ± {number(width, 1)}" if width else "" for width in half
    ]  # no interval where nothing was uncertain
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
