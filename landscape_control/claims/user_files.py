"""Python files of a user's that are run: whatever they raise is said with the line it came from."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..support.errors import ProblemError


@contextmanager
def runs_to_its_end(what: str, path: Path) -> Iterator[None]:
    """While the file runs; ProblemError about ``what`` where it does not run to its end.

    A ProblemError of the file's own and Ctrl-C pass.
    """
    try:
        yield
    except (ProblemError, KeyboardInterrupt):
        raise
    except BaseException as error:  # the file is the user's and may do anything: sys.exit, too
        frames = traceback.extract_tb(error.__traceback__)
        names = (str(path), str(path.resolve()))
        lines = [frame.lineno for frame in frames if frame.filename in names]
        where = f"line {lines[-1]}: " if lines else ""
        raise ProblemError(
            what,
            expected="a file that runs to its end",
            received=f"{where}{_raised(error)}",
            advice=f"run 'python {path}' and mend it",
        ) from error


def _raised(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        code = "" if error.code is None else repr(error.code)
        return f"a call of sys.exit({code})"
    name, message = type(error).__name__, str(error)
    return f"{name}: {message}" if message else name
