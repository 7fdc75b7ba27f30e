"""Problems that a user names on the command line: a Python file, or a claim."""

import os
import runpy
import sys
import traceback
from pathlib import Path

from ...claims import claim_problem
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
        problem = runpy.run_path(str(path)).get("problem")
        if callable(problem) and not isinstance(problem, type):
            return problem()
        return problem
    except (ProblemError, KeyboardInterrupt):
        raise
    except BaseException as error:  # the file is the user's and may do anything: sys.exit, too
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(path)]
        where = f"line {lines[-1]}: " if lines else ""
        raise ProblemError(
            f"problem file {path}",
            expected="a file that runs to its end",
            received=f"{where}{_raised(error)}",
            advice=f"run 'python {path}' and mend it",
        ) from error
    finally:
        sys.argv = arguments
        os.chdir(folder)
        sys.path.pop(0)


def _raised(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        code = "" if error.code is None else repr(error.code)
        return f"a call of sys.exit({code})"
    name, message = type(error).__name__, str(error)
    return f"{name}: {message}" if message else name
