"""Pictures: building blocks that draw on an Axes, whole figures from plain arrays, saving.

Nothing here shows a window, uses pyplot, or changes a global setting of matplotlib.
"""

from . import figures, style
from .curves import (
    exponent_axis,
    exponent_curves,
    how_to_read,
    log_axes,
    measured_slope,
    rate_plot,
    slope_triangle,
    theory_and_computed,
)
from .data import Key
from .evidence import (
    dot_rows,
    forest,
    name_rows,
    number_columns,
    policy_scatter,
    prediction_scatter,
    tolerance_used,
)
from .grid_cells import hatched
from .heat_maps import heat_map, number_map
from .landscapes import (
    arrows,
    attractor,
    contour_levels,
    landscape_contours,
    loss_contours,
    minima,
    saddles,
    start,
    vector_field,
)
from .one_line import plot_sweep
from .paths import energy_panel, rule_series, time_series, trajectory
from .phase_diagrams import mark_cells, region_map
from .places import grid_data
from .results import coefficients_data, plan_data, policy_data, verdict_data
from .saving import save
from .style import dress, figure_legend, legend, legend_below, new_figure, rule, shades
from .sweeps import sweep_maps, sweep_multiples, sweep_slices

__all__ = [
    "Key",
    "arrows",
    "attractor",
    "coefficients_data",
    "contour_levels",
    "dot_rows",
    "dress",
    "energy_panel",
    "exponent_axis",
    "exponent_curves",
    "figure_legend",
    "figures",
    "forest",
    "grid_data",
    "hatched",
    "heat_map",
    "how_to_read",
    "landscape_contours",
    "legend",
    "legend_below",
    "log_axes",
    "loss_contours",
    "mark_cells",
    "measured_slope",
    "minima",
    "name_rows",
    "new_figure",
    "number_columns",
    "number_map",
    "plan_data",
    "plot_sweep",
    "policy_data",
    "policy_scatter",
    "prediction_scatter",
    "rate_plot",
    "region_map",
    "rule",
    "rule_series",
    "saddles",
    "save",
    "shades",
    "slope_triangle",
    "start",
    "style",
    "sweep_maps",
    "sweep_multiples",
    "sweep_slices",
    "theory_and_computed",
    "time_series",
    "tolerance_used",
    "trajectory",
    "vector_field",
    "verdict_data",
]


def __dir__() -> list[str]:
    return __all__
