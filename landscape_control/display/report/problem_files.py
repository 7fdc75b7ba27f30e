"""Problems that a user names on the command line: a Python file, or a claim."""

import os
import runpy
import sys
from pathlib import Path

from ...claims import claim_problem
from ...claims.user_files import runs_to_its_end
from ...model.problem import ControlProblem
from ...optimisation.program import PolicyProgram
from ...support.errors import ProblemError


def read_problem(target: str) -> ControlProblem | PolicyProgram:
    """The ControlProblem or PolicyProgram of a Python file or of a claim.

    Raises ProblemError for a name or a file that does not exist, a file that does not run or
    defines no ``problem``.
    """
    if not target or "\0" in target:
        raise ProblemError(
            "problem file",
            expected="a Python file, or a claim's name",
            received=repr(target),
            advice="see the names with 'landscape-control list'",
        )
    path = Path(target)
    if path.suffix != ".py" and not path.is_file():
        return claim_problem(target)
    if not path.is_file():
        raise ProblemError(
            "problem file",
            expected="a Python file, or a claim's name",
            received=f"{target} (no such file)",
            advice="check the path, or see the names with 'landscape-control list'",
        )
    problem = _run_file(path)
    if not isinstance(problem, ControlProblem | PolicyProgram):
        raise ProblemError(
            f"'problem' in {target}",
            expected="a ControlProblem or a PolicyProgram, or a function returning one",
            received=_kind_of(problem),
            advice="end the file with problem = landscape_control.ControlProblem(...)",
        )
    return problem


def _kind_of(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, type):
        return f"a class, {value.__name__}"
    return type(value).__name__


def _run_file(path: Path) -> object:
    """What the file calls ``problem`` (called if it is a function), or None."""
    sys.path.insert(0, str(path.resolve().parent))  # as 'python FILE' does
    arguments, folder = sys.argv, os.getcwd()
    sys.argv = [str(path)]
    try:
        with runs_to_its_end(f"problem file {path}", path):
            problem = runpy.run_path(str(path)).get("problem")
            if callable(problem) and not isinstance(problem, type):
                return problem()
            return problem
    finally:
        sys.argv = arguments
        os.chdir(folder)
        sys.path.pop(0)
