"""What stands in the folder of a sweep (see store.py for its files), read without a lock."""

import os
from collections.abc import Iterator
from pathlib import Path

from ..records.plain_text import DAMAGED
from ..records.reading import read_file
from ..support.errors import ProblemError
from .chunk_file import DamagedError, from_bytes
from .columns import Columns
from .plan import Plan

PLAN, CHUNKS = "plan.json", "chunks"
MOST_PLAN = 2**28  # bytes of a plan
_LONGEST_STEM = 12  # digits of the number in a chunk's name


def read_plan(folder: object) -> Plan:
    """The plan of a store.

    Raises ProblemError, which names the file, if there is none, or it is damaged.
    """
    path = as_folder(folder) / PLAN
    try:
        text = read_file(path, MOST_PLAN).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProblemError(
            "store",
            expected="the folder of a sweep",
            received=f"{folder} without a readable {PLAN} ({error})",
            advice="check the path; a sweep makes its folder with store=...",
        ) from error
    try:
        return Plan.from_text(text)
    except ProblemError as error:
        edited = f"{PLAN} is damaged or was edited; sweep again into another folder"
        raise ProblemError(
            f"store {str(path)!r}, {error.what}",
            expected=error.expected,
            received=error.received,
            advice=edited if error.advice == DAMAGED else error.advice,
        ) from error


def chunks_of(folder: object, plan: Plan) -> Iterator[tuple[int, Columns]]:
    """(index, columns) of the chunks that are there and sound, without a lock."""
    for index in _there(as_folder(folder), plan.layout.chunks):
        path = as_folder(folder) / chunk_name(index)
        try:
            yield index, read_chunk(path, index, plan)
        except (FileNotFoundError, DamagedError):
            continue
        except OSError as error:
            raise unreadable(path, error) from error


def _there(folder: Path, count: int) -> list[int]:
    """The chunks below ``count`` whose files are there, in order.

    Found by their files: a plan may have many more chunks than were computed.
    """
    stems = (path.stem for path in (folder / CHUNKS).glob("*.npz"))
    indices = {int(stem) for stem in stems if stem.isdecimal() and len(stem) <= _LONGEST_STEM}
    return sorted(index for index in indices if index < count)


def bytes_of_results(folder: object) -> int:
    """What the chunks in a folder take on the disk."""
    files = (as_folder(folder) / CHUNKS).glob("*.npz")
    return sum(path.stat().st_size for path in files if path.is_file())


def read_chunk(path: Path, index: int, plan: Plan) -> Columns:
    """The columns of a chunk. Raises DamagedError, and OSError where it cannot be read."""
    measures = {measure["name"] for measure in plan.measures}
    cells = plan.layout.chunk(index)
    return from_bytes(read_file(path), plan.digest, index, cells, measures)


def as_folder(folder: object) -> Path:
    """The path of a store's folder. Raises ProblemError for what is no path."""
    if not isinstance(folder, str | os.PathLike) or "\0" in str(folder) or not str(folder):
        raise ProblemError(
            "store",
            expected="the path of a folder",
            received=repr(folder)[:80],
            advice="pass text, as in store='runs/escape'",
        )
    return Path(folder)


def unreadable(path: Path, error: OSError) -> ProblemError:
    """What is said of a chunk that is there and cannot be read."""
    # errors of this library name the file themselves
    received = f"{path}: {error.strerror}" if error.strerror else str(error)
    return ProblemError(
        "store",
        expected="chunks that are files and can be read",
        received=received,
        advice=(
            "move it away or mend its permissions; a chunk that is missing is computed again by"
            " resume"
        ),
    )


def chunk_name(index: int) -> str:
    """Where a chunk stands in the folder."""
    return f"{CHUNKS}/{index:06d}.npz"
