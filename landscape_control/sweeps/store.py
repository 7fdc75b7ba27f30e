"""A sweep on disk. No pickle; every file is written whole or not at all.

plan.json           "format": "landscape_control sweep", "version": 1, "specification" of the base
                    problem (the text of
                    records.specification), "axes" (name, paths, labels, columns of values; where a
                    column holds objects, "variants" are the specifications of the problems of its
                    points), "measures" (name, address, code, units, description, dims, coords),
                    "kind", "options", "starts", "seed", "structural" (axes), "most" (cells per
                    chunk), "versions", "code" (digests of the user's own classes that the problems
                    use, left out where there are none), and last "sha256" of the text before it.
                    Order and borders of the chunks follow from it: layout.py.
chunks/NNNNNN.npz   "cells" (flat C-order indices), "value NAME" and "seconds" per cell, codes of
                    "status", "message",
                    "traceback", "found_from" and of measures that are words, "words" (a JSON text
                    with the words behind the codes; codes of a column with one word are left out),
                    "missing NAME" where some cells have no value, "owner" (the plan's sha256, a
                    blank, NNNNNN), "sha256" of all that.
result.nc           the finished dataset, a record of the records room (NetCDF 4, sealed).
lock                held open by the process that works here; who it is.
"""

import errno
import json
import os
import socket
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from ..errors import ProblemError
from ..records import differences, save
from ..records.checksum import unseal
from ..records.plain_text import DAMAGED
from ..records.reading import read_file
from ..records.writing import PART, write_atomically
from .chunk_file import DamagedError, from_bytes, to_bytes
from .columns import Columns
from .identity import why_other
from .plan import Plan

try:
    import fcntl
except ImportError:  # not on this system: stores are then not locked
    fcntl = None

PLAN, CHUNKS, RESULT, LOCK = "plan.json", "chunks", "result.nc", "lock"
_LONGEST_STEM = 12  # digits of the number in a chunk's name
_PARTS = (
    f".{PLAN}.*{PART}",
    f".{RESULT}.*{PART}",
    f"{CHUNKS}/.[0-9]*.npz.*{PART}",
)  # what an interrupted writer leaves
MOST_PLAN = 2**28  # bytes of a plan
_WRITERS = 4  # threads that wait for the disk, so that nothing else does


class Store:
    """The folder of a sweep. Use as a context manager: while it is open, no other process can open
    it.

    The lock belongs to the open file, so it goes with the process however that ends. ``descriptor``
    is its number.
    """

    def __init__(self, folder):
        self.folder = _as_folder(folder)
        self.descriptor: int | None = None
        self._writers: ThreadPoolExecutor | None = None
        self._writing: deque[Future] = deque()

    def __enter__(self) -> "Store":
        try:
            self._check_own()
            (self.folder / CHUNKS).mkdir(parents=True, exist_ok=True)
            plain = getattr(os, "O_NOFOLLOW", 0) | getattr(
                os, "O_NONBLOCK", 0
            )  # what a link points to is somebody else's
            self.descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | plain, 0o644)
            self._lock()
            for pattern in _PARTS:
                for leftover in self.folder.glob(pattern):
                    leftover.unlink(missing_ok=True)
        except OSError as error:
            self.__exit__()
            raise self._unwritable(error) from error
        except ProblemError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._writers is not None:
            self._writers.shutdown(wait=True)  # what was computed is kept, whatever ended the sweep
            self._writers = None
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def _check_own(self):
        """Refuse a folder in which somebody else keeps files: only a store, or an empty folder, is
        written to.
        """
        if (self.folder / PLAN).exists() or not self.folder.is_dir():
            return
        begun = {
            self.folder / LOCK,
            self.folder / CHUNKS,
            *self.folder.glob(_PARTS[0]),
        }  # it ended before it had a plan
        foreign = sorted(path.name for path in set(self.folder.iterdir()) - begun)
        if foreign:
            raise ProblemError(
                "store",
                expected="a new or empty folder, or one with a plan.json",
                received=(
                    f"{self.folder} with {', '.join(foreign[:3])}{' …' if len(foreign) > 3 else ''}"
                    " and no plan"
                ),
                advice="choose another folder, for instance a new one inside it",
            )

    def _lock(self):
        if fcntl is not None:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                owner = (
                    os.read(self.descriptor, 200).decode(errors="replace").strip()
                    or "another process"
                )
                raise ProblemError(
                    "store",
                    expected="a folder that no other process works in",
                    received=f"{self.folder}, in use by {owner}",
                    advice="wait for it, stop it, or choose another folder",
                ) from None
        with suppress(OSError):  # a full disk may refuse even this; the lock holds all the same
            os.ftruncate(self.descriptor, 0)
            os.pwrite(
                self.descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0
            )

    def begin(self, plan: Plan, *, resumed: bool = False) -> Plan:
        """Write the plan, or hold it against the one that is there; returns the one that holds
        here.

        A plan that is ``resumed`` was read from the store.

        Raises ProblemError, naming the fields, if the folder holds a sweep of another problem, grid
        or version.
        """
        if not (self.folder / PLAN).exists():
            if any((self.folder / CHUNKS).iterdir()):
                raise ProblemError(
                    "store",
                    expected="a new folder, or one with a plan.json",
                    received=f"{self.folder} with chunks but no plan",
                    advice="choose another folder",
                )
            self.write(PLAN, plan.text.encode())
            return plan
        stored = read_plan(self.folder)
        fields = list(
            other_code(stored.code, stored.code_now()) if resumed else differing(stored, plan)
        )
        if fields:
            raise ProblemError(
                "store",
                expected="the problem, axes, settings and versions that the store was made with",
                received=f"{self.folder} differs in {'; '.join(fields)}",
                advice="choose another folder, or delete this one",
            )
        return stored

    def read(self, index: int, plan: Plan):
        """The columns of a chunk, None if it is not there, damaged, or not this one (it is then
        removed).
        """
        path = self.folder / _chunk_name(index)
        try:
            return _read_chunk(path, index, plan)
        except FileNotFoundError:
            return None
        except DamagedError:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise self._unwritable(error) from error
            return None
        except OSError as error:
            raise _unreadable(path, error) from error

    def keep(self, plan: Plan, index: int, columns: Columns) -> None:
        """Write a chunk, soon; what went wrong with earlier ones is raised here or by
        :meth:`settle`.
        """
        if self._writers is None:
            self._writers = ThreadPoolExecutor(_WRITERS)
        content = to_bytes(columns, plan.digest, index)
        self._writing.append(self._writers.submit(self.write, _chunk_name(index), content))
        while self._writing[0].done() or len(self._writing) > 2 * _WRITERS:
            self._writing.popleft().result()
            if not self._writing:
                break

    def settle(self) -> None:
        """Wait until every chunk is on the disk."""
        while self._writing:
            self._writing.popleft().result()

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all: beside it, through to the disk, then into its place."""
        try:
            write_atomically(self.folder / name, content)
        except OSError as error:
            raise self._unwritable(error) from error

    def has_result(self) -> bool:
        """Whether the finished dataset is there and undamaged."""
        try:
            unseal(read_file(self.folder / RESULT), RESULT)
        except (OSError, ProblemError):
            return False
        return True

    def finish(self, dataset) -> None:
        """Write the finished dataset."""
        path = self.folder / RESULT
        try:
            if not self.has_result():
                path.unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            save(dataset, path)
        except ProblemError as error:
            raise self._unwritable(
                error.__cause__ if isinstance(error.__cause__, OSError) else error
            ) from error

    def _is_begun(self):
        try:
            return (self.folder / PLAN).exists()
        except OSError:  # the name is too long, say
            return False

    def _unwritable(self, error):
        kept = (
            f"; what was finished is kept: resume({str(self.folder)!r}) goes on from there"
            if self._is_begun()
            else ""
        )
        full = getattr(error, "errno", 0) == errno.ENOSPC
        advice = (
            "free some space" if full else "check the folder and its permissions, or choose another"
        )
        said = getattr(error, "strerror", None) or error
        place = getattr(error, "filename2", None) or getattr(error, "filename", None) or self.folder
        return ProblemError(
            "store",
            expected="a folder that can be written to",
            received=f"{said} ({place})",
            advice=f"{advice}{kept}",
        )


def read_plan(folder) -> Plan:
    """The plan of a store; raises ProblemError, which names the file, if there is none, or it is
    damaged.
    """
    path = _as_folder(folder) / PLAN
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


def chunks_of(folder, plan: Plan):
    """(index, columns) of the chunks that are there and sound, without a lock."""
    for index in _there(folder, plan.layout.chunks):
        try:
            yield index, _read_chunk(Path(folder) / _chunk_name(index), index, plan)
        except (FileNotFoundError, DamagedError):
            continue
        except OSError as error:
            raise _unreadable(Path(folder) / _chunk_name(index), error) from error


def _there(folder, count):
    """The chunks below ``count`` whose files are there, in order: a plan may have many more than
    were computed.
    """
    stems = (path.stem for path in (Path(folder) / CHUNKS).glob("*.npz"))
    indices = {int(stem) for stem in stems if stem.isdecimal() and len(stem) <= _LONGEST_STEM}
    return sorted(index for index in indices if index < count)


def bytes_of_results(folder) -> int:
    """What the chunks in a folder take on the disk."""
    return sum(
        path.stat().st_size for path in (Path(folder) / CHUNKS).glob("*.npz") if path.is_file()
    )


def _read_chunk(path, index, plan):
    measures = {measure["name"] for measure in plan.measures}
    cells = plan.layout.chunk(index)
    return from_bytes(read_file(path), plan.digest, index, cells, measures)


def _as_folder(folder) -> Path:
    """The path of a store's folder."""
    if not isinstance(folder, str | os.PathLike) or "\0" in str(folder) or not str(folder):
        raise ProblemError(
            "store",
            expected="the path of a folder",
            received=repr(folder)[:80],
            advice="pass text, as in store='runs/escape'",
        )
    return Path(folder)


def _unreadable(path, error):
    received = (
        f"{path}: {error.strerror}" if error.strerror else str(error)
    )  # our own errors name the file
    return ProblemError(
        "store",
        expected="chunks that are files and can be read",
        received=received,
        advice=(
            "move it away or mend its permissions; a chunk that is missing is computed again by"
            " resume"
        ),
    )


def differing(one: Plan, other: Plan):
    """Names of the fields in which two plans differ, with their values where they are short."""
    if one.specification != other.specification:
        yield from (
            f"problem.{name}" for name in differences(one.specification, other.specification)
        )
    for mine, theirs in zip(one.measures, other.measures, strict=False):
        if mine["name"] == theirs["name"] and (why := why_other(mine["code"], theirs["code"])):
            yield f"measure {mine['name']!r} ({why})"
    yield from other_code(one.code, other.code)
    mine, theirs = (json.loads(plan.text) for plan in (one, other))
    for document in (mine, theirs):  # what is said about measures may be put better in time
        document["measures"] = [
            measure["address"] or measure["name"] for measure in document["measures"]
        ]
    for name in (
        name for name in mine if name not in ("specification", "axes", "versions", "code", "sha256")
    ):
        if mine[name] != theirs[name]:
            yield f"{name} (stored {mine[name]}, now {theirs[name]})"
    for package in {**one.versions, **other.versions}:
        if one.versions.get(package) != other.versions.get(package):
            yield (
                f"version of {package} (stored {one.versions.get(package)}, now"
                f" {other.versions.get(package)})"
            )
    names = [[axis["name"] for axis in document["axes"]] for document in (mine, theirs)]
    if names[0] != names[1]:
        yield f"axes (stored {', '.join(names[0])}, now {', '.join(names[1])})"
        return
    yield from (
        f"values of axis {name!r}"
        for name, *pair in zip(names[0], mine["axes"], theirs["axes"], strict=True)
        if pair[0] != pair[1]
    )


def other_code(stored: dict, now: dict):
    """Names of the user's classes whose code is not that of a plan, and why."""
    for name, code in now.items():
        why = (
            why_other(stored[name], code) if name in stored else "which the store has no digest of"
        )
        if why:
            yield f"{name} ({why})"


def _chunk_name(index):
    return f"{CHUNKS}/{index:06d}.npz"
