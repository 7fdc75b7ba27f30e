"""Run one function over many items in worker processes; nothing an item does stops the others."""

import pickle
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from time import perf_counter
from typing import Any

from ..threads import one_thread_each


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """What became of one item: a value, or the error and traceback in its place."""

    value: Any = None
    error: str = ""
    traceback: str = ""
    seconds: float = 0.0


def run_all(
    function: Callable,
    items: Sequence,
    *,
    workers: int,
    progress: Callable[[int], None] | None = None,
) -> list[Result]:
    """``function`` of every item, in the order of ``items``.

    One worker runs them in this process, more in fresh (spawned) processes with one BLAS thread
    each, because CasADi survives neither threads nor forks reliably. ``progress`` is called with
    the index of each finished item. Function, items and values must be picklable, with one worker
    too: the answer does not depend on the number of workers.
    """
    results: dict[int, Result] = {}
    for index, result in (
        _serial(function, items) if workers == 1 else _parallel(function, items, workers)
    ):
        results[index] = result
        if progress is not None:
            progress(index)
    return [results[index] for index in range(len(items))]


def _serial(function, items) -> Iterator[tuple[int, Result]]:
    for index, item in enumerate(items):
        yield index, pickle.loads(_guarded(function, item))


def _parallel(function, items, workers) -> Iterator[tuple[int, Result]]:
    """All items in one pool; those lost when a process died get a pool of their own, which tells
    who died.
    """
    lost = []
    for index, result in _pool(function, dict(enumerate(items)), workers):
        if result is None:
            lost.append(index)
        else:
            yield index, result
    for index in sorted(lost):
        for _, result in _pool(function, {index: items[index]}, 1):
            yield (
                index,
                result
                or Result(
                    error="the worker process died", traceback="none: it was killed, or crashed"
                ),
            )


def _pool(function, items, workers) -> Iterator[tuple[int, Result | None]]:
    count = min(workers, max(len(items), 1))
    with one_thread_each(), ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        try:
            futures = {_submit(pool, function, item): index for index, item in items.items()}
            for future in as_completed(futures):
                yield futures[future], _received(future)
        except BaseException:  # an interrupt must not wait for what is still queued
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _submit(pool, function, item) -> Future:
    try:
        return pool.submit(_guarded, function, item)
    except BrokenProcessPool as error:  # a worker died before everything was handed out
        future = Future()
        future.set_exception(error)
        return future


def _received(future) -> Result | None:
    try:
        return pickle.loads(future.result())
    except BrokenProcessPool:
        return None
    except Exception as error:
        return _failure(error)


def _guarded(function, item) -> bytes:
    """The pickled Result of one item; runs in the worker."""
    begin = perf_counter()
    try:
        return pickle.dumps(Result(value=function(item), seconds=perf_counter() - begin))
    except Exception as error:
        return pickle.dumps(_failure(error, perf_counter() - begin))


def _failure(error, seconds=0.0) -> Result:
    return Result(
        error=f"{type(error).__name__}: {error}",
        seconds=seconds,
        traceback="".join(traceback.format_exception(error)),
    )
