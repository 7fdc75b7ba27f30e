"""Hand chunks to this process, to processes of its own, or to any executor; a dead worker costs its
chunk a retry.
"""

import pickle
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from queue import SimpleQueue

from ..errors import ProblemError
from .plan import Plan
from .processes import lives_in_main, one_blas_thread, pool_of, start_method
from .worker import hold, run_chunk

ATTEMPTS = 3  # times a chunk is handed out before its cells are given up
AHEAD = 4096  # chunks in the hands of an executor of unknown size
_LONG = 10**5  # characters of a plan that is brought to the workers of a cluster before the chunks


class Lost(str):
    """Why no process came back with a chunk."""


def carry_out(
    plan: Plan,
    measures,
    chunks: list[int],
    *,
    workers: int,
    executor: Executor | None,
    closing: tuple[int, ...] = (),
) -> Iterator[tuple[int, bytes | Lost]]:
    """(chunk, its packed results or why it was lost), in the order they are finished.

    ``measures`` is None where workers find them by address. ``closing`` are file descriptors that
    workers must not keep.
    """
    if executor is not None:
        return _elsewhere(plan, measures, chunks, executor)
    return (
        _here(plan, measures, chunks)
        if workers == 1
        else _in_processes(plan, measures, chunks, workers, closing)
    )


def _here(plan, measures, chunks):
    with one_blas_thread():
        for index in chunks:
            yield index, run_chunk(plan.text, index, measures)


def _elsewhere(plan, measures, chunks, executor):
    """An executor of the user's: what fails there is handed out again, as the worker may have died."""
    queue, attempts, given_up, proven = deque(chunks), Counter(), [], False
    drain = None
    try:
        drain = _Drain((_brought(plan.text, executor), measures), executor, AHEAD)
        while queue or drain.pending:
            drain.fill(queue)
            for index, found in drain.collect():
                attempts[index] += 1
                if not isinstance(found, Lost):
                    proven = True
                    yield index, found
                elif attempts[index] < ATTEMPTS:
                    queue.append(index)
                else:
                    given_up.append((index, found))
    except RuntimeError as error:  # broken, or shut down
        raise ProblemError(
            "executor",
            expected="an executor that takes work",
            received=f"{type(error).__name__}: {error}",
            advice="what is finished is kept: resume the store with another executor",
        ) from error
    finally:
        if drain is not None:
            drain.abandon()
    if given_up and not proven:
        raise ProblemError(
            "executor",
            expected="workers that carry out at least one chunk",
            received=str(given_up[0][1]),
            advice="check that they have the same packages and can read what the measures need",
        )
    yield from given_up


def _brought(text, executor):
    """A long plan is scattered to Dask's workers once; other executors are given its text with
    every chunk.
    """
    scatter = getattr(getattr(executor, "_client", None), "scatter", None)
    return text if scatter is None or len(text) < _LONG else scatter(text, broadcast=True)


def _in_processes(plan, measures, chunks, workers, closing):
    """A pool; when one of its processes dies, what was in flight is tried again alone, which tells
    who is guilty.
    """
    task, first = (plan.digest, measures), (hold, plan.digest, plan.text)
    queue = deque(chunks)
    while queue:
        suspects = yield from _pooled(
            task, queue, pool_of(min(workers, len(queue)), closing, first), 2 * workers
        )
        if (
            len(suspects) + len(queue) == len(chunks)
            and lives_in_main(measures)
            and start_method() == "spawn"
        ):
            raise ProblemError(
                "workers",
                expected="a script that fresh processes can read again, to find the measure in it",
                received="processes that end at once",
                advice=(
                    "put the script's work under "
                    "if __name__ == '__main__':, move the function to a module, or use workers=1"
                ),
            )
        for index in suspects:
            for _ in range(ATTEMPTS - 1):
                if not (yield from _pooled(task, deque([index]), pool_of(1, closing, first), 2)):
                    break
            else:
                yield (
                    index,
                    Lost(
                        f"the worker process died {ATTEMPTS} times on this chunk (killed, or crashed)"
                    ),
                )


def _pooled(task, queue, pool, ahead):
    """Empty the queue with one pool; returns the chunks that were in flight when it broke."""
    drain, suspects = _Drain(task, pool, ahead), []
    try:
        while drain.pending or (
            queue and not suspects
        ):  # broken: the others fail too, or had just finished
            if not suspects:
                drain.fill(queue)
            for index, found in drain.collect():
                if isinstance(found, Lost):
                    suspects.append(index)
                else:
                    yield index, found
        pool.shutdown(wait=True)
        return sorted(suspects)
    except BaseException:  # an interrupt must not wait for what is running
        drain.abandon()
        for process in list((getattr(pool, "_processes", None) or {}).values()):
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise


class _Drain:
    """Futures in flight, at most ``ahead`` of them."""

    def __init__(self, task, executor, ahead):
        self.task, self.executor, self.ahead = task, executor, ahead
        self.pending: dict[Future, int] = {}
        self._finished: SimpleQueue[Future] = SimpleQueue()

    def fill(self, queue):
        while queue and len(self.pending) < self.ahead:
            index = queue.popleft()
            try:
                future = self.executor.submit(run_chunk, self.task[0], index, self.task[1])
            except BrokenExecutor as error:
                if not self.pending:
                    queue.appendleft(index)
                    raise
                future = Future()
                future.set_exception(error)
            self.pending[future] = index
            future.add_done_callback(self._finished.put)

    def collect(self):
        """What has finished; waits for the first."""
        finished = [self._finished.get()]
        while not self._finished.empty():
            finished.append(self._finished.get())
        return [(self.pending.pop(future), _received(future)) for future in finished]

    def abandon(self):
        for future in self.pending:
            future.cancel()


def _received(future):
    try:
        return future.result()
    except ProblemError:
        raise
    except (CancelledError, Exception) as error:
        if isinstance(error, pickle.PicklingError) or "pickle" in str(error).lower():
            raise cannot_travel(error) from error
        return Lost(f"{type(error).__name__}: {error}"[:500])


def cannot_travel(error) -> ProblemError:
    """What is said of measures that other processes cannot be given."""
    return ProblemError(
        "measure",
        expected="functions that other processes can be given",
        received=f"{type(error).__name__}: {error}",
        advice="define the function at the top of a module, or use workers=1",
    )
