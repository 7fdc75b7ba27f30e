"""Beliefs of weights about their tasks: a pause without gradients, then a switch that is not
announced.
"""

from types import SimpleNamespace

from ...display.plotting import style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure


@draws(
    Key(name="times", shape="N", meaning="times"),
    Key(name="weight_names", shape="W", text=True, meaning="what each weight is"),
    Key(name="means", shape="W N", meaning="means μ_i(t) of the exact belief"),
    Key(name="variances", shape="W N", meaning="variances v_i(t) of the exact belief"),
    Key(name="pause", shape="2", meaning="from when to when no gradients are seen"),
    Key(name="switch", shape="", meaning="time of the switch, which is not announced"),
)
def task_uncertainty(d: SimpleNamespace) -> Figure:
    """Beliefs of weights about their tasks: a pause without gradients, then a switch that is not
    announced.

    Panels: ``variance``, ``mean``.
    """
    figure = style.new_figure(8.2, 3.4)
    axes = figure.subplot_mosaic([["variance", "mean"]])
    lines, tones = ("-", (0, (5, 1.3)), (0, (1.2, 1))), style.shades("belief_optimal", 4)
    for panel, values in ((axes["variance"], d.variances), (axes["mean"], d.means)):
        shown = panel is axes["variance"]
        panel.axvspan(
            *d.pause,
            color=style.INK,
            alpha=0.08,
            linewidth=0,
            label="no gradients" if shown else "_listed",
        )
        panel.axvline(
            d.switch,
            color=style.INK,
            linewidth=0.9,
            linestyle=(0, (3, 1.2)),
            label="switch, not announced" if shown else "_listed",
        )
        for i, (words, value) in enumerate(zip(d.weight_names, values, strict=True)):
            panel.plot(
                d.times,
                value,
                color=tones[i % 4],
                linestyle=lines[i % 3],
                linewidth=1.6,
                label=str(words) if shown else "_listed",
            )
        panel.set_xlim(d.times[[0, -1]])
    style.label(
        axes["variance"], "time t", "variance v of the belief", title="what is known", letter="a"
    )
    style.label(
        axes["mean"], "time t", "mean μ of the belief", title="what is believed", letter="b"
    )
    style.figure_legend(figure, columns=3)
    return figure
