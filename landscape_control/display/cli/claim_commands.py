"""The commands list and reproduce."""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from .common import OK, SHORT, print_json, users_code
from .sweeping import Commands

if TYPE_CHECKING:
    from ...claims import Claim
    from ..report import Reproduction


def add_listing(commands: Commands, epilog: str) -> list[ArgumentParser]:
    """Put ``list`` into a parser."""
    listing = commands.add_parser("list", help="print every claim", epilog=epilog)
    listing.set_defaults(command=list_claims)
    return [listing]


def add_reproduce(commands: Commands, epilog: str) -> list[ArgumentParser]:
    """Put ``reproduce`` into a parser."""
    reproducing = commands.add_parser(
        "reproduce", help="run claims, draw their pictures, write a report", epilog=epilog
    )
    reproducing.add_argument(
        "target",
        nargs="?",
        type=Path,
        metavar="FILE-OR-FOLDER",
        help="claims of your own, in place of the package's",
    )
    reproducing.add_argument(
        "--output",
        type=Path,
        default=Path("results"),
        metavar="FOLDER",
        help="default: %(default)s",
    )
    reproducing.add_argument(
        "--workers", type=int, metavar="N", help="processes (default: one per available core)"
    )
    reproducing.add_argument("--only", nargs="+", metavar="NAME", help="these claims only")
    reproducing.add_argument(
        "-v", "--verbose", action="store_true", help="print every check, not every claim only"
    )
    reproducing.set_defaults(command=reproduce_claims)
    return [reproducing]


def list_claims(options: Namespace) -> int:
    """Run ``landscape-control list``."""
    from ...claims import all_claims
    from ..report import claim_document
    from ..report.table import align

    claims = all_claims()
    if options.json:
        return print_json([claim_document(claim) for claim in claims])
    rows = [
        (claim.name, claim.theme or "", claim.figure or "", claim.title)
        for claim in sorted(claims, key=lambda claim: (claim.theme_order, claim.name))
    ]
    print("\n".join(align([("claim", "theme", "figure", "title"), *rows])))
    return OK


def reproduce_claims(options: Namespace) -> int:
    """Run ``landscape-control reproduce``."""
    from tqdm import tqdm

    from ..report import claim_lines, outcome_document, provenance, reproduce, steps, text_table
    from ..report.documents import plain

    claims = _chosen(options)
    workers = _cores() if options.workers is None else options.workers
    with tqdm(total=steps(claims), unit="step", desc="claims and pictures", disable=None) as bar:

        def advance(name: str) -> None:
            bar.set_postfix_str(name, refresh=False)
            bar.update()

        result = reproduce(claims, options.output, workers=workers, progress=advance)
    if options.json:
        document = {
            "passed": result.passed,
            "seconds": result.seconds,
            "table": str(result.table),
            "report": str(result.page),
            "provenance": plain(provenance(result.outcomes)),
            "claims": [outcome_document(outcome) for outcome in result.outcomes],
            "undrawn": {picture.name: picture.error for picture in result.undrawn},
        }
        print_json(document)
    else:
        print(text_table(result.outcomes) if options.verbose else claim_lines(result.outcomes))
        print(_closing(result))
    return OK if result.passed else SHORT


def _chosen(options: Namespace) -> "list[Claim]":
    """The claims of the package or of the user's files; with ``--only`` those of these names."""
    from ...claims import all_claims, claims_at
    from ...support.errors import check_choice

    if options.target is None:
        claims = all_claims()
    else:
        with users_code():
            claims = claims_at(options.target)
    if not options.only:
        return list(claims)
    by_name = {claim.name: claim for claim in claims}
    names = dict.fromkeys(name.replace("_", "-") for name in options.only)
    return [by_name[check_choice("claim", name, by_name)] for name in names]


def _closing(result: "Reproduction") -> str:
    """The lines below the table: what the checks rest on, what could not be drawn, the sum."""
    from ..report import provenance, provenance_rows

    held = sum(str(outcome.verdict) == "holds" for outcome in result.outcomes)
    drawn = len(result.pictures) - len(result.undrawn)
    lines = [f"{name}: {counts}" for name, counts in provenance_rows(provenance(result.outcomes))]
    lines += [
        f"picture of {picture.name} could not be drawn: {picture.error.splitlines()[0]}"
        for picture in result.undrawn
    ]
    lines.append(
        f"{held} of {len(result.outcomes)} claims hold; pictures drawn: {drawn};"
        f" {result.seconds:.1f} s; report in {result.page}"
    )
    return "\n" + "\n".join(lines)


def _cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
