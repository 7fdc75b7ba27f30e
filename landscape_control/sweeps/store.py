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
result.nc           the finished dataset, a record of landscape_control.records (NetCDF 4 with its
                    checksum).
lock                held open by the process that works here; who it is.
"""

import errno
import os
import socket
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from ..records import save
from ..records.checksum import unseal
from ..records.reading import read_file
from ..records.writing import PART, write_atomically
from ..support.errors import ProblemError
from .chunk_file import DamagedError, to_bytes
from .columns import Columns
from .plan import Plan
from .plan_differences import other_code, plan_differences
from .store_reading import CHUNKS, PLAN, as_folder, chunk_name, read_chunk, read_plan, unreadable

if TYPE_CHECKING:
    import xarray

try:
    import fcntl
except ImportError:  # not on this system: stores are then not locked
    fcntl = None  # type: ignore[assignment]  # a module, or nothing

RESULT, LOCK = "result.nc", "lock"
# what an interrupted writer leaves
_PARTS = (f".{PLAN}.*{PART}", f".{RESULT}.*{PART}", f"{CHUNKS}/.[0-9]*.npz.*{PART}")
_WRITERS = 4  # threads that wait for the disk, so that nothing else does


class Store:
    """The folder of a sweep, as a context manager: one process at a time can have it open.

    The lock belongs to the open file, so it goes with the process however that ends. ``descriptor``
    is its number.
    """

    def __init__(self, folder: object) -> None:
        self.folder = as_folder(folder)
        self.descriptor: int | None = None
        self._writers: ThreadPoolExecutor | None = None
        self._writing: deque[Future] = deque()

    def __enter__(self) -> "Store":
        try:
            self._check_own()
            (self.folder / CHUNKS).mkdir(parents=True, exist_ok=True)
            # what a link points to is somebody else's
            plain = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            self.descriptor = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | plain, 0o644)
            self._lock(self.descriptor)
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

    def __exit__(self, *_: object) -> None:
        if self._writers is not None:
            self._writers.shutdown(wait=True)  # what was computed is kept, whatever ended the sweep
            self._writers = None
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def _check_own(self) -> None:
        """Refuse a folder with files of others: only a store, or an empty folder, is written to."""
        if (self.folder / PLAN).exists() or not self.folder.is_dir():
            return
        # of a sweep that ended before it had a plan
        begun = {self.folder / LOCK, self.folder / CHUNKS, *self.folder.glob(_PARTS[0])}
        foreign = sorted(path.name for path in set(self.folder.iterdir()) - begun)
        if foreign:
            more = " …" if len(foreign) > 3 else ""
            raise ProblemError(
                "store",
                expected="a new or empty folder, or one with a plan.json",
                received=f"{self.folder} with {', '.join(foreign[:3])}{more} and no plan",
                advice="choose another folder, for instance a new one inside it",
            )

    def _lock(self, descriptor: int) -> None:
        if fcntl is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                written = os.read(descriptor, 200).decode(errors="replace").strip()
                owner = written or "another process"
                raise ProblemError(
                    "store",
                    expected="a folder that no other process works in",
                    received=f"{self.folder}, in use by {owner}",
                    advice="wait for it, stop it, or choose another folder",
                ) from None
        with suppress(OSError):  # a full disk may refuse even this; the lock holds all the same
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)

    def begin(self, plan: Plan, *, resumed: bool = False) -> Plan:
        """Write the plan, or compare it with the one that is there; returns the one that is there.

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
        other = plan_differences(stored, plan)
        if resumed:  # the plan is the stored one: only the user's classes can have changed
            other = other_code(stored.code, stored.code_now())
        fields = list(other)
        if fields:
            raise ProblemError(
                "store",
                expected="the problem, axes, settings and versions that the store was made with",
                received=f"{self.folder} differs in {'; '.join(fields)}",
                advice="choose another folder, or delete this one",
            )
        return stored

    def read(self, index: int, plan: Plan) -> Columns | None:
        """The columns of a chunk; None if it is not there, or damaged, and then removed."""
        path = self.folder / chunk_name(index)
        try:
            return read_chunk(path, index, plan)
        except FileNotFoundError:
            return None
        except DamagedError:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise self._unwritable(error) from error
            return None
        except OSError as error:
            raise unreadable(path, error) from error

    def keep(self, plan: Plan, index: int, columns: Columns) -> None:
        """Write a chunk, soon; what went wrong with earlier ones is raised here or by
        :meth:`settle`.
        """
        if self._writers is None:
            self._writers = ThreadPoolExecutor(_WRITERS)
        content = to_bytes(columns, plan.digest, index)
        self._writing.append(self._writers.submit(self.write, chunk_name(index), content))
        # finished writes are collected, so that their errors are raised; a slow disk holds us up
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

    def finish(self, dataset: "xarray.Dataset") -> None:
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
            cause = error.__cause__  # what the system said, where it was the system
            raise self._unwritable(cause if isinstance(cause, OSError) else error) from error

    def _is_begun(self) -> bool:
        try:
            return (self.folder / PLAN).exists()
        except OSError:  # the name is too long, say
            return False

    def _unwritable(self, error: BaseException) -> ProblemError:
        kept = ""
        if self._is_begun():
            kept = f"; what was finished is kept: resume({str(self.folder)!r}) goes on from there"
        advice = "check the folder and its permissions, or choose another"
        if getattr(error, "errno", 0) == errno.ENOSPC:
            advice = "free some space"
        said = getattr(error, "strerror", None) or error
        place = getattr(error, "filename2", None) or getattr(error, "filename", None) or self.folder
        return ProblemError(
            "store",
            expected="a folder that can be written to",
            received=f"{said} ({place})",
            advice=f"{advice}{kept}",
        )
