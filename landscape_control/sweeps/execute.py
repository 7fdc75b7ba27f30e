"""Hand chunks to this process, to processes of its own, or to any executor.

A dead worker costs its chunk a retry.
"""

import pickle
from collections import Counter, deque
from collections.abc import Generator, Iterator
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor
from typing import Any

from ..support.errors import ProblemError
from ..support.processes import InFlight, Lost, Pools, one_blas_thread, start_method
from .bundles import Bundles, workers_of
from .columns import Columns
from .plan import Plan
from .worker import ChunkWorker, forget, hold, lent, run_chunk, run_chunks

ATTEMPTS = 3  # times a chunk is handed out before its cells are given up
_NO_LIMIT = 2**62  # of work in flight: the bundles know how much there should be
Results = Generator[tuple[int, Columns | Lost], None, None]
_LONG = 10**5  # characters of a plan that is brought to the workers of a cluster before the chunks


def carry_out(
    plan: Plan,
    measures: tuple,
    chunks: list[int],
    *,
    workers: int,
    executor: Executor | None,
    closing: tuple[int, ...] = (),
) -> Results:
    """(chunk, its results or why it was lost), in the order they are finished.

    ``closing`` are file descriptors that workers must not keep.
    """
    if executor is not None:
        return _on_executor(plan, measures, chunks, executor)
    if workers == 1:
        return _here(plan, measures, chunks)
    return _in_processes(plan, measures, chunks, workers, closing)


def _here(plan: Plan, measures: tuple, chunks: list[int]) -> Results:
    """In this process: the plan itself, and neither its text nor that of a result."""
    with one_blas_thread():
        worker = ChunkWorker(plan, measures)
        for index in chunks:
            yield index, worker.chunk(index)


def _in_processes(
    plan: Plan, measures: tuple, chunks: list[int], workers: int, closing: tuple[int, ...]
) -> Results:
    """Processes of this one's own; each is given the plan when it begins, chunks bring its digest."""
    carried = _carried(plan, measures) if start_method() == "spawn" else None
    needs_script = _lives_in_script(carried)

    def check_script(returned: int) -> None:
        if not returned and needs_script and start_method() == "spawn":
            raise _unreadable_script()

    pools = Pools(
        call=(run_chunk, plan.digest, carried),
        items=range(plan.layout.chunks),
        received=_received,
        settings={
            "closing": closing,
            "first": (hold, plan.digest, plan.text),
            "main": needs_script,
        },
    )
    with lent(plan.text, measures):
        yield from pools.results(chunks, workers=workers, attempts=ATTEMPTS, broken=check_script)


def _carried(plan: Plan, measures: tuple, check: bool = True) -> tuple | None:
    """The measures, where a fresh process would not find them by address; else None.

    ``check`` that they can be pickled.
    """
    addresses = [planned["address"] for planned in plan.measures]
    if all(address and not address.startswith("__main__:") for address in addresses):
        return None
    if check:
        try:
            pickle.dumps(measures)
        except Exception as error:
            raise _cannot_travel(error) from error
    return measures


def _lives_in_script(measures: tuple | None) -> bool:
    """Whether a function among these measures is defined in the script that runs."""
    functions = [measure.function for measure in measures or ()]
    return any(
        getattr(getattr(function, "function", function), "__module__", "") == "__main__"
        for function in functions
    )


def _unreadable_script() -> ProblemError:
    return ProblemError(
        "workers",
        expected="a script that fresh processes can read again, to find the measure in it",
        received="processes that end at once",
        advice=(
            "put the script's work under "
            "if __name__ == '__main__':, move the function to a module, or use workers=1"
        ),
    )


def _on_executor(plan: Plan, measures: tuple, chunks: list[int], executor: Executor) -> Results:
    """An executor of the user's: what fails there is handed out again, as the worker may have died."""
    # other executors may know better what they can send
    carried = _carried(plan, measures, check=isinstance(executor, ProcessPoolExecutor))
    bundles = Bundles(
        chunks,
        cells_per_chunk=plan.cells / plan.layout.chunks,
        workers=lambda: workers_of(executor),
    )
    given_up: list[tuple[int, Lost]] = []
    has_results = False  # whether the workers have carried out anything
    call = (run_chunks, _brought(plan.text, executor), carried)
    work = InFlight(executor, call, bundles.made, ahead=_NO_LIMIT)
    try:
        for index, result in _bundled(work, bundles):
            if isinstance(result, Lost):
                given_up.append((index, result))
            else:
                has_results = True
                yield index, result
    except RuntimeError as error:  # broken, or shut down
        raise ProblemError(
            "executor",
            expected="an executor that takes work",
            received=f"{type(error).__name__}: {error}",
            advice="what is finished is kept: resume the store with another executor",
        ) from error
    finally:
        work.abandon()
        forget(plan.text)  # of an executor of threads
    if given_up and not has_results:
        raise ProblemError(
            "executor",
            expected="workers that carry out at least one chunk",
            received=str(given_up[0][1]),
            advice="check that they have the same packages and can read what the measures need",
        )
    yield from given_up


def _bundled(work: InFlight, bundles: Bundles) -> Iterator[tuple[int, Columns | Lost]]:
    """(chunk, its results or why it was lost) as bundles come back; chunks of one that was lost are
    tried again, each by itself.
    """
    attempts: Counter[int] = Counter()
    while bundles.left or work.pending:
        while bundles.left and len(work.pending) < bundles.ahead:
            work.fill(deque([bundles.take()]))
        for place, future in work.collect():
            own, result = bundles.made[place], _received(future)
            if not isinstance(result, Lost):
                columns, seconds = result
                bundles.note(seconds, len(own))
                yield from zip(own, columns, strict=True)
                continue
            attempts.update(own)
            for index in own:
                if attempts[index] < ATTEMPTS:
                    bundles.lost(index)
                else:
                    yield index, result


def _brought(text: str, executor: Executor) -> Any:
    """The plan as chunks bring it: to Dask a long one once, to other executors its text."""
    scatter = getattr(getattr(executor, "_client", None), "scatter", None)
    if scatter is None or len(text) < _LONG:
        return text
    return scatter(text, broadcast=True)


def _received(future: Future) -> Any:
    """The results of a chunk or a bundle, or why it was lost."""
    try:
        return future.result()
    except ProblemError:
        raise
    except (CancelledError, Exception) as error:
        if isinstance(error, pickle.PicklingError) or "pickle" in str(error).lower():
            raise _cannot_travel(error) from error
        return Lost(f"{type(error).__name__}: {error}"[:500])


def _cannot_travel(error: BaseException) -> ProblemError:
    """What is said of measures that other processes cannot be given."""
    return ProblemError(
        "measure",
        expected="functions that other processes can be given",
        received=f"{type(error).__name__}: {error}",
        advice="define the function at the top of a module, or use workers=1",
    )
