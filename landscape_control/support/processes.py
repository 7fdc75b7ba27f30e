"""Worker processes: how they start, what they inherit, and what becomes of the work they are given.

CasADi does not survive a fork once one of its optimisers is loaded, nor threads. A process that has
loaded none, and runs one thread, is forked: workers then start in milliseconds, with everything
imported. Any other one starts fresh (spawned) interpreters. Every process uses one BLAS thread: the
matrices are small, threads that wait for each other cost more than they give, and sums are then
made in the same order, so results are the same bits for any number of workers.

Why not loky or joblib (which carries loky): they always start fresh interpreters. Two workers were
ready after 1.8 to 2.0 s (loky), 2.0 to 2.1 s (joblib) and 0.02 to 0.03 s (here, forked); a sweep of
400 cells of a quadratic loss on two workers took 2.8 to 4.7 s with loky and 1.1 to 1.5 s here, on
the same two cores, run in turn. BLAS threads are set by threadpoolctl, which costs 7 ms once.
"""

import multiprocessing
import os
import pickle
import re
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from types import ModuleType
from typing import Any

_BLAS_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_MAPS = Path("/proc/self/maps")
_OPTIMISERS = re.compile(r"casadi_(nlpsol|conic|linsol|integrator|rootfinder)")


class Lost(str):
    """Why no process came back with a piece of work."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """What became of one item: a value, or the error and traceback in its place."""

    value: Any = None
    error: str = ""
    traceback: str = ""
    seconds: float = 0.0


def cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def start_method() -> str:
    """ "fork" where nothing speaks against it (see the module), else "spawn"."""
    alone = threading.active_count() == 1 and threading.current_thread() is threading.main_thread()
    if not (sys.platform == "linux" and alone and _MAPS.exists()):
        return "spawn"
    has_optimiser = _OPTIMISERS.search(_MAPS.read_text(errors="replace"))
    return "spawn" if has_optimiser else "fork"


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """The block, and processes that are spawned in it, run with one BLAS thread."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"), _environment_of_one_thread():
        yield


@contextmanager
def _environment_of_one_thread() -> Iterator[None]:
    """The block, whose environment fresh interpreters inherit, asks for one BLAS thread.

    BLAS reads it once, when NumPy is imported.
    """
    before = {name: os.environ.get(name) for name in _BLAS_THREADS}
    os.environ.update(dict.fromkeys(_BLAS_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


# -- one pool


def pool_of(
    workers: int, *, closing: tuple[int, ...] = (), first: tuple = (), main: bool = True
) -> ProcessPoolExecutor:
    """A pool whose processes ignore Ctrl-C, use one BLAS thread and end when their parent does.

    They close the descriptors ``closing`` that they inherit. ``first`` is a function, with its
    arguments, that each process calls when it begins. ``main``: fresh interpreters read the script
    that runs here again, because functions of it are needed.
    """
    if start_method() == "fork":
        return ProcessPoolExecutor(
            workers,
            mp_context=multiprocessing.get_context("fork"),
            initializer=_prepare,
            initargs=(os.getpid(), closing, first),
        )
    # fresh interpreters inherit no descriptors that they would have to close
    return _Spawning(main, workers, initargs=(os.getpid(), (), first))


class _Spawning(ProcessPoolExecutor):
    """A pool of fresh interpreters, which are started as work is submitted."""

    def __init__(self, main: bool, workers: int, initargs: tuple):
        context = multiprocessing.get_context("spawn")
        super().__init__(workers, mp_context=context, initializer=_prepare, initargs=initargs)
        self._main = main

    def submit(self, function: Callable, /, *args: Any, **kwargs: Any) -> Future:
        with _environment_of_one_thread(), _main_module(self._main):
            return super().submit(function, *args, **kwargs)


@contextmanager
def _main_module(shown: bool) -> Iterator[None]:
    """Hide the script that runs from spawned processes, unless they need it."""
    if shown:
        yield
        return
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _prepare(parent: int, closing: tuple[int, ...], first: tuple) -> None:
    """What each worker process does when it begins."""
    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends them
    for descriptor in closing:
        with suppress(OSError):
            os.close(descriptor)
    os.environ.update(dict.fromkeys(_BLAS_THREADS, "1"))  # for libraries that are loaded later
    threadpool_limits(limits=1, user_api="blas")
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()
    if first:
        function, *arguments = first
        function(*arguments)


def _follow(parent: int) -> None:
    """End with the parent, even if it was killed: an orphan would wait for work for ever."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


# -- work for a pool


class InFlight:
    """At most ``ahead`` items that an executor works on: ``function(*arguments, item)`` of each."""

    def __init__(self, executor: Executor, call: tuple, items: Sequence, ahead: int):
        self.executor, self.items, self.ahead = executor, items, ahead
        self._function, *self._arguments = call
        self.pending: dict[Future, int] = {}
        self._finished: SimpleQueue[Future] = SimpleQueue()

    def fill(self, queue: deque[int]) -> None:
        """Submit the items that a queue names by their indices, until ``ahead`` are in flight."""
        while queue and len(self.pending) < self.ahead:
            index = queue.popleft()
            try:
                arguments = [*self._arguments, self.items[index]]
                future = self.executor.submit(self._function, *arguments)
            except BrokenExecutor as error:
                if not self.pending:
                    queue.appendleft(index)
                    raise
                future = Future()
                future.set_exception(error)
            self.pending[future] = index
            future.add_done_callback(self._finished.put)

    def collect(self) -> list[tuple[int, Future]]:
        """(index, future) of what has finished; waits for the first."""
        finished = [self._finished.get()]
        while not self._finished.empty():
            finished.append(self._finished.get())
        return [(self.pending.pop(future), future) for future in finished]

    def abandon(self) -> None:
        """Take back what has not begun."""
        for future in self.pending:
            future.cancel()


@dataclass(frozen=True, kw_only=True, eq=False)
class Pools:
    """Work carried out in pools of this process's own, one after another.

    Attributes
    ----------
    call : (function, *arguments), called with each item as the last argument
    items : what it is called with
    received : of a future the value, or a :class:`Lost` where no process came back
    settings : of :func:`pool_of`
    """

    call: tuple
    items: Sequence
    received: Callable[[Future], Any]
    settings: dict = field(default_factory=dict)

    def results(
        self,
        order: Sequence[int],
        *,
        workers: int,
        attempts: int,
        broken: Callable[[int], None] | None = None,
    ) -> Iterator[tuple[int, Any]]:
        """(index, value or why it was lost) of the items in this ``order``, as they finish.

        What was in flight when a process died is tried again, each item alone, which tells who
        kills; it is lost after so many ``attempts``. ``broken`` is called when a pool broke, with
        how many items have come back.
        """
        queue = deque(order)
        while queue:
            pool = pool_of(min(workers, len(queue)), **self.settings)
            suspects = yield from self._emptied(queue, pool, 2 * workers)
            if suspects and broken is not None:
                broken(len(order) - len(queue) - len(suspects))
            for index in suspects:
                yield from self._alone(index, attempts)

    def _alone(self, index: int, attempts: int) -> Iterator[tuple[int, Any]]:
        """An item that may have killed its process, in processes of its own."""
        for _ in range(attempts - 1):
            lost = yield from self._emptied(deque([index]), pool_of(1, **self.settings), 1)
            if not lost:
                return
        yield index, Lost(f"the worker process died {attempts} times (killed, or crashed)")

    def _emptied(
        self, queue: deque[int], pool: ProcessPoolExecutor, ahead: int
    ) -> Generator[tuple[int, Any], None, list[int]]:
        """Empty the queue with one pool; returns the indices that were in flight when it broke."""
        work = InFlight(pool, self.call, self.items, ahead)
        suspects: list[int] = []
        try:
            # once it is broken the others in flight fail too, or had just finished
            while work.pending or (queue and not suspects):
                if not suspects:
                    work.fill(queue)
                for index, future in work.collect():
                    value = self.received(future)
                    if isinstance(value, Lost):
                        suspects.append(index)
                    else:
                        yield index, value
            pool.shutdown(wait=True)
            return sorted(suspects)
        except BaseException:  # an interrupt must not wait for what is running
            work.abandon()
            for process in list((getattr(pool, "_processes", None) or {}).values()):
                process.terminate()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


# -- every item, in order, whatever becomes of the others


def run_all(
    function: Callable,
    items: Sequence,
    *,
    workers: int,
    progress: Callable[[int], None] | None = None,
) -> list[Result]:
    """``function`` of every item, in the order of ``items``; nothing an item does stops the others.

    One worker runs them in this process. ``progress`` is called with the index of each finished
    item. Function, items and values must be picklable, with one worker too: the answer does not
    depend on the number of workers.
    """
    results: dict[int, Result] = {}
    finished = _here(function, items) if workers == 1 else _in_pools(function, items, workers)
    for index, result in finished:
        results[index] = result
        if progress is not None:
            progress(index)
    return [results[index] for index in range(len(items))]


def _here(function: Callable, items: Sequence) -> Iterator[tuple[int, Result]]:
    with one_blas_thread():
        for index, item in enumerate(items):
            yield index, pickle.loads(_guarded(function, item))


def _in_pools(function: Callable, items: Sequence, workers: int) -> Iterator[tuple[int, Result]]:
    pools = Pools(call=(_guarded, function), items=items, received=_result)
    for index, value in pools.results(range(len(items)), workers=workers, attempts=2):
        if isinstance(value, Lost):
            value = Result(error=str(value), traceback="none: it was killed, or crashed")
        yield index, value


def _result(future: Future) -> Any:
    try:
        return pickle.loads(future.result())
    except BrokenExecutor as error:
        return Lost(f"{type(error).__name__}: {error}")
    except Exception as error:  # an item that cannot be sent, or a value that cannot be read
        return _failure(error)


def _guarded(function: Callable, item: Any) -> bytes:
    """The pickled Result of one item; runs in the worker."""
    begin = time.perf_counter()
    try:
        value = function(item)
        return pickle.dumps(Result(value=value, seconds=time.perf_counter() - begin))
    except Exception as error:
        return pickle.dumps(_failure(error, time.perf_counter() - begin))


def _failure(error: Exception, seconds: float = 0.0) -> Result:
    return Result(
        error=f"{type(error).__name__}: {error}",
        seconds=seconds,
        traceback="".join(traceback.format_exception(error)),
    )
