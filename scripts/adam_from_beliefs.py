"""Search the coefficients of the claim adam-from-beliefs, cell by cell; minutes.

    python scripts/adam_from_beliefs.py found.json [--rule adam] [--instance second]

Searches what found.json does not hold yet and writes every cell to it as it is found, so that it
can be interrupted. At the end it prints the table that stands in
problems/_adam_from_beliefs_table.py: (σ, γ): the coefficients of TUNED, averages as 1 - β.
"""

import argparse
import json
import time
from pathlib import Path

from landscape_control.problems import _adam_from_beliefs_learners as study


def key_of(instance: str, rule: str, where: tuple[float, float]) -> str:
    """The key of a cell in the file."""
    return f"{instance} {rule} {where[0]:g} {where[1]:g}"


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
    parser.add_argument("--instance", choices=list(study.INSTANCES), help="only this one")
    given = parser.parse_args()
    known = json.loads(given.store.read_text()) if given.store.exists() else {}
    for instance in [given.instance] if given.instance else study.INSTANCES:
        for rule in [given.rule] if given.rule else study.SEARCHED[instance]:
            for where, cell in study.INSTANCES[instance].items():
                key = key_of(instance, rule, where)
                if key not in known:
                    known[key] = searched(rule, cell)
                    given.store.write_text(json.dumps(known, indent=1))
                    print("#", key, known[key], flush=True)
    print_table(known)


def print_table(known: dict) -> None:
    """What was found, as it stands in the table."""
    for instance, cells in study.INSTANCES.items():
        curvatures = next(iter(cells.values())).curvatures
        print(f"    {curvatures}: {{")
        for where in cells:
            rows = {
                rule: tuple(known[key_of(instance, rule, where)]["row"])
                for rule in study.SEARCHED[instance]
                if key_of(instance, rule, where) in known
            }
            print(f"        ({where[0]}, {where[1]}): {rows},")
        print("    },")


if __name__ == "__main__":
    main()
