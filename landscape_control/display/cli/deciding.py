"""The commands compare and identify: which rule is it?"""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from ...support.errors import ProblemError
from .common import OK, check_output, print_json, read_subject, users_code, write_result
from .sweeping import Commands

if TYPE_CHECKING:
    from ...identification.maps import Verdict

TARGET = "a Python file defining 'problem', a claim, or a file that lc.save wrote"


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
    identifying.add_argument("target", metavar="FILE-OR-NAME", help=TARGET)
    identifying.set_defaults(command=identify)
    for command in (comparing, identifying):
        command.add_argument(
            "--rules", nargs="+", metavar="NAME", help="hold against these rules only"
        )
        command.add_argument("--seed", type=int, default=0, help="default: %(default)s")
        command.add_argument(
            "--output",
            type=Path,
            metavar="FILE",
            help="write the verdict: FILE.nc, which lc.load reads, or FILE.json",
        )
    return [comparing, identifying]


def compare(options: Namespace) -> int:
    """Run ``landscape-control compare``."""
    from ...identification.maps import compare as run
    from ...model.problem import ControlProblem
    from ...planning.solution import Solution

    _check(options)
    subject = read_subject(options.target)
    problem = subject.problem if isinstance(subject, Solution) else subject
    if not isinstance(problem, ControlProblem) or not problem.is_known:
        received = "hidden variables"
        if not isinstance(problem, ControlProblem):
            received = f"a {type(problem).__name__}"
        raise ProblemError(
            "problem",
            expected="a ControlProblem on a known landscape, or its Solution",
            received=received,
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
    subject = read_subject(options.target)
    with users_code():
        verdict = run(subject, options.rules, seed=options.seed)
    return _hand_out(verdict, options)


def _check(options: Namespace) -> None:
    if options.output:
        check_output("--output", options.output, endings=(".nc", ".json"))


def _hand_out(verdict: "Verdict", options: Namespace) -> int:
    from ..report.documents import verdict_document

    if options.output:
        write_result(options.output, verdict, verdict_document(verdict))
    if options.json:
        return print_json(verdict_document(verdict))
    print(verdict)
    return OK
