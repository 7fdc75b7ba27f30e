"""Which claims notice a wrong formula? One formula of the package is made wrong at a time.

    python scripts/mutations.py                       every mutation against the claims listed for it
    python scripts/mutations.py --all                 ... against all claims: hours
    python scripts/mutations.py --only "β₂"           mutations whose name has these words
    python scripts/mutations.py --json                a list of rows instead of a Markdown table

Every mutation is applied in a process of its own, forked before anything was computed. A claim that
raises is counted apart: there the package verified its own answer and refused it, before a check saw
it. Exit status 1 if a listed claim does not notice.
"""

import argparse
import json
import multiprocessing
import sys
import time

from mutation_table import MUTATIONS, Mutation

from landscape_control.claims import all_claims
from landscape_control.support.processes import one_blas_thread


def examined(task: tuple[int, tuple[str, ...]]) -> dict:
    """One mutation with what became of each of these claims, in this process."""
    number, names = task
    mutation, began = MUTATIONS[number], time.process_time()
    claims = {claim.name: claim for claim in all_claims()}
    mutation.apply()
    found = {name: outcome_of(claims[name]) for name in names}
    fails = {name: checks for name, checks in found.items() if isinstance(checks, list)}
    raises = {name: error for name, error in found.items() if isinstance(error, str)}
    missed = [name for name in mutation.claims if name not in fails]
    missed += [name for name in mutation.refused if name not in raises]
    return {
        "mutation": mutation.name,
        "place": mutation.place,
        "fails": fails,
        "raises": raises,
        "holds": [name for name, outcome in found.items() if outcome is None],
        "unexpected": missed,
        "seconds": time.process_time() - began,
    }


def outcome_of(claim) -> list[str] | str | None:
    """The quantities of the checks that fail, the error where the claim raises, None if it holds."""
    try:
        evidence = claim.examine()
    except Exception as error:  # a wrong formula may break anything
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return [check.quantity for check in evidence.checks if not check.passed] or None


def markdown(rows: list[dict]) -> str:
    """The rows as a table: what is wrong, and which claims fail with how many checks."""
    lines = ["| what is wrong | where | claims that notice (checks that fail) |", "|---|---|---|"]
    for row in rows:
        notice = [f"{name} ({len(checks)})" for name, checks in row["fails"].items()]
        notice += [f"{name} (refused)" for name in row["raises"]]
        words = ", ".join(notice) or "**none**"
        lines.append(f"| {row['mutation']} | `{row['place']}` | {words} |")
    return "\n".join(lines)


def listed(mutation: Mutation) -> tuple[str, ...]:
    """The claims that are to notice the mutation."""
    return (*mutation.claims, *mutation.refused)


def chosen(only: str | None) -> list[Mutation]:
    """The mutations whose names have these words; all without words."""
    return [mutation for mutation in MUTATIONS if only is None or only in mutation.name]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="against all claims")
    parser.add_argument("--only", metavar="WORDS", help="mutations whose name has these words")
    parser.add_argument("--json", action="store_true", help="JSON in place of Markdown")
    options = parser.parse_args()
    every = tuple(claim.name for claim in all_claims())
    tasks = [
        (MUTATIONS.index(mutation), every if options.all else listed(mutation))
        for mutation in chosen(options.only)
    ]
    context = multiprocessing.get_context("fork")
    with one_blas_thread(), context.Pool(1, maxtasksperchild=1) as pool:
        rows = []
        for row in pool.imap(examined, tasks, chunksize=1):
            print(f"{row['seconds']:6.1f} s  {row['mutation']}", file=sys.stderr)
            rows.append(row)
    print(json.dumps(rows, indent=1, ensure_ascii=False) if options.json else markdown(rows))
    return 0 if options.all else int(any(row["unexpected"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
