"""Problems that a user names on the command line: a Python file, or a claim."""

import os
import runpy
import sys
from pathlib import Path

from ...claims import claim_problem
from ...claims.user_files import runs_to_its_end
from ...model.problem import ControlProblem
from ...optimisation.program import PolicyProgram
from ...records import load
from ...support.errors import ProblemError

_SAVED = (".nc", ".h5")


def is_saved(target: str) -> bool:
    """Whether the name is that of a file as ``landscape_control.save`` writes them."""
    return Path(target).suffix in _SAVED


def read_problem(target: str) -> ControlProblem | PolicyProgram:
    """The ControlProblem or PolicyProgram of a Python file, a saved file or a claim.

    Raises ProblemError for a name or a file that does not exist, a file that does not run or
    defines no ``problem``, a saved file that holds something else, a file of another kind.
    """
    if not target or "\0" in target:
        raise ProblemError(
            "problem file",
            expected="a Python file, or a claim's name",
            received=repr(target),
            advice="see the names with 'landscape-control list'",
        )
    path = Path(target)
    is_named_as_file = path.suffix == ".py" or is_saved(target)
    if not is_named_as_file and not path.is_file():
        return claim_problem(target)
    if not path.is_file() or path.suffix not in ("", ".py", *_SAVED):
        why = "neither Python nor saved by landscape_control" if path.is_file() else "no such file"
        raise ProblemError(
            "problem file",
            expected="a Python file, a file that landscape_control.save wrote, or a claim's name",
            received=f"{target} ({why})",
            advice="check the path, or see the names with 'landscape-control list'",
        )
    if is_saved(target):
        return _loaded(path)
    problem = _run_file(path)
    if not isinstance(problem, ControlProblem | PolicyProgram):
        raise ProblemError(
            f"'problem' in {target}",
            expected="a ControlProblem or a PolicyProgram, or a function returning one",
            received=_kind_of(problem),
            advice="end the file with problem = landscape_control.ControlProblem(...)",
        )
    return problem


def _loaded(path: Path) -> ControlProblem | PolicyProgram:
    problem = load(path)
    if not isinstance(problem, ControlProblem | PolicyProgram):
        raise ProblemError(
            f"what is in {path}",
            expected="a ControlProblem or a PolicyProgram",
            received=type(problem).__name__,
            advice=(
                "'landscape-control identify' and 'compare' read results; save the problem of this"
                " one to solve it again"
            ),
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
