"""Claims of a user's own: those of a Python file, or of the files of a folder."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

from ..support.arguments import Path as PathName
from ..support.arguments import checked
from ..support.errors import ProblemError
from .claim import Claim
from .discovery import claims_of
from .user_files import runs_to_its_end


@checked
def claims_at(path: PathName) -> tuple[Claim, ...]:
    """The claims of a Python file, or of every file of a folder whose name does not begin with ``_``.

    A file defines ``CLAIM``, a Claim, or ``CLAIMS``, a tuple of them. It is imported as the module
    of its name, and its folder stays on ``sys.path``: worker processes import it again from there.

    Raises
    ------
    ProblemError
        No such file or folder, none with claims in it, a file that does not run or whose name is no
        name of a module or that of another module, two claims with one name.
    """
    path = Path(path)
    files = sorted(path.glob("[!_]*.py")) if path.is_dir() else [path]
    obstacle = _why_unreadable(path, files)
    if obstacle:
        raise ProblemError(
            "claims",
            expected="a Python file, or a folder of them",
            received=f"{path} ({obstacle})",
            advice="check the path; files whose names begin with _ are helpers",
        )
    claims = [claim for file in files for claim in claims_of(_imported(file))]
    names = [claim.name for claim in claims]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ProblemError(
            "claim names",
            expected="every name once",
            received=f"{', '.join(twice)} twice",
            advice="rename one of the two",
        )
    return tuple(claims)


def _why_unreadable(path: Path, files: list[Path]) -> str:
    """What is wrong with the path, "" for nothing."""
    if not path.exists():
        return "no such file"
    if not files:
        return "no Python files in it"
    if not all(file.is_file() and file.suffix == ".py" for file in files):
        return "its name does not end in .py"
    return ""


def _imported(file: Path) -> ModuleType:
    """The module of a file, imported by its name."""
    folder, name = str(file.resolve().parent), file.stem
    if not name.isidentifier():
        _refuse(file, "a name that Python can import", name, "rename the file")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    with runs_to_its_end(f"claims of {file}", file):
        module = importlib.import_module(name)
    if Path(module.__file__ or "").resolve() != file.resolve():
        _refuse(file, "a name of its own", f"that of {module.__file__}", "rename the file")
    return module


def _refuse(file: Path, expected: str, received: str, advice: str) -> None:
    raise ProblemError(f"claims of {file}", expected=expected, received=received, advice=advice)
