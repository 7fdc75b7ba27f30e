"""Problems that a user names on the command line: a Python file, or a claim."""

import runpy
import sys
import traceback
from pathlib import Path

from ..claims import claim_problem
from ..errors import ProblemError
from ..policies import PolicyProgram
from ..problem import ControlProblem


def read_problem(target: str) -> ControlProblem | PolicyProgram:
    """The ControlProblem or PolicyProgram of a Python file or of a claim.

    Raises ProblemError for a name or a file that does not exist, a file that does not run or defines no ``problem``.
    """
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
            received="nothing" if found is None else type(found).__name__,
            advice="end the file with problem = landscape_control.ControlProblem(...)",
        )
    return found


def _run_file(path):
    """What the file calls ``problem`` (called if it is a function), or None."""
    sys.path.insert(0, str(path.resolve().parent))  # as 'python FILE' does
    try:
        found = runpy.run_path(str(path)).get("problem")
        return found() if callable(found) else found
    except ProblemError:
        raise
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        where = f"line {lines[-1]}: " if lines else ""
        raise ProblemError(
            f"problem file {path}",
            expected="a file that runs",
            received=f"{where}{type(error).__name__}: {error}",
            advice=f"run 'python {path}' and mend it",
        ) from error
    finally:
        sys.path.pop(0)
