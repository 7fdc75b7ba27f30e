"""The page of every status a result can have, with what to try next, from the enumerations."""

import enum
from pathlib import Path

from gallery import plain
from landscape_control.emergence import PolicyStatus

from landscape_control.planning.status import Status
from landscape_control.stochastic import GridStatus

KINDS: dict[str, tuple[type[enum.Enum], str]] = {
    "Plans": (Status, "`lc.solve`, `Solver.solve`: `solution.status`"),
    "Optimised rules": (PolicyStatus, "`lc.optimize_policy`: `result.status`"),
    "Grids of weights and beliefs": (GridStatus, "`lc.stochastic.solve_grid`: `policy.status`"),
}


def write_statuses(path: Path) -> None:
    """One table for each kind of result."""
    parts = [
        "# Every status, and what to try next\n",
        "`status.ok` is true of *converged* only. `solution.message` has the numbers of the case."
        " In a sweep the status of every cell is a variable of the dataset.\n",
    ]
    for title, (kind, where) in KINDS.items():
        parts += [f"## {title}\n", f"{where}\n", "| status | what it says |", "|---|---|"]
        parts += [f"| {status} | {plain(status.value)} |" for status in kind]
        parts.append("")
    path.write_text("\n".join(parts), encoding="utf-8")
