"""How fast the optimal policy becomes gradient descent.

Slope −2 in the discount, +2 in the horizon.
"""

from types import SimpleNamespace

from ...display.plotting import curves, style
from ...display.plotting.data import Key, draws
from ...display.plotting.panels import Figure


@draws(
    Key(name="discounts", shape="G", meaning="γ, T = ∞"),
    Key(
        name="discount_errors",
        shape="G",
        meaning="relative distance |u* − u_GD| / |u_GD| of the optimal policy",
    ),
    Key(name="discount_predictions", shape="G", meaning="ηk‖G⁻¹H‖/γ²", group="discount prediction"),
    Key(
        name="discount_slope",
        shape="",
        meaning="measured slope, by default that of all points",
        group="discount slope",
    ),
    Key(name="horizons", shape="H", meaning="T, γ = 0"),
    Key(name="horizon_errors", shape="H", meaning="relative distance to −ηkT G⁻¹∇L at t = 0"),
    Key(name="horizon_predictions", shape="H", meaning="ηk‖G⁻¹H‖T²/3", group="horizon prediction"),
    Key(
        name="horizon_slope",
        shape="",
        meaning="measured slope, by default that of all points",
        group="horizon slope",
    ),
)
def gradient_descent_limits(d: SimpleNamespace) -> Figure:
    """How fast the optimal policy becomes gradient descent: slope −2 in the discount, +2 in the
    horizon.

    Panels: ``discount``, ``horizon``.
    """
    figure = style.new_figure(7.2, 3.2)
    axes = figure.subplot_mosaic([["discount", "horizon"]])
    curves.rate_plot(
        axes["discount"],
        d.discounts,
        d.discount_errors,
        slope=-2,
        prediction=d.discount_predictions,
        measured=d.discount_slope,
    )
    curves.rate_plot(
        axes["horizon"],
        d.horizons,
        d.horizon_errors,
        slope=2,
        prediction=d.horizon_predictions,
        measured=d.horizon_slope,
    )
    distance = "relative distance to gradient descent"
    style.label(
        axes["discount"],
        "discount γ  (horizon T = ∞)",
        distance,
        title="impatient: γ → ∞",
        letter="a",
    )
    style.label(
        axes["horizon"],
        "horizon T  (discount γ = 0)",
        distance,
        title="short-sighted: T → 0",
        letter="b",
    )
    style.legend(axes["discount"], loc="upper right")
    style.legend(axes["horizon"], loc="upper left")
    return figure
