"""Where leaving the nearer minimum pays, cell by cell: the double well over discount and horizon.

    python scripts/escape_map.py [--output runs/escape_map] [--cells 300] [--workers 1]

Shown beside the answer is what a coarse map hides: by how much it pays, where a second optimum
exists at all, when the path crosses the ridge and how it bends. The border is one smooth curve: it
rises with the discount and becomes upright, beyond which no horizon is long enough.

300 x 300 cells take about 40 s on one core, 1000 x 1000 four minutes on two. Interrupt it and start
it again: it goes on where it was. The folder holds the labelled data (result.nc) and the picture
(escape_map.png, escape_map.pdf).
"""

import argparse
import time
from pathlib import Path

import numpy as np

import landscape_control as lc
from landscape_control.display.plotting import new_figure, save
from landscape_control.display.plotting.heat_maps import colour_bar
from landscape_control.display.plotting.style import label, legend
from landscape_control.display.plotting.sweep_data import read_map
from landscape_control.display.plotting.sweeps import draw_map
from landscape_control.sweeps import lines

PROBLEM = lc.ControlProblem(
    landscape=lc.double_well(),
    start=[-0.6, 0.55],
    objective=lc.Objective(horizon=4.0, discount=0.1),
)
STARTS = 2
DISCOUNTS, HORIZONS = (0.05, 1.5), (1.0, 12.0)


def advantage(solution):
    """(J(stay) - J(leave)) / (|J(stay)| + |J(leave)|) of the best plans of the two kinds.

    NaN where the starts found only one kind. The wells lie at θ₁ = -1 and 1.
    """
    costs = {True: [], False: []}
    for plan in solution.plans:
        costs[bool(plan.parameters[-1, 0] > 0)].append(plan.cost)
    if not costs[True] or not costs[False]:
        return float("nan")
    stay, leave = min(costs[False]), min(costs[True])
    return float((stay - leave) / (abs(stay) + abs(leave)))


def crossing(solution):
    """When the optimal path crosses the ridge θ₁ = 0; NaN where it does not."""
    place, times = solution.parameters[:, 0], solution.times
    beyond = np.flatnonzero(place > 0)
    if not len(beyond):
        return float("nan")
    node = beyond[0]
    before, after = place[node - 1], place[node]
    return float(times[node - 1] - before * (times[node] - times[node - 1]) / (after - before))


MEASURES = ["cost", "escaped", "straightness", advantage, crossing]
PANELS = {
    "escaped": ("leaving pays", {}),
    "advantage": ("what leaving saves, relative", {"signed": True}),
    "crossing": ("when the path crosses the ridge", {}),
    "straightness": ("straightness of the optimal path", {}),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("runs/escape_map"))
    parser.add_argument("--cells", type=int, default=300, help="cells along each axis")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    options = parser.parse_args()
    axes = {
        "discount": np.geomspace(*DISCOUNTS, options.cells),
        "horizon": np.geomspace(*HORIZONS, options.cells),
    }
    atlas = lc.sweep(
        PROBLEM,
        axes,
        measure=MEASURES,
        store=options.output,
        workers=options.workers,
        starts=STARTS,
        progress=lines(print),
    )
    began = time.process_time()
    picture, _ = save(drawn(atlas), options.output / "escape_map")
    print(
        f"leaving pays in {float(atlas['escaped'].mean()):.1%} of {atlas.attrs['cells']} cells;"
        f" {picture}, drawn in {time.process_time() - began:.1f} s"
    )


def drawn(atlas):
    """The four maps."""
    figure = new_figure(6.8, 6.0)
    names = list(PANELS)
    panels = figure.subplot_mosaic([names[:2], names[2:]])
    handles = {}
    for letter, (name, (title, look)) in zip("abcd", PANELS.items(), strict=True):
        data, panel = read_map(atlas, name), panels[name]
        shown = draw_map(panel, data, **look)
        if shown.cells is not None:
            colour_bar(figure, panel, shown.cells)
        label(panel, data.x_label, data.y_label, title=title, letter=letter)
        handles |= {handle.get_label(): handle for handle in shown.handles}
    words = {"no number": "no plan of the other kind (b), no crossing (c)"}
    for name, handle in handles.items():
        handle.set_label(words.get(name, name))
    legend(figure, handles=handles.values(), loc="outside lower center", ncols=len(handles))
    return figure


if __name__ == "__main__":
    main()
