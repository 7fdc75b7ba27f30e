"""The console command: parse arguments, call the library, print."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from .claim_commands import add_listing, add_reproduce
from .common import BAD, INTERRUPTED, OK, SHORT
from .completion import add_completion
from .deciding import add_deciding
from .parsing import Parser
from .solving import solve_target
from .sweeping import Commands, add_sweeping

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

    parser = Parser(
        prog="landscape-control",
        epilog=_EXITS,
        description="Which learning rule is optimal, and when: solve, sweep, certify, reproduce.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    adders = (add_listing, _add_solve, add_deciding, add_sweeping, add_reproduce)
    for add in adders:
        for command in add(commands, _EXITS):
            command.add_argument("--json", action="store_true", help="print JSON instead of text")
    add_completion(commands, parser)
    return parser


def _add_solve(commands: Commands, epilog: str) -> list[ArgumentParser]:
    solving = commands.add_parser("solve", help="solve one problem", epilog=epilog)
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
        "--starts", type=int, metavar="N", help="cold starts (default: the solver's choice)"
    )
    solving.add_argument(
        "--method", metavar="NAME", help="transcription, or method for hidden variables"
    )
    solving.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    solving.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write the solution: FILE.nc, which lc.load reads, or FILE.json with its arrays",
    )
    solving.set_defaults(command=solve_target)
    return [solving]


def _say(text: str, status: int) -> int:
    """One line to standard error; hands the exit status on."""
    from ...support.errors import printable

    print(f"landscape-control: {printable(' '.join(text.split()))}", file=sys.stderr)
    return status
