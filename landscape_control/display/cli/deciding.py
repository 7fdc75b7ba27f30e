"""The commands compare and identify: which rule is it?"""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from ...support.errors import ProblemError
from .common import OK, check_output, print_json, read_problem, users_code
from .sweeping import Commands

if TYPE_CHECKING:
    from ...identification.maps import Verdict

TARGET = "a Python file defining 'problem', a claim"


def add_deciding(commands: Commands, epilog: str) -> list[ArgumentParser]:
    """Put the two commands into a parser; returns them."""
    comparing = commands.add_parser(
        "compare", help="which closed-form rule is the optimal policy?", epilog=epilog
    )
    comparing.add_argument("target", metavar="FILE-OR-NAME", help=TARGET)
    comparing.add_argument(
        "--starts", type=int, default=24, metavar="N", help="drawn starts (default: %(default)s)"
    )
    comparing.add_argument(
        "--hold", type=float, default=0.0, help="compare plans held for this long"
    )
    comparing.set_defaults(command=compare)
    identifying = commands.add_parser(
        "identify", help="which rule is a policy, a result or a record?", epilog=epilog
    )
    identifying.add_argument(
        "target", metavar="FILE-OR-NAME", help=f"{TARGET}, or a file that lc.save wrote"
    )
    identifying.set_defaults(command=identify)
    for command in (comparing, identifying):
        command.add_argument(
            "--rules", nargs="+", metavar="NAME", help="hold against these rules only"
        )
        command.add_argument("--seed", type=int, default=0, help="default: %(default)s")
        command.add_argument(
            "--output", type=Path, metavar="FILE.json", help="write the verdict as JSON"
        )
    return [comparing, identifying]


def compare(options: Namespace) -> int:
    """Run ``landscape-control compare``."""
    from ...identification.maps import compare as run
    from ...model.problem import ControlProblem

    _check(options)
    problem = read_problem(options.target)
    if not isinstance(problem, ControlProblem) or not problem.is_known:
        raise ProblemError(
            "problem",
            expected="a ControlProblem on a known landscape",
            received="a policy program, or hidden variables",
            advice=f"use 'landscape-control identify {options.target}'",
        )
    with users_code():
        verdict = run(
            problem, options.rules, starts=options.starts, hold=options.hold, seed=options.seed
        )
    return _hand_out(verdict, options)


def identify(options: Namespace) -> int:
    """Run ``landscape-control identify``."""
    from ...identification import identify as run

    _check(options)
    subject = _subject(options.target)
    with users_code():
        verdict = run(subject, options.rules, seed=options.seed)
    return _hand_out(verdict, options)


def _check(options: Namespace) -> None:
    if options.output:
        check_output("--output", options.output)


def _subject(target: str) -> object:
    """What is in the file of a result; else the problem of a file or a claim."""
    if Path(target).suffix in (".nc", ".h5"):
        from ...records import load

        return load(target)
    return read_problem(target)


def _hand_out(verdict: "Verdict", options: Namespace) -> int:
    from ..report.documents import verdict_document
    from ..report.reproduction import write_json

    if options.output:
        write_json(options.output, verdict_document(verdict))
    if options.json:
        return print_json(verdict_document(verdict))
    print(verdict)
    return OK
