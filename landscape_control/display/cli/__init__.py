"""The console command: parse arguments, call the library, print."""

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .common import BAD, INTERRUPTED, OK, SHORT, print_json
from .solving import solve_target
from .sweeping import Commands, add_commands

if TYPE_CHECKING:
    from ..report import Reproduction

# Where this variable of the environment is set, errors that no check foresaw keep their traceback.
_TRACEBACK = "LANDSCAPE_CONTROL_TRACEBACK"
_EXITS = (
    "exit status: 0 all is well; 1 a claim fails, or a solve did not converge; 2 the input cannot"
    " be used"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with ``arguments`` (default: those of the process); its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal without θ shows ? and stays alive
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(arguments)
    from ...support.errors import ProblemError

    try:
        status = options.command(options)
        sys.stdout.flush()  # what cannot be written is noticed here, not at the interpreter's exit
        return status
    except ProblemError as error:
        return _say(str(error), BAD)
    except KeyboardInterrupt as error:
        return _say(str(error) or "interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader, e.g. head, has seen enough
        _write_nowhere()
        return OK
    except Exception as error:
        if os.environ.get(_TRACEBACK):
            raise
        if isinstance(error, OSError):
            _write_nowhere()
        return _say(_unforeseen(error), SHORT)


def _write_nowhere() -> None:
    """Let the interpreter flush standard output at its exit although it cannot be written.

    This is what Python's documentation of SIGPIPE advises.
    """
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _unforeseen(error: Exception) -> str:
    """One line on an error that no check foresaw: disk, memory, or a fault of the program."""
    said = " ".join(str(error).split())[:300]
    if isinstance(error, OSError):
        return f"the system refused: {said}"
    if isinstance(error, MemoryError):
        return f"out of memory: {said}"
    return (
        f"a fault of the program, {type(error).__name__}: {said}. What to do: report it with what"
        f" {_TRACEBACK}=1 shows"
    )


def _parser() -> ArgumentParser:
    from ... import __version__

    parser = ArgumentParser(
        prog="landscape-control",
        epilog=_EXITS,
        description="Which learning rule is optimal, and when: solve, sweep, certify, reproduce.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(
        title="commands", required=True, metavar="{list,solve,sweep,resume,show,reproduce}"
    )
    listing = commands.add_parser("list", help="print every claim", epilog=_EXITS)
    listing.set_defaults(command=_list)
    solving, reproducing = _add_solve(commands), _add_reproduce(commands)
    for command in (listing, solving, reproducing, *add_commands(commands, _EXITS)):
        command.add_argument("--json", action="store_true", help="print JSON instead of text")
    return parser


def _add_solve(commands: Commands) -> ArgumentParser:
    solving = commands.add_parser("solve", help="solve one problem", epilog=_EXITS)
    solving.add_argument(
        "target",
        metavar="FILE-OR-NAME",
        help=(
            "a Python file defining 'problem' (a ControlProblem or PolicyProgram, or a function"
            " returning one), or a claim"
        ),
    )
    solving.add_argument(
        "--tolerance",
        type=float,
        default=1e-6,
        help="relative error of the cost (default %(default)g)",
    )
    solving.add_argument(
        "--output",
        type=Path,
        metavar="FILE.json",
        help="write the solution with its arrays as JSON",
    )
    solving.set_defaults(command=solve_target)
    return solving


def _add_reproduce(commands: Commands) -> ArgumentParser:
    reproducing = commands.add_parser(
        "reproduce", help="run claims, draw their pictures, write a report", epilog=_EXITS
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
    reproducing.set_defaults(command=_reproduce)
    return reproducing


def _list(options: Namespace) -> int:
    from ...claims import all_claims
    from ..report import claim_document
    from ..report.table import align

    claims = all_claims()
    if options.json:
        return print_json([claim_document(claim) for claim in claims])
    rows = [
        (claim.name, claim.figure or "", ", ".join(claim.relations), claim.title)
        for claim in claims
    ]
    print("\n".join(align([("claim", "figure", "relation", "title"), *rows])))
    return OK


def _reproduce(options: Namespace) -> int:
    from tqdm import tqdm

    from ...claims import all_claims, find_claim
    from ..report import outcome_document, provenance, reproduce, steps, text_table
    from ..report.documents import plain

    names = dict.fromkeys(options.only or ())
    claims = [find_claim(name) for name in names] or list(all_claims())
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
        print(text_table(result.outcomes))
        print(_closing(result))
    return OK if result.passed else SHORT


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
        f"{held} of {len(result.outcomes)} claims hold; {drawn} pictures;"
        f" {result.seconds:.1f} s; report in {result.page}"
    )
    return "\n" + "\n".join(lines)


def _cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _say(text: str, status: int) -> int:
    """One line to standard error; hands the exit status on."""
    from ...support.errors import printable

    print(f"landscape-control: {printable(' '.join(text.split()))}", file=sys.stderr)
    return status
