"""The figure that a result is drawn on: one of its own, or the Axes that were given."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from ....support.errors import ProblemError, shown
from .. import style
from .courses import Course

if TYPE_CHECKING:
    GivenAxes = Axes | Sequence[Axes] | None
else:
    GivenAxes = object  # looked at by :func:`given_axes`


def given_axes(axes: Any, names: Sequence[str]) -> dict[str, Axes] | None:
    """Panels by name: all of ``names``, or the first alone; None where no Axes were given."""
    if axes is None:
        return None
    single = isinstance(axes, Axes)
    panels = [axes] if single else list(np.ravel(np.asarray(axes, dtype=object)))
    # what is drawn has two linear or logarithmic sides: a polar or 3-D panel would distort it
    good = all(isinstance(panel, Axes) and panel.name == "rectilinear" for panel in panels)
    if not good or len(panels) not in (1, len(names)):
        raise ProblemError(
            "axes",
            expected=f"one plain Axes, or {len(names)} of them ({', '.join(names)})",
            received=f"{len(panels)} Axes" if good else _not_usable(panels),
            advice="e.g. axes=figure.subplots(), or leave it out",
        )
    return dict(zip(names, panels, strict=False))


def _not_usable(panels: Sequence[Any]) -> str:
    """The first that is no plain Axes, in words."""
    for panel in panels:
        if not isinstance(panel, Axes):
            return shown(panel)
        if panel.name != "rectilinear":
            return f"Axes with the projection {panel.name!r}"
    return "none"


def finished(panel: Axes, figure: Figure | None) -> Axes:
    """The Axes to return; those of a figure of its own are shown by a notebook.

    Figures are made without pyplot, so that a notebook would not draw them by itself: it asks what a
    cell returns for ``_repr_png_``.
    """
    if figure is not None:

        def picture() -> bytes:
            file = io.BytesIO()
            figure.savefig(file, format="png", dpi=150)
            return file.getvalue()

        vars(panel)["_repr_png_"] = picture
    return panel


def below_axes(panel: Axes) -> None:
    """The legend of Axes that were given, under them, where it covers nothing."""
    style.legend_below(panel, columns=1)


def plain_ticks(axes: Axes, which: str = "xy") -> None:
    """At most six ticks a side; large and small numbers as a power of ten at the end of the axis."""
    for name in which:
        side = getattr(axes, f"{name}axis")
        if side.get_scale() != "linear":
            continue
        low, high = side.get_view_interval()
        formatter = ScalarFormatter(useMathText=True)
        formatter.set_powerlimits((-3, 4))
        # numbers that differ in their last digits only are written as what is left of one of them
        formatter.set_useOffset(bool(high - low < 1e-5 * max(abs(low), abs(high))))
        side.set_major_formatter(formatter)
        side.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
        side.get_offset_text().set(fontsize=style.TINY, color=style.INK, fontfamily=style.FONT)
    title = axes.get_title(loc="left")
    if "y" in which and title:  # clear of the power of ten above the axis
        axes.set_title(title, loc="left", pad=12)


def thinner(courses: Sequence[Course]) -> list[dict[str, Any]]:
    """Options of the curves: later rules are dashed, so that equal paths show what lies below."""
    options = []
    solid = 0
    for course in courses:
        own = dict(course.options)
        plain = style.rule(course.key).line == "-" and not own
        if plain and solid:
            own["linestyle"] = (0, (3.2, 2.2))
        solid += plain
        options.append(own)
    return options
