"""What the commands share: exit statuses, JSON on standard output, files to read and to write."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from ...support.errors import ProblemError

if TYPE_CHECKING:
    from ...model.problem import ControlProblem
    from ...optimisation.program import PolicyProgram

OK, SHORT, BAD, INTERRUPTED = 0, 1, 2, 130
NAME_LIMIT = 240  # bytes, so that a name for the draft beside it is possible too


def print_json(document: object) -> int:
    """Print a document as JSON; solutions, which are long, on one line."""
    is_solution = isinstance(document, dict) and "plans" in document
    indent = None if is_solution else 1
    print(json.dumps(document, indent=indent, ensure_ascii=True, allow_nan=False))
    return OK


@contextmanager
def users_code() -> Iterator[None]:
    """While a user's code runs, what it prints goes to standard error, not among the results."""
    with redirect_stdout(_Aside()):
        yield


class _Aside(io.TextIOBase):
    """Standard error, which the user's code cannot close."""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def read_problem(target: str) -> "ControlProblem | PolicyProgram":
    """The problem of a file or a claim."""
    from ..report.problem_files import read_problem as read

    with users_code():
        return read(target)


def read_subject(target: str) -> object:
    """What is in a file that ``lc.save`` wrote; else the problem of a file or a claim."""
    from ..report.problem_files import is_saved

    if is_saved(target):
        from ...records import load

        return load(target)
    return read_problem(target)


def write_result(path: Path, result: object, document: object) -> None:
    """A file that ``lc.load`` reads where the name ends in .nc; any other is the document as JSON."""
    from ...records import save
    from ..report.reproduction import write_json

    if path.suffix == ".nc":
        save(result, path)
    else:
        write_json(path, document)


def check_output(
    option: str,
    path: Path,
    *,
    endings: Sequence[str] = (),
    replaces: Callable[[Path], bool] | None = None,
) -> None:
    """Refuse a file that cannot be written before anything is solved.

    Its name says the format: it has to end as one of ``endings`` where there are any.
    ``replaces(path)`` says whether a file that exists may be replaced; without it any may.
    """
    try:
        obstacle = _why_unwritable(path, replaces)
    except (OSError, ValueError) as error:
        obstacle = getattr(error, "strerror", None) or str(error)
    if obstacle:
        raise ProblemError(
            option,
            expected="a file that can be written",
            received=f"{path} ({obstacle})",
            advice=f"choose another with {option}",
        )
    if endings and path.suffix not in endings:
        raise ProblemError(
            option,
            expected=f"a name that ends in {' or '.join(endings)}",
            received=path.name,
            advice=f"e.g. {option} {path.with_suffix(endings[0])}",
        )


def _why_unwritable(path: Path, replaces: Callable[[Path], bool] | None) -> str:
    """What stands in the way of writing the file, "" for nothing."""
    if not path.name:
        return "no name of a file"
    if len(os.fsencode(path.name)) > NAME_LIMIT:
        return "the name is too long"
    if path.is_dir():
        return "a folder"
    if path.exists() and not path.is_file():
        return "a device or a pipe, not a file"
    if not path.parent.is_dir():
        return f"no folder {path.parent}"
    if path.exists() and replaces is not None and not replaces(path):
        return "there already, and not written by landscape_control"
    with TemporaryFile(dir=path.parent):
        return ""


def is_ours(path: Path) -> bool:
    """Whether this package wrote the file, so that it may be replaced."""
    from ...records.checksum import is_sealed

    return is_sealed(path.read_bytes())
