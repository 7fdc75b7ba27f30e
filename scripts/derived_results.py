"""The runs of the study of derived optimizers by task, method and seed."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from landscape_control.training.comparison.methods import DERIVED, GRIDS, Method, grid, peers
from landscape_control.training.comparison.scores import best

OURS = Method(kind=DERIVED)


@dataclass(frozen=True, kw_only=True)
class Results:
    """One task: its equal number of steps, and the rows of its runs.

    ``rows`` is {(key of a method, steps): {seed: {name: number}}}.
    """

    task: str
    steps: int
    rows: dict

    def has(self, method):
        return (method.key, self.steps) in self.rows

    def seeds(self, *methods):
        """Those on which all of the methods were trained for the equal number of steps."""
        found = [set(self.rows.get((method.key, self.steps), ())) for method in methods]
        return sorted(set.intersection(*found))

    def values(self, method, name="training_loss", seeds=None):
        """One number per seed at equal steps."""
        runs = self.rows[method.key, self.steps]
        return np.array([runs[seed][name] for seed in (seeds or sorted(runs))])

    def grid(self, kind):
        """The members of a grid that were trained."""
        return [method for method in grid(kind) if self.has(method)]

    def grid_losses(self, methods, seeds):
        """(methods, seeds) final training losses."""
        return np.array([self.values(method, seeds=seeds) for method in methods])

    def chosen(self, methods, seeds):
        """The method with the least mean training loss, None where there is none."""
        if not methods:
            return None
        return methods[best(self.grid_losses(methods, seeds))]

    def tuned(self, seeds):
        """{kind: the best of its grid}."""
        found = {kind: self.chosen(self.grid(kind), seeds) for kind in GRIDS}
        return {kind: method for kind, method in found.items() if method is not None}

    def peers(self):
        return [method for method in peers() if self.has(method)]

    def everything(self):
        """Every method that is compared at equal steps, once."""
        members = [method for kind in GRIDS for method in self.grid(kind)]
        return list(dict.fromkeys([*members, *self.peers()]))

    def longer(self):
        """[(key of a method, steps)] of the runs that were given more steps."""
        return [(key, steps) for key, steps in self.rows if steps > self.steps]


def by_task(table):
    """{task: Results} of the data set that a store gives."""
    rows = defaultdict(lambda: defaultdict(dict))
    names = list(table.data_vars)
    columns = {name: table[name].values for name in (*names, *table.coords)}
    for i in range(table.sizes["run"]):
        rate = columns["rate"][i]
        method = Method(
            kind=str(columns["kind"][i]),
            rate=None if np.isnan(rate) else float(rate),
            schedule=str(columns["schedule"][i]),
        )
        place = rows[str(columns["task"][i])][method.key, int(columns["steps"][i])]
        place[int(columns["seed"][i])] = {name: columns[name][i] for name in names}
    return {
        task: Results(task=task, steps=min(steps for _, steps in found), rows=dict(found))
        for task, found in rows.items()
    }
