"""Worker processes: how they are started, and that they neither outlive their parent nor share its
threads.

CasADi does not survive a fork once one of its optimisers is loaded, nor threads. A process that has
loaded none, and runs one thread, is forked: workers then start in milliseconds, with everything
imported. Any other one starts fresh (spawned) interpreters.
"""

import ctypes
import multiprocessing
import os
import re
import signal
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

from ..threads import BLAS_THREADS, one_thread_each

_SET = (
    "openblas_set_num_threads",
    "scipy_openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
)
_MAPS = Path("/proc/self/maps")


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def start_method() -> str:
    """ "fork" where nothing speaks against it (see the module), else "spawn"."""
    alone = threading.active_count() == 1 and threading.current_thread() is threading.main_thread()
    if not (sys.platform == "linux" and alone and _MAPS.exists()):
        return "spawn"
    loaded = re.search(
        r"casadi_(nlpsol|conic|linsol|integrator|rootfinder)", _MAPS.read_text(errors="replace")
    )
    return "spawn" if loaded else "fork"


def pool_of(workers: int, closing: tuple[int, ...] = (), first: tuple = ()) -> ProcessPoolExecutor:
    """A pool whose processes ignore Ctrl-C, use one BLAS thread, close these descriptors and end
    when their parent does.

    ``first`` is a function, with its arguments, that each process calls when it begins.
    """
    forked = start_method() == "fork"
    kind, method = (ProcessPoolExecutor, "fork") if forked else (_Spawning, "spawn")
    return kind(
        workers,
        mp_context=multiprocessing.get_context(method),
        initializer=_prepare,
        initargs=(os.getpid(), closing if forked else (), first),
    )


class _Spawning(ProcessPoolExecutor):
    """Fresh interpreters need not read the user's script again: what they run is found by import."""

    def submit(self, function, /, *args, **kwargs):
        with one_thread_each(), _without_main(args):
            return super().submit(function, *args, **kwargs)


def lives_in_main(measures) -> bool:
    """Whether a function among these measures is defined in the script that runs."""
    return any(
        getattr(getattr(one.function, "function", one.function), "__module__", "") == "__main__"
        for one in measures or ()
    )


def _prepare(parent, closing, first):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for descriptor in closing:
        with suppress(OSError):
            os.close(descriptor)
    os.environ.update(dict.fromkeys(BLAS_THREADS, "1"))  # for libraries that are loaded later
    _set_blas_threads(1)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    if first:
        first[0](*first[1:])


def _follow(parent):
    """End with the parent, even if it was killed: an orphan would wait for work for ever."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


@contextmanager
def _without_main(args):
    """Hide the main module from spawned processes unless a measure lives there."""
    main = sys.modules["__main__"]
    if any(lives_in_main(arg) for arg in args if isinstance(arg, tuple)):
        yield
        return
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def one_blas_thread():
    """The block runs with one BLAS thread, as workers do: sums are then made in the same order."""
    before = _set_blas_threads(1)
    try:
        with one_thread_each():
            yield
    finally:
        for restore, threads in before:
            restore(threads)


def _set_blas_threads(count):
    """Set the threads of every OpenBLAS in this process; [(setter, threads before)] of those that
    were changed.
    """
    changed = []
    for setter, getter in _blas():
        before = getter()
        if before != count:
            setter(count)
            changed.append((setter, before))
    return changed


def _blas():
    """(setter, getter) of the number of threads of the OpenBLAS libraries that are loaded."""
    if not _MAPS.exists():
        return
    for name in sorted(set(re.findall(r"/\S*openblas\S*", _MAPS.read_text(errors="replace")))):
        with suppress(OSError):
            library = ctypes.CDLL(name)
            for function in _SET:
                if hasattr(library, function):
                    yield (
                        getattr(library, function),
                        getattr(library, function.replace("_set_", "_get_")),
                    )
                    break
