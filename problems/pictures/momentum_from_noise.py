"""Heavy-ball momentum with weight decay is the exact rule for noisy gradients.

Its coefficients over noise and horizon.
"""

from types import SimpleNamespace

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure, discount_labels
from ...display.plotting.simulated import family, value_labels

_COEFFICIENTS = (
    ("friction", "friction", "r + λ + κh"),
    ("learning_rate", "learning rate", "rsκ"),
    ("weight_decay", "weight decay", "r[λ + κh(1−s)]"),
)


@draws(
    Key(name="discounts", shape="K", meaning="γ of each curve"),
    Key(name="noises", shape="S", meaning="σ of the computed coefficients"),
    Key(name="friction", shape="K S", meaning="computed friction", gaps=True),
    Key(name="learning_rate", shape="K S", meaning="computed learning rate", gaps=True),
    Key(name="weight_decay", shape="K S", meaning="computed weight decay", gaps=True),
    Key(name="noises_theory", shape="D", meaning="σ of the closed forms"),
    Key(name="friction_theory", shape="K D", meaning="r + λ + κh"),
    Key(name="learning_rate_theory", shape="K D", meaning="r s κ"),
    Key(name="weight_decay_theory", shape="K D", meaning="r[λ + κh(1 − s)]"),
    Key(
        name="conditions",
        shape="C",
        meaning="condition numbers of several dimensions",
        group="shared",
    ),
    Key(
        name="shared_noises",
        shape="J",
        meaning="σ of each curve over the condition number",
        group="shared",
    ),
    Key(
        name="shared_distances",
        shape="J C",
        group="shared",
        meaning="distance of the friction matrix from the nearest multiple of I, ‖F − βI‖/‖F‖",
    ),
    Key(
        name="shared_regrets",
        shape="J C",
        gaps=True,
        group="shared",
        meaning="J/J* − 1 of the best rule with one shared β",
    ),
    Key(
        name="shared_regret_errors",
        shape="J C",
        meaning="their standard errors",
        group="shared errors",
    ),
)
def momentum_from_noise(d: SimpleNamespace) -> Figure:
    """Heavy-ball momentum with weight decay is the exact rule for noisy gradients: its coefficients
    over noise and horizon.

    Panels: ``friction``, ``learning_rate``, ``weight_decay``; ``shared`` and ``shared_cost`` if
    given.
    """
    lower = ["shared", "shared_cost"] if d.shared_distances is not None else []
    names = [name for name, _, _ in _COEFFICIENTS]
    rows = [[name for name in names for _ in range(2)]]
    rows += [[name for name in lower for _ in range(3)]] if lower else []
    figure = style.new_figure(7.9, 2.9 + 2.6 * bool(lower))
    axes, tones = figure.subplot_mosaic(rows), style.shades("belief_optimal", len(d.discounts))
    for (name, words, formula), letter in zip(_COEFFICIENTS, "abc", strict=True):
        family(
            axes[name],
            d.noises_theory,
            getattr(d, f"{name}_theory"),
            d.noises,
            getattr(d, name),
            tones,
        )
        style.label(axes[name], "gradient noise σ", words, title=formula, letter=letter)
    handles = [
        axes["friction"].plot([], [], linewidth=1.4, label=words, **style.hollow(tone, line="-"))[0]
        for tone, words in zip(tones, discount_labels(d.discounts), strict=True)
    ]
    style.legend_below(axes["friction"], handles=handles, columns=2)
    style.legend_below(axes["learning_rate"], handles=curves.how_to_read(), columns=2)
    if d.shared_distances is not None:
        _shared(axes["shared"], d, d.shared_distances, None)
        _shared(axes["shared_cost"], d, d.shared_regrets, d.shared_regret_errors)
        words = "condition number of the Hessian"
        style.label(
            axes["shared"],
            words,
            "distance ‖F − βI‖/‖F‖",
            title="one β for all directions?",
            letter="d",
        )
        style.label(
            axes["shared_cost"],
            words,
            "extra cost J/J* − 1",
            title="what one shared β costs",
            letter="e",
        )
    return figure


def _shared(axes, d, values, errors):
    curves.log_axes(axes, "x")
    looks = zip(
        values,
        style.shades("momentum", len(values)),
        value_labels("σ", d.shared_noises),
        strict=True,
    )
    for i, (row, tone, words) in enumerate(looks):
        half = None if errors is None else 2 * errors[i]
        axes.errorbar(
            d.conditions,
            row,
            yerr=half,
            color=tone,
            linewidth=1.4,
            marker="p",
            markersize=4.4,
            label=words,
            markeredgecolor=style.PAPER,
            markeredgewidth=0.6,
            capsize=1.8,
        )
    axes.set_ylim(bottom=0)
    style.legend_below(axes, columns=len(values))
