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
    found = _run_file(path)
    if not isinstance(found, ControlProblem | PolicyProgram):
        raise ProblemError(
            f"'problem' in {target}",
            expected="a ControlProblem or a PolicyProgram, or a function returning one",
            received=_called(found),
            advice="end the file with problem = landscape_control.ControlProblem(...)",
        )
    return found


def _called(found):
    if found is None:
        return "nothing"
    return f"a class, {found.__name__}" if isinstance(found, type) else type(found).__name__


def _run_file(path):
    """What the file calls ``problem`` (called if it is a function), or None."""
    sys.path.insert(0, str(path.resolve().parent))  # as 'python FILE' does
    arguments, folder = sys.argv, os.getcwd()
    sys.argv = [str(path)]
    try:
        found = runpy.run_path(str(path)).get("problem")
        return found() if callable(found) and not isinstance(found, type) else found
    except (ProblemError, KeyboardInterrupt):
        raise
    except BaseException as error:  # the file is the user's and may do anything: sys.exit, too
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == str(path)
        ]
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


def _raised(error):
    if isinstance(error, SystemExit):
        return f"a call of sys.exit({'' if error.code is None else repr(error.code)})"
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
