"""Search the coefficients of the claim adam-from-beliefs, cell by cell; minutes.

    python scripts/adam_from_beliefs.py found.json [--rule adam] [--second]

Searches what found.json does not hold yet and writes every cell to it as it is found, so that it
can be interrupted. At the end it prints the table that stands in
problems/_adam_from_beliefs_table.py: (σ, γ): the coefficients of TUNED, averages as 1 - β.
"""

import argparse
import json
import time
from pathlib import Path

from landscape_control.problems import _adam_from_beliefs_learners as study


def key_of(second: bool, rule: str, where: tuple[float, float]) -> str:
    """The key of a cell in the file."""
    return f"{'second' if second else 'first'} {rule} {where[0]:g} {where[1]:g}"


def searched(rule: str, cell: study.Cell) -> dict:
    """The coefficients of one cell, rounded as they are tabled, and how they were found."""
    begun = time.process_time()
    found = study.search(rule, cell)
    values = study.snapped(found, cell).coefficients
    row = [
        float(f"{1 - values[name] if name in study.AVERAGES else values[name]:.3g}")
        for name in study.TUNED[rule]
    ]
    return {
        "row": row,
        "training_cost": found.training_cost,
        "converged": found.converged,
        "at_bounds": found.at_bounds,
        "seconds": round(time.process_time() - begun, 1),
    }


def main() -> None:
    """Search, store, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path, help="JSON file of what was found")
    parser.add_argument("--rule", choices=list(study.TUNED), help="only this rule")
    parser.add_argument("--second", action="store_true", help="the second instance")
    given = parser.parse_args()
    known = json.loads(given.store.read_text()) if given.store.exists() else {}
    cells = study.CORNERS if given.second else study.CELLS
    for rule in [given.rule] if given.rule else study.TUNED:
        for where, cell in cells.items():
            key = key_of(given.second, rule, where)
            if key not in known:
                known[key] = searched(rule, cell)
                given.store.write_text(json.dumps(known, indent=1))
                print(key, known[key], flush=True)
    for where in cells:
        rows = {
            rule: tuple(known[key_of(given.second, rule, where)]["row"])
            for rule in study.TUNED
            if key_of(given.second, rule, where) in known
        }
        print(f"    ({where[0]:g}, {where[1]:g}): {rows},")


if __name__ == "__main__":
    main()
