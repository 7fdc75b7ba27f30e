"""Which rule it is: errors, and the cost of running each."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....identification.maps import Verdict
from ....support.arguments import Count, checked
from .. import evidence, style
from ..panels import rows_with_numbers
from ..results import verdict_data
from .sheet import GivenAxes, finished, given_axes

_FLOOR = 1e-5  # errors below are drawn there, hollow


@checked
def plot_verdict(
    verdict: Verdict,
    axes: GivenAxes = None,
    *,
    count: Count = 10,
    title: str | None = None,
) -> Axes:
    """The ``count`` best rules, a row each: relative error of the fit, what running the rule costs
    beyond the optimum (where that was asked for), coefficients.

    Parameters
    ----------
    axes : None for a figure of its own with the table of coefficients, one Axes for the errors
        alone, or two for errors and costs
    title : None is the conclusion

    Returns
    -------
    Axes
        of the errors; a notebook shows the whole figure.
    """
    data = {
        name: value if name == "title" else value[:count]
        for name, value in verdict_data(verdict).items()
    }
    labels = [style.rule(key).label for key in data["rules"]]
    measured = {
        "error": (np.array(data["errors"]), _error_words(verdict)),
        "regret": (np.array(data["regrets"], dtype=float), "extra cost of the rule, J/J* − 1"),
    }
    if not np.isfinite(measured["regret"][0]).any():  # rules that were not run have no cost
        del measured["regret"]
    panels = given_axes(axes, list(measured))
    figure: Figure | None = None
    if panels is None:
        columns = {"coefficients": data["coefficients"]}
        figure, panels = rows_with_numbers(list(measured), labels, columns, 2.6 * len(measured))
    for name, (values, words) in measured.items():
        if name in panels:
            _dots(panels[name], labels, values, data["rules"])
            style.label(panels[name], words)
    first = panels["error"]
    style.label(first, title=data["title"] if title is None else title)
    if "regret" in panels and figure is not None:
        panels["regret"].tick_params(axis="y", labelleft=False)
    return finished(first, figure)


def _error_words(verdict: Verdict) -> str:
    noun = verdict.nouns[0]
    return f"relative error of the {noun}"


def _dots(panel: Axes, labels: list[str], values: np.ndarray, rules: list[str]) -> None:
    evidence.dot_rows(panel, labels, values, rules=rules, floor=_FLOOR, write=True)
    largest = np.max(values, where=np.isfinite(values), initial=1e-3)
    panel.set_xlim(_FLOOR / 2, 30 * largest)
